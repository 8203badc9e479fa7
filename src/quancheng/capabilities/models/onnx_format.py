"""ONNX 文件结构: what a model file refers to, read from its bytes without any library that would run it.

Only the protobuf wire format is walked (https://protobuf.dev/programming-guides/encoding/), with the
field numbers of ``onnx.proto3``. Pure: bytes in, facts out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["STANDARD_DOMAINS", "Broken", "Contents", "read"]

STANDARD_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})
_DEEPEST = 24
_EXTERNAL = 1  # TensorProto.DataLocation.EXTERNAL


class Broken(ValueError):
    """The bytes are no ONNX model."""


@dataclass(frozen=True, slots=True)
class Contents:
    """Operator domains named by the file and its nodes, number of nodes, whether weights lie outside."""

    domains: frozenset[str]
    nodes: int
    external: bool

    @property
    def foreign(self) -> tuple[str, ...]:
        """Domains with operators of others (custom operators)."""
        return tuple(sorted(self.domains - STANDARD_DOMAINS))


# message → field → what lies there
_MESSAGES = {
    "model": {7: "graph", 8: "opset", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
    "opset": {},
}
_DOMAIN_FIELD = {"opset": 1, "node": 7}


def read(data: bytes) -> Contents:
    """What the file holds. Raises Broken."""
    domains: set[str] = set()
    nodes, external, graphs = 0, False, 0
    todo: list[tuple[str, memoryview, int]] = [("model", memoryview(data), 0)]
    while todo:
        kind, view, depth = todo.pop()
        if depth > _DEEPEST:
            raise Broken("nested too deeply")
        nodes += kind == "node"
        graphs += kind == "graph"
        for field, value in _fields(view):
            if isinstance(value, int):
                external = external or (kind == "tensor" and field == 14 and value == _EXTERNAL)
                continue
            external = external or (kind == "tensor" and field == 13)
            if field == _DOMAIN_FIELD.get(kind):
                domains.add(_text(value))
            if inner := _MESSAGES[kind].get(field):
                todo.append((inner, value, depth + 1))
    if not graphs:
        raise Broken("no graph")
    return Contents(frozenset(domains), nodes, external)


def _text(value: memoryview) -> str:
    try:
        return bytes(value).decode("utf-8")
    except UnicodeDecodeError as wrong:
        raise Broken("a name is no UTF-8") from wrong


def _fields(view: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    place, end = 0, len(view)
    while place < end:
        tag, place = _varint(view, place)
        kind, field = tag & 7, tag >> 3
        if kind == 0:
            number, place = _varint(view, place)
            yield field, number
            continue
        if kind == 2:
            size, place = _varint(view, place)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise Broken("wire type")
        if place + size > end:
            raise Broken("cut off")
        yield field, view[place : place + size]
        place += size


def _varint(view: memoryview, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(view):
            raise Broken("cut off")
        byte = view[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise Broken("number too long")
