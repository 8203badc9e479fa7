"""短信文本: a text as the parts that a handset joins again.

Chinese goes as UCS-2: 70 signs in one message, 67 in each part of a long one, because six bytes are the
user data header of concatenation (3GPP TS 23.040, 9.2.3.24.1: ``05 00 03 ref total part``). Text of ASCII alone
goes as ASCII: 160 signs, 153 in a part. A sign outside the basic plane is two units and never cut apart.
"""

from __future__ import annotations

from dataclasses import dataclass

from quancheng.core.cmpp.errors import CmppError, Reason

__all__ = ["ASCII", "UCS2", "Part", "joined", "parts_of", "split"]

ASCII, UCS2 = 0, 8
_MOST_PARTS = 10


@dataclass(frozen=True, slots=True)
class Part:
    """One message of a text. ``content`` begins with the header when ``header``."""

    content: bytes
    format: int
    header: bool
    part: int
    parts: int


def parts_of(text: str) -> int:
    """How many messages a text costs (条数). Raises CmppError."""
    return len(split(text, 0))


def split(text: str, reference: int, most: int = _MOST_PARTS) -> tuple[Part, ...]:
    """The parts of a text (拆分). ``reference`` 0..255, the same for all parts of one text.

    Raises CmppError for an empty text, one of more than ``most`` parts, or a lone surrogate.
    """
    if not text:
        raise CmppError(Reason.TEXT, "empty")
    plain = text.isascii()
    units = text.encode("ascii") if plain else _ucs2(text)
    single, each = (160, 153) if plain else (140, 134)
    form = ASCII if plain else UCS2
    if len(units) <= single:
        return (Part(units, form, False, 1, 1),)
    pieces = _pieces(units, each, plain)
    if len(pieces) > most:
        raise CmppError(Reason.TEXT, f"{len(pieces)} > {most}")
    count = len(pieces)
    return tuple(
        Part(bytes((5, 0, 3, reference & 0xFF, count, place)) + piece, form, True, place, count)
        for place, piece in enumerate(pieces, 1)
    )


def joined(parts: tuple[Part, ...]) -> str:
    """The text of all parts, as a handset joins them (合并)."""
    ordered = sorted(parts, key=lambda one: one.part)
    data = b"".join(one.content[1 + one.content[0] :] if one.header else one.content for one in ordered)
    return data.decode("ascii" if ordered[0].format == ASCII else "utf-16-be")


def _ucs2(text: str) -> bytes:
    try:
        return text.encode("utf-16-be")
    except UnicodeEncodeError as error:
        raise CmppError(Reason.TEXT, "surrogate") from error


def _pieces(units: bytes, each: int, plain: bool) -> list[bytes]:
    pieces, at = [], 0
    while at < len(units):
        end = min(at + each, len(units))
        if not plain and end < len(units) and 0xD8 <= units[end - 2] <= 0xDB:
            end -= 2  # the first half of a pair stays with the second
        pieces.append(units[at:end])
        at = end
    return pieces
