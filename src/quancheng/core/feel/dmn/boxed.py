"""XML → boxed expressions (方框表达式): one reader per kind of expression of DMN 1.5 chapters 8 and 10.2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from lxml import etree

from quancheng.core.text import Text

from . import safexml as x
from .document import (
    Aggregation,
    Binding,
    Conditional,
    Context,
    ContextEntry,
    DecisionTable,
    Expression,
    Filter,
    FunctionDefinition,
    FunctionKind,
    HitPolicy,
    InformationItem,
    InputClause,
    Invocation,
    Iteration,
    IterationKind,
    ListExpression,
    Literal,
    OutputClause,
    Relation,
    Rule,
)
from .errors import DmnError
from .place import CONCLUSION, DEFAULT, RULE, step, told

__all__ = ["expression_in", "function_definition", "information_item"]

_Node = etree._Element


def information_item(node: _Node) -> InformationItem:
    """A variable, parameter or column."""
    return InformationItem(x.attribute(node, "name"), type_ref(node))


def type_ref(node: _Node) -> str:
    """The type reference of an element, written as attribute or child."""
    return x.attribute(node, "typeRef") or x.child_text(node, "typeRef")


def expression_in(node: _Node | None, where: str) -> Expression | None:
    """The one expression among the children of ``node``."""
    if node is None:
        return None
    for below in x.elements(node):
        reader = READERS.get(x.local(below))
        if reader is not None:
            return reader(below, where)
    return None


def _literal(node: _Node, where: str) -> Literal:
    imported = x.child(node, "importedValues") is not None
    return Literal(
        text=x.text_of(x.child(node, "text")),
        type_ref=type_ref(node),
        where=where,
        language="importedValues" if imported else x.attribute(node, "expressionLanguage"),
    )


def _context(node: _Node, where: str) -> Context:
    entries = []
    for number, entry in enumerate(x.children(node, "contextEntry"), 1):
        variable = x.child(entry, "variable")
        item = None if variable is None else information_item(variable)
        name = item.name if item is not None else f"#{number}"
        entries.append(ContextEntry(item, expression_in(entry, step(where, name))))
    return Context(tuple(entries), type_ref(node), where)


def _invocation(node: _Node, where: str) -> Invocation:
    bindings = []
    for binding in x.children(node, "binding"):
        parameter = x.child(binding, "parameter")
        name = "" if parameter is None else x.attribute(parameter, "name")
        bindings.append(Binding(name, expression_in(binding, step(where, name))))
    return Invocation(expression_in(node, where), tuple(bindings), type_ref(node), where)


def function_definition(node: _Node, where: str) -> FunctionDefinition:
    """A boxed function, or the logic of a business knowledge model."""
    parameters = tuple(information_item(each) for each in x.children(node, "formalParameter"))
    written = x.attribute(node, "kind") or "FEEL"
    kind = next((each for each in FunctionKind if each.value.lower() == written.lower()), None)
    if kind is None:
        raise DmnError(
            told(where, Text(f"未知的函数种类“{written}”", f"unknown kind of function {written!r}"))
        )
    return FunctionDefinition(parameters, expression_in(node, where), kind, type_ref(node), where)


def _relation(node: _Node, where: str) -> Relation:
    columns = tuple(information_item(each) for each in x.children(node, "column"))
    rows = []
    for number, row in enumerate(x.children(node, "row"), 1):
        cells = (below for below in x.elements(row) if x.local(below) in READERS)
        rows.append(tuple(READERS[x.local(c)](c, step(where, f"[{number}]")) for c in cells))
    return Relation(columns, tuple(rows), type_ref(node), where)


def _list(node: _Node, where: str) -> ListExpression:
    found = (below for below in x.elements(node) if x.local(below) in READERS)
    items = (READERS[x.local(e)](e, step(where, f"[{n}]")) for n, e in enumerate(found, 1))
    return ListExpression(tuple(items), type_ref(node), where)


def _conditional(node: _Node, where: str) -> Conditional:
    parts = (expression_in(x.child(node, part), step(where, part)) for part in ("if", "then", "else"))
    condition, then, otherwise = parts
    return Conditional(condition, then, otherwise, type_ref(node), where)


def _filter(node: _Node, where: str) -> Filter:
    source = expression_in(x.child(node, "in"), step(where, "in"))
    match = expression_in(x.child(node, "match"), step(where, "match"))
    return Filter(source, match, type_ref(node), where)


def _iteration(node: _Node, where: str) -> Iteration:
    kind = IterationKind(x.local(node))
    body = "return" if kind is IterationKind.FOR else "satisfies"
    return Iteration(
        kind,
        x.attribute(node, "iteratorVariable"),
        expression_in(x.child(node, "in"), step(where, "in")),
        expression_in(x.child(node, body), step(where, body)),
        type_ref(node),
        where,
    )


def _tests(node: _Node | None) -> str:
    return "" if node is None else x.child_text(node, "text")


def _input(node: _Node) -> InputClause:
    expression = x.child(node, "inputExpression")
    text = "" if expression is None else x.child_text(expression, "text")
    return InputClause(
        label=x.attribute(node, "label") or text,
        type_ref="" if expression is None else type_ref(expression),
        values=_tests(x.child(node, "inputValues")),
        expression=text,
    )


def _output(node: _Node, where: str) -> OutputClause:
    default = x.child(node, "defaultOutputEntry")
    name = x.attribute(node, "name")
    return OutputClause(
        label=x.attribute(node, "label") or name,
        type_ref=type_ref(node),
        values=_tests(x.child(node, "outputValues")),
        name=name,
        default=None if default is None else _literal(default, step(where, DEFAULT, name)),
    )


def _rule(node: _Node, where: str, number: int) -> Rule:
    here = step(where, RULE, number)
    outputs = enumerate(x.children(node, "outputEntry"), 1)
    return Rule(
        inputs=tuple(_tests(entry) for entry in x.children(node, "inputEntry")),
        outputs=tuple(_literal(entry, step(here, CONCLUSION, n)) for n, entry in outputs),
        annotations=tuple(x.child_text(entry, "text") for entry in x.children(node, "annotationEntry")),
        description=x.child_text(node, "description"),
    )


def _policy(node: _Node, where: str) -> HitPolicy:
    written = x.attribute(node, "hitPolicy").upper().replace(" ", "_") or "UNIQUE"
    if written not in HitPolicy.__members__:
        raise DmnError(told(where, Text(f"未知的命中策略“{written}”", f"unknown hit policy {written!r}")))
    return HitPolicy[written]


def _aggregation(node: _Node, where: str) -> Aggregation:
    written = x.attribute(node, "aggregation").upper()
    if written in {"", "LIST", "COLLECT"}:
        return Aggregation.NONE
    if written not in Aggregation.__members__:
        raise DmnError(told(where, Text(f"未知的汇总方式“{written}”", f"unknown aggregation {written!r}")))
    return Aggregation[written]


def _table(node: _Node, where: str) -> DecisionTable:
    return DecisionTable(
        inputs=tuple(_input(each) for each in x.children(node, "input")),
        outputs=tuple(_output(each, where) for each in x.children(node, "output")),
        rules=tuple(_rule(each, where, n) for n, each in enumerate(x.children(node, "rule"), 1)),
        hit_policy=_policy(node, where),
        aggregation=_aggregation(node, where),
        annotations=tuple(x.attribute(each, "name") for each in x.children(node, "annotation")),
        output_label=x.attribute(node, "outputLabel"),
        type_ref=type_ref(node),
        where=where,
    )


READERS: Final[dict[str, Callable[[_Node, str], Expression]]] = {
    "literalExpression": _literal,
    "context": _context,
    "invocation": _invocation,
    "functionDefinition": function_definition,
    "relation": _relation,
    "list": _list,
    "decisionTable": _table,
    "conditional": _conditional,
    "filter": _filter,
    "for": _iteration,
    "some": _iteration,
    "every": _iteration,
}
