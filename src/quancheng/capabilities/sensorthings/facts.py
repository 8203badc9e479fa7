"""流事实: what writing an observation needs to know of a stream, remembered by each process.

A stream's kind never changes; the rest is forgotten as soon as any entity is written in this process
(:func:`forget`), and after a few seconds, because another process may have written.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from threading import Lock

from quancheng.capabilities.sensorthings import observing
from quancheng.capabilities.sensorthings.models import Stream, StreamFeature

SECONDS = 5.0
_MOST = 200_000


@dataclass(frozen=True, slots=True)
class Fact:
    """A stream: whether multi and of how many columns, and the features it is known to observe."""

    stream: int
    columns: int
    """0 for a Datastream."""
    feature: int | None
    """The feature of observations that name none; None = to be made."""
    known: frozenset[int]
    until: float


_facts: dict[int, Fact] = {}
_multi: dict[int, bool] = {}
_lock = Lock()


def fact(stream: int) -> Fact | None:
    """What is known of a stream; None when there is none."""
    found = _facts.get(stream)
    if found is not None and found.until > time.monotonic():
        return found
    row = Stream.objects.filter(pk=stream).values_list("multi", "unit").first()
    if row is None:
        return None
    multi, unit = row
    known = StreamFeature.objects.filter(stream=stream).values_list("feature", flat=True)[:1000]
    made = Fact(
        stream=stream,
        columns=len(unit) if multi else 0,
        feature=observing.default_features([stream]).get(stream),
        known=frozenset(known),
        until=time.monotonic() + SECONDS,
    )
    with _lock:
        if len(_facts) >= _MOST:
            _facts.clear()
        _facts[stream] = made
        _multi[stream] = bool(multi)
    return made


def is_multi(stream: int) -> bool:
    """Whether a stream is a MultiDatastream."""
    found = _multi.get(stream)
    if found is None:
        if len(_multi) >= _MOST:
            _multi.clear()
        found = bool(Stream.objects.filter(pk=stream, multi=True).exists())
        _multi[stream] = found
    return found


def forget() -> None:
    """Something was written: ask again."""
    with _lock:
        _facts.clear()
