"""XML 读写 (CAP 1.2 §3.4 schema): no DTD, no entities, no network; order and names as the schema.

Lists of words (references, addresses, incidents) are separated by white space; an address or
incident that has spaces stands in double quotes. A time is written with its offset, UTC as -00:00
(§3.3.2), never as Z.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NoReturn, TypeVar

from lxml import etree

from quancheng.core.text import Text

from .model import (
    Alert,
    Area,
    Category,
    Certainty,
    Circle,
    Info,
    MsgType,
    Named,
    Point,
    Reference,
    Resource,
    ResponseType,
    Scope,
    Severity,
    Status,
    Urgency,
)
from .rules import CapError, Problem, check

__all__ = ["NAMESPACE", "format_time", "from_xml", "parse_time", "to_xml"]

T = TypeVar("T")
NAMESPACE: Final = "urn:oasis:names:tc:emergency:cap:1.2"
_PREFIXES: dict[Any, str] = {None: NAMESPACE}
_SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)([+-])(\d\d):(\d\d)", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
_WORDS = re.compile(r'"([^"]*)"|(\S+)')
_LARGEST = 4 * 1024 * 1024

_MALFORMED = Text("不是可用的 XML 文档", "not a usable XML document")
_TOO_LARGE = Text("文档过大", "the document is too large")
_DOCTYPE = Text("不接受文档类型声明", "a document type declaration is not accepted")
_ROOT = Text("根元素须为 CAP 1.2 的 alert", "the root must be a CAP 1.2 alert")
_MISSING = Text("缺少必填元素", "a required element is missing")
_UNKNOWN = Text("未定义、重复或次序不对的元素", "an element undefined, repeated or out of order")
_BAD_TIME = Text("时间须为带偏移的日期时间，不用 Z", "needs a date and time with an offset, not Z")
_BAD_VALUE = Text("取值不在标准规定之内", "the value is not one the standard allows")
_BAD_NUMBER = Text("须为十进制数", "must be a decimal number")
_BAD_SHAPE = Text("坐标写法不对", "coordinates are not written as they must be")
_BAD_REFERENCE = Text("引用须为 发送者，标识，时间", "a reference is sender,identifier,sent")
_CONTENT = Text("元素含有多余内容", "an element has content it must not have")


def _refuse(path: str, text: Text) -> NoReturn:
    raise CapError((Problem(path, text),))


def format_time(time: datetime) -> str:
    """Write a CAP time; UTC is ``-00:00``."""
    text = time.isoformat(timespec="seconds")
    return f"{text[:-6]}-00:00" if text.endswith("+00:00") else text


def parse_time(text: str) -> datetime:
    """Read a CAP time; ``ValueError`` where it has no offset, ends in Z or cannot be."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"not a CAP time: {text!r}")
    local, sign, hours, minutes = match.groups()
    if int(hours) > 14 or int(minutes) > 59:
        raise ValueError(f"not an offset: {text!r}")
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    zone = timezone(-offset if sign == "-" else offset) if offset else UTC
    return datetime.fromisoformat(local).replace(tzinfo=zone)


class _Reader:
    """The children of one element, taken in the order of the schema."""

    def __init__(self, node: etree._Element, path: str) -> None:
        self.path = path
        self._children = [child for child in node if isinstance(child.tag, str)]
        loose = [node.text, *(child.tail for child in node)]
        if any(text and text.strip() for text in loose):
            _refuse(path or "alert", _CONTENT)
        self._at = 0

    def _where(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def nodes(self, tag: str) -> list[etree._Element]:
        start = self._at
        while self._at < len(self._children) and self._children[self._at].tag == tag:
            self._at += 1
        return self._children[start : self._at]

    def many(self, name: str, convert: Callable[[etree._Element, str], T]) -> tuple[T, ...]:
        nodes = self.nodes(f"{{{NAMESPACE}}}{name}")
        return tuple(convert(n, f"{self._where(name)}[{i}]") for i, n in enumerate(nodes))

    def maybe(self, name: str, convert: Callable[[etree._Element, str], T]) -> T | None:
        nodes = self.nodes(f"{{{NAMESPACE}}}{name}")
        if len(nodes) > 1:
            _refuse(self._where(name), _UNKNOWN)
        return convert(nodes[0], self._where(name)) if nodes else None

    def one(self, name: str, convert: Callable[[etree._Element, str], T]) -> T:
        found = self.maybe(name, convert)
        if found is None:
            _refuse(self._where(name), _MISSING)
        return found

    def end(self) -> None:
        if self._at < len(self._children):
            tag = etree.QName(self._children[self._at]).localname
            _refuse(self._where(tag), _UNKNOWN)


def _plain(node: etree._Element, path: str) -> str:
    if len(node):
        for child in node:
            if isinstance(child.tag, str):
                _refuse(path, _CONTENT)
        return (node.text or "") + "".join(child.tail or "" for child in node)
    return node.text or ""


def _parsed(make: Callable[[str], T], text: Text) -> Callable[[etree._Element, str], T]:
    def convert(node: etree._Element, path: str) -> T:
        try:
            return make(_plain(node, path))
        except (ValueError, InvalidOperation):
            _refuse(path, text)

    return convert


def _number(text: str) -> Decimal:
    if not _DECIMAL.fullmatch(text.strip()):
        raise ValueError(text)
    return Decimal(text.strip())


def _point(text: str) -> Point:
    lat, lon = text.split(",")
    return Point(_number(lat), _number(lon))


def _polygon(text: str) -> tuple[Point, ...]:
    return tuple(_point(word) for word in text.split())


def _circle(text: str) -> Circle:
    centre, radius = text.split()
    return Circle(_point(centre), _number(radius))


def _reference(word: str) -> Reference:
    sender, identifier, sent = word.split(",")
    return Reference(sender, identifier, parse_time(sent))


def _references(text: str) -> tuple[Reference, ...]:
    return tuple(_reference(word) for word in text.split())


def _words(text: str) -> tuple[str, ...]:
    return tuple(quoted or word for quoted, word in _WORDS.findall(text))


_time = _parsed(parse_time, _BAD_TIME)


def _named(node: etree._Element, path: str) -> Named:
    reader = _Reader(node, path)
    found = Named(reader.one("valueName", _plain), reader.one("value", _plain))
    reader.end()
    return found


def _read_resource(node: etree._Element, path: str) -> Resource:
    reader = _Reader(node, path)
    found = Resource(
        description=reader.one("resourceDesc", _plain),
        mime_type=reader.one("mimeType", _plain),
        size=reader.maybe("size", _parsed(int, _BAD_NUMBER)),
        uri=reader.maybe("uri", _plain),
        deref_uri=reader.maybe("derefUri", _plain),
        digest=reader.maybe("digest", _plain),
    )
    reader.end()
    return found


def _read_area(node: etree._Element, path: str) -> Area:
    reader = _Reader(node, path)
    found = Area(
        description=reader.one("areaDesc", _plain),
        polygons=reader.many("polygon", _parsed(_polygon, _BAD_SHAPE)),
        circles=reader.many("circle", _parsed(_circle, _BAD_SHAPE)),
        geocodes=reader.many("geocode", _named),
        altitude=reader.maybe("altitude", _parsed(_number, _BAD_NUMBER)),
        ceiling=reader.maybe("ceiling", _parsed(_number, _BAD_NUMBER)),
    )
    reader.end()
    return found


def _read_info(node: etree._Element, path: str) -> Info:
    reader = _Reader(node, path)
    language = reader.maybe("language", _plain)
    categories = reader.many("category", _parsed(Category, _BAD_VALUE))
    event = reader.one("event", _plain)
    responses = reader.many("responseType", _parsed(ResponseType, _BAD_VALUE))
    found = Info(
        language=language,
        categories=categories,
        event=event,
        response_types=responses,
        urgency=reader.one("urgency", _parsed(Urgency, _BAD_VALUE)),
        severity=reader.one("severity", _parsed(Severity, _BAD_VALUE)),
        certainty=reader.one("certainty", _parsed(Certainty, _BAD_VALUE)),
        audience=reader.maybe("audience", _plain),
        event_codes=reader.many("eventCode", _named),
        effective=reader.maybe("effective", _time),
        onset=reader.maybe("onset", _time),
        expires=reader.maybe("expires", _time),
        sender_name=reader.maybe("senderName", _plain),
        headline=reader.maybe("headline", _plain),
        description=reader.maybe("description", _plain),
        instruction=reader.maybe("instruction", _plain),
        web=reader.maybe("web", _plain),
        contact=reader.maybe("contact", _plain),
        parameters=reader.many("parameter", _named),
        resources=reader.many("resource", _read_resource),
        areas=reader.many("area", _read_area),
    )
    reader.end()
    return found


def from_xml(document: bytes) -> Alert:
    """Read and check a message; :class:`CapError` says what is wrong and where."""
    if len(document) > _LARGEST:
        _refuse("alert", _TOO_LARGE)
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(document, parser)
    except (etree.XMLSyntaxError, ValueError):
        _refuse("alert", _MALFORMED)
    if root.getroottree().docinfo.internalDTD is not None:
        _refuse("alert", _DOCTYPE)
    if root.tag != f"{{{NAMESPACE}}}alert":
        _refuse("alert", _ROOT)
    reader = _Reader(root, "")
    identifier, sender = reader.one("identifier", _plain), reader.one("sender", _plain)
    sent, status = reader.one("sent", _time), reader.one("status", _parsed(Status, _BAD_VALUE))
    msg_type = reader.one("msgType", _parsed(MsgType, _BAD_VALUE))
    source = reader.maybe("source", _plain)
    alert = Alert(
        identifier=identifier,
        sender=sender,
        sent=sent,
        status=status,
        msg_type=msg_type,
        source=source,
        scope=reader.one("scope", _parsed(Scope, _BAD_VALUE)),
        restriction=reader.maybe("restriction", _plain),
        addresses=reader.maybe("addresses", _parsed(_words, _BAD_VALUE)) or (),
        codes=reader.many("code", _plain),
        note=reader.maybe("note", _plain),
        references=reader.maybe("references", _parsed(_references, _BAD_REFERENCE)) or (),
        incidents=reader.maybe("incidents", _parsed(_words, _BAD_VALUE)) or (),
        infos=reader.many("info", _read_info),
        signatures=tuple(etree.tostring(n, with_tail=False) for n in reader.nodes(_SIGNATURE)),
    )
    reader.end()
    return check(alert)


class _Writer:
    """Adds children in the order of calls; ``None`` and empty add nothing."""

    def __init__(self, node: etree._Element) -> None:
        self._node = node

    def child(self, name: str) -> _Writer:
        return _Writer(etree.SubElement(self._node, f"{{{NAMESPACE}}}{name}"))

    def put(self, **values: object) -> None:
        for name, value in values.items():
            if value is not None:
                etree.SubElement(self._node, f"{{{NAMESPACE}}}{name}").text = _written(value)

    def puts(self, name: str, values: Iterable[object]) -> None:
        for value in values:
            self.put(**{name: value})

    def named(self, name: str, values: Iterable[Named]) -> None:
        for value in values:
            self.child(name).put(valueName=value.name, value=value.value)


def _written(value: object) -> str:
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value)


def _pair(point: Point) -> str:
    return f"{point.lat:f},{point.lon:f}"


def _joined(words: tuple[str, ...]) -> str | None:
    return " ".join(f'"{w}"' if re.search(r"\s", w) else w for w in words) or None


def to_xml(alert: Alert) -> bytes:
    """Check a message and write it as UTF-8 XML that validates against the schema."""
    check(alert)
    root = etree.Element(f"{{{NAMESPACE}}}alert", nsmap=_PREFIXES)
    out = _Writer(root)
    out.put(identifier=alert.identifier, sender=alert.sender, sent=alert.sent)
    out.put(status=alert.status, msgType=alert.msg_type, source=alert.source, scope=alert.scope)
    out.put(restriction=alert.restriction, addresses=_joined(alert.addresses))
    out.puts("code", alert.codes)
    references = (f"{r.sender},{r.identifier},{format_time(r.sent)}" for r in alert.references)
    out.put(note=alert.note, references=" ".join(references) or None)
    out.put(incidents=_joined(alert.incidents))
    for info in alert.infos:
        _write_info(out.child("info"), info)
    for signature in alert.signatures:
        root.append(etree.fromstring(signature, etree.XMLParser(resolve_entities=False)))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _write_info(out: _Writer, info: Info) -> None:
    out.put(language=info.language)
    out.puts("category", info.categories)
    out.put(event=info.event)
    out.puts("responseType", info.response_types)
    out.put(urgency=info.urgency, severity=info.severity, certainty=info.certainty)
    out.put(audience=info.audience)
    out.named("eventCode", info.event_codes)
    out.put(effective=info.effective, onset=info.onset, expires=info.expires)
    out.put(senderName=info.sender_name, headline=info.headline, description=info.description)
    out.put(instruction=info.instruction, web=info.web, contact=info.contact)
    out.named("parameter", info.parameters)
    for resource in info.resources:
        item = out.child("resource")
        item.put(resourceDesc=resource.description, mimeType=resource.mime_type)
        item.put(size=resource.size, uri=resource.uri, derefUri=resource.deref_uri)
        item.put(digest=resource.digest)
    for area in info.areas:
        item = out.child("area")
        item.put(areaDesc=area.description)
        item.puts("polygon", (" ".join(map(_pair, polygon)) for polygon in area.polygons))
        item.puts("circle", (f"{_pair(c.centre)} {c.radius:f}" for c in area.circles))
        item.named("geocode", area.geocodes)
        item.put(altitude=area.altitude, ceiling=area.ceiling)
