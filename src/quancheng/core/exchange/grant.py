"""授权: what a provider has allowed a consumer, and the decision on each use of it.

A grant names purpose, legal basis, fields with their masks, rows, modes, hours, quota and end. A
decision never gives more than all of them allow: the consumer may narrow fields, masks and rows, and
what it gets is the meet of both (《政务数据共享条例》：按需共享、合理使用；《个人信息保护法》第六条).

Row conditions of the consumer may read only fields that it may see unmasked, or ``search`` fields,
and those by equality alone. Otherwise "which rows are below x" would read a hidden field bit by bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, tzinfo
from enum import StrEnum

from quancheng.core.exchange.condition import AllOf, Condition, Operator, fields_of
from quancheng.core.exchange.masks import Mask, apply_mask, meet
from quancheng.core.exchange.message import Party
from quancheng.core.exchange.quota import Quota, QuotaReason, QuotaUse
from quancheng.core.exchange.reading import matches
from quancheng.core.text import Text

__all__ = [
    "Allowed",
    "Grant",
    "GrantStatus",
    "Hours",
    "LegalBasis",
    "Mode",
    "Refusal",
    "Refused",
    "Use",
    "decide",
    "deliver",
]


class Mode(StrEnum):
    """Ways of sharing (共享方式)."""

    QUERY = "query"
    BATCH = "batch"
    SUBSCRIPTION = "subscription"


class GrantStatus(StrEnum):
    """Whether a grant is in force, apart from its dates (授权状态)."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """Law or regulation and the clause that allow the use (法律依据)."""

    title: str
    clause: str

    def __post_init__(self) -> None:
        if not self.title.strip() or not self.clause.strip():
            raise ValueError("a legal basis has a title and a clause")

    def __str__(self) -> str:
        return f"《{self.title}》{self.clause}"


@dataclass(frozen=True, slots=True)
class Hours:
    """Time of day and weekdays (Monday is 0) when the grant may be used (使用时段), in ``zone``.

    ``until`` at or before ``since`` runs over midnight and belongs to the day it began.
    """

    since: time
    until: time
    zone: tzinfo
    weekdays: frozenset[int] = frozenset(range(7))

    def covers(self, now: datetime) -> bool:
        """Whether a moment is inside (是否在时段内)."""
        local = now.astimezone(self.zone)
        clock, day = local.time(), local.weekday()
        if self.since < self.until:
            return day in self.weekdays and self.since <= clock < self.until
        tonight = day in self.weekdays and clock >= self.since
        return tonight or ((day - 1) % 7 in self.weekdays and clock < self.until)


@dataclass(frozen=True, slots=True)
class Grant:
    """What is allowed (授权). In force in [``valid_from``, ``valid_until``); no ``hours``: always."""

    id: str
    consumer: Party
    provider: Party
    resource: str
    purpose: str
    basis: LegalBasis
    fields: Mapping[str, Mask]
    quota: Quota
    valid_from: datetime
    valid_until: datetime
    condition: Condition = field(default_factory=lambda: AllOf(()))
    search: frozenset[str] = frozenset()
    modes: frozenset[Mode] = frozenset({Mode.QUERY})
    hours: tuple[Hours, ...] = ()
    case_required: bool = False
    status: GrantStatus = GrantStatus.ACTIVE

    def __post_init__(self) -> None:
        if self.valid_from.tzinfo is None or self.valid_until.tzinfo is None:
            raise ValueError("the times of a grant need a zone")
        if not self.valid_from < self.valid_until:
            raise ValueError("a grant ends after it begins")
        if not self.purpose.strip() or not any(way is not Mask.HIDE for way in self.fields.values()):
            raise ValueError("a grant needs a purpose and a field to show")


@dataclass(frozen=True, slots=True)
class Use:
    """One intended use (使用请求): the consumer may ask for stricter masks and fewer rows."""

    grant: str
    consumer: str
    resource: str
    purpose: str
    fields: Mapping[str, Mask]
    mode: Mode = Mode.QUERY
    condition: Condition | None = None
    rows: int | None = None
    case: str = ""


class Refusal(StrEnum):
    """Why a use is refused (拒绝原因)."""

    OTHER_GRANT = "OTHER_GRANT"
    OTHER_PARTY = "OTHER_PARTY"
    OTHER_RESOURCE = "OTHER_RESOURCE"
    OTHER_PURPOSE = "OTHER_PURPOSE"
    SUSPENDED = "SUSPENDED"
    WITHDRAWN = "WITHDRAWN"
    NOT_YET = "NOT_YET"
    EXPIRED = "EXPIRED"
    OUT_OF_HOURS = "OUT_OF_HOURS"
    MODE = "MODE"
    FIELDS = "FIELDS"
    CONDITION = "CONDITION"
    CASE_MISSING = "CASE_MISSING"
    ROWS = "ROWS"
    CALLS_USED_UP = "CALLS_USED_UP"
    ROWS_USED_UP = "ROWS_USED_UP"
    CLOCK = "CLOCK"

    @property
    def text(self) -> Text:
        """Label (说明)."""
        return _TEXTS[self]


_TEXTS = {
    Refusal.OTHER_GRANT: Text("授权编号不符。", "Another grant."),
    Refusal.OTHER_PARTY: Text("授权未给予该单位。", "The grant belongs to another party."),
    Refusal.OTHER_RESOURCE: Text("授权不包括该数据资源。", "The grant does not cover this resource."),
    Refusal.OTHER_PURPOSE: Text("使用目的与授权不符。", "The purpose is not the granted one."),
    Refusal.SUSPENDED: Text("授权已暂停。", "The grant is suspended."),
    Refusal.WITHDRAWN: Text("授权已撤回。", "The grant is withdrawn."),
    Refusal.NOT_YET: Text("授权尚未生效。", "The grant is not in force yet."),
    Refusal.EXPIRED: Text("授权已到期。", "The grant has expired."),
    Refusal.OUT_OF_HOURS: Text("不在授权的使用时段内。", "Outside the granted hours."),
    Refusal.MODE: Text("授权不包括这种共享方式。", "The grant does not cover this way of sharing."),
    Refusal.FIELDS: Text("请求的字段超出授权范围。", "Fields outside the grant."),
    Refusal.CONDITION: Text(
        "查询条件涉及不可见的字段，或者对检索字段使用了等值以外的比较。",
        "The condition reads a field that is not visible, or compares a search field by more than equality.",
    ),
    Refusal.CASE_MISSING: Text("请写明所办业务的编号。", "Name the case this is for."),
    Refusal.ROWS: Text("请求条数必须是正整数。", "The number of rows must be positive."),
    Refusal.CALLS_USED_UP: Text("本周期的调用次数已用完。", "The calls of this period are used up."),
    Refusal.ROWS_USED_UP: Text("本周期的数据条数已用完。", "The rows of this period are used up."),
    Refusal.CLOCK: Text("系统时间倒退，暂停受理。", "The clock went back; nothing is accepted."),
}

_OF_QUOTA = {
    QuotaReason.CALLS: Refusal.CALLS_USED_UP,
    QuotaReason.ROWS: Refusal.ROWS_USED_UP,
    QuotaReason.CLOCK: Refusal.CLOCK,
}


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may be given (准许): fields with masks, rows, how many, and the quota's new state."""

    fields: Mapping[str, Mask]
    condition: Condition
    rows: int | None
    used: QuotaUse


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal with its reason; ``detail`` names what (拒绝). Nothing is charged."""

    reason: Refusal
    detail: str = ""

    @property
    def text(self) -> Text:
        """For people (说明)."""
        label = self.reason.text
        if not self.detail:
            return label
        return Text(f"{label.zh[:-1]}：{self.detail}。", f"{label.en[:-1]}: {self.detail}.")


def decide(grant: Grant, used: QuotaUse, use: Use, now: datetime) -> Allowed | Refused:
    """Decide on one use (授权判定); ``now`` is aware. The first reason found is given."""
    refused = _who_and_what(grant, use) or _when(grant, now) or _narrowing(grant, use) or _further(grant, use)
    if refused is not None:
        return refused
    charged = grant.quota.charge(used, grant.valid_from, now)
    if isinstance(charged, QuotaReason):
        return Refused(_OF_QUOTA[charged])
    shown = {name: meet(way, grant.fields[name]) for name, way in use.fields.items()}
    condition = grant.condition if use.condition is None else AllOf((grant.condition, use.condition))
    return Allowed(shown, condition, _least(use.rows, grant.quota.rows_left(charged)), charged)


def deliver(
    allowed: Allowed, rows: Iterable[Mapping[str, object]], key: bytes
) -> Iterator[dict[str, object]]:
    """The rows that may leave, masked (交付); hidden fields are not even named.

    Filters once more what the engine has filtered: the last gate does not rely on the first. Only
    the first ``allowed.rows`` rows leave; charge them with ``Quota.delivered``.
    """
    left = allowed.rows
    shown = {name: way for name, way in allowed.fields.items() if way is not Mask.HIDE}
    for row in rows:
        if left == 0:
            return
        if not matches(allowed.condition, row):
            continue
        yield {name: apply_mask(way, row.get(name), key, name) for name, way in shown.items()}
        left = None if left is None else left - 1


def _who_and_what(grant: Grant, use: Use) -> Refused | None:
    if use.grant != grant.id:
        return Refused(Refusal.OTHER_GRANT)
    if use.consumer != grant.consumer.code:
        return Refused(Refusal.OTHER_PARTY)
    if use.resource != grant.resource:
        return Refused(Refusal.OTHER_RESOURCE)
    if use.purpose != grant.purpose:
        return Refused(Refusal.OTHER_PURPOSE)
    return None


def _when(grant: Grant, now: datetime) -> Refused | None:
    if grant.status is not GrantStatus.ACTIVE:
        withdrawn = grant.status is GrantStatus.WITHDRAWN
        return Refused(Refusal.WITHDRAWN if withdrawn else Refusal.SUSPENDED)
    if now < grant.valid_from:
        return Refused(Refusal.NOT_YET)
    if now >= grant.valid_until:
        return Refused(Refusal.EXPIRED)
    if grant.hours and not any(hours.covers(now) for hours in grant.hours):
        return Refused(Refusal.OUT_OF_HOURS)
    return None


def _narrowing(grant: Grant, use: Use) -> Refused | None:
    hidden = {name for name, way in grant.fields.items() if way is Mask.HIDE}
    outside = sorted(use.fields.keys() - (grant.fields.keys() - hidden))
    if outside or not use.fields:
        return Refused(Refusal.FIELDS, "、".join(outside))
    for name, operators in fields_of(use.condition).items() if use.condition else ():
        visible = grant.fields.get(name) is Mask.KEEP
        if not visible and not (name in grant.search and operators == {Operator.EQ}):
            return Refused(Refusal.CONDITION, name)
    return None


def _further(grant: Grant, use: Use) -> Refused | None:
    if use.mode not in grant.modes:
        return Refused(Refusal.MODE, str(use.mode))
    if grant.case_required and not use.case.strip():
        return Refused(Refusal.CASE_MISSING)
    if use.rows is not None and use.rows < 1:
        return Refused(Refusal.ROWS)
    return None


def _least(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
