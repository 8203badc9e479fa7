"""搬运: the periodic work of a node: gather, talk, land, count; each piece is safe to be cut."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from quancheng.capabilities.cascade import counting
from quancheng.capabilities.cascade.cascade_client import BadMessage, CutOff, Refused
from quancheng.capabilities.cascade.claims import claim_book, claim_neighbour
from quancheng.capabilities.cascade.gathering import gather, to_gather
from quancheng.capabilities.cascade.landing import land, open_landings, to_land
from quancheng.capabilities.cascade.models import Book, Count, Neighbour, Reading
from quancheng.capabilities.cascade.neighbours import neighbour_heard, neighbour_silent
from quancheng.capabilities.cascade.network import link_of
from quancheng.capabilities.cascade.talking import Round, client_of, talk
from quancheng.core.cascade import Stream, StreamKind
from quancheng.kernel import clock
from quancheng.kernel.actions import Call

__all__ = [
    "STEWARD",
    "check_silence",
    "count_all",
    "gather_all",
    "land_all",
    "mend_stream",
    "system",
    "talk_with",
]

STEWARD = "jn-data"
"""The department that keeps rows of other nodes."""
EXTEND = 8.0


def system() -> Call:
    """The circumstances of a deed of the platform itself, now."""
    return Call.system("cascade")


class _Extended:
    """Keeps a claim while work goes on."""

    def __init__(self, extend: Callable[[], Any], alive: Callable[[], None]) -> None:
        self._extend, self._alive, self._last = extend, alive, time.monotonic()

    def __call__(self) -> None:
        self._alive()
        if time.monotonic() - self._last > EXTEND:
            self._last = time.monotonic()
            self._extend()


def gather_all(alive: Callable[[], None] = lambda: None) -> int:
    """Take what changed in shared tables into their streams; how many rows were looked at."""
    looked = 0
    for book in to_gather():
        looked += _on_book(book, lambda one, told: gather(one, system, told), alive)
    return looked


def land_all(alive: Callable[[], None] = lambda: None) -> int:
    """Let land what was heard; how many rows."""
    open_landings(system(), owner=STEWARD)
    landed = 0
    for stream in to_land():
        book = Book.objects.get(kind=stream.kind.value, name=stream.name)
        landed += _on_book(book, _land, alive)
    return landed


def _land(book: Book, alive: Callable[[], None]) -> int:
    landed = 0
    while done := land(system(), stream=Stream(StreamKind(book.kind), book.name)):
        landed += done
        alive()
    return landed


def _on_book(book: Book, work: Callable[[Book, Callable[[], None]], int], alive: Callable[[], None]) -> int:
    if not claim_book(system(), pk=book.pk):
        return 0
    try:
        return work(book, _Extended(lambda: _keep_book(book.pk), alive))
    finally:
        claim_book(system(), pk=book.pk, release=True)


def _keep_book(pk: int) -> None:
    claim_book(system(), pk=pk, release=True)
    claim_book(system(), pk=pk)


def talk_with(code: str, alive: Callable[[], None] = lambda: None) -> Round:
    """One round with a neighbour, unless somebody else is at it."""
    neighbour = Neighbour.objects.get(code=code)
    if not claim_neighbour(system(), pk=neighbour.pk):
        return Round()
    try:
        return talk(neighbour, system, _Extended(lambda: _keep(neighbour.pk), alive))
    finally:
        claim_neighbour(system(), pk=neighbour.pk, release=True)


def _keep(pk: int) -> None:
    claim_neighbour(system(), pk=pk, release=True)
    claim_neighbour(system(), pk=pk)


def mend_stream(code: str, stream: Stream, alive: Callable[[], None] = lambda: None) -> Count:
    """Find and repair what differs of one stream from a neighbour. Raises CutOff, Refused, BadMessage."""
    neighbour = Neighbour.objects.get(code=code)
    with client_of(neighbour) as client:
        return counting.mend(client, neighbour, stream, system, alive)


def count_all(alive: Callable[[], None] = lambda: None, code: str = "") -> dict[str, int]:
    """Count both sides of every stream from every active neighbour, or from one; how many agree and differ."""
    found = {"equal": 0, "differ": 0, "unreached": 0}
    chosen = Neighbour.objects.filter(state=Neighbour.State.ACTIVE, simulated=False)
    for neighbour in chosen.exclude(mode=Neighbour.Mode.WAIT):
        if code and neighbour.code != code:
            continue
        link = link_of(neighbour)
        try:
            with client_of(neighbour) as client:
                for row in Reading.objects.filter(neighbour=neighbour.code).select_related("book"):
                    stream = counting.stream_of(row.book)
                    if row.beat_at and link.hears_of(stream):
                        kept = counting.count(client, neighbour, stream, system())
                        found["equal" if kept.equal else "differ"] += 1
                    alive()
        except (CutOff, Refused, BadMessage) as broken:
            found["unreached"] += 1
            neighbour_heard(system(), code=neighbour.code, fault=str(broken))
    return found


def check_silence() -> list[str]:
    """Neighbours that have just become silent."""
    now, silent = clock.now(), []
    for one in Neighbour.objects.filter(state=Neighbour.State.ACTIVE, silent=False, simulated=False):
        since = one.heard_at or one.created_at
        if (now - since).total_seconds() > one.silent_after:
            neighbour_silent(system(), code=one.code)
            silent.append(one.code)
    return silent
