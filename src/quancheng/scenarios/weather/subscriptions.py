"""What weather hears: a gauge crosses a rain threshold, so a warning is drafted for a person to decide."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from quancheng.capabilities.command import queries as picture
from quancheng.core.text import Text
from quancheng.kernel import events
from quancheng.kernel.actions import Call
from quancheng.kernel.events import Event
from quancheng.scenarios.weather import actions, areas, flow, queries, wording
from quancheng.scenarios.weather.models import Warning

INCIDENT_TYPE = "weather.rainstorm"
BASIS_KEPT = 20


@events.subscribe("things.alarm.raised", name="weather.draft_on_rain")
def draft_on_rain(event: Event) -> None:
    """Draft, amend or update the warning of the running storm."""
    data = event.data
    if data["incident_type"] != INCIDENT_TYPE:
        return
    district = data["station"]["region"][:6]
    if not areas.known(district):
        return
    exercise, level = data["exercise"], int(data["level"])
    at = picture.exercise_moment(_call(data), exercise)
    newest = queries.newest(exercise, at)
    step = flow.step_for(
        newest.state if newest else None, newest.level if newest else 4, newest.districts if newest else (), level,
        district,
    )  # fmt: skip
    if newest is None or step is flow.Step.NEW:
        actions.draft_warning(_call(data), draft=_draft(data, level, [district], (), None), exercise=exercise)
    elif step is flow.Step.AMEND:
        before = newest.previous.level if newest.previous else None
        draft = _joined(newest, data, level, district, before)
        actions.edit_draft(_call(data), warning=newest, draft=draft)
    elif step is flow.Step.UPDATE:
        draft = _joined(newest, data, level, district, newest.level)
        actions.draft_warning(_call(data), draft=draft, previous=newest, exercise=exercise)


def _joined(
    newest: Warning, data: dict[str, Any], level: int, district: str, before: int | None
) -> actions.Draft:
    """The running warning and a new crossing together: the worse level, all districts."""
    districts = sorted({*newest.districts, district})
    worst = min(level, newest.level)
    if level < newest.level or not newest.basis:
        return _draft(data, worst, districts, newest.basis, before)
    same = _draft(newest.basis[0]["alarm"], worst, districts, newest.basis[1:], before)
    basis = [*same.basis, *_basis(data)][:BASIS_KEPT]
    return actions.Draft(worst, districts, same.words, basis, same.crossed_at)


def _draft(
    data: dict[str, Any], level: int, districts: list[str], earlier: Any, before: int | None
) -> actions.Draft:
    facts = wording.Facts(
        level=level,
        verb=wording.verb_for(level, before),
        place=Text(data["station"]["zh"], data["station"]["en"]),
        hours=max(1, int(data["window_minutes"]) // 60),
        amount=data["amount"],
        threshold=data["threshold"],
        districts=[areas.name(code) for code in districts],
    )
    basis = [*_basis(data), *earlier][:BASIS_KEPT]
    return actions.Draft(
        level, districts, wording.words(facts), basis, datetime.fromisoformat(data["raised_at"])
    )


def _basis(data: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"alarm": data, "finding": data["finding"], "evidence": data["evidence"]}]


def _call(data: dict[str, Any]) -> Call:
    """The platform acts; what it does on simulated readings is simulated too."""
    return Call.system("weather", simulated=bool(data.get("simulated")))
