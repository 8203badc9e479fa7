"""关联错误: why input was refused: a reason for machines, the place, and a bilingual text."""

from __future__ import annotations

from enum import StrEnum

from quancheng.core.text import Text

__all__ = ["LinkageError", "LinkageReason"]


class LinkageReason(StrEnum):
    """Machine reason (拒绝原因) of a ``LinkageError``."""

    UNKNOWN_FIELD = "UNKNOWN_FIELD"
    COLUMN_LENGTH = "COLUMN_LENGTH"
    COLUMN_TYPE = "COLUMN_TYPE"
    ROW = "ROW"
    NOTHING_TO_COMPARE = "NOTHING_TO_COMPARE"
    TOO_MANY_PATTERNS = "TOO_MANY_PATTERNS"
    NO_EVIDENCE = "NO_EVIDENCE"
    SETTING = "SETTING"
    CONTRADICTION = "CONTRADICTION"
    SOURCE = "SOURCE"
    MEMBER = "MEMBER"
    RELATION = "RELATION"


class LinkageError(ValueError):
    """Input that cannot be linked (无法关联).

    ``place`` names the field, rule or record (never a value of a person), ``text`` says what to do.
    """

    def __init__(self, reason: LinkageReason, place: str, text: Text) -> None:
        super().__init__(reason, place, text)
        self.reason = reason
        self.place = place
        self.text = text

    def __str__(self) -> str:
        return f"{self.reason} at {self.place}: {self.text.en}"


def bad_setting(place: str, zh: str, en: str) -> LinkageError:
    """A parameter outside its range."""
    return LinkageError(LinkageReason.SETTING, place, Text(zh, en))
