"""MANSCDP 命令 The XML commands of GB/T 28181 (annex A): read without entities, written in the field's order.

A document is one of Query, Control, Notify, Response with CmdType, SN and DeviceID (A.2). Values are
kept as text; the typed readers (:mod:`.catalog`, :func:`alarm`, :func:`position`) check what they use.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree

from . import ids
from .errors import BadMessage, Reason

__all__ = ["CONTENT_TYPE", "LOCAL", "Alarm", "Document", "Position", "Root", "alarm", "build", "parse", "position",
           "read_time", "write_time"]  # fmt: skip

CONTENT_TYPE = "Application/MANSCDP+xml"
LOCAL = ZoneInfo("Asia/Shanghai")
"""Times without a zone are Beijing time."""
_LIMIT = 65536
_DEPTH = 6
_NODES = 20_000
_TEXT = 4096
_DECLARED = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9_-]+)["'][^>]*?\?>""")
_HEADER = re.compile(r"^\s*<\?xml[^>]*\?>")
_CHINESE = ("gb2312", "gbk", "gb18030")
_PLAIN = "<![CDATA["
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False,
    remove_comments=True, remove_pis=True, recover=False,
)  # fmt: skip


class Root(StrEnum):
    """四类命令."""

    QUERY = "Query"
    CONTROL = "Control"
    NOTIFY = "Notify"
    RESPONSE = "Response"


Node = str | dict[str, Any] | list[Any]


@dataclass(frozen=True, slots=True)
class Document:
    """One command. ``fields``: name → text, or mapping for nested elements, or list for repeated ones."""

    root: Root
    command: str
    serial: int
    device: str
    fields: Mapping[str, Node] = field(default_factory=dict)

    def text(self, name: str, default: str = "") -> str:
        """A plain field."""
        found = self.fields.get(name, default)
        return found if isinstance(found, str) else default

    def rows(self, holder: str, name: str) -> list[dict[str, Any]]:
        """Repeated elements below one, e.g. ``rows("DeviceList", "Item")``; none when there is none."""
        inside = self.fields.get(holder)
        found = inside.get(name, []) if isinstance(inside, dict) else []
        listed = found if isinstance(found, list) else [found]
        return [one for one in listed if isinstance(one, dict)]


_KEEPALIVE = re.compile(
    rb"\s*(?:<\?xml[^<>]*\?>\s*)?<Notify>\s*<CmdType>Keepalive</CmdType>\s*<SN>([0-9]{1,10})</SN>\s*"
    rb"<DeviceID>([0-9]{20})</DeviceID>\s*<Status>(OK|ON|ERROR)</Status>\s*(?:<Info>\s*</Info>\s*|<Info/>\s*)?</Notify>\s*"
)


def keepalive(raw: bytes) -> Document | None:
    """The usual keep-alive read without a parser (a city has thousands a second); None: use :func:`parse`."""
    matched = _KEEPALIVE.fullmatch(raw)
    if matched is None:
        return None
    fields = {"Status": matched[3].decode()}
    return Document(Root.NOTIFY, "Keepalive", int(matched[1]), matched[2].decode(), fields)


def parse(raw: bytes) -> Document:
    """Read a command; raises BadMessage for anything that is not well-formed, bounded and complete.

    Encoding: as declared (GB 2312 and GBK are read as GB 18030, which contains them), else UTF-8, else
    GB 18030. No document type, entity or external reference is ever read.
    """
    if len(raw) > _LIMIT:
        raise BadMessage(Reason.SIZE, str(len(raw)))
    text = _HEADER.sub("", _decoded(raw), count=1)
    if "<!DOCTYPE" in text or "<!ENTITY" in text or _PLAIN in text:
        raise BadMessage(Reason.XML, "declarations are not allowed")
    try:
        top = etree.fromstring(text.strip().encode(), _PARSER)
    except (etree.XMLSyntaxError, ValueError) as broken:
        raise BadMessage(Reason.XML, str(broken)) from broken
    if top.tag not in set(Root):
        raise BadMessage(Reason.XML, str(top.tag))
    budget = [_NODES]
    found = _node(top, 0, budget)
    if not isinstance(found, dict):
        raise BadMessage(Reason.XML, "empty")
    return _document(Root(top.tag), found)


def _document(root: Root, found: dict[str, Any]) -> Document:
    command, serial, device = found.pop("CmdType", ""), found.pop("SN", ""), found.pop("DeviceID", "")
    if not isinstance(command, str) or not _NAME.fullmatch(command):
        raise BadMessage(Reason.FIELD, "CmdType")
    if not isinstance(serial, str) or not serial.isascii() or not serial.isdigit() or len(serial) > 10:
        raise BadMessage(Reason.FIELD, "SN")
    if not isinstance(device, str) or not ids.is_code(device):
        raise BadMessage(Reason.ID, str(device))
    return Document(root, command, int(serial), device, found)


def _decoded(raw: bytes) -> str:
    declared = _DECLARED.search(raw[:200])
    name = declared[1].decode().lower() if declared else ""
    order = ("gb18030", "utf-8") if name in _CHINESE else ("utf-8", "gb18030")
    for encoding in order:
        try:
            return raw.decode(encoding).lstrip("\ufeff")
        except UnicodeDecodeError:
            continue
    raise BadMessage(Reason.ENCODING, name)


def _node(element: Any, depth: int, budget: list[int]) -> Node:
    budget[0] -= 1
    if depth > _DEPTH or budget[0] < 0:
        raise BadMessage(Reason.XML, "too deep or too many")
    if len(element) == 0:
        text = (element.text or "").strip()
        if len(text) > _TEXT:
            raise BadMessage(Reason.FIELD, str(element.tag))
        return text
    found: dict[str, Any] = {}
    for child in element:
        if not isinstance(child.tag, str):  # an entity reference that was not resolved
            raise BadMessage(Reason.XML, "entity")
        value = _node(child, depth + 1, budget)
        if child.tag not in found:
            found[child.tag] = value
        elif isinstance(found[child.tag], list):
            found[child.tag].append(value)
        else:
            found[child.tag] = [found[child.tag], value]
    return found


def build(one: Document, *, encoding: str = "GB2312") -> bytes:
    """Write a command. ``encoding`` GB2312 (2016: every device reads it), GB18030 or UTF-8.

    A mapping under a name with ``Num`` becomes an attribute-bearing list (DeviceList Num="2").
    Raises BadMessage for a name or character XML does not allow.
    """
    top = etree.Element(one.root.value)
    pairs: Sequence[tuple[str, Node]] = (
        ("CmdType", one.command), ("SN", str(one.serial)), ("DeviceID", one.device), *one.fields.items(),
    )  # fmt: skip
    for name, value in pairs:
        _write(top, name, value)
    codec = "gb18030" if encoding.lower() in _CHINESE else "utf-8"
    body = etree.tostring(top, encoding="unicode")
    return f'<?xml version="1.0" encoding="{encoding}"?>\r\n{body}\r\n'.encode(codec)


def _write(parent: Any, name: str, value: Node) -> None:
    if not _NAME.fullmatch(name):
        raise BadMessage(Reason.FIELD, name)
    for one in value if isinstance(value, list) else [value]:
        child = etree.SubElement(parent, name)
        if isinstance(one, dict):
            for key, inner in one.items():
                if key == "@Num":
                    child.set("Num", str(inner))
                else:
                    _write(child, key, inner)
        else:
            try:
                child.text = str(one)
            except ValueError as odd:
                raise BadMessage(Reason.FIELD, name) from odd


def read_time(text: str) -> datetime:
    """``2026-07-18T17:05:00`` with or without a zone; raises BadMessage."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as odd:
        raise BadMessage(Reason.FIELD, text) from odd
    return found if found.tzinfo else found.replace(tzinfo=LOCAL)


def write_time(moment: datetime) -> str:
    """Beijing time to the second, without a zone, as the annex has it."""
    return moment.astimezone(LOCAL).replace(tzinfo=None, microsecond=0).isoformat()


@dataclass(frozen=True, slots=True)
class Alarm:
    """报警通知 (A.2.5.3): priority 1 the worst … 4, method 1 phone 2 device 3 SMS 4 GPS 5 video 6 fault 7 other."""

    device: str
    priority: int
    method: int
    at: datetime
    description: str = ""
    type: int = 0
    lon: float | None = None
    lat: float | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """移动设备位置 (A.2.5.6), CGCS2000 degrees; speed km/h, direction degrees from north."""

    device: str
    at: datetime
    lon: float
    lat: float
    speed: float | None = None
    direction: float | None = None


def alarm(one: Document) -> Alarm:
    """The alarm in a Notify; raises BadMessage."""
    inside = one.fields.get("Info")
    kind = str(inside.get("AlarmType", "0")) if isinstance(inside, dict) else one.text("AlarmType", "0")
    return Alarm(
        one.device, _whole(one.text("AlarmPriority"), 1, 4), _whole(one.text("AlarmMethod"), 1, 7),
        read_time(one.text("AlarmTime")), one.text("AlarmDescription")[:300], _whole(kind or "0", 0, 99),
        _float(one.text("Longitude"), 180), _float(one.text("Latitude"), 90),
    )  # fmt: skip


def position(one: Document) -> Position:
    """The place in a MobilePosition notify; raises BadMessage."""
    lon, lat = _float(one.text("Longitude"), 180), _float(one.text("Latitude"), 90)
    if lon is None or lat is None:
        raise BadMessage(Reason.FIELD, "Longitude")
    speed, direction = _float(one.text("Speed"), 1000), _float(one.text("Direction"), 360)
    return Position(one.device, read_time(one.text("Time")), lon, lat, speed, direction)


def _whole(text: str, least: int, most: int) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 6 or not least <= int(text) <= most:
        raise BadMessage(Reason.FIELD, text)
    return int(text)


def _float(text: str, limit: float) -> float | None:
    if not text:
        return None
    try:
        found = float(text)
    except ValueError as odd:
        raise BadMessage(Reason.FIELD, text) from odd
    if not -limit <= found <= limit:
        raise BadMessage(Reason.FIELD, text)
    return found
