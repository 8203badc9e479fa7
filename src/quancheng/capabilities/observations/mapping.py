"""数据流的归属: region, property and class of streams, as the module that owns streams says.

The store knows streams by number only. An upper module registers a function when it is loaded::

    mapping.register(lambda streams: {17: Place("370102", "pm25", "air"), ...}, version=last_change)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """What the store needs to know of a stream."""

    region: str = ""
    """Administrative code of its district; empty = not known."""
    prop: str = ""
    """Observed property."""
    keep: str = ""
    """Class of retention: parameter ``observations.keep_days_<class>``; empty = the general one."""


Lookup = Callable[[Sequence[int]], Mapping[int, Place]]
Version = Callable[[], object]
_lookups: dict[Lookup, Version | None] = {}


def register(lookup: Lookup, version: Version | None = None) -> None:
    """Add a source of places; of several the first that knows a stream counts.

    ``version`` says something else whenever any place has changed (a counter, a time of change); cheap.
    Only with it are rollups of districts kept in files; without it they are added up when asked.
    """
    _lookups.setdefault(lookup, version)


def unregister(lookup: Lookup) -> None:
    """Take a source away again (tests)."""
    _lookups.pop(lookup, None)


def version() -> str | None:
    """What all sources say of their state; None when there is none, or one that does not say."""
    if not _lookups or None in _lookups.values():
        return None
    return "|".join(str(one()) for one in _lookups.values() if one is not None)


def places(streams: Sequence[int]) -> dict[int, Place]:
    """Places of the streams that somebody knows."""
    found: dict[int, Place] = {}
    for lookup in _lookups:
        rest = [stream for stream in streams if stream not in found]
        if not rest:
            break
        found |= lookup(rest)
    return found
