"""会话描述 SDP of GB/T 28181 (annex G; RFC 4566 with the lines ``y=`` SSRC and ``f=`` media facts).

``y=`` holds ten decimal digits: 0 live or 1 history, five digits of the domain (places 4 to 8 of the
platform's code), four of the stream.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from .errors import BadMessage, Reason

__all__ = ["Description", "Kind", "SsrcBook", "build", "parse"]

_LIMIT = 4096
_PORTS = 65536
_SSRC = re.compile(r"[01][0-9]{9}")
_STREAMS = 10_000
_ADDRESS = re.compile(r"[0-9A-Fa-f:.]{2,45}|[A-Za-z0-9.-]{1,253}")
_SETUPS = ("", "active", "passive")


class Kind(StrEnum):
    """s= 会话名: what is asked for."""

    PLAY = "Play"
    PLAYBACK = "Playback"
    DOWNLOAD = "Download"
    TALK = "Talk"


@dataclass(frozen=True, slots=True)
class Description:
    """What one side offers: where media goes, of what stream. ``start`` and ``stop`` are Unix seconds."""

    owner: str
    kind: Kind
    host: str
    port: int
    ssrc: str = ""
    tcp: bool = False
    setup: str = ""
    """active or passive, for media over TCP (RFC 4145)."""
    sends: bool = False
    start: int = 0
    stop: int = 0
    source: str = ""
    """u= the recording asked for: device code and type."""
    speed: int = 0
    facts: str = ""
    """f= format of video and audio, as it is written."""
    file_size: int = 0


def build(one: Description) -> bytes:
    """Write a description: PS at payload 96 first, as every device has it. Raises BadMessage."""
    for text in (one.owner, one.host, one.source, one.facts, one.setup):
        if "\r" in text or "\n" in text:
            raise BadMessage(Reason.SDP, "line break")
    family = "IP6" if ":" in one.host else "IP4"
    rows = [
        "v=0", f"o={one.owner} 0 0 IN {family} {one.host}", f"s={one.kind.value}",
        *([f"u={one.source}"] if one.source else []),
        f"c=IN {family} {one.host}", f"t={one.start} {one.stop}",
        f"m=video {one.port} {'TCP/RTP/AVP' if one.tcp else 'RTP/AVP'} 96 98 97",
        "a=sendonly" if one.sends else "a=recvonly",
        "a=rtpmap:96 PS/90000", "a=rtpmap:98 H264/90000", "a=rtpmap:97 MPEG4/90000",
    ]  # fmt: skip
    if one.tcp:
        rows += [f"a=setup:{one.setup or 'passive'}", "a=connection:new"]
    if one.speed:
        rows.append(f"a=downloadspeed:{one.speed}")
    if one.file_size:
        rows.append(f"a=filesize:{one.file_size}")
    if one.ssrc:
        rows.append(f"y={one.ssrc}")
    if one.facts:
        rows.append(f"f={one.facts}")
    return ("\r\n".join(rows) + "\r\n").encode()


def parse(raw: bytes) -> Description:
    """Read a description; raises BadMessage. The first video (else first) media line counts."""
    if len(raw) > _LIMIT:
        raise BadMessage(Reason.SDP, "too long")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("gb18030", "replace")
    rows = [row for row in text.replace("\r\n", "\n").split("\n") if row]
    if not rows or rows[0] != "v=0" or any(row[1:2] != "=" for row in rows):
        raise BadMessage(Reason.SDP, rows[0] if rows else "empty")
    first: dict[str, str] = {}
    attributes: dict[str, str] = {}
    for row in rows:
        if row[0] == "a":
            name, _, value = row[2:].partition(":")
            attributes.setdefault(name.strip(), value.strip())
        else:
            first.setdefault(row[0], row[2:].strip())
    port, tcp = _media([row for row in rows if row[0] == "m"])
    start, stop = _times(first.get("t", "0 0"))
    ssrc = first.get("y", "")
    if ssrc and not _SSRC.fullmatch(ssrc):
        raise BadMessage(Reason.SDP, f"y={ssrc}")
    setup = attributes.get("setup", "")
    if setup not in _SETUPS:
        raise BadMessage(Reason.SDP, setup)
    return Description(
        owner=first.get("o", "").partition(" ")[0], kind=_kind(first.get("s", "")), host=_host(first), port=port,
        ssrc=ssrc, tcp=tcp, setup=setup, sends="sendonly" in attributes or "sendrecv" in attributes, start=start,
        stop=stop, source=first.get("u", ""), speed=_number(attributes.get("downloadspeed", "0")),
        facts=first.get("f", ""), file_size=_number(attributes.get("filesize", "0")),
    )  # fmt: skip


def _kind(name: str) -> Kind:
    try:
        return Kind(name.strip().capitalize())
    except ValueError as unknown:
        raise BadMessage(Reason.SDP, f"s={name}") from unknown


def _host(first: dict[str, str]) -> str:
    parts = (first.get("c") or " ".join(first.get("o", "").split(" ")[3:])).split(" ")
    host = parts[2].partition("/")[0] if len(parts) == 3 and parts[0] == "IN" else ""
    if not _ADDRESS.fullmatch(host):
        raise BadMessage(Reason.SDP, "c=")
    return host


def _media(rows: list[str]) -> tuple[int, bool]:
    chosen = next((row for row in rows if row.startswith("m=video ")), rows[0] if rows else "")
    parts = chosen[2:].split(" ")
    if len(parts) < 3 or not 0 <= _number(parts[1].partition("/")[0]) < _PORTS:
        raise BadMessage(Reason.SDP, chosen)
    return _number(parts[1].partition("/")[0]), parts[2].upper().startswith("TCP")


def _times(text: str) -> tuple[int, int]:
    start, _, stop = text.partition(" ")
    return _number(start), _number(stop)


def _number(text: str) -> int:
    text = text.strip()
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise BadMessage(Reason.SDP, text)
    return int(text)


class SsrcBook:
    """SSRC 分配 Stream numbers of one domain; none is given twice while it is in use."""

    def __init__(self, platform: str) -> None:
        self._domain = platform[3:8]
        self._taken: dict[bool, set[int]] = {False: set(), True: set()}
        self._next = {False: 1, True: 1}

    def take(self, *, history: bool = False) -> str:
        """A free SSRC; raises BadMessage when all 9,999 of the kind are in use."""
        taken = self._taken[history]
        for _ in range(_STREAMS):
            number = self._next[history]
            self._next[history] = number % (_STREAMS - 1) + 1
            if number not in taken:
                taken.add(number)
                return f"{int(history)}{self._domain}{number:04d}"
        raise BadMessage(Reason.SDP, "no free SSRC")

    def free(self, ssrc: str) -> None:
        """Give one back; unknown ones are ignored."""
        if _SSRC.fullmatch(ssrc):
            self._taken[ssrc[0] == "1"].discard(int(ssrc[6:]))
