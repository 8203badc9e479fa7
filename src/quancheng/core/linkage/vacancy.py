"""房屋空置: an explainable score from meters and registrations; every number is a parameter.

Each feature has bands with points: towards vacant (+) or lived in (-). A feature without a value gives no
points and is listed. With too few features known the answer is "unknown", never "vacant".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from quancheng.core.linkage.errors import bad_setting
from quancheng.core.text import Text

__all__ = ["Band", "Feature", "Finding", "Occupancy", "Vacancy", "VacancyRule", "judge_vacancy"]


class Occupancy(StrEnum):
    """居住状态."""

    OCCUPIED = "OCCUPIED"
    UNCERTAIN = "UNCERTAIN"
    VACANT = "VACANT"
    UNKNOWN = "UNKNOWN"

    @property
    def text(self) -> Text:
        """Label."""
        return {
            Occupancy.OCCUPIED: Text("有人居住", "lived in"),
            Occupancy.UNCERTAIN: Text("待核实", "to be checked on the spot"),
            Occupancy.VACANT: Text("疑似空置", "probably vacant"),
            Occupancy.UNKNOWN: Text("数据不足", "not enough data"),
        }[self]


@dataclass(frozen=True, slots=True)
class Band:
    """Values below ``below`` (and not below the band before) give ``points``; ``None``: everything else."""

    below: float | None
    points: float


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature (指标): such as water a month in m³, electricity a month in kWh, registered residents."""

    name: str
    label: Text
    unit: Text
    bands: tuple[Band, ...]

    def __post_init__(self) -> None:
        limits = [band.below for band in self.bands[:-1]]
        finite = [limit for limit in limits if limit is not None]
        if (
            not self.bands
            or self.bands[-1].below is not None
            or finite != sorted(set(finite))
            or finite != limits
        ):
            raise bad_setting(
                self.name,
                "分段的上限应逐段递增，最后一段不设上限。",
                "Limits of bands must rise, and the last band has none.",
            )


@dataclass(frozen=True, slots=True)
class VacancyRule:
    """Parameters (空置判定参数): points from ``vacant`` on, up to ``occupied``; features that must be known."""

    features: tuple[Feature, ...]
    occupied: float
    vacant: float
    least_known: int

    def __post_init__(self) -> None:
        if self.occupied >= self.vacant or not 1 <= self.least_known <= len(self.features):
            raise bad_setting(
                "vacancy",
                "居住分值应低于空置分值，且至少须有一项已知指标。",
                "The occupied score must be below the vacant one, and a feature must be known.",
            )


@dataclass(frozen=True, slots=True)
class Finding:
    """One feature's part (一项依据); ``value`` and ``points`` are ``None`` when nothing is known."""

    feature: str
    value: float | None
    points: float | None
    text: Text


@dataclass(frozen=True, slots=True)
class Vacancy:
    """Result (判定结果): score, findings with the weightiest first, unknown ones last."""

    state: Occupancy
    score: float
    known: int
    findings: tuple[Finding, ...]
    text: Text


def judge_vacancy(values: Mapping[str, float | None], rule: VacancyRule) -> Vacancy:
    """Judge one dwelling (判定一套房屋).

    ``values`` by feature name; missing, negative and not finite count as unknown: a broken meter is no
    evidence of an empty flat.
    """
    findings = [_find(feature, values.get(feature.name)) for feature in rule.features]
    known = [one.points for one in findings if one.points is not None]
    score = sum(known)
    if len(known) < rule.least_known:
        state = Occupancy.UNKNOWN
    elif score >= rule.vacant:
        state = Occupancy.VACANT
    else:
        state = Occupancy.OCCUPIED if score <= rule.occupied else Occupancy.UNCERTAIN
    findings.sort(key=lambda one: (one.points is None, -abs(one.points or 0.0)))
    text = Text(
        f"{state.text.zh}（{score:g}分，{len(known)}项依据）："
        + "；".join(one.text.zh for one in findings)
        + "。",
        f"{state.text.en} (score {score:g} from {len(known)} features): "
        + "; ".join(one.text.en for one in findings)
        + ".",
    )
    return Vacancy(state, score, len(known), tuple(findings), text)


def _find(feature: Feature, value: float | None) -> Finding:
    label = feature.label
    if value is None or not isfinite(value) or value < 0:
        return Finding(feature.name, None, None, Text(f"{label.zh}：无数据", f"{label.en}: no data"))
    points = next(band.points for band in feature.bands if band.below is None or value < band.below)
    return Finding(
        feature.name,
        value,
        points,
        Text(
            f"{label.zh}{value:g}{feature.unit.zh}，{points:+g}分",
            f"{label.en} {value:g} {feature.unit.en}, {points:+g} points".replace("  ", " "),
        ),
    )
