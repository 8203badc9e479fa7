"""The linter of decision models (模型检查): all that can be known before anybody asks a question."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from quancheng.core import feel
from quancheng.core.text import Text

from ..errors import FeelError
from ..nodes import Filter, Name, Node, children
from ..types import Type, conforms
from . import atoms
from .boxes import tables_in
from .coverage import check_coverage
from .document import (
    Aggregation,
    BusinessKnowledgeModel,
    Decision,
    DecisionService,
    DecisionTable,
    Document,
    Element,
    HitPolicy,
    InputClause,
)
from .graph import Graph, Key
from .model import Model
from .place import RULE, step, told
from .problem import Problem, ProblemKind, Severity
from .program import Program

__all__ = ["check"]

MOST_CIRCLES: Final = 20
LONGEST_CIRCLE: Final = 20


def check(model: Model) -> list[Problem]:
    """Everything wrong with a model and its imports, errors first.

    Circles, requirements that lead nowhere, names used twice, unknown types and names, FEEL that can't be
    read (with the decision and cell), tables whose rules overlap, leave gaps or don't fit their columns.
    """
    program = Program(model.graph)  # its own, so that every place is read afresh and told
    found = [*_circles(model.graph), *_links(model.graph), *_names(model.graph)]
    for key in model.graph.nodes():
        if isinstance(model.graph.element(key), Decision | BusinessKnowledgeModel):
            found += _element(program, key)
    found += _types(program)
    for key in model.graph.nodes():
        found += _tables(program, key)
    unique = dict.fromkeys((p.element, p.text) for p in found)
    first = {(p.element, p.text): p for p in reversed(found)}
    return sorted((first[each] for each in unique), key=lambda p: p.severity is Severity.WARNING)


def _circles(graph: Graph) -> Iterator[Problem]:
    for circle in graph.circles()[:MOST_CIRCLES]:
        names = [graph.element(key).name for key in circle]
        shown = names if len(names) <= LONGEST_CIRCLE else [*names[: LONGEST_CIRCLE - 1], "…", names[-1]]
        chain = " → ".join(shown)
        text = Text(f"循环依赖：{chain}", f"requirements go in a circle: {chain}")
        yield Problem(names[0], text, ProblemKind.CYCLE)


def _links(graph: Graph) -> Iterator[Problem]:
    for key in graph.nodes():
        element, document = graph.element(key), graph.document(key)
        hrefs = graph.hrefs(element)
        if isinstance(element, DecisionService):
            hrefs += element.input_decisions + element.input_data
            if not element.output_decisions:
                text = Text("决策服务没有输出决策", "the decision service has no output decision")
                yield Problem(element.name, text, ProblemKind.MISSING)
        for href in hrefs:
            if graph.find(document, href) is None:
                text = Text(f"所依赖的“{href}”不存在", f"what it requires does not exist: {href!r}")
                yield Problem(element.name, text, ProblemKind.MISSING)


def _names(graph: Graph) -> Iterator[Problem]:
    for document in graph.documents.values():
        seen: set[str] = set()
        names = [element.variable.name for element in document.elements.values() if _is_used(element)]
        for name in (*names, *(each.name for each in document.imports if each.name)):
            if name in seen:
                text = Text(f"名称“{name}”重复", f"the name {name!r} is used twice")
                yield Problem(name, text, ProblemKind.NAME)
            seen.add(name)


def _is_used(element: Element) -> bool:
    return type(element).__name__ != "KnowledgeSource"


def _element(program: Program, key: Key) -> Iterator[Problem]:
    element = program.graph.element(key)
    compiler, name = program.compilers[key.namespace], element.name
    if isinstance(element, Decision) and element.expression is None:
        text = Text("没有决策逻辑，只能由外部给出结果", "there is no decision logic: its value must be given")
        yield Problem(name, text, ProblemKind.MISSING, Severity.WARNING)
        return
    problems, unknown = len(compiler.problems), len(compiler.unknown_types)
    texts, tests = len(compiler.texts), len(compiler.tests)
    program.compiled(key)
    for where, text in compiler.problems[problems:]:
        yield Problem(name, told(where, text))
    for reference in compiler.unknown_types[unknown:]:
        yield Problem(name, _no_type(reference), ProblemKind.TYPE)
    read: list[tuple[str, feel.Expression | feel.UnaryTests, tuple[str, ...] | None]]
    read = [*compiler.texts[texts:], *compiler.tests[tests:]]
    for where, expression, names in read:
        for missing in sorted(_unknown(expression, names)):
            text = Text(f"未知的名称“{missing}”", f"unknown name {missing!r}")
            yield Problem(name, told(where, text), ProblemKind.NAME)


def _unknown(expression: feel.Expression | feel.UnaryTests, names: tuple[str, ...] | None) -> set[str]:
    if names is None:
        return set()
    known = {" ".join(name.split()) for name in names}
    certain = _certain_names(expression.node)
    return {name for name in expression.names if name not in known and name in certain}


def _certain_names(node: Node) -> set[str]:
    """Names outside the conditions of filters, where a name may be a member of the items."""
    found: set[str] = set()
    pending = [node]
    while pending:
        each = pending.pop()
        if isinstance(each, Name):
            found.add(each.name)
        below = children(each)
        pending.extend(below[:1] if isinstance(each, Filter) else below)
    return found


def _no_type(reference: str) -> Text:
    return Text(f"没有名为“{reference}”的类型", f"there is no type {reference!r}")


def _types(program: Program) -> Iterator[Problem]:
    for problem in program.book.problems:
        zh, en = f"类型“{problem.item}”：{problem.text.zh}", f"type {problem.item!r}: {problem.text.en}"
        yield Problem(problem.item, Text(zh, en), ProblemKind.TYPE)
    for key in program.graph.nodes():
        element, document = program.graph.element(key), program.graph.document(key)
        reference = element.variable.type_ref
        if reference and program.book.resolve(document, reference) is None:
            yield Problem(element.name, _no_type(reference), ProblemKind.TYPE)


def _tables(program: Program, key: Key) -> Iterator[Problem]:
    element, document = program.graph.element(key), program.graph.document(key)
    expression = element.expression if isinstance(element, Decision) else None
    if isinstance(element, BusinessKnowledgeModel) and element.logic is not None:
        expression = element.logic
    for table in tables_in(expression):
        yield from _columns(program, document, table, element.name)
        yield from check_coverage(table, element.name, lambda clause: _asked(program, key, clause))


def _asked(program: Program, key: Key, clause: InputClause) -> Type | None:
    """The type of an input column: that of the variable it asks for says more than the column's own."""
    declared = program.book.resolve(program.graph.document(key), clause.type_ref)
    name, *path = (part.strip() for part in clause.expression.split("."))
    kind = program.variables(key).get(name)
    for member in path:
        kind = dict(kind.entries or ()).get(member) if kind is not None else None
    if kind is None or declared is None or declared.name in ("Any", kind.name):
        return kind or declared
    return declared


def _columns(program: Program, document: Document, table: DecisionTable, element: str) -> Iterator[Problem]:
    """Output columns that don't fit one another, the hit policy or what the rules conclude."""
    for text in _column_texts(table):
        yield Problem(element, told(table.where, text), ProblemKind.TABLE)
    yield from _conclusions(program, document, table, element)


def _column_texts(table: DecisionTable) -> Iterator[Text]:
    names = [clause.name for clause in table.outputs]
    if len(names) > 1 and not all(names):
        yield Text("多个结论列都须有名称", "every output column needs a name when there are several")
    if len(set(filter(None, names))) < len([n for n in names if n]):
        yield Text("结论列名称重复", "two output columns have the same name")
    if len(names) > 1 and table.aggregation not in (Aggregation.NONE, Aggregation.COUNT):
        yield Text("多个结论列不能汇总", "several output columns can't be aggregated")
    if table.aggregation is not Aggregation.NONE and table.hit_policy is not HitPolicy.COLLECT:
        yield Text("只有收集策略可以汇总", "only the collect policy can aggregate")
    ordered = table.hit_policy in (HitPolicy.PRIORITY, HitPolicy.OUTPUT_ORDER)
    if ordered and not any(clause.values for clause in table.outputs):
        yield Text(
            "此命中策略须列出结论值的优先次序", "this hit policy needs output values in order of priority"
        )
    defaults = [clause.default is not None for clause in table.outputs]
    if any(defaults) and not all(defaults):
        yield Text("只有部分结论列有默认结论", "only some output columns have a default")


def _conclusions(
    program: Program, document: Document, table: DecisionTable, element: str
) -> Iterator[Problem]:
    view = program.book.view(document)
    env = feel.Environment(types=view)
    for number, rule in enumerate(table.rules, 1):
        for clause, cell in zip(table.outputs, rule.outputs, strict=False):
            known, value = _constant(cell.text)
            if not known or value is None:
                continue
            kind = program.book.type_of(document, clause.type_ref)
            label = clause.label or table.output_label or table.where
            if not conforms(value, kind, env) and not conforms([value], kind, env):
                text = Text(f"“{label}”不符合类型 {kind}", f"{label!r} does not conform to {kind}")
            elif clause.values and not _listed(clause.values, value):
                text = Text(f"“{label}”不在结论值之内", f"{label!r} is not one of the output values")
            else:
                continue
            placed = told(step(table.where, RULE, number), text)
            yield Problem(element, placed, ProblemKind.TABLE, rules=(number,))


def _constant(text: str) -> tuple[bool, object]:
    try:
        return atoms.constant(text, feel.parse(text).node)
    except FeelError:
        return False, None


def _listed(values: str, value: object) -> bool:
    try:
        tests = feel.parse_unary(values)
    except FeelError:
        return True  # told elsewhere
    return bool(tests.names) or atoms.holds(tests, value)
