"""分面计数: small columns of all entries in memory, kept in step by the change number of the database.

Counting six facets over thousands of hits by SQL costs more than the search; here it is a few
``bincount``. A process reads only rows whose ``seq`` it has not seen; which rows an actor may see is
asked of ``access.visible`` once for each state of the catalogue.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from django.core.exceptions import EmptyResultSet

from quancheng.capabilities.catalogue.models import Entry, Pulse
from quancheng.capabilities.catalogue.values import FACETS, Filters
from quancheng.kernel import access
from quancheng.kernel.actor import Actor

_KEPT = 64
_MOST = 40  # values of one facet that are shown


_ONE = ("organ", "share", "openness", "cycle", "level", "state")
_MANY = ("classes", "formats")
_COLUMNS = (
    "pk", "organ__code", "share", "openness", "cycle", "level", "state", "classes", "formats",
)  # fmt: skip
Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rows:
    """What is known of all entries: ids in ascending order, for each facet a code and what it stands for."""

    pks: Ids
    codes: Mapping[str, npt.NDArray[np.int64]]
    labels: Mapping[str, tuple[str, ...]]
    """Value of each code; of several values in one entry, joined as stored."""

    def places(self, ids: Ids) -> Ids:
        """Where the ids stand that are known; others are left out."""
        if not len(self.pks):
            return self.pks
        at = np.minimum(np.searchsorted(self.pks, ids), len(self.pks) - 1)
        found: Ids = at[self.pks[at] == ids]
        return found

    def mask(self, ids: Iterable[int]) -> npt.NDArray[np.bool_]:
        """True at the places of these ids."""
        marked = np.zeros(len(self.pks), dtype=np.bool_)
        marked[self.places(np.fromiter(ids, dtype=np.int64))] = True
        return marked


_NOTHING = Rows(
    np.empty(0, dtype=np.int64),
    {name: np.empty(0, dtype=np.int64) for name in (*_ONE, *_MANY)},
    dict.fromkeys((*_ONE, *_MANY), ()),
)


@dataclass(slots=True)
class _Memory:
    seq: int = -1
    known: dict[int, tuple[str, ...]] = field(default_factory=dict)
    rows: Rows = _NOTHING
    visible: OrderedDict[str, frozenset[int]] = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)


_memory = _Memory()


def forget() -> None:
    """Start again (tests, another database)."""
    with _memory.lock:
        _memory.seq = -1
        _memory.known.clear()
        _memory.rows = _NOTHING
        _memory.visible.clear()


def rows_for(actor: Actor) -> tuple[Rows, frozenset[int]]:
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


def fitting(rows: Rows, wanted: Filters) -> npt.NDArray[np.bool_]:
    """Which entries fit the filters, by place."""
    fits = np.ones(len(rows.pks), dtype=np.bool_)
    for name in (*_ONE, *_MANY):
        value = getattr(wanted, name)
        if value:
            good = [_fits(name, label, value) for label in rows.labels[name]]
            fits &= np.array(good, dtype=np.bool_)[rows.codes[name]]
    return fits


def _fits(name: str, label: str, value: str) -> bool:
    if name == "organ":
        return label == value or label.startswith(f"{value}-")
    if name == "classes":
        return any(code.startswith(value) for code in _words(label))
    return value in _words(label) if name == "formats" else label == value


def count(rows: Rows, places: Ids) -> dict[str, tuple[tuple[str, int], ...]]:
    """How many of the entries have which value, by facet."""
    return {name: _counted(rows, places, name) for name in FACETS}


def seen_groups(actor: Actor, name: str) -> list[tuple[tuple[str, ...], int]]:
    """The values of a facet that stand together in an entry the actor may see, and in how many entries."""
    rows, seen = rows_for(actor)
    return _groups(rows, np.flatnonzero(rows.mask(seen)), name)


def _groups(rows: Rows, places: Ids, name: str) -> list[tuple[tuple[str, ...], int]]:
    labels = rows.labels[name]
    times = np.bincount(rows.codes[name][places], minlength=len(labels)).tolist()
    return [
        (_words(label) if name in _MANY else (label,), number)
        for label, number in zip(labels, times, strict=True)
        if number
    ]


def _counted(rows: Rows, places: Ids, name: str) -> tuple[tuple[str, int], ...]:
    total: Counter[str] = Counter()
    for group, number in _groups(rows, places, name):
        for one in group:
            total[one] += number
    return tuple(total.most_common(_MOST))


def _refresh(now: int) -> None:
    changed = Entry.objects.all() if now < _memory.seq else Entry.objects.filter(seq__gt=_memory.seq)
    if now < _memory.seq or _memory.seq < 0:
        _memory.known = {}
    for pk, *values in changed.values_list(*_COLUMNS).iterator(2000):
        _memory.known[pk] = tuple(values)
    _memory.rows = _coded(_memory.known)  # readers keep the one they have
    _memory.visible.clear()
    _memory.seq = now


def _coded(known: Mapping[int, tuple[str, ...]]) -> Rows:
    pks = np.array(sorted(known), dtype=np.int64)
    codes, labels = {}, {}
    for at, name in enumerate((*_ONE, *_MANY)):
        number: dict[str, int] = {}
        codes[name] = np.fromiter(
            (number.setdefault(known[pk][at], len(number)) for pk in pks.tolist()), np.int64, len(pks)
        )
        labels[name] = tuple(number)
    return Rows(pks, codes, labels)


def _words(text: str) -> tuple[str, ...]:
    return tuple(one for one in text.split("|") if one)
