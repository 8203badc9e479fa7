"""告警规则: ``[[alarm_rule]]`` rows of all modules as versions in a table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from quancheng.capabilities.things.evaluation import amount_of
from quancheng.capabilities.things.models import AlarmRule
from quancheng.kernel import clock, registry, rulebook

_DEFAULTS = {"window_minutes": 0, "direction": "above", "station": ""}
_NAMES = ("id", "zh", "en", "property", "station_kind", "station", "window_minutes", "direction", "parameter", "level",
          "incident_type")  # fmt: skip


def declared() -> list[tuple[str, dict[str, Any]]]:
    """Module name and row of every ``[[alarm_rule]]``."""
    if "alarm_rule" not in registry.KINDS:
        return []
    return [(owner.name, row.model_dump()) for owner, row in registry.items("alarm_rule")]


def rule_of(module: str, row: Mapping[str, Any]) -> AlarmRule:
    """An unsaved rule of one row."""
    full = {name: row.get(name, _DEFAULTS.get(name)) for name in _NAMES}
    text = json.dumps(full, sort_keys=True, ensure_ascii=False)
    return AlarmRule(
        code=full["id"],
        module=module,
        zh=full["zh"],
        en=full["en"],
        prop=full["property"],
        station_kind=full["station_kind"],
        station=full["station"],
        window_minutes=int(full["window_minutes"]),
        direction=full["direction"],
        parameter=full["parameter"],
        level=int(full["level"]),
        incident_type=full["incident_type"],
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )


def not_working() -> list[AlarmRule]:
    """Active rules whose parameter has no value today for the city: they raise nothing."""
    today, region = clock.today(), rulebook.city_region()
    return [
        rule
        for rule in AlarmRule.objects.filter(active=True).order_by("code")
        if amount_of(rule.parameter, today, region, rehearsal=False) is None
    ]
