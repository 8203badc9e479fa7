"""Settlement: what only shows when the uploads of all gates are together.

Two gates that are cut off cannot know of each other: the same presentation may pass at both. It is found
here, afterwards; nothing offline can do better (state this to operators).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Ride", "Use", "double_uses", "overlapping_rides"]


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """One accepted use: at (Unix seconds), where, of which presentation."""

    at: int
    gate: str
    credential: bytes
    step: int
    nonce: bytes


def double_uses(uses: Iterable[Use], *, printed_gap: int) -> tuple[Use, ...]:
    """Uses that should not have been: all but the first of a presentation, in order of time.

    A printed code has no presentation: there, a use at another gate within ``printed_gap`` seconds of the
    one before is double.
    """
    first: dict[tuple[bytes, int, bytes], Use] = {}
    last_printed: dict[bytes, Use] = {}
    found = []
    for use in sorted(uses):
        if use.nonce:
            if first.setdefault((use.credential, use.step, use.nonce), use) is not use:
                found.append(use)
            continue
        before = last_printed.get(use.credential)
        if before is not None and before.gate != use.gate and use.at - before.at < printed_gap:
            found.append(use)
        last_printed[use.credential] = use
    return tuple(found)


@dataclass(frozen=True, slots=True, order=True)
class Ride:
    """A ride from gate to gate (行程): begun and ended in Unix seconds, of a credential, printed or not."""

    begun: int
    ended: int
    credential: bytes
    entered: str
    left: str


def overlapping_rides(rides: Iterable[Ride]) -> tuple[Ride, ...]:
    """Rides of a credential that began while an earlier ride of it still ran, in order of time.

    One person makes one ride at a time; a ride that begins the second another ends is no overlap.
    Raises ValueError (a ride that ends before it begins).
    """
    ends: dict[bytes, int] = {}
    found = []
    for ride in sorted(rides):
        if ride.ended < ride.begun:
            raise ValueError(f"a ride from {ride.begun} to {ride.ended}")
        if ride.begun < ends.get(ride.credential, ride.begun):
            found.append(ride)
        ends[ride.credential] = max(ride.ended, ends.get(ride.credential, ride.ended))
    return tuple(found)
