"""一户一档与空置判定: homes written from what the population and space masters say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from quancheng.capabilities.masters.dwelling import Dwelling
from quancheng.capabilities.masters.models import Home, Residence
from quancheng.kernel import access, audit
from quancheng.kernel.actions import Call, action


@dataclass(frozen=True, slots=True)
class HomeDraft:
    """A home as judged now. People in ``known`` are golden records of the population by primary key."""

    golden: int
    address: str
    place: str
    region_code: str
    dwelling: Dwelling | None
    measures: Mapping[str, float | None]
    state: str
    score: float
    findings: Sequence[Mapping[str, Any]]
    rule_from: date
    simulated: bool


@action("masters.homes.judge", idempotent=False)
def judge_homes(call: Call, *, drafts: Sequence[HomeDraft]) -> int:
    """写入房屋: replaces what was known of each of these homes; the same again leaves the same."""
    access.require(call.actor, "run", Home)
    before = {one.golden_id: one for one in Home.objects.filter(golden__in=[one.golden for one in drafts])}
    new, old = [], []
    for one in drafts:
        row = before.get(one.golden)
        (new if row is None else old).append(_filled(row or Home(golden_id=one.golden), one, call))
    made = Home.objects.bulk_create(new, batch_size=300)
    Home.objects.bulk_update(old, _WRITTEN, batch_size=200)
    rows = {one.golden_id: one.pk for one in (*made, *before.values())}
    Residence.objects.filter(home__in=list(rows.values())).delete()
    people = [
        Residence(
            home_id=rows[one.golden], golden_id=int(who.person), sources=list(who.sources), chosen=who.chosen
        )
        for one in drafts
        if one.dwelling
        for who in one.dwelling.lives
    ]
    Residence.objects.bulk_create(people, batch_size=500)
    audit.note(homes=len(drafts), residences=len(people))
    return len(drafts)


_WRITTEN = [
    "address", "place", "region_code", "residents", "households", "contradictions", "contradictions_count",
    "measures", "state", "score", "findings", "rule_from", "judged_at", "simulated",
]  # fmt: skip


def _filled(row: Home, one: HomeDraft, call: Call) -> Home:
    here = one.dwelling
    row.address, row.place, row.region_code = one.address[:200], one.place[:250], one.region_code[:12]
    row.residents = here.residents if here else 0
    row.households = list(here.households) if here else []
    row.contradictions = list(here.contradictions) if here else []
    row.contradictions_count = len(row.contradictions)
    row.measures, row.state, row.score = dict(one.measures), one.state, one.score
    row.findings, row.rule_from = [dict(said) for said in one.findings], one.rule_from
    row.judged_at, row.simulated = call.at, one.simulated
    return row
