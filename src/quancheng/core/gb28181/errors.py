"""坏报文 Why a message of GB/T 28181 was refused: a closed vocabulary, so refusals can be counted."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["BadMessage", "Reason"]


class Reason(StrEnum):
    """拒绝原因."""

    SIZE = "size"
    START_LINE = "start-line"
    VERSION = "version"
    HEADER = "header"
    MISSING = "missing-header"
    REPEATED = "repeated-header"
    NUMBER = "number"
    LENGTH = "length"
    ADDRESS = "address"
    VIA = "via"
    ENCODING = "encoding"
    XML = "xml"
    FIELD = "field"
    ID = "id"
    SDP = "sdp"
    CREDENTIALS = "credentials"
    COMMAND = "command"


class BadMessage(ValueError):
    """A message, field or number that the standard does not allow; nothing of it may be used."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail[:200]
        super().__init__(f"{reason.value}: {self.detail}" if detail else reason.value)
