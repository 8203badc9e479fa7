"""载荷上限: how much one message may hold before it is refused unread."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DEFAULT", "Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Operating limits of one payload; the gateway may give its own."""

    size: int = 1 << 20
    """bytes of a message"""
    readings: int = 10_000
    """readings of a message"""
    name: int = 128
    """characters of an element's name"""
    text: int = 1024
    """characters of a text value"""


DEFAULT = Limits()
