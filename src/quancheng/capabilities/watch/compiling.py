"""从版本到内核: a rule version with its streams, limits, sites and neighbours as the core reads them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import cos, radians
from typing import Any

import numpy as np

from quancheng.capabilities.watch.models import RuleVersion
from quancheng.capabilities.watch.scopes import Resolver
from quancheng.capabilities.watch.values import Draft, Scope, StreamRow, micros, spec_of
from quancheng.core.rules import Finding, RuleError
from quancheng.core.text import Text
from quancheng.core.watch import Kind, Rule, Spec
from quancheng.kernel import rulebook
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import InvalidInput, QuanchengError

STATION = "things:"


@dataclass(frozen=True, slots=True)
class Compiled:
    """A rule ready to run, its streams by number, and where its limit comes from (None: its own)."""

    rule: Rule
    streams: Mapping[int, StreamRow] = field(default_factory=dict)
    finding: Finding | None = None


def compile_version(version: RuleVersion, actor: Actor, *, since: int | None = None) -> Compiled:
    """A stored version. ``since`` (µs): look at readings after it; by default from its first day on.

    Raises InvalidInput when its parameter has no value today or its streams are too many.
    """
    begin = _begin(version) if since is None else since
    return compile_draft(draft_of(version), actor, number=version.pk, since=begin)


def compile_versions(
    versions: Iterable[RuleVersion], actor: Actor
) -> Iterator[tuple[RuleVersion, Compiled | QuanchengError]]:
    """Many stored versions with few queries; one that cannot be compiled comes with its reason.

    Ten thousand rules of one stream each are some twenty queries, not ten thousand.
    """
    drafts: list[tuple[RuleVersion, Draft | QuanchengError]] = []
    for version in versions:
        try:
            drafts.append((version, draft_of(version)))
        except QuanchengError as refused:
            drafts.append((version, refused))
    resolver = Resolver(actor, (one.scope for _, one in drafts if isinstance(one, Draft)))
    for version, draft in drafts:
        if isinstance(draft, QuanchengError):
            yield version, draft
            continue
        try:
            yield version, _compile(draft, resolver, number=version.pk, since=_begin(version))
        except QuanchengError as refused:
            yield version, refused


def _begin(version: RuleVersion) -> int:
    return micros(version.valid_from) - 1 if version.valid_from else -(2**62)


def draft_of(version: RuleVersion) -> Draft:
    """What a version says, as values."""
    return Draft(
        spec=spec_of(version.spec), scope=Scope.of(version.scope), level=version.level,
        incident_type=version.incident_type, parameter=version.parameter, source=version.source, note=version.note,
    )  # fmt: skip


def compile_draft(draft: Draft, actor: Actor, *, number: int, since: int) -> Compiled:
    """As :func:`compile_version`, of a draft that may not be stored yet."""
    return _compile(draft, Resolver(actor), number=number, since=since)


def _compile(draft: Draft, resolver: Resolver, *, number: int, since: int) -> Compiled:
    spec, finding = draft.spec, found(draft.parameter)
    places = spec.kind is Kind.NEIGHBOUR
    rows = resolver.rows_of(draft.scope, places=places)
    limits: dict[int, float] = {}
    if finding is not None:
        spec, limits = _limited(spec, finding, rows)
        if limits:
            rows = [row for row in rows if row.id in limits]
    streams = {row.id: row for row in rows}
    rule = Rule(number, spec, tuple(streams), since, limits=limits)
    if spec.kind is Kind.SEQUENCE:
        followers = resolver.followers_of(draft.scope)
        streams |= {row.id: row for row in followers}
        sites, second = {row.id: row.key for row in rows}, {row.id: row.key for row in followers}
        both = set(sites.values()) & set(second.values())
        rule = replace(
            rule, streams=(), sites={one: site for one, site in sites.items() if site in both},
            followers={one: site for one, site in second.items() if site in both},
        )  # fmt: skip
    if places:
        rule = replace(rule, near=nearest(rows, spec.neighbours))
    return Compiled(rule, streams, finding)


def found(parameter: str) -> Finding | None:
    """The dated value of a parameter today in the city; raises InvalidInput when there is none."""
    if not parameter:
        return None
    try:
        return rulebook.find(parameter)
    except RuleError as missing:
        text = getattr(missing, "text", Text("参数没有有效取值", "The parameter has no value in force"))
        raise InvalidInput(fields={"parameter": text}) from missing


def _limited(spec: Spec, finding: Finding, rows: Sequence[StreamRow]) -> tuple[Spec, dict[int, float]]:
    """The limit of the parameter: one number, or a table by station code."""
    value: Any = finding.value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _moved(spec, float(value)), {}
    if isinstance(value, Mapping):
        table = {str(code): float(one) for code, one in value.items() if isinstance(one, int | float)}
        limits = {row.id: table[row.station] for row in rows if row.station in table}
        if limits:
            return _moved(spec, next(iter(limits.values()))), limits
    raise InvalidInput(
        fields={
            "parameter": Text(
                "参数应为数，或按站码的数", "The parameter must be a number, or numbers by station"
            )
        }
    )


def _moved(spec: Spec, limit: float) -> Spec:
    """The same rule at another limit; what clears it stays as far away as it was."""
    if spec.kind is Kind.STUCK or spec.kind is Kind.ABSENCE:
        return replace(spec, seconds=int(limit))
    clear = None if spec.clear is None else spec.clear - spec.limit + limit
    return replace(spec, limit=limit, clear=clear)


def nearest(rows: Sequence[StreamRow], number: int) -> dict[int, tuple[int, ...]]:
    """The nearest streams of each on the ground, nearest first; streams without a place have none."""
    placed = [row for row in rows if row.lon is not None and row.lat is not None]
    if len(placed) < 2:
        return {}
    squeeze = cos(radians(sum(row.lat or 0.0 for row in placed) / len(placed)))
    points = np.array([((row.lon or 0.0) * squeeze, row.lat or 0.0) for row in placed])
    ids = [row.id for row in placed]
    near: dict[int, tuple[int, ...]] = {}
    for place, one in enumerate(ids):
        distance = ((points - points[place]) ** 2).sum(axis=1)
        distance[place] = np.inf
        width = min(number, len(ids) - 1)
        chosen = np.argpartition(distance, width - 1)[:width]
        near[one] = tuple(
            ids[other] for other in chosen[np.argsort(distance[chosen], kind="stable")].tolist()
        )
    return near
