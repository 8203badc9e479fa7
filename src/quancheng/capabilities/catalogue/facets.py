"""分面计数: small columns of all entries in memory, kept in step by the change number of the database.

Counting six facets over thousands of hits by SQL costs more than the search; here it is a few
``bincount``. A process reads only rows whose ``seq`` it has not seen; which rows an actor may see is
asked of ``access.visible`` once for each state of the catalogue.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import EmptyResultSet

from quancheng.capabilities.catalogue.models import Entry, Pulse
from quancheng.capabilities.catalogue.values import FACETS, Filters
from quancheng.kernel import access
from quancheng.kernel.actor import Actor

_KEPT = 64
_MOST = 40  # values of one facet that are shown


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of an entry for counting."""

    organ: str
    classes: tuple[str, ...]
    share: str
    openness: str
    cycle: str
    formats: tuple[str, ...]
    level: str
    state: str


@dataclass(slots=True)
class _Memory:
    seq: int = -1
    rows: dict[int, Row] = field(default_factory=dict)
    visible: OrderedDict[str, frozenset[int]] = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)


_memory = _Memory()


def forget() -> None:
    """Start again (tests, another database)."""
    with _memory.lock:
        _memory.seq = -1
        _memory.rows.clear()
        _memory.visible.clear()


def rows_for(actor: Actor) -> tuple[dict[int, Row], frozenset[int]]:
    """All entries, and the ids of those the actor may see."""
    now = Pulse.objects.filter(pk=1).values_list("seq", flat=True).first() or 0
    with _memory.lock:
        if now != _memory.seq:
            _refresh(now)
        return _memory.rows, _ids(actor, "view")


def ids_for(actor: Actor, verb: str) -> frozenset[int]:
    """Ids of entries the actor may ``verb``, as of the last :func:`rows_for`."""
    with _memory.lock:
        return _ids(actor, verb)


def _ids(actor: Actor, verb: str) -> frozenset[int]:
    question = access.visible(actor, Entry, verb=verb).order_by().values_list("pk", flat=True)
    try:
        key = repr(question.query.sql_with_params())
    except EmptyResultSet:
        return frozenset()
    seen = _memory.visible.get(key)
    if seen is None:
        seen = frozenset(question)
        _memory.visible[key] = seen
        while len(_memory.visible) > _KEPT:
            _memory.visible.popitem(last=False)
    _memory.visible.move_to_end(key)
    return seen


def keep(rows: dict[int, Row], ids: Iterable[int], wanted: Filters) -> list[int]:
    """Ids that fit the filters, in their order."""
    if wanted.empty:
        return [pk for pk in ids if pk in rows]
    return [pk for pk in ids if (row := rows.get(pk)) is not None and _fits(row, wanted)]


def count(rows: dict[int, Row], ids: Sequence[int]) -> dict[str, tuple[tuple[str, int], ...]]:
    """How many of the entries have which value, by facet."""
    found = [rows[pk] for pk in ids]
    counts: dict[str, Counter[str]] = {
        "organ": Counter([row.organ for row in found]),
        "share": Counter([row.share for row in found]),
        "openness": Counter([row.openness for row in found]),
        "cycle": Counter([row.cycle for row in found]),
        "classes": _each([row.classes for row in found]),
        "formats": _each([row.formats for row in found]),
    }
    return {name: tuple(counts[name].most_common(_MOST)) for name in FACETS}


def _each(groups: list[tuple[str, ...]]) -> Counter[str]:
    """Members of many small groups; equal groups are counted once and weighed."""
    total: Counter[str] = Counter()
    for group, times in Counter(groups).items():
        for one in group:
            total[one] += times
    return total


def _fits(row: Row, wanted: Filters) -> bool:
    return (
        (not wanted.organ or row.organ == wanted.organ or row.organ.startswith(f"{wanted.organ}-"))
        and (not wanted.classes or any(code.startswith(wanted.classes) for code in row.classes))
        and (not wanted.share or row.share == wanted.share)
        and (not wanted.openness or row.openness == wanted.openness)
        and (not wanted.cycle or row.cycle == wanted.cycle)
        and (not wanted.formats or wanted.formats in row.formats)
        and (not wanted.level or row.level == wanted.level)
        and (not wanted.state or row.state == wanted.state)
    )


def _refresh(now: int) -> None:
    changed = Entry.objects.all() if now < _memory.seq else Entry.objects.filter(seq__gt=_memory.seq)
    if now < _memory.seq or _memory.seq < 0:
        _memory.rows = {}
    else:
        _memory.rows = dict(_memory.rows)  # readers keep the one they have
    columns = ("pk", "organ__code", "classes", "share", "openness", "cycle", "formats", "level", "state")
    for pk, organ, classes, *rest in changed.values_list(*columns).iterator(2000):
        share, openness, cycle, formats, level, state = rest
        _memory.rows[pk] = Row(organ, _words(classes), share, openness, cycle, _words(formats), level, state)
    _memory.visible.clear()
    _memory.seq = now


def _words(text: str) -> tuple[str, ...]:
    return tuple(one for one in text.split("|") if one)
