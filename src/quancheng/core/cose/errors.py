"""Why a message is refused."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["CoseFault", "CoseReason"]


class CoseReason(StrEnum):
    """Machine reasons (拒绝原因)."""

    ENCODING = "ENCODING"
    """Not base45, not CBOR, not canonical, too large or too deep."""
    STRUCTURE = "STRUCTURE"
    """CBOR, but not a COSE_Sign1 of the expected form."""
    ALGORITHM = "ALGORITHM"
    """An algorithm not known, or another than its key's."""
    CRITICAL = "CRITICAL"
    """A critical header not understood (RFC 9052 section 3.1)."""
    UNKNOWN_KEY = "UNKNOWN_KEY"
    """No trusted key of this name."""
    SIGNATURE = "SIGNATURE"
    """The signature does not hold."""


class CoseFault(Exception):
    """A message that does not hold, with its machine reason."""

    def __init__(self, reason: CoseReason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
