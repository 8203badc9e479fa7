"""重放窗口: every message id is accepted once, and only while its time is near.

A message is fresh in [now − span, now + skew]. Ids are remembered in buckets of time until no
message with their time could be fresh again, so memory is bounded by span and rate, and forgetting
never lets a message in twice. The clock going back does not open the window again (``floor``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from quancheng.core.text import Text

__all__ = ["ReplayReason", "ReplayWindow"]

_BUCKETS = 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ReplayReason(StrEnum):
    """Why a message is not taken (拒收原因)."""

    TOO_OLD = "TOO_OLD"
    FROM_THE_FUTURE = "FROM_THE_FUTURE"
    SEEN = "SEEN"

    @property
    def text(self) -> Text:
        """Label (说明)."""
        return _LABELS[self]


_LABELS = {
    ReplayReason.TOO_OLD: Text("报文时间过早，不再受理。", "The message is too old."),
    ReplayReason.FROM_THE_FUTURE: Text(
        "报文时间晚于本机时间，请校准时钟。", "The message is from the future; set the clocks right."
    ),
    ReplayReason.SEEN: Text("同一编号的报文已经受理过。", "A message with this id was taken before."),
}


@dataclass(frozen=True, slots=True)
class ReplayWindow:
    """State of the window (重放窗口). A value: ``take`` returns a new one."""

    span: timedelta
    skew: timedelta
    buckets: dict[int, frozenset[str]] = field(default_factory=dict)
    floor: datetime = _EPOCH

    def __post_init__(self) -> None:
        if self.span <= timedelta() or self.skew < timedelta():
            raise ValueError("the span must be positive, the skew not negative")

    def take(self, id: str, time: datetime, now: datetime) -> ReplayWindow | ReplayReason:
        """The window with the message in it, or why it is not taken (受理报文)."""
        floor = max(self.floor, now - self.span)
        if time > now + self.skew:
            return ReplayReason.FROM_THE_FUTURE
        if time < floor:
            return ReplayReason.TOO_OLD
        if any(id in ids for ids in self.buckets.values()):
            return ReplayReason.SEEN
        width = (self.span + self.skew) / _BUCKETS
        first, bucket = (floor - _EPOCH) // width, (time - _EPOCH) // width
        kept = {number: ids for number, ids in self.buckets.items() if number >= first}
        kept[bucket] = kept.get(bucket, frozenset()) | {id}
        return replace(self, buckets=kept, floor=floor)

    def __len__(self) -> int:
        return sum(map(len, self.buckets.values()))
