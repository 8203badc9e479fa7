"""试运行与场景的外壳: gives the sandbox the city's dated parameters and working days; writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from quancheng.capabilities.designer import content, sandbox
from quancheng.capabilities.designer.values import Sample
from quancheng.capabilities.services.values import add_working_days
from quancheng.core.text import Text
from quancheng.kernel import clock, rulebook
from quancheng.kernel.calendar import working_calendar
from quancheng.kernel.errors import InvalidInput

__all__ = ["day", "expected", "failures", "run"]

NATURAL_DAYS = "日"


def run(
    made: Mapping[str, Any],
    sample: Sample,
    answers: Mapping[str, Any],
    steps: list[Mapping[str, Any]],
    start: str,
) -> sandbox.Trial:
    """One trial run of a draft's content. Raises InvalidInput when the content cannot be read."""
    spec, wrong = content.definition(made)
    if spec is None:
        raise InvalidInput(wrong[0].text)
    city = rulebook.city_region()
    begun = datetime.combine(day(start), time(9), clock.LOCAL)
    world = sandbox.World(city, lambda name, on: rulebook.find(name, on=on, region=city), _after)
    return sandbox.replay(spec, sample, answers, steps, begun, world)


def expected(trial: sandbox.Trial) -> dict[str, Any]:
    """What a scenario of this run expects."""
    return sandbox.summary(trial)


def failures(made: Mapping[str, Any], scenarios: Iterable[Any]) -> list[tuple[str, list[Text]]]:
    """Scenarios that no longer come out as expected, with the differences."""
    found = []
    for one in scenarios:
        trial = run(made, Sample.from_json(one.sample), one.answers, one.steps, one.start.isoformat())
        lines = sandbox.judged(one.expected, trial)
        if lines:
            found.append((one.name, lines))
    return found


def day(text: str) -> date:
    """The first day of a run; today when nothing or nonsense is given."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return clock.today()


def _after(start: date, rule: str) -> date:
    found = rulebook.find(rule, on=start, region=rulebook.city_region())
    if found.rule.unit == NATURAL_DAYS:
        return start + timedelta(found.integer())
    return add_working_days(start, found.integer(), working_calendar())
