"""构建: records of all sources → clusters → numbers → golden records. Pure: state in, state out.

``resolve`` links and numbers; ``gild`` makes the golden record of one cluster as plain data.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quancheng.capabilities.masters.recipe import Linkage, Recipe, key_form, sound_key
from quancheng.core.linkage import (
    Change,
    Clusters,
    Edge,
    Explanation,
    FieldRule,
    Fitting,
    Frame,
    GoldenRecord,
    Guard,
    Linked,
    Model,
    Numbers,
    Oversize,
    ScoredPair,
    SourceRecord,
    Thresholds,
    UnionFind,
    build_golden,
    cluster,
    explain,
    link,
    link_with,
    renumber,
)

Pairs = tuple[tuple[str, str], ...]
LEAST_SAMPLED, MOST_SAMPLED = 50_000, 250_000
"""Random pairs that a model learns from: a small base has few that differ."""


@dataclass(frozen=True, slots=True)
class Records:
    """来源记录: columns over all rows of all sources; ``ids`` are "source:key"."""

    ids: tuple[str, ...]
    sources: tuple[str, ...]
    updated: tuple[date | None, ...]
    columns: Mapping[str, list[str | None]]

    def __len__(self) -> int:
        return len(self.ids)

    def values(self, row: int) -> dict[str, str]:
        """What a row says, without empty fields."""
        return {name: said for name, column in self.columns.items() if (said := column[row])}

    def digest(self, row: int) -> str:
        """Changes when the row says something else."""
        return _digest([self.values(row), str(self.updated[row] or "")])

    def record(self, row: int) -> SourceRecord:
        """The row as survivorship sees it."""
        return SourceRecord(self.sources[row], self.ids[row], self.updated[row], self.values(row))


@dataclass(frozen=True, slots=True)
class Settings:
    """参数 of one build."""

    thresholds: Thresholds
    guard: Guard
    same: Pairs = ()
    different: Pairs = ()
    sample: float = 0.0
    """Share of accepted pairs shown to a person to measure precision."""
    seed: int = 370100


@dataclass(frozen=True, slots=True)
class Doubt:
    """A pair for the queue: weight, and its lines of evidence in two languages."""

    pair: ScoredPair
    probability: float
    evidence: tuple[dict[str, Any], ...]
    sampled: bool = False


@dataclass(frozen=True, slots=True)
class Resolved:
    """Outcome: ``groups`` by number, of all rows or, for changes, of the clusters touched."""

    groups: Mapping[int, tuple[str, ...]]
    numbers: Numbers
    changes: tuple[Change, ...]
    doubts: tuple[Doubt, ...]
    model: Model | None
    fitting: Fitting | None
    oversize: tuple[Oversize, ...]
    candidates: int


def frame_of(records: Records, recipe: Recipe) -> Frame:
    """The compared fields of all rows."""
    empty: list[str | None] = [None] * len(records)
    return Frame.dedupe({name: records.columns.get(name, empty) for name in recipe.compared})


def resolve(
    records: Records,
    recipe: Recipe,
    settings: Settings,
    numbers: Numbers,
    *,
    model: Model | None = None,
    changed: Sequence[int] | None = None,
) -> Resolved:
    """Link all rows (or, with ``changed`` rows and a model, what they touch) and number the clusters.

    Raises ``LinkageError`` when decisions contradict or a model finds nothing to learn from.
    """
    if recipe.linkage is Linkage.KEY:
        return _by_key(records, recipe, settings, numbers)
    frame = frame_of(records, recipe)
    if changed is not None and model is not None:
        return _touched(records, recipe, settings, numbers, model, frame, changed)
    random = np.random.default_rng(settings.seed)
    fitting = None
    if model is None:
        sample = min(MOST_SAMPLED, max(LEAST_SAMPLED, 100 * len(records)))
        linked, fitting = link(
            frame, recipe.comparisons, recipe.blocks, settings.thresholds, random,
            sample=sample, dependent=recipe.dependent,
        )  # fmt: skip
    else:
        linked = link_with(model, frame, recipe.blocks, settings.thresholds, dependent=recipe.dependent)
    clusters = _cluster(records, range(len(records)), linked.edges(records.ids), settings, recipe)
    state, events = renumber(numbers, clusters.groups)
    return Resolved(
        _numbered(state, clusters.groups), state, events,
        _doubts(linked, frame, records, settings, clusters, random),
        linked.model, fitting, linked.oversize, len(linked.bits),
    )  # fmt: skip


def _by_key(records: Records, recipe: Recipe, settings: Settings, numbers: Numbers) -> Resolved:
    """One key is one thing; a row without a key stands alone."""
    spec = recipe.field(recipe.key)
    form = key_form(spec.kind if spec else "text")
    first: dict[str, str] = {}
    edges = []
    for row, said in enumerate(records.columns.get(recipe.key, ())):
        key = form.make(said) if said else None
        if key:
            start = first.setdefault(key, records.ids[row])
            if start != records.ids[row]:
                edges.append(Edge(start, records.ids[row], 30.0))
    # equal keys may be many (a building's meters): the guard is for likeness, not for keys
    whole = Guard(most=max(2, len(records)))
    found = cluster(records.ids, edges, whole, same=settings.same, different=settings.different)
    state, events = renumber(numbers, found.groups)
    return Resolved(_numbered(state, found.groups), state, events, (), None, None, (), len(edges))


def _cluster(
    records: Records, rows: Iterable[int], edges: list[Edge], settings: Settings, recipe: Recipe
) -> Clusters:
    """Clusters of some rows; two sound keys never end in one, not even through a third record without a key."""
    row_of = {records.ids[row]: row for row in rows}
    same = tuple(one for one in settings.same if row_of.keys() >= set(one))
    different = tuple(one for one in settings.different if row_of.keys() >= set(one))
    found = cluster(row_of, edges, settings.guard, same=same, different=different)
    apart = _two_keys(found.groups, records, row_of, same, recipe)
    if not apart:
        return found
    return cluster(row_of, edges, settings.guard, same=same, different=(*different, *apart))


def _two_keys(
    groups: Iterable[tuple[str, ...]],
    records: Records,
    row_of: Mapping[str, int],
    same: Pairs,
    recipe: Recipe,
) -> list[tuple[str, str]]:
    """Pairs of a cluster with different sound keys, unless people called them the same."""
    keys = records.columns.get(recipe.key, ())
    joined = UnionFind(row_of)
    for one, other in same:
        joined.union(one, other)
    apart = []
    for group in groups:
        sound = [(one, key) for one in group if (key := sound_key(recipe, keys[row_of[one]]))]
        if len({key for _, key in sound}) > 1:
            apart += [
                (a, b)
                for a, x in sound
                for b, y in sound
                if a < b and x != y and joined.find(a) != joined.find(b)
            ]
    return apart


def _numbered(state: Numbers, groups: Iterable[tuple[str, ...]]) -> dict[int, tuple[str, ...]]:
    return {state.of[group[0]]: group for group in groups}


def _touched(
    records: Records,
    recipe: Recipe,
    settings: Settings,
    numbers: Numbers,
    model: Model,
    frame: Frame,
    changed: Sequence[int],
) -> Resolved:
    """Changed rows, the members of their clusters, and whatever they now reach, until it stands still."""
    row_of = {one: row for row, one in enumerate(records.ids)}
    members: dict[int, list[int]] = {}
    gone: set[int] = set()
    for record, number in numbers.of.items():
        if record in row_of:
            members.setdefault(number, []).append(row_of[record])
        else:
            gone.add(number)
    bound = _bound(settings, row_of)
    mask = np.zeros(frame.rows, np.bool_)
    mask[list(changed)] = True
    for number in gone:
        mask[members.get(number, [])] = True
    while True:
        _spread(mask, numbers, records.ids, members, bound)
        linked = link_with(
            model, frame, recipe.blocks, settings.thresholds, touching=mask, dependent=recipe.dependent
        )
        left, right = linked.pairs.left[linked.accepted], linked.pairs.right[linked.accepted]
        reached = np.union1d(left, right)
        if mask[reached].all():
            break
        mask[reached] = True
    rows = np.flatnonzero(mask).tolist()
    clusters = _cluster(records, rows, linked.edges(records.ids), settings, recipe)
    inside = {records.ids[row] for row in rows}
    # numbers of what is not touched stay reserved: only the touched part is renumbered
    part = Numbers(
        {one: number for one, number in numbers.of.items() if one in inside or one not in row_of},
        numbers.next,
        numbers.successors,
    )
    state, events = renumber(part, clusters.groups)
    kept = {one: number for one, number in numbers.of.items() if one in row_of and one not in inside}
    whole = Numbers({**kept, **state.of}, state.next, state.successors)
    random = np.random.default_rng(settings.seed)
    return Resolved(
        _numbered(state, clusters.groups), whole, events,
        _doubts(linked, frame, records, settings, clusters, random),
        model, None, linked.oversize, len(linked.bits),
    )  # fmt: skip


def _bound(settings: Settings, row_of: Mapping[str, int]) -> list[tuple[int, int]]:
    pairs = [*settings.same, *settings.different]
    return [(row_of[a], row_of[b]) for a, b in pairs if a in row_of and b in row_of]


def _spread(
    mask: NDArray[np.bool_],
    numbers: Numbers,
    ids: Sequence[str],
    members: Mapping[int, list[int]],
    bound: Iterable[tuple[int, int]],
) -> None:
    """All members of a touched cluster are touched, and both ends of a decision."""
    for a, b in bound:
        if mask[a] or mask[b]:
            mask[[a, b]] = True
    for row in np.flatnonzero(mask).tolist():
        number = numbers.of.get(ids[row])
        if number is not None:
            mask[members.get(number, [])] = True


def _doubts(
    linked: Linked,
    frame: Frame,
    records: Records,
    settings: Settings,
    clusters: Clusters,
    random: np.random.Generator,
) -> tuple[Doubt, ...]:
    """Pairs for people: between the thresholds, cut by the guard, and a sample of the accepted."""
    row_of = {one: row for row, one in enumerate(records.ids)}
    wanted: dict[tuple[str, str], tuple[ScoredPair, bool]] = {}
    together = {one: place for place, group in enumerate(clusters.groups) for one in group}
    for pair in linked.doubts(records.ids):
        if together.get(pair.left) != together.get(pair.right) or pair.left not in together:
            wanted[_ends(pair.left, pair.right)] = (pair, False)
    for cut in clusters.cuts:
        pair = ScoredPair(cut.edge.left, cut.edge.right, cut.edge.bits, unclear=True)
        wanted[_ends(pair.left, pair.right)] = (pair, False)
    accepted = linked.accepted[random.random(len(linked.accepted)) < settings.sample]
    columns = (linked.pairs.left[accepted], linked.pairs.right[accepted], linked.bits[accepted])
    for a, b, bits in zip(*(one.tolist() for one in columns), strict=True):
        pair = ScoredPair(records.ids[a], records.ids[b], bits)
        wanted.setdefault(_ends(pair.left, pair.right), (pair, True))
    decided = {_ends(*one) for one in (*settings.same, *settings.different)}
    made = []
    for ends, (pair, sampled) in sorted(wanted.items()):
        if ends not in decided:
            said = explain(linked.model, frame, row_of[ends[0]], row_of[ends[1]], settings.thresholds)
            shown = ScoredPair(ends[0], ends[1], said.bits, pair.stake, pair.unclear)
            made.append(Doubt(shown, said.probability, lines(said), sampled))
    return tuple(made)


def _ends(left: str, right: str) -> tuple[str, str]:
    return (left, right) if left < right else (right, left)


def lines(said: Explanation) -> tuple[dict[str, Any], ...]:
    """Evidence as plain data, strongest first."""
    return tuple(
        {"field": one.field, "level": one.level, "bits": round(one.bits, 2), "text": one.text.to_dict()}
        for one in said.evidence
    )


@dataclass(frozen=True, slots=True)
class Gilded:
    """A golden record as plain data."""

    values: dict[str, str]
    origins: dict[str, Any]
    sources: int
    conflicts: int
    digest: str


def gild(members: Sequence[SourceRecord], rules: Sequence[FieldRule]) -> Gilded:
    """The golden record of a cluster (生成黄金记录)."""
    made = build_golden(members, rules)
    origins = {one.field: _origin(one) for one in made.fields}
    values = made.values
    refs = sorted(one.record for one in members)
    return Gilded(
        values,
        origins,
        len({one.source for one in members}),
        len(made.conflicts),
        _digest([values, origins, refs]),
    )


def _origin(one: Any) -> dict[str, Any]:
    return {
        "source": one.best.source,
        "record": one.best.record,
        "updated": one.best.updated.isoformat() if one.best.updated else None,
        "because": one.because.value if one.because else None,
        "text": one.text.to_dict(),
        "agreeing": sorted({other.source for other in one.agreeing}),
        "losers": [
            {
                "value": other.value,
                "source": other.source,
                "record": other.record,
                "updated": other.updated.isoformat() if other.updated else None,
            }
            for other in one.losers
        ],
    }


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, list[str]]:
    """Fields that changed: what they said and say."""
    names = sorted(set(before) | set(after))
    return {
        name: [before.get(name, ""), after.get(name, "")]
        for name in names
        if before.get(name, "") != after.get(name, "")
    }


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


__all__ = [
    "Doubt",
    "Gilded",
    "GoldenRecord",
    "Records",
    "Resolved",
    "Settings",
    "differences",
    "gild",
    "resolve",
]
