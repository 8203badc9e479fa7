"""Charts and tables of trials."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from quancheng.capabilities.watch.models import Trial
from quancheng.capabilities.watch.values import moment
from quancheng.core.text import Text
from quancheng.kernel import clock

_DAYS = 400


def trial_chart(trial: Trial) -> dict[str, Any]:
    """Firings day by day, days without any too."""
    first, last = trial.since.astimezone(clock.LOCAL).date(), trial.until.astimezone(clock.LOCAL).date()
    days = [first + timedelta(days=number) for number in range(min((last - first).days + 1, _DAYS))]
    counts = [int(trial.by_day.get(day.isoformat(), 0)) for day in days]
    return {
        "kind": "bar", "x": [f"{day:%m-%d}" for day in days], "unit": "",
        "series": [{"name": Text("触发次数", "Firings"), "data": counts}],
    }  # fmt: skip


def sightings(trial: Trial) -> list[dict[str, Any]]:
    """The first episodes of a trial, with times as moments."""
    return [
        one | {"began": moment(one["began"]), "ended": _moment(one["ended"])} for one in trial.episodes[:50]
    ]


def _moment(at: int | None) -> datetime | None:
    return None if at is None else moment(at)
