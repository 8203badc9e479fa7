"""The requirements graph over one model and all it imports (需求图): finds, links, refuses circles.

A node is known by its :class:`Key`, the namespace of its document and its id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from quancheng.core.text import Text

from .document import (
    BusinessKnowledgeModel,
    Decision,
    DecisionService,
    Document,
    Element,
    Import,
)
from .errors import DmnError
from .reader import read_document
from .safexml import DMN_NAMESPACES

__all__ = ["Graph", "Key", "load"]

MOST_DOCUMENTS: Final = 50


class Key(NamedTuple):
    """Where a node is: namespace of the document and id in it."""

    namespace: str
    id: str


@dataclass(frozen=True, slots=True)
class Graph:
    """All documents by namespace; ``main`` is the one that was read for itself."""

    main: Document
    documents: Mapping[str, Document]

    def element(self, key: Key) -> Element:
        """The node of a key that :meth:`find` or :meth:`nodes` gave."""
        return self.documents[key.namespace].elements[key.id]

    def document(self, key: Key) -> Document:
        """The document of a node."""
        return self.documents[key.namespace]

    def find(self, document: Document, href: str) -> Key | None:
        """The node an href of ``document`` points to: ``#id``, ``namespace#id`` or ``location#id``."""
        place, _, identity = href.rpartition("#")
        target = document if not place else self._place(document, place)
        if target is None or identity not in target.elements:
            return None
        return Key(target.namespace, identity)

    def _place(self, document: Document, place: str) -> Document | None:
        if place in self.documents:
            return self.documents[place]
        matching = (i.namespace for i in document.imports if i.location and i.location == place)
        return self.documents.get(next(matching, ""))

    def named(self, document: Document, name: str) -> Key | None:
        """The node of this name in one document, or of an import under ``import.name``."""
        for element in document.elements.values():
            if name in (element.name, element.variable.name):
                return Key(document.namespace, element.id)
        for each in document.imports:
            target = self.documents.get(each.namespace)
            rest = name[len(each.name) + 1 :] if each.name else name
            if target is not None and name == (f"{each.name}.{rest}" if each.name else rest):
                found = self.named(target, rest) if target is not document else None
                if found is not None:
                    return found
        return None

    def alias(self, document: Document, namespace: str) -> str:
        """Under what name ``document`` sees another's elements; empty for its own and unnamed imports."""
        if namespace == document.namespace:
            return ""
        return next((i.name for i in document.imports if i.namespace == namespace), "")

    def nodes(self) -> Iterator[Key]:
        """Every node of every document."""
        for document in self.documents.values():
            for identity in document.elements:
                yield Key(document.namespace, identity)

    def hrefs(self, element: Element) -> tuple[str, ...]:
        """Hrefs of what must be known before the node can be evaluated."""
        if isinstance(element, Decision):
            return element.information + element.knowledge
        if isinstance(element, BusinessKnowledgeModel):
            return element.knowledge
        if isinstance(element, DecisionService):
            return element.output_decisions + element.encapsulated
        return ()

    def required(self, key: Key) -> tuple[Key, ...]:
        """The nodes a node needs directly; those that don't exist are left out (``check`` tells)."""
        document = self.document(key)
        found = (self.find(document, href) for href in self.hrefs(self.element(key)))
        return tuple(each for each in found if each is not None)

    def circles(self) -> tuple[tuple[Key, ...], ...]:
        """Circles of requirements, each once, as the chain of nodes that closes on itself."""
        done: set[Key] = set()
        found: list[tuple[Key, ...]] = []
        for start in self.nodes():
            if start not in done:
                self._walk(start, done, found)
        return tuple(found)

    def _walk(self, start: Key, done: set[Key], found: list[tuple[Key, ...]]) -> None:
        path: list[Key] = [start]
        on_path = {start}
        pending = [iter(self.required(start))]
        while pending:
            following = next(pending[-1], None)
            if following is None:
                pending.pop()
                last = path.pop()
                on_path.discard(last)
                done.add(last)
            elif following in on_path:
                found.append((*path[path.index(following) :], following))
            elif following not in done:
                path.append(following)
                on_path.add(following)
                pending.append(iter(self.required(following)))


def load(xml: bytes, imports: Mapping[str, bytes]) -> Graph:
    """Read a model and, from ``imports``, what it imports directly and through others.

    ``imports`` maps a namespace, a location or a file name to the bytes of a model. :class:`DmnError`
    for a file that can't be read, a model that isn't there, or two models of one namespace.
    """
    main = read_document(xml)
    given = _Given(imports)
    documents = {main.namespace: main}
    pending = [main]
    while pending:
        for each in pending.pop().imports:
            if each.namespace in documents or not _is_model(each):
                continue
            if len(documents) >= MOST_DOCUMENTS:
                raise DmnError(Text("引入的模型过多", "too many imported models"))
            document = given.take(each)
            documents[document.namespace] = document
            pending.append(document)
    return Graph(main, documents)


def _is_model(each: Import) -> bool:
    return not each.kind or each.kind in DMN_NAMESPACES or "/spec/DMN/" in each.kind


class _Given:
    """The files offered for import, read when first wanted."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        self._read: dict[str, Document] = {}

    def take(self, wanted: Import) -> Document:
        """The document of the wanted namespace; the key it was given under is only a hint."""
        hints = [wanted.namespace, wanted.location, wanted.location.rpartition("/")[2]]
        for key in (*filter(None, hints), *self._files):
            if key in self._files and self._document(key).namespace == wanted.namespace:
                return self._document(key)
        raise DmnError(
            Text(
                f"没有提供引入的模型“{wanted.name or wanted.namespace}”（{wanted.namespace}）",
                f"the imported model {wanted.name or wanted.namespace!r} ({wanted.namespace}) was not given",
            )
        )

    def _document(self, key: str) -> Document:
        if key not in self._read:
            self._read[key] = read_document(self._files[key])
        return self._read[key]
