"""数据流的归属: region, property and class of streams, as the module that owns streams says.

The store knows streams by number only. An upper module registers a function when it is loaded::

    mapping.register(lambda streams: {17: Place("370102", "pm25", "air"), ...})
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
_lookups: list[Lookup] = []


def register(lookup: Lookup) -> None:
    """Add a source of places; of several the first that knows a stream counts."""
    if lookup not in _lookups:
        _lookups.append(lookup)


def unregister(lookup: Lookup) -> None:
    """Take a source away again (tests)."""
    if lookup in _lookups:
        _lookups.remove(lookup)


def places(streams: Sequence[int]) -> dict[int, Place]:
    """Places of the streams that somebody knows."""
    found: dict[int, Place] = {}
    for lookup in _lookups:
        rest = [stream for stream in streams if stream not in found]
        if not rest:
            break
        found |= lookup(rest)
    return found
