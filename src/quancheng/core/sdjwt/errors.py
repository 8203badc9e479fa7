"""Why an SD-JWT is refused."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["SdFault", "SdReason"]


class SdReason(StrEnum):
    """Machine reasons (拒绝原因)."""

    MALFORMED = "MALFORMED"
    RESERVED = "RESERVED"
    HASH = "HASH"
    DISCLOSURE = "DISCLOSURE"
    UNKNOWN_KEY = "UNKNOWN_KEY"
    SIGNATURE = "SIGNATURE"
    TYPE = "TYPE"
    EXPIRED = "EXPIRED"
    NOT_YET = "NOT_YET"
    KEY_BINDING = "KEY_BINDING"
    AUDIENCE = "AUDIENCE"
    NONCE = "NONCE"
    SELECTION = "SELECTION"
    VCT = "VCT"


class SdFault(Exception):
    """A token or a selection that does not hold, with its machine reason."""

    def __init__(self, reason: SdReason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
