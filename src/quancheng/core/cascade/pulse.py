"""心跳: whether a neighbour is fresh, late or silent; "0 changed, 0 errors" is not a sign of life."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from quancheng.core.cascade.model import Cursor, Stream
from quancheng.core.text import Text

__all__ = ["Heartbeat", "Lateness", "Pulse", "hear_beat", "hear_cursor", "lateness"]


class Lateness(StrEnum):
    """How a feed is (时效)."""

    FRESH = "FRESH"
    LATE = "LATE"
    SILENT = "SILENT"

    @property
    def text(self) -> Text:
        """The state in both languages."""
        return _TEXTS[self]


_TEXTS = {
    Lateness.FRESH: Text("正常", "Fresh"),
    Lateness.LATE: Text("滞后", "Late"),
    Lateness.SILENT: Text("失联", "Silent"),
}


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A neighbour says where its log ends (心跳), also when nothing changed. ``at`` is its own clock."""

    sender: str
    stream: Stream
    epoch: int
    seq: int
    at: int


@dataclass(frozen=True, slots=True)
class Pulse:
    """What is known of a neighbour's feed (脉搏), in seconds of our own clock.

    ``heard_at`` is when it was last heard, at first when the link was made; ``behind_since`` when we
    first knew of changes that we do not have yet.
    """

    heard_at: int
    beat: Heartbeat | None = None
    behind_since: int | None = None


def hear_beat(pulse: Pulse, beat: Heartbeat, cursor: Cursor | None, now: int) -> Pulse:
    """Hear a heartbeat. An older one than the last (overtaken on the way) is no news of any kind."""
    last = pulse.beat
    if last is not None and (beat.epoch, beat.at, beat.seq) <= (last.epoch, last.at, last.seq):
        return pulse
    return hear_cursor(replace(pulse, heard_at=max(now, pulse.heard_at), beat=beat), cursor, now)


def hear_cursor(pulse: Pulse, cursor: Cursor | None, now: int) -> Pulse:
    """Say how far the neighbour's log has been read by now."""
    beat = pulse.beat
    done = beat is None or (
        cursor is not None and not cursor.snapshot and (cursor.epoch, cursor.seq) >= (beat.epoch, beat.seq)
    )
    if done:
        return replace(pulse, behind_since=None)
    return pulse if pulse.behind_since is not None else replace(pulse, behind_since=now)


def lateness(pulse: Pulse, now: int, late_after: int, silent_after: int) -> Lateness:
    """The state now: SILENT if nothing was heard for longer than ``silent_after`` seconds, LATE if known
    changes are missing for longer than ``late_after`` seconds.
    """
    if now - pulse.heard_at > silent_after:
        return Lateness.SILENT
    if pulse.behind_since is not None and now - pulse.behind_since > late_after:
        return Lateness.LATE
    return Lateness.FRESH
