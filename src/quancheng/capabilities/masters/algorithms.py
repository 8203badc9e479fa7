"""基础库提供的算法: whether a home stands empty, with the reason for each point."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quancheng.capabilities.masters.vacancies import judge, rule_from
from quancheng.capabilities.models.values import Algorithm, Refused
from quancheng.core.rules.model import thaw
from quancheng.core.text import Text
from quancheng.kernel import rulebook

_FIGURE = {"type": ["number", "null"], "minimum": 0, "maximum": 1_000_000}
_FEATURES = ("water", "electricity", "gas", "residents")


def _settle(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """With the points table in force today."""
    return {**inputs, "rule": thaw(rulebook.find("masters.vacancy").rule.value)}


def vacancy(rule: Mapping[str, Any], **features: float | None) -> Mapping[str, Any]:
    """房屋空置: state, score and each feature's points; only a hint for a visit, never ground for a decision."""
    if not any(value is not None for value in features.values()):
        raise Refused.of("water", "至少填一项", "give at least one figure")
    found = judge({name: features.get(name) for name in _FEATURES}, rule_from(rule))
    return {
        "state": str(found.state),
        "score": found.score,
        "text": found.text.to_dict(),
        "findings": [
            {"feature": one.feature, "value": one.value, "points": one.points, "text": one.text.to_dict()}
            for one in found.findings
        ],
    }


ALGORITHMS = (
    Algorithm(
        id="vacancy",
        title=Text("房屋空置判定", "Whether a home stands empty"),
        summary=Text(
            "按现行分值表由月均用水、用电、用气和登记人数判定，逐项说明；仅供走访核实参考。",
            "By the points in force from water, electricity and gas a month and people registered, each point "
            "explained; only a hint for a visit.",
        ),
        inputs=dict.fromkeys(_FEATURES, _FIGURE),
        optional=frozenset(_FEATURES),
        outputs={
            "state": {"type": "string", "enum": ["OCCUPIED", "UNCERTAIN", "VACANT", "UNKNOWN"]},
            "score": {"type": "number"},
            "text": {"type": "object"},
            "findings": {"type": "array", "items": {"type": "object"}},
        },
        function=vacancy,
        settle=_settle,
    ),
)
