"""每晚比对: every person and firm against every published theme, in batches, resumable.

Everybody is counted, in figures only; a hint, and any record of the person, exists only for those who
agreed. The progress and the hints of a batch are written together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from quancheng.capabilities.outreach import actions, gathering, queries, themes
from quancheng.capabilities.outreach.models import Sweep, Theme
from quancheng.core.feel import FeelLimitError
from quancheng.kernel import clock
from quancheng.kernel.actions import Call

STAGES = ("person", "firm")


def sweep(check: Callable[[], None] = lambda: None, size: int = gathering.BATCH) -> Sweep:
    """Today's run, from where it stopped; done already, it does nothing."""
    day, call = clock.today(), Call.system("outreach")
    kept = Sweep.objects.filter(day=day).first()
    if kept is not None and kept.done_at is not None:
        return kept  # type: ignore[no-any-return]
    stage, cursor = (kept.stage, kept.cursor) if kept else (STAGES[0], 0)
    rows = list(Theme.objects.filter(active=True))
    specs = {one.pk: one.spec for one in rows}
    while True:
        check()
        mine = [(one, specs[one.pk]) for one in rows if specs[one.pk].subject == stage]
        batch = gathering.persons(cursor, size) if stage == "person" else gathering.firms(cursor, size)
        if batch:
            cursor = batch[-1][0].pk
            counts, found, used = _compared(stage, batch, mine)
            kept = actions.sweep_step(
                call, day=day, stage=stage, cursor=cursor, counts=counts, found=found, used=used
            )
            continue
        if stage == STAGES[-1]:
            return actions.sweep_step(
                call, day=day, stage=stage, cursor=cursor, counts={}, found=[], over=True
            )
        stage, cursor = STAGES[STAGES.index(stage) + 1], 0


def _compared(
    stage: str, batch: list[tuple[Any, dict[str, Any]]], mine: list[tuple[Theme, themes.Theme]]
) -> tuple[Counter[str], list[dict[str, Any]], list[int]]:
    """Figures of a batch, and what to tell those who agreed."""
    people = [one.pk if stage == "person" else one.legal_person_id for one, _facts in batch]
    agreed = queries.agreed(people)
    counts: Counter[str] = Counter()
    found: list[dict[str, Any]] = []
    for (one, facts), person in zip(batch, people, strict=True):
        for theme, spec in mine:
            try:
                match = themes.match(spec, facts, clock.today())
            except FeelLimitError:
                continue
            if match is None:
                continue
            counts[theme.code] += 1
            if theme.pk in agreed.get(person, ()):
                firm = one.pk if stage == "firm" else None
                found.append(
                    {
                        "theme": theme,
                        "person_id": person,
                        "firm_id": firm,
                        "match": match,
                        "simulated": one.simulated,
                    }
                )
    used = sorted({person for person in people if agreed.get(person)}) if stage == "person" else []
    return counts, found, used
