"""Settlement: what only shows when the uploads of all gates are together.

Two gates that are cut off cannot know of each other: the same presentation may pass at both. It is found
here, afterwards; nothing offline can do better (state this to operators).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Use", "double_uses"]


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
