"""The parts of a DMN document as frozen values (DMN 1.5 第6–10章), as written: nothing resolved or checked.

Names follow the specification. ``type_ref`` is the text of a type reference or empty. An ``Expression`` is
one of the boxed expressions of chapter 10.2; ``where`` tells a person its place in the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

__all__ = [
    "Aggregation",
    "Binding",
    "BusinessKnowledgeModel",
    "Clause",
    "Conditional",
    "Context",
    "ContextEntry",
    "Decision",
    "DecisionService",
    "DecisionTable",
    "Document",
    "Expression",
    "Filter",
    "FunctionDefinition",
    "FunctionItem",
    "FunctionKind",
    "HitPolicy",
    "Import",
    "InformationItem",
    "InputClause",
    "InputData",
    "Invocation",
    "ItemDefinition",
    "Iteration",
    "IterationKind",
    "KnowledgeSource",
    "ListExpression",
    "Literal",
    "OutputClause",
    "Relation",
    "Rule",
]


class HitPolicy(Enum):
    """Which of the matching rules count (命中策略)."""

    UNIQUE = "U"
    ANY = "A"
    PRIORITY = "P"
    FIRST = "F"
    RULE_ORDER = "R"
    OUTPUT_ORDER = "O"
    COLLECT = "C"


class Aggregation(Enum):
    """What a collect table makes of its hits (汇总)."""

    NONE = ""
    SUM = "SUM"
    MIN = "MIN"
    MAX = "MAX"
    COUNT = "COUNT"


class FunctionKind(Enum):
    """In what a function is written."""

    FEEL = "FEEL"
    JAVA = "Java"
    PMML = "PMML"


class IterationKind(Enum):
    """The three boxed iterators."""

    FOR = "for"
    SOME = "some"
    EVERY = "every"


@dataclass(frozen=True, slots=True)
class InformationItem:
    """A name with a type: variable, formal parameter, column."""

    name: str
    type_ref: str = ""


@dataclass(frozen=True, slots=True)
class FunctionItem:
    """The signature of a function type."""

    parameters: tuple[InformationItem, ...]
    output: str = ""


@dataclass(frozen=True, slots=True)
class ItemDefinition:
    """A type (数据类型): simple, structured, function, or a collection of it, perhaps constrained.

    ``allowed`` are unary tests on each item, ``constraint`` on the whole value.
    """

    name: str
    type_ref: str = ""
    allowed: str = ""
    constraint: str = ""
    components: tuple[ItemDefinition, ...] = ()
    collection: bool = False
    function: FunctionItem | None = None


@dataclass(frozen=True, slots=True)
class Literal:
    """FEEL text."""

    text: str
    type_ref: str = ""
    where: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class ContextEntry:
    """One line of a boxed context; without a variable it is the result."""

    variable: InformationItem | None
    expression: Expression | None


@dataclass(frozen=True, slots=True)
class Context:
    """A boxed context: each entry sees those before it."""

    entries: tuple[ContextEntry, ...]
    type_ref: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class Binding:
    """One named argument."""

    name: str
    expression: Expression | None


@dataclass(frozen=True, slots=True)
class Invocation:
    """A boxed call by named arguments."""

    function: Expression | None
    bindings: tuple[Binding, ...]
    type_ref: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class FunctionDefinition:
    """A boxed function."""

    parameters: tuple[InformationItem, ...]
    body: Expression | None
    kind: FunctionKind = FunctionKind.FEEL
    type_ref: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class Relation:
    """A list of contexts written as a table."""

    columns: tuple[InformationItem, ...]
    rows: tuple[tuple[Expression | None, ...], ...]
    type_ref: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class ListExpression:
    """A boxed list."""

    items: tuple[Expression | None, ...]
    type_ref: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class Conditional:
    """Boxed if, then, else."""

    condition: Expression | None
    then: Expression | None
    otherwise: Expression | None
    type_ref: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """A boxed filter; the item is ``item``."""

    source: Expression | None
    match: Expression | None
    type_ref: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class Iteration:
    """Boxed for, some, every."""

    kind: IterationKind
    variable: str
    source: Expression | None
    body: Expression | None
    type_ref: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class Clause:
    """What input and output columns share; ``values`` are unary tests as text."""

    label: str = ""
    type_ref: str = ""
    values: str = ""


@dataclass(frozen=True, slots=True)
class InputClause(Clause):
    """A column of conditions (条件列)."""

    expression: str = ""


@dataclass(frozen=True, slots=True)
class OutputClause(Clause):
    """A column of conclusions (结论列); ``name`` when there are several."""

    name: str = ""
    default: Literal | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A row (规则); annotations say why to a reader."""

    inputs: tuple[str, ...]
    outputs: tuple[Literal, ...]
    annotations: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True)
class DecisionTable:
    """A decision table (决策表)."""

    inputs: tuple[InputClause, ...]
    outputs: tuple[OutputClause, ...]
    rules: tuple[Rule, ...]
    hit_policy: HitPolicy = HitPolicy.UNIQUE
    aggregation: Aggregation = Aggregation.NONE
    annotations: tuple[str, ...] = ()
    output_label: str = ""
    type_ref: str = ""
    where: str = ""


Expression: TypeAlias = (
    Literal
    | Context
    | Invocation
    | FunctionDefinition
    | Relation
    | ListExpression
    | DecisionTable
    | Conditional
    | Filter
    | Iteration
)


@dataclass(frozen=True, slots=True)
class Import:
    """Another model under a name (引入); an empty name puts its elements beside ours."""

    name: str
    namespace: str
    location: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Element:
    """What all nodes of the requirements graph share; ``variable.name`` is how expressions call it."""

    id: str
    name: str
    variable: InformationItem
    description: str = ""


@dataclass(frozen=True, slots=True)
class InputData(Element):
    """What is asked of the user (输入数据)."""


@dataclass(frozen=True, slots=True)
class Decision(Element):
    """A question the model answers (决策); the tuples hold hrefs, ``inputs`` those of ``information`` that
    are input data.
    """

    question: str = ""
    allowed_answers: str = ""
    information: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    knowledge: tuple[str, ...] = ()
    authority: tuple[str, ...] = ()
    expression: Expression | None = None


@dataclass(frozen=True, slots=True)
class BusinessKnowledgeModel(Element):
    """A reusable function (业务知识)."""

    knowledge: tuple[str, ...] = ()
    authority: tuple[str, ...] = ()
    logic: FunctionDefinition | None = None


@dataclass(frozen=True, slots=True)
class DecisionService(Element):
    """Some decisions as one function (决策服务)."""

    output_decisions: tuple[str, ...] = ()
    encapsulated: tuple[str, ...] = ()
    input_decisions: tuple[str, ...] = ()
    input_data: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KnowledgeSource(Element):
    """A law, a policy, an expert (依据): explains, is never evaluated."""

    location: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """One file of a model; ``elements`` by id, in document order."""

    namespace: str
    name: str
    elements: Mapping[str, Element]
    items: tuple[ItemDefinition, ...] = ()
    imports: tuple[Import, ...] = ()
    prefixes: Mapping[str, str] = field(default_factory=dict)
    expression_language: str = ""
    type_language: str = ""
