"""Item definitions → FEEL types (数据类型): resolved by document, imports under their names.

A type that contains itself (a tree) refers to itself by a name no author can write, which the environment's
``types`` resolves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from quancheng.core import feel
from quancheng.core.text import Text

from ..errors import FeelError
from ..limits import Environment, Limits
from ..types import ALIASES, ANY, SIMPLE, Type, context_of, list_of
from .document import Document, FunctionItem, ItemDefinition
from .graph import Graph

__all__ = ["Allowed", "TypeBook", "TypeProblem", "members"]

#: Allowed values are asked for every item of every list: they must be simple.
_CHEAP = Limits(max_steps=5_000, max_items=5_000, max_text=10_000)
_BUILT_IN = {"Any": ANY, "any": ANY, "": ANY, "Null": Type("Null")}
_CONTAINERS = ("list", "context", "range")


@dataclass(frozen=True, slots=True)
class TypeProblem:
    """A definition that can't be used as written."""

    document: str
    item: str
    text: Text


class TypeBook:
    """All types of a graph. Unknown references count as ``Any`` and stand in :attr:`problems`."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.problems: list[TypeProblem] = []
        self._built: dict[tuple[str, str], Type] = {}
        self._open: list[tuple[str, str]] = []
        self._recursive: dict[str, Type] = {}
        self._items = {
            (document.namespace, item.name): item
            for document in graph.documents.values()
            for item in document.items
        }
        for document in graph.documents.values():
            for item in document.items:
                self._item(document, item)
        self._views = {d.namespace: self._view(d) for d in graph.documents.values()}

    def view(self, document: Document) -> Mapping[str, Type]:
        """What the environment's ``types`` is while expressions of ``document`` run."""
        return self._views[document.namespace]

    def resolve(self, document: Document, reference: str) -> Type | None:
        """The type a reference in ``document`` means; None when there is none of that name."""
        name = " ".join(reference.split())
        simple = _simple(name)
        if (document.namespace, name) in self._items:
            return self._item(document, self._items[document.namespace, name])
        if simple is not None:
            return simple
        return self._imported(document, name) or self._prefixed(document, name)

    def type_of(self, document: Document, reference: str) -> Type:
        """As :meth:`resolve`, ``Any`` for an unknown reference."""
        return self.resolve(document, reference) or ANY

    def _imported(self, document: Document, name: str) -> Type | None:
        for each in document.imports:
            target = self._graph.documents.get(each.namespace)
            if target is None or target is document:
                continue
            if not each.name or name.startswith(f"{each.name}."):
                found = self.resolve(target, name[len(each.name) + 1 :] if each.name else name)
                if found is not None:
                    return found
        return None

    def _prefixed(self, document: Document, name: str) -> Type | None:
        prefix, colon, rest = name.partition(":")
        if not colon or not rest:
            return None
        target = self._graph.documents.get(document.prefixes.get(prefix, ""))
        if target is None:
            return _simple(rest)
        return self.resolve(target, rest) if target is not document or rest != name else None

    def _item(self, document: Document, item: ItemDefinition) -> Type:
        key = (document.namespace, item.name)
        if key in self._built:
            return self._built[key]
        if key in self._open:
            return self._again(key, item)
        self._open.append(key)
        built = self._build(document, item, item.name)
        self._open.pop()
        reference = _reference(key)
        if reference in self._recursive:
            self._recursive[reference] = built
        self._built[key] = built
        return built

    def _again(self, key: tuple[str, str], item: ItemDefinition) -> Type:
        # Through a component or a list a type may contain itself; an alias of itself means nothing.
        between = self._open[self._open.index(key) :]
        if all(not self._items[k].components and not self._items[k].collection for k in between):
            self._complain(
                key, item.name, Text("类型定义循环引用自己", "the type is defined as nothing but itself")
            )
            return ANY
        reference = _reference(key)
        self._recursive.setdefault(reference, ANY)
        return Type(reference)

    def _build(self, document: Document, item: ItemDefinition, place: str) -> Type:
        if item.function is not None:
            base = self._function(document, item.function, place)
        elif item.components:
            entries = [(c.name, self._build(document, c, f"{place}.{c.name}")) for c in item.components]
            base = context_of(entries)
        else:
            base = self._referenced(document, item.type_ref, place)
        if item.allowed:
            base = self._constrained(document, base, item.allowed, place)
        if item.collection:
            base = list_of(base)
        if item.constraint:
            base = self._constrained(document, base, item.constraint, place)
        return base

    def _function(self, document: Document, function: FunctionItem, place: str) -> Type:
        parameters = tuple(self._referenced(document, p.type_ref, place) for p in function.parameters)
        return Type(
            "function", parameters=parameters, result=self._referenced(document, function.output, place)
        )

    def _referenced(self, document: Document, reference: str, place: str) -> Type:
        found = self.resolve(document, reference)
        if found is None:
            text = Text(f"没有名为“{reference}”的类型", f"there is no type {reference!r}")
            self._complain((document.namespace, place), place, text)
            return ANY
        return found

    def _constrained(self, document: Document, base: Type, text: str, place: str) -> Type:
        try:
            check = Allowed(text, base.check)
        except FeelError as error:
            self._complain((document.namespace, place), place, error.text)
            return base
        return replace(base, check=check)

    def _complain(self, key: tuple[str, str], place: str, text: Text) -> None:
        self.problems.append(TypeProblem(key[0], place, text))

    def _view(self, document: Document) -> dict[str, Type]:
        view = dict(self._recursive)
        view.update({f"~{name}": _plain(kind) for name, kind in self._recursive.items()})
        for each in document.imports:
            target = self._graph.documents.get(each.namespace)
            for item in target.items if target is not None else ():
                name = f"{each.name}.{item.name}" if each.name else item.name
                view[name] = _plain(self._built[each.namespace, item.name])
        own = {item.name: _plain(self._built[document.namespace, item.name]) for item in document.items}
        return {**view, **own}


def _plain(kind: Type) -> Type:
    """A type without its allowed values: ``instance of`` asks for the kind of value only."""
    return Type(
        f"~{kind.name}" if kind.name.startswith("#") else kind.name,
        None if kind.element is None else _plain(kind.element),
        None if kind.entries is None else tuple((name, _plain(inner)) for name, inner in kind.entries),
        None if kind.parameters is None else tuple(map(_plain, kind.parameters)),
        None if kind.result is None else _plain(kind.result),
    )


def _simple(name: str) -> Type | None:
    if name in _BUILT_IN:
        return _BUILT_IN[name]
    known = ALIASES.get(name, name)
    return Type(known) if known in SIMPLE or known in _CONTAINERS else None


def _reference(key: tuple[str, str]) -> str:
    return f"#{key[0]}#{key[1]}"


class Allowed:
    """The test of a constrained type: unary tests as ``text``, after those of the type it refines."""

    def __init__(self, text: str, before: Callable[[object], bool] | None) -> None:
        self.text = text
        self._before = before
        self._tests = feel.parse_unary(text)

    def __call__(self, value: object) -> bool:
        if self._before is not None and not self._before(value):
            return False
        return self._tests.matches(value, {}, Environment(limits=_CHEAP)) is True


def members(kinds: Iterable[Type], view: Mapping[str, Type]) -> Iterator[str]:
    """Names of members of structured values of these types, at any depth."""
    pending, seen = list(kinds), set[int]()
    while pending:
        kind = pending.pop()
        if id(kind) in seen:
            continue
        seen.add(id(kind))
        if kind.name in view:
            pending.append(view[kind.name])
        if kind.element is not None:
            pending.append(kind.element)
        if kind.result is not None:
            pending.append(kind.result)
        for name, inner in kind.entries or ():
            yield name
            pending.append(inner)
