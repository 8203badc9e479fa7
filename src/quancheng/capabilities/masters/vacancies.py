"""房屋空置: the dated points table as the core's rule, and one home judged. Pure but for asking the rule book."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, cast

from quancheng.core.linkage import Band, Feature, Vacancy, VacancyRule, judge_vacancy
from quancheng.core.text import Text
from quancheng.kernel import rulebook


@dataclass(frozen=True, slots=True)
class Points:
    """The rule in force and where it comes from."""

    rule: VacancyRule
    valid_from: date
    authority: str
    citation: str
    simulated: bool


def in_force(on: date | None = None) -> Points:
    """空置判定分值表 in force on a day (today)."""
    found = rulebook.find("masters.vacancy", on)
    said = found.rule
    return Points(
        rule_from(cast(Mapping[str, Any], said.value)),
        said.valid_from,
        said.authority,
        said.citation,
        said.simulated,
    )


def rule_from(said: Mapping[str, Any]) -> VacancyRule:
    """The core's rule from the table; the last band of a feature is ``rest``."""
    features = tuple(
        Feature(
            str(one["name"]),
            Text(str(one["zh"]), str(one["en"])),
            Text(str(one["unit_zh"]), str(one["unit_en"])),
            (
                *(Band(float(below), float(points)) for below, points in one["bands"]),
                Band(None, float(one["rest"])),
            ),
        )
        for one in said["features"]
    )
    return VacancyRule(features, float(said["occupied"]), float(said["vacant"]), int(said["least_known"]))


def tried(rule: VacancyRule, occupied: float, vacant: float) -> VacancyRule:
    """The same points with other thresholds, for a trial. Raises ``LinkageError`` when they cross."""
    return replace(rule, occupied=occupied, vacant=vacant)


def measures(values: Mapping[str, str], residents: int | None) -> dict[str, float | None]:
    """The features of a home: meters from its golden record, residents from the population base."""
    return {
        **{name: number(values.get(name)) for name in ("water", "electricity", "gas")},
        "residents": None if residents is None else float(residents),
    }


def number(said: str | None) -> float | None:
    """A figure, or nothing when it is none."""
    try:
        return float(said) if said else None
    except ValueError:
        return None


def judge(values: Mapping[str, float | None], rule: VacancyRule) -> Vacancy:
    """判定一套房屋."""
    return judge_vacancy(values, rule)


def findings(found: Vacancy) -> list[dict[str, Any]]:
    """Reasons as plain data, the weightiest first."""
    return [
        {"feature": one.feature, "value": one.value, "points": one.points, "text": one.text.to_dict()}
        for one in found.findings
    ]
