"""回放控制 MANSRTSP: the RTSP-like text in INFO that steers a playback (GB/T 28181 annex B).

PLAY with a scale or a place in seconds, PAUSE, TEARDOWN.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from .errors import BadMessage, Reason

__all__ = ["CONTENT_TYPE", "Command", "Method", "build", "parse"]

CONTENT_TYPE = "Application/MANSRTSP"
_VERSIONS = ("MANSRTSP/1.0", "RTSP/1.0")
_RANGE = re.compile(r"npt\s*=\s*(now|[0-9]{1,9}(?:\.[0-9]{1,3})?)\s*-.*")
_SCALES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
_LIMIT = 2048


class Method(StrEnum):
    """命令."""

    PLAY = "PLAY"
    PAUSE = "PAUSE"
    TEARDOWN = "TEARDOWN"


@dataclass(frozen=True, slots=True)
class Command:
    """``at``: seconds from the beginning, None = from where it stands; ``scale``: times the normal speed."""

    method: Method
    sequence: int
    scale: float | None = None
    at: float | None = None


def build(one: Command) -> bytes:
    """Write a command; raises BadMessage for a speed or place that is not allowed."""
    if one.scale is not None and abs(one.scale) not in _SCALES:
        raise BadMessage(Reason.COMMAND, f"scale {one.scale}")
    if one.at is not None and not 0 <= one.at < 10**9:
        raise BadMessage(Reason.COMMAND, f"at {one.at}")
    rows = [f"{one.method.value} {_VERSIONS[0]}", f"CSeq: {one.sequence}"]
    if one.method is Method.PAUSE:
        rows.append("PauseTime: now")
    if one.scale is not None:
        rows.append(f"Scale: {one.scale:.6g}")
    if one.method is Method.PLAY and (one.at is not None or one.scale is None):
        rows.append(
            "Range: npt=now-" if one.at is None else f"Range: npt={one.at:.3f}".rstrip("0").rstrip(".") + "-"
        )
    return ("\r\n".join(rows) + "\r\n\r\n").encode()


def parse(raw: bytes) -> Command:
    """Read a command; raises BadMessage."""
    if len(raw) > _LIMIT or not raw.isascii():
        raise BadMessage(Reason.COMMAND, "size or bytes")
    rows = raw.decode().replace("\r\n", "\n").strip("\n").split("\n")
    method, _, version = rows[0].partition(" ")
    pairs = {
        name.strip().lower(): value.strip() for name, _, value in (row.partition(":") for row in rows[1:])
    }
    sequence = pairs.get("cseq", "")
    if (
        method not in set(Method)
        or version.strip() not in _VERSIONS
        or not sequence.isdigit()
        or len(sequence) > 9
    ):
        raise BadMessage(Reason.COMMAND, rows[0])
    at: float | None = None
    if "range" in pairs:
        matched = _RANGE.fullmatch(pairs["range"])
        if matched is None:
            raise BadMessage(Reason.COMMAND, pairs["range"])
        at = None if matched[1] == "now" else float(matched[1])
    return Command(Method(method), int(sequence), _scale(pairs.get("scale")), at)


def _scale(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        found = float(text)
    except ValueError as odd:
        raise BadMessage(Reason.COMMAND, text) from odd
    if abs(found) not in _SCALES:
        raise BadMessage(Reason.COMMAND, text)
    return found
