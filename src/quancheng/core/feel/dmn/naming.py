"""Which names the expressions of a node may use (作用域): what it requires, and members of those values.

FEEL names may hold operators, so the reader of an expression must know them beforehand; a member's name is
only offered where a value that has it is in scope, or it would swallow other expressions.
"""

from __future__ import annotations

from collections.abc import Iterator

from .document import (
    BusinessKnowledgeModel,
    Context,
    Decision,
    DecisionTable,
    Element,
    Expression,
    InformationItem,
    Relation,
)
from .graph import Graph, Key
from .itemtypes import TypeBook, members
from .run import Names

__all__ = ["names_of", "scope_names", "written_names"]


def scope_names(graph: Graph, key: Key) -> Names:
    """The variables a node sees, imported ones behind the name of their import."""
    return tuple(dict.fromkeys(name for name, _ in _scope(graph, key)))


def names_of(graph: Graph, book: TypeBook, key: Key) -> Names:
    """The variables a node sees and the names of their members."""
    found = dict.fromkeys(scope_names(graph, key))
    document = graph.document(key)
    for _, each in _scope(graph, key):
        if each is not None:
            found.update(dict.fromkeys(_members_of(graph, book, each)))
    element = graph.element(key)
    for item in _parameters(element):
        kind = book.type_of(document, item.type_ref)
        found.update(dict.fromkeys(members([kind], book.view(document))))
    return tuple(found)


def _scope(graph: Graph, key: Key) -> Iterator[tuple[str, Key | None]]:
    document, element = graph.document(key), graph.element(key)
    for href in graph.hrefs(element):
        found = graph.find(document, href)
        if found is None:
            continue
        alias = graph.alias(document, found.namespace)
        if alias:
            yield alias, None
        yield graph.element(found).variable.name, found


def _members_of(graph: Graph, book: TypeBook, key: Key) -> Iterator[str]:
    element, document = graph.element(key), graph.document(key)
    kind = book.type_of(document, element.variable.type_ref)
    yield from members([kind], book.view(document))
    written = element.expression if isinstance(element, Decision) else _logic(element)
    yield from written_names(written)


def _logic(element: Element) -> Expression | None:
    return element.logic if isinstance(element, BusinessKnowledgeModel) else None


def _parameters(element: Element) -> tuple[InformationItem, ...]:
    logic = element.logic if isinstance(element, BusinessKnowledgeModel) else None
    return logic.parameters if logic is not None else ()


def written_names(expression: Expression | None) -> Iterator[str]:
    """Names that an expression gives to members of its value."""
    if isinstance(expression, Context):
        for entry in expression.entries:
            if entry.variable is not None:
                yield entry.variable.name
            yield from written_names(entry.expression)
    elif isinstance(expression, Relation):
        yield from (column.name for column in expression.columns)
    elif isinstance(expression, DecisionTable) and len(expression.outputs) > 1:
        yield from (clause.name for clause in expression.outputs if clause.name)
