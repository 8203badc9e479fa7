"""批量信封: requests and responses of HTTP inside ``multipart/mixed`` (OData 4.0 part 1 § 11.7, RFC 2046 § 5.1).

Lines are split here, because bodies may be large and must come through as they are; header fields are
read by the standard library.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser

from quancheng.core.sensorthings.faults import BadQuery

NO_CONTENT = 204
MAXIMUM_HEADERS = 16_384
"""Bytes of the header fields of one part."""
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
_BLANK = re.compile(rb"(?:\A|\r?\n)[ \t]*\r?\n")
_LINE = re.compile(r"([A-Za-z]+)[ \t]+((?!HTTP/\d)\S.*?)(?:[ \t]+HTTP/\d(?:\.\d)?)?[ \t]*")
_FIELDS = HeaderParser()


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its header fields (lower-case names) and its body as it came."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        """Media type of the body without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Asked:
    """An HTTP request inside a part."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


def boundary_of(content_type: str) -> str:
    """The boundary a content type names. Raises BadQuery when it names none that is allowed."""
    message = Message()
    message["Content-Type"] = content_type.replace("\r", " ").replace("\n", " ")
    found = message.get_boundary()
    if not found or not _BOUNDARY.fullmatch(found):
        raise BadQuery(
            "multipart/mixed 须在 Content-Type 中给出 boundary。",
            "multipart/mixed names its boundary in Content-Type.",
        )
    return found


def split(body: bytes, boundary: str, most: int) -> list[Part]:
    """The parts of a multipart body. Raises BadQuery when it is none, is cut off, or has more than ``most``."""
    mark = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary.encode()) + rb"(--)?[ \t]*(?=\r?\n|\Z)")
    parts: list[Part] = []
    begin: int | None = None
    for found in mark.finditer(body):
        if begin is not None:
            if len(parts) >= most:
                raise BadQuery(f"一批最多{most}个请求。", f"A batch holds {most} requests at most.")
            parts.append(_part(body[begin : found.start()]))
        if found.group(1) and begin is None:
            raise BadQuery("批量请求中没有请求。", "The batch holds no request.")
        if found.group(1):
            return parts
        begin = found.end()
    if begin is None:
        raise BadQuery(f"正文中没有分隔行 --{boundary[:80]}。", f"The body has no line --{boundary[:80]}.")
    raise BadQuery(
        f"正文没有结束行 --{boundary[:80]}--。", f"The body is cut off: no line --{boundary[:80]}--."
    )


def _part(raw: bytes) -> Part:
    head, body = _parted(raw.removeprefix(b"\r\n") if raw.startswith(b"\r\n") else raw.removeprefix(b"\n"))
    return Part(_fields(head), body)


def _parted(raw: bytes) -> tuple[bytes, bytes]:
    """What stands before and after the first empty line."""
    found = _BLANK.search(raw)
    return (raw, b"") if found is None else (raw[: found.start()], raw[found.end() :])


def _fields(head: bytes) -> dict[str, str]:
    if len(head) > MAXIMUM_HEADERS:
        raise BadQuery(
            f"批量请求中一部分的头超过{MAXIMUM_HEADERS}字节。",
            f"The header fields of a part are longer than {MAXIMUM_HEADERS} bytes.",
        )
    if not head.strip():
        return {}
    message = _FIELDS.parsestr(head.decode("utf-8", "replace") + "\n\n")
    if message.defects:
        raise BadQuery("批量请求中一部分的头无法解析。", "The header fields of a part cannot be read.")
    return {name.lower(): str(value).strip() for name, value in message.items()}


def request_of(part: Part) -> Asked:
    """The request inside a part ``application/http``. Raises BadQuery when there is none."""
    line, _, rest = part.body.lstrip(b"\r\n").partition(b"\n")
    try:
        found = _LINE.fullmatch(line.decode().rstrip("\r"))
    except UnicodeDecodeError as wrong:
        raise BadQuery("请求行不是UTF-8编码。", "A request line is not UTF-8.") from wrong
    if found is None or len(line) > MAXIMUM_HEADERS:
        shown = line[:80].decode("utf-8", "replace").strip()
        raise BadQuery(f"不是HTTP请求行：{shown}", f"Not an HTTP request line: {shown}")
    head, body = _parted(rest)
    return Asked(found.group(1).upper(), found.group(2), _fields(head), body)


def response(status: int, phrase: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """An HTTP response as it stands inside a part."""
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    if body or status != NO_CONTENT:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def joined(parts: Sequence[tuple[Mapping[str, str], bytes]], boundary: str) -> bytes:
    """A multipart body of header fields and bodies."""
    out = [
        f"--{boundary}\r\n".encode()
        + "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode()
        + b"\r\n"
        + body
        + b"\r\n"
        for headers, body in parts
    ]
    return b"".join([*out, f"--{boundary}--\r\n".encode()])
