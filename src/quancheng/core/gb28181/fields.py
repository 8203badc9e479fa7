"""头域 The structured headers: addresses (RFC 3261 §20.10, §25.1), Via (§20.42) and their parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .errors import BadMessage, Reason

__all__ = ["Address", "Uri", "Via", "address", "addresses", "parameters", "split", "uri", "via"]

_VIA = re.compile(r"SIP\s*/\s*2\.0\s*/\s*([A-Za-z0-9-]+)\s+([^\s;,]+)\s*")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?:\s*:\s*([0-9]{1,5}))?")
_DISPLAY = re.compile(r"[A-Za-z0-9\-.!%*_+`'~ \t]*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_ESCAPED = re.compile(rb"%([0-9A-Fa-f]{2})")
_PORTS = 65536


@dataclass(frozen=True, slots=True)
class Uri:
    """sip:user@host:port;parameters. Schemes other than sip and sips are kept as text in ``host``."""

    scheme: str
    user: str
    host: str
    port: int = 0
    """0 when the address names none."""
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> tuple[str, int]:
        """Host without brackets and port (5060 when none is named, RFC 3261 §19.1.2)."""
        return self.host.strip("[]"), self.port or 5060

    def __str__(self) -> str:
        who = f"{self.user}@" if self.user else ""
        where = f":{self.port}" if self.port else ""
        return f"{self.scheme}:{who}{self.host}{where}"


@dataclass(frozen=True, slots=True)
class Address:
    """ "name" <uri>;parameters."""

    uri: Uri
    display: str = ""
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def tag(self) -> str:
        return self.params.get("tag", "")


@dataclass(frozen=True, slots=True)
class Via:
    """经由 One hop."""

    transport: str
    host: str
    port: int
    params: Mapping[str, str]

    @property
    def branch(self) -> str:
        return self.params.get("branch", "")


def split(value: str) -> list[str]:
    """Parts of a comma-separated value; commas in quotes and in <> do not part. Raises BadMessage."""
    parts, start, quoted, angled, escaped = [], 0, False, False, False
    for at, char in enumerate(value):
        if escaped:
            escaped = False
        elif quoted:
            escaped = char == "\\"
            quoted = char != '"'
        elif char == '"':
            quoted = True
        elif char == "<":
            angled = True
        elif char == ">":
            angled = False
        elif char == "," and not angled:
            parts.append(value[start:at].strip())
            start = at + 1
    if quoted or angled:
        raise BadMessage(Reason.ADDRESS, value)
    return [*parts, value[start:].strip()]


def parameters(text: str) -> dict[str, str]:
    """``;a=1;b`` as a mapping with names in lower case; raises BadMessage for an empty or repeated name."""
    found: dict[str, str] = {}
    for part in _pieces(text, ";"):
        name, _, value = part.partition("=")
        name, value = name.strip().lower(), value.strip()
        if not name or name in found:
            raise BadMessage(Reason.ADDRESS, text)
        found[name] = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
    return found


def uri(text: str) -> Uri:
    """Read a URI; raises BadMessage."""
    scheme, colon, rest = text.partition(":")
    if not colon or not _SCHEME.fullmatch(scheme) or any(char in text for char in ' \t<>"\r\n'):
        raise BadMessage(Reason.ADDRESS, text)
    scheme = scheme.lower()
    if scheme not in ("sip", "sips"):
        return Uri(scheme, "", rest)
    rest, _mark, _ = rest.partition("?") if "@" not in rest else _headers_of(rest)
    who, at, where = rest.rpartition("@")
    host, _, tail = where.partition(";")
    matched = _HOST.fullmatch(host)
    if matched is None or (at and not who):
        raise BadMessage(Reason.ADDRESS, text)
    port = int(matched[2] or 0)
    if port >= _PORTS or (matched[2] is not None and port == 0):
        raise BadMessage(Reason.ADDRESS, text)
    return Uri(scheme, _unescaped(who.partition(":")[0]), matched[1], port, parameters(tail) if tail else {})


def _unescaped(text: str) -> str:
    """Percent signs that begin no escape stay as they are (RFC 4475 3.1.1.5)."""
    if "%" not in text:
        return text
    return _ESCAPED.sub(lambda one: bytes((int(one[1], 16),)), text.encode()).decode("utf-8", "replace")


def _headers_of(rest: str) -> tuple[str, str, str]:
    """``user?x@host?headers``: only a question mark after the host begins headers."""
    who, at, where = rest.rpartition("@")
    host, question, headers = where.partition("?")
    return who + at + host, question, headers


def address(value: str) -> Address:
    """Read one address with or without <>; raises BadMessage.

    Without <> what follows a semicolon belongs to the header, and a question mark or comma is not
    allowed in the URI (RFC 3261 §20.10).
    """
    value = value.strip()
    if value[:1] == '"':
        display, rest = _quoted(value)
        return _bracketed(display, rest.lstrip(), value)
    before, angle, _ = value.partition("<")
    if angle:
        if not _DISPLAY.fullmatch(before) and before.isascii():
            raise BadMessage(Reason.ADDRESS, value)
        return _bracketed(before.strip(), value[len(before) :], value)
    where, _, tail = value.partition(";")
    if "?" in where or "," in where:
        raise BadMessage(Reason.ADDRESS, value)
    return Address(uri(where.strip()), "", parameters(tail) if tail.strip() else {})


def addresses(value: str) -> list[Address]:
    """Every address of a list such as Contact."""
    return [address(part) for part in split(value)]


def via(value: str) -> Via:
    """The top hop of a Via header; raises BadMessage."""
    top = value if "," not in value else split(value)[0]
    matched = _VIA.match(top)
    tail = "" if matched is None else top[matched.end() :].strip()
    if matched is None or (tail and tail[0] != ";"):
        raise BadMessage(Reason.VIA, value)
    host = _HOST.fullmatch(matched[2])
    port = int(host[2] or 0) if host is not None else _PORTS
    if host is None or port >= _PORTS:
        raise BadMessage(Reason.VIA, value)
    return Via(matched[1].upper(), host[1], port, parameters(tail[1:]) if tail else {})


def _bracketed(display: str, rest: str, whole: str) -> Address:
    inside, close, tail = rest[1:].partition(">")
    tail = tail.strip()
    if rest[:1] != "<" or not close or (tail and tail[0] != ";"):
        raise BadMessage(Reason.ADDRESS, whole)
    return Address(uri(inside), display, parameters(tail[1:]) if tail else {})


def _quoted(value: str) -> tuple[str, str]:
    escaped = False
    for at, char in enumerate(value[1:], 1):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == '"':
            return re.sub(r"\\(.)", r"\1", value[1:at]), value[at + 1 :]
    raise BadMessage(Reason.ADDRESS, value)


def _pieces(text: str, mark: str) -> list[str]:
    """Split at ``mark`` outside quotes."""
    if '"' not in text:
        return text.split(mark)
    parts, start, quoted, escaped = [], 0, False, False
    for at, char in enumerate(text):
        if escaped:
            escaped = False
        elif quoted and char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif char == mark and not quoted:
            parts.append(text[start:at])
            start = at + 1
    if quoted:
        raise BadMessage(Reason.ADDRESS, text)
    return [*parts, text[start:]]
