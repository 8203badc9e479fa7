"""Why something of a log is refused."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["LogFault", "LogReason"]


class LogReason(StrEnum):
    """Machine reasons (拒绝原因)."""

    MALFORMED = "MALFORMED"
    UNKNOWN_LOG = "UNKNOWN_LOG"
    SIGNATURE = "SIGNATURE"
    QUORUM = "QUORUM"
    PROOF = "PROOF"
    RECORD = "RECORD"
    TIME = "TIME"


class LogFault(Exception):
    """A note, checkpoint or proof that does not hold, with its machine reason."""

    def __init__(self, reason: LogReason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
