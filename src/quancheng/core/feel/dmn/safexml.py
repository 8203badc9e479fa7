"""Reads XML that strangers sent (安全读取): no DTD, no entities, no network; size, depth and count bounded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from quancheng.core.text import Text

from .errors import DmnError

__all__ = [
    "DMN_NAMESPACES",
    "attribute",
    "child",
    "child_text",
    "children",
    "elements",
    "flag",
    "local",
    "parse",
    "text_of",
]

LARGEST: Final = 8 * 1024 * 1024
DEEPEST: Final = 120
MOST_ELEMENTS: Final = 200_000

#: MODEL namespaces of DMN 1.1 (2015) to 1.5 (2023) and the 1.6 draft's; the elements read here are the same.
DMN_NAMESPACES: Final = frozenset(
    {
        "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
        "http://www.omg.org/spec/DMN/20151101/dmn11.xsd",
        "http://www.omg.org/spec/DMN/20180521/MODEL/",
        "https://www.omg.org/spec/DMN/20191111/MODEL/",
        "https://www.omg.org/spec/DMN/20211108/MODEL/",
        "https://www.omg.org/spec/DMN/20230324/MODEL/",
        "https://www.omg.org/spec/DMN/20240513/MODEL/",
    }
)

_SPACE = re.compile(r"\s+")
_MALFORMED = Text("不是可用的 XML 文档", "not a usable XML document")
_TOO_LARGE = Text("决策模型文件过大", "the decision model file is too large")
_TOO_DEEP = Text(
    "决策模型嵌套过深或元素过多", "the decision model is nested too deep or has too many elements"
)
_DOCTYPE = Text("不接受文档类型声明", "a document type declaration is not accepted")
_ROOT = Text(
    "根元素须为 DMN 1.1 至 1.5 的 definitions",
    "the root must be the definitions element of DMN 1.1 to 1.5",
)


def parse(document: bytes) -> etree._Element:
    """Return the root ``definitions``; :class:`DmnError` for anything else or beyond the bounds."""
    if len(document) > LARGEST:
        raise DmnError(_TOO_LARGE)
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=False
    )
    try:
        root = etree.fromstring(document, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise DmnError(_MALFORMED) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise DmnError(_DOCTYPE)
    if local(root) != "definitions" or etree.QName(root).namespace not in DMN_NAMESPACES:
        raise DmnError(_ROOT)
    _bound(root)
    return root


def _bound(root: etree._Element) -> None:
    level, depth, seen = [root], 0, 0
    while level:
        depth, seen = depth + 1, seen + len(level)
        if depth > DEEPEST or seen > MOST_ELEMENTS:
            raise DmnError(_TOO_DEEP)
        level = [below for node in level for below in node if isinstance(below.tag, str)]


def local(node: etree._Element) -> str:
    """The name of an element without its namespace."""
    return etree.QName(node).localname


def elements(node: etree._Element) -> Iterator[etree._Element]:
    """The DMN child elements of ``node``; comments and foreign extensions are passed over."""
    for below in node:
        if isinstance(below.tag, str) and etree.QName(below).namespace in DMN_NAMESPACES:
            yield below


def children(node: etree._Element, *names: str) -> list[etree._Element]:
    """The DMN children of one of these names, in document order."""
    return [below for below in elements(node) if local(below) in names]


def child(node: etree._Element, *names: str) -> etree._Element | None:
    """The first DMN child of one of these names."""
    return next((below for below in elements(node) if local(below) in names), None)


def text_of(node: etree._Element | None) -> str:
    """All character data of an element, comments left out; empty when there is none."""
    if node is None:
        return ""
    return (node.text or "") + "".join(below.tail or "" for below in node)


def child_text(node: etree._Element, *names: str) -> str:
    """The stripped text of a child."""
    return text_of(child(node, *names)).strip()


def attribute(node: etree._Element, name: str) -> str:
    """An attribute with its white space normalised; empty when absent."""
    return _SPACE.sub(" ", str(node.get(name) or "")).strip()


def flag(node: etree._Element, name: str) -> bool:
    """A boolean attribute."""
    return attribute(node, name) in {"true", "1"}
