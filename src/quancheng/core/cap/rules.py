"""消息规则 (CAP 1.2 §3.2 notes): what the XML schema cannot say, each broken rule named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from quancheng.core.text import Text

from .model import Alert, Area, Info, MsgType, Point, Reference, Resource, Scope

__all__ = ["CapError", "Problem", "check", "problems"]


@dataclass(frozen=True, slots=True)
class Problem:
    """A broken rule: where in the message, and what to do."""

    path: str
    text: Text


class CapError(ValueError):
    """A message refused, with every problem found (拒绝的消息)."""

    def __init__(self, found: tuple[Problem, ...]) -> None:
        self.problems = found
        super().__init__("; ".join(f"{p.path}: {p.text.en}" for p in found))


_RESTRICTED = re.compile(r"[\s,<&]")
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SHA1 = re.compile(r"[0-9A-Fa-f]{40}")
_MIME = re.compile(r"[^\s/]+/[^\s/]+")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_LONGEST_OFFSET = timedelta(hours=14)
_FEWEST_POINTS = 4
_REFERRING = frozenset({MsgType.UPDATE, MsgType.CANCEL, MsgType.ACK, MsgType.ERROR})

_EMPTY = Text("不能为空", "must not be empty")
_CHARACTERS = Text("不能含空白、逗号、< 或 &", "no spaces, commas, < or &")
_CONTROL = Text("含 XML 不允许的控制字符", "has a character that XML does not allow")
_OFFSET = Text("时间须带时区偏移且到秒", "needs a time zone offset and whole seconds")
_SCOPE_RESTRICTION = Text("限制发布须写明限制", "a restricted scope needs a restriction")
_SCOPE_ADDRESS = Text("定向发布须写明收件人", "a private scope needs addresses")
_REFERENCES = Text("此类消息须引用先前消息", "this type must refer to an earlier message")
_ITSELF = Text("不能引用自己", "must not refer to itself")
_FUTURE = Text("不能引用之后的消息", "must not refer to a later message")
_NOTE = Text("差错消息须在备注中说明原因", "an error message explains itself in a note")
_CATEGORY = Text("至少一个类别", "needs a category")
_EXPIRES = Text("失效时间须晚于生效时间", "must be after the time it takes effect")
_LANGUAGE_TEXT = Text("须为语言标签，如 zh-CN", "must be a language tag such as zh-CN")
_ABSOLUTE = Text("须为绝对地址", "must be an absolute URI")
_MIME_TEXT = Text("须为 MIME 类型", "must be a MIME type")
_SIZE = Text("大小不能为负", "must not be negative")
_DIGEST = Text("须为 40 位 SHA-1 摘要", "must be a SHA-1 digest of 40 hex digits")
_POINTS = Text("多边形至少四个点", "a polygon has at least four points")
_CLOSED = Text("多边形首尾点须相同", "a polygon ends at its first point")
_RANGE = Text("须先纬度后经度，且在范围内", "latitude first, then longitude, within range")
_RADIUS = Text("半径不能为负", "a radius is not negative")
_FINITE = Text("须为有限数", "must be a finite number")
_ALTITUDE = Text("上界须与下界同用且不低于它", "needs an altitude that it is not below")
_QUOTE = Text("列表项不能为空或含引号", "a list item is not empty and has no quotes")


def problems(alert: Alert) -> tuple[Problem, ...]:
    """Return every broken rule of a message, in document order within each group."""
    return tuple(_alert(alert))


def check(alert: Alert) -> Alert:
    """Return the message itself, or raise :class:`CapError` with every problem."""
    found = problems(alert)
    if found:
        raise CapError(found)
    return alert


def _alert(alert: Alert) -> Iterator[Problem]:
    for path, code in (("identifier", alert.identifier), ("sender", alert.sender)):
        yield from _identifier(path, code)
    yield from _time("sent", alert.sent)
    if alert.scope is Scope.RESTRICTED and not alert.restriction:
        yield Problem("restriction", _SCOPE_RESTRICTION)
    if alert.scope is Scope.PRIVATE and not alert.addresses:
        yield Problem("addresses", _SCOPE_ADDRESS)
    for path, items in (("addresses", alert.addresses), ("incidents", alert.incidents)):
        if any(not item.strip() or '"' in item for item in items):
            yield Problem(path, _QUOTE)
    if alert.msg_type is MsgType.ERROR and not alert.note:
        yield Problem("note", _NOTE)
    if alert.msg_type in _REFERRING and not alert.references:
        yield Problem("references", _REFERENCES)
    for number, reference in enumerate(alert.references):
        yield from _reference(f"references[{number}]", reference, alert)
    for number, info in enumerate(alert.infos):
        yield from _info(f"info[{number}]", info, alert.sent)
    yield from _texts("", alert)


def _identifier(path: str, code: str) -> Iterator[Problem]:
    if not code:
        yield Problem(path, _EMPTY)
    if _RESTRICTED.search(code):
        yield Problem(path, _CHARACTERS)


def _zoned(time: datetime) -> bool:
    """Whether a time can be written as CAP wants it: offset in whole minutes, no fraction."""
    offset = time.utcoffset()
    if offset is None or time.microsecond or abs(offset) > _LONGEST_OFFSET:
        return False
    return not offset % timedelta(minutes=1)


def _time(path: str, time: datetime | None) -> Iterator[Problem]:
    if time is not None and not _zoned(time):
        yield Problem(path, _OFFSET)


def _reference(path: str, reference: Reference, alert: Alert) -> Iterator[Problem]:
    yield from _identifier(f"{path}.sender", reference.sender)
    yield from _identifier(f"{path}.identifier", reference.identifier)
    yield from _time(f"{path}.sent", reference.sent)
    if (reference.sender, reference.identifier) == (alert.sender, alert.identifier):
        yield Problem(path, _ITSELF)
    elif _zoned(reference.sent) and _zoned(alert.sent) and reference.sent > alert.sent:
        yield Problem(path, _FUTURE)


def _info(path: str, info: Info, sent: datetime) -> Iterator[Problem]:
    if not info.categories:
        yield Problem(f"{path}.category", _CATEGORY)
    if not info.event.strip():
        yield Problem(f"{path}.event", _EMPTY)
    if info.language is not None and not _LANGUAGE.fullmatch(info.language):
        yield Problem(f"{path}.language", _LANGUAGE_TEXT)
    times = {"effective": info.effective, "onset": info.onset, "expires": info.expires}
    for name, time in times.items():
        yield from _time(f"{path}.{name}", time)
    begins = info.effective or sent
    ends = info.expires
    if ends is not None and _zoned(ends) and _zoned(begins) and ends <= begins:
        yield Problem(f"{path}.expires", _EXPIRES)
    if info.web is not None and not _URI.fullmatch(info.web):
        yield Problem(f"{path}.web", _ABSOLUTE)
    for number, resource in enumerate(info.resources):
        yield from _resource(f"{path}.resource[{number}]", resource)
    for number, area in enumerate(info.areas):
        yield from _area(f"{path}.area[{number}]", area)


def _resource(path: str, resource: Resource) -> Iterator[Problem]:
    if not resource.description.strip():
        yield Problem(f"{path}.resourceDesc", _EMPTY)
    if not _MIME.fullmatch(resource.mime_type):
        yield Problem(f"{path}.mimeType", _MIME_TEXT)
    if resource.size is not None and resource.size < 0:
        yield Problem(f"{path}.size", _SIZE)
    if resource.digest is not None and not _SHA1.fullmatch(resource.digest):
        yield Problem(f"{path}.digest", _DIGEST)


def _area(path: str, area: Area) -> Iterator[Problem]:
    if not area.description.strip():
        yield Problem(f"{path}.areaDesc", _EMPTY)
    for number, polygon in enumerate(area.polygons):
        here = f"{path}.polygon[{number}]"
        if len(polygon) < _FEWEST_POINTS:
            yield Problem(here, _POINTS)
        elif polygon[0] != polygon[-1]:
            yield Problem(here, _CLOSED)
        if not all(_on_earth(point) for point in polygon):
            yield Problem(here, _RANGE)
    for number, circle in enumerate(area.circles):
        here = f"{path}.circle[{number}]"
        if not _on_earth(circle.centre):
            yield Problem(here, _RANGE)
        if not (circle.radius.is_finite() and circle.radius >= 0):
            yield Problem(here, _RADIUS)
    yield from _heights(path, area)


def _heights(path: str, area: Area) -> Iterator[Problem]:
    low, high = area.altitude, area.ceiling
    if any(height is not None and not height.is_finite() for height in (low, high)):
        yield Problem(f"{path}.altitude", _FINITE)
    elif high is not None and (low is None or high < low):
        yield Problem(f"{path}.ceiling", _ALTITUDE)


def _on_earth(point: Point) -> bool:
    lat, lon = point.lat, point.lon
    return lat.is_finite() and lon.is_finite() and abs(lat) <= 90 and abs(lon) <= Decimal(180)


def _texts(path: str, value: object) -> Iterator[Problem]:
    """Find characters no XML document can hold, anywhere in the message."""
    if isinstance(value, str):
        if _ILLEGAL.search(value):
            yield Problem(path.lstrip("."), _CONTROL)
    elif isinstance(value, tuple):
        for number, item in enumerate(value):
            yield from _texts(f"{path}[{number}]", item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(f"{path}.{field.name}", getattr(value, field.name))
