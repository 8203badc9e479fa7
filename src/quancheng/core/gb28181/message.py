"""SIP 消息 Requests and responses of SIP (RFC 3261 §7, §25) as GB/T 28181 uses them, under strict limits.

Pure: bytes in, values out. What is doubtful is refused with a reason, never repaired: a signalling
server that guesses can be led by the nose. Bounds: 64 KiB a message, 16 KiB of header, 128 header lines.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .errors import BadMessage, Reason

__all__ = ["COMPACT", "LIMIT", "Message", "Request", "Response", "build", "parse", "reply"]

LIMIT = 65536
HEADER_LIMIT = 16384
LINES = 128
VERSION = "SIP/2.0"
_SEQUENCE_LIMIT = 2**31
_HOPS = 255
_TOKEN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.!%*_+`'~")
_NEEDED = ("via", "from", "to", "call-id", "cseq")
_SINGLE = frozenset(
    ("from", "to", "call-id", "cseq", "content-length", "content-type", "max-forwards", "expires")
)
COMPACT = {
    "v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length",
    "c": "content-type", "e": "content-encoding", "s": "subject", "k": "supported", "o": "event",
    "u": "allow-events", "r": "refer-to", "b": "referred-by", "x": "session-expires", "d": "request-disposition",
    "j": "reject-contact", "a": "accept-contact", "y": "identity",
}  # fmt: skip
_WRITTEN = {
    "call-id": "Call-ID", "cseq": "CSeq", "www-authenticate": "WWW-Authenticate", "mime-version": "MIME-Version",
    "x-gb-ver": "X-GB-Ver",
}  # fmt: skip
_REASONS = {
    100: "Trying", 180: "Ringing", 200: "OK", 202: "Accepted", 302: "Moved Temporarily", 400: "Bad Request",
    401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 408: "Request Timeout",
    413: "Request Entity Too Large", 415: "Unsupported Media Type", 416: "Unsupported URI Scheme",
    480: "Temporarily Unavailable", 481: "Call/Transaction Does Not Exist", 486: "Busy Here",
    487: "Request Terminated", 488: "Not Acceptable Here", 489: "Bad Event", 500: "Server Internal Error",
    503: "Service Unavailable", 505: "Version Not Supported", 606: "Not Acceptable",
}  # fmt: skip

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Message:
    """报文: headers in order, names in lower case and written out; body as bytes."""

    headers: Headers
    body: bytes = b""

    def get(self, name: str, default: str = "") -> str:
        """The first value of a header."""
        for found, value in self.headers:
            if found == name:
                return value
        return default

    def all(self, name: str) -> list[str]:
        """Every value of a header, in order."""
        return [value for found, value in self.headers if found == name]

    @property
    def sequence(self) -> tuple[int, str]:
        """CSeq as number and method; it was checked when the message was read."""
        number, _, method = self.get("cseq").partition(" ")
        return int(number), method.strip()

    @property
    def call_id(self) -> str:
        return self.get("call-id")


@dataclass(frozen=True, slots=True)
class Request(Message):
    """请求."""

    method: str = field(default="", kw_only=True)
    uri: str = field(default="", kw_only=True)


@dataclass(frozen=True, slots=True)
class Response(Message):
    """应答."""

    status: int = field(default=0, kw_only=True)
    reason: str = field(default="", kw_only=True)


def parse(raw: bytes, *, stream: bool = False) -> Request | Response:
    """Read one message; ``stream`` for TCP, where Content-Length is mandatory and must fit exactly.

    Raises BadMessage. Octets after the body of a datagram are dropped (RFC 3261 §18.3).
    """
    if len(raw) > LIMIT:
        raise BadMessage(Reason.SIZE, str(len(raw)))
    head, mark, body = raw.partition(b"\r\n\r\n")
    if not mark or len(head) > HEADER_LIMIT:
        raise BadMessage(Reason.SIZE if mark else Reason.LENGTH, "header")
    lines = _lines(head)
    headers = _headers(lines)
    body = _body(headers, body, stream)
    first = lines[0]
    if first.startswith("SIP/"):
        return _response(first, headers, body)
    return _request(first, headers, body)


def build(message: Request | Response) -> bytes:
    """Write a message; Content-Length is always ours. Raises BadMessage for a line break in a value."""
    if isinstance(message, Request):
        first = f"{message.method} {message.uri} {VERSION}"
    else:
        reason = message.reason or _REASONS.get(message.status, "Unknown")
        first = f"{VERSION} {message.status} {reason}"
    rows = [first]
    rows += [f"{_written(name)}: {value}" for name, value in message.headers if name != "content-length"]
    rows += [f"Content-Length: {len(message.body)}", "", ""]
    text = "\r\n".join(rows)
    if text.count("\n") != len(rows) - 1 or text.count("\r") != len(rows) - 1 or "\0" in text:
        raise BadMessage(Reason.HEADER, "line break in a value")
    return text.encode() + message.body


def reply(
    request: Request,
    status: int,
    *,
    tag: str = "",
    source: tuple[str, int] | None = None,
    extra: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
) -> Response:
    """An answer to a request (RFC 3261 §8.2.6): its Via, From, To, Call-ID and CSeq, a tag on To.

    ``source`` is where the request came from: it is written into the top Via (received, rport; RFC 3581).
    """
    headers: list[tuple[str, str]] = []
    first = True
    for name, value in request.headers:
        if name == "via":
            headers.append((name, _stamped(value, source) if first and source else value))
            first = False
        elif name == "to" and tag and ";tag=" not in value.replace(" ", ""):
            headers.append((name, f"{value};tag={tag}"))
        elif name in ("from", "to", "call-id", "cseq"):
            headers.append((name, value))
    headers.extend(extra)
    return Response(tuple(headers), body, status=status)


def _stamped(via: str, source: tuple[str, int]) -> str:
    top, comma, others = via.partition(",")
    kept = [part for part in top.split(";") if part.strip().partition("=")[0].lower() not in _RETURN]
    asked = len(kept) != top.count(";") + 1
    kept.append(f"received={source[0]}")
    if asked and "rport" in top.lower():
        kept.append(f"rport={source[1]}")
    return ";".join(kept) + comma + others


_RETURN = frozenset(("received", "rport"))


def _lines(head: bytes) -> list[str]:
    if b"\0" in head:
        raise BadMessage(Reason.HEADER, "NUL")
    text = _decoded(head)
    lines = text.split("\r\n")
    if len(lines) > LINES:
        raise BadMessage(Reason.SIZE, f"{len(lines)} lines")
    if text.count("\n") != len(lines) - 1 or text.count("\r") != len(lines) - 1:
        raise BadMessage(Reason.HEADER, "bare CR or LF")
    if "\r\n " in text or "\r\n\t" in text:
        lines = _unfolded(lines)
    return lines


def _decoded(head: bytes) -> str:
    """Devices write names in UTF-8 or GB 18030; every byte string is one of them or refused."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return head.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadMessage(Reason.ENCODING, "header")


def _unfolded(lines: list[str]) -> list[str]:
    found: list[str] = []
    for line in lines:
        if line[:1] in (" ", "\t"):
            if len(found) < 2:
                raise BadMessage(Reason.HEADER, "continuation without a header")
            found[-1] = f"{found[-1].rstrip()} {line.lstrip()}"
        else:
            found.append(line)
    return found


def _headers(lines: list[str]) -> Headers:
    found: list[tuple[str, str]] = []
    seen: set[str] = set()
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        name = name.rstrip(" \t").lower()
        if not colon or not name or not _TOKEN.issuperset(name):
            raise BadMessage(Reason.HEADER, line)
        if len(name) == 1:
            name = COMPACT.get(name, name)
        if name in _SINGLE and name in seen:
            raise BadMessage(Reason.REPEATED, name)
        seen.add(name)
        found.append((name, value.strip(" \t")))
    for name in _NEEDED:
        if name not in seen:
            raise BadMessage(Reason.MISSING, name)
    return tuple(found)


def _body(headers: Headers, rest: bytes, stream: bool) -> bytes:
    for name, value in headers:
        if name == "content-length":
            length = number(value, LIMIT)
            if length > len(rest) or (stream and length != len(rest)):
                raise BadMessage(Reason.LENGTH, f"{length} of {len(rest)}")
            return rest[:length]
    if stream:
        raise BadMessage(Reason.MISSING, "content-length")
    return rest


def number(text: str, limit: int) -> int:
    """A decimal number in a header; raises BadMessage when it is none or above ``limit``."""
    if not (text.isascii() and text.isdigit() and len(text) <= 12) or int(text) > limit:
        raise BadMessage(Reason.NUMBER, text)
    return int(text)


def _request(first: str, headers: Headers, body: bytes) -> Request:
    parts = first.split(" ")
    if len(parts) != 3:
        raise BadMessage(Reason.START_LINE, first)
    method, uri, version = parts
    if version != VERSION:
        raise BadMessage(Reason.VERSION if version.startswith("SIP/") else Reason.START_LINE, version)
    if (
        not method
        or not _TOKEN.issuperset(method)
        or not uri
        or uri[0] == "<"
        or ":" not in uri
        or "\t" in uri
    ):
        raise BadMessage(Reason.START_LINE, first)
    headers = _checked(headers, method)
    return Request(headers, body, method=method, uri=uri)


def _response(first: str, headers: Headers, body: bytes) -> Response:
    version, _, rest = first.partition(" ")
    code, _, reason = rest.partition(" ")
    if version != VERSION:
        raise BadMessage(Reason.VERSION, version)
    if not (len(code) == 3 and code.isascii() and code.isdigit() and "1" <= code[0] <= "6"):
        raise BadMessage(Reason.START_LINE, first)
    return Response(_checked(headers, ""), body, status=int(code), reason=reason)


def _checked(headers: Headers, method: str) -> Headers:
    """Numbers are numbers, the CSeq's method is the request's; CSeq is brought to one space."""
    for place, (name, value) in enumerate(headers):
        if name == "cseq":
            sequence, _, named = value.replace("\t", " ").partition(" ")
            named = named.strip()
            if number(sequence, _SEQUENCE_LIMIT - 1) < 0 or not named or not _TOKEN.issuperset(named):
                raise BadMessage(Reason.NUMBER, value)
            if method and named != method:
                raise BadMessage(Reason.HEADER, f"CSeq {named} of {method}")
            tidy = (name, f"{int(sequence)} {named}")
            if tidy[1] != value:
                headers = (*headers[:place], tidy, *headers[place + 1 :])
        elif name == "max-forwards":
            number(value, _HOPS)
        elif name == "expires":
            number(value, 2**32 - 1)
    return headers


def _written(name: str) -> str:
    return _WRITTEN.get(name) or "-".join(part.capitalize() for part in name.split("-"))
