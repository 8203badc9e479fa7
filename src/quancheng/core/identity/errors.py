"""Why an identity number was refused: a reason for machines, a bilingual text for people."""

from __future__ import annotations

from enum import StrEnum

from quancheng.core.text import Text

__all__ = ["IdentityNumberError", "IdentityReason"]


class IdentityReason(StrEnum):
    """Machine reason (拒绝原因) of an ``IdentityNumberError``."""

    LENGTH = "LENGTH"
    CHARACTERS = "CHARACTERS"
    BIRTH_DATE = "BIRTH_DATE"
    FUTURE_BIRTH = "FUTURE_BIRTH"
    CHECK_DIGIT = "CHECK_DIGIT"
    ORGANISATION_CHECK = "ORGANISATION_CHECK"


class IdentityNumberError(ValueError):
    """A number that cannot be accepted (证件号码有误).

    ``reason`` is for programs, ``text`` says what to do. Neither holds the number itself, so the
    error may be logged and shown as it is (《个人信息保护法》第六条, data minimisation).
    """

    def __init__(self, reason: IdentityReason, text: Text) -> None:
        super().__init__(reason, text)
        self.reason = reason
        self.text = text

    def __str__(self) -> str:
        return f"{self.reason}: {self.text.en}"
