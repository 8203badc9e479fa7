"""A small network of gauges on a fixed day."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from quancheng.capabilities.things import actions, evaluation
from quancheng.capabilities.things.models import Station
from quancheng.capabilities.things.sl651_client import rain_report
from quancheng.capabilities.things.values import IngestReport, ReceivedFrame
from quancheng.capabilities.things.window_cache import cache
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant

NOON = datetime(2026, 7, 18, 4, 0, tzinfo=UTC)
SLOT = timedelta(minutes=5)
SYSTEM = Call.system("things")
OPERATOR = Actor(ActorKind.OFFICIAL, "operator", user_id=7, grants=(RoleGrant("things.operator"),))


def address(number: int) -> str:
    return f"00370101{number:02d}"


def facts(number: int, **other: Any) -> dict[str, Any]:
    return {
        "code": f"T-{number:03d}", "zh": f"测试{number}站", "en": f"Test {number}", "kind": "rain",
        "lon": 117.0 + number / 1000, "lat": 36.67, "region": "370102", "department": "jn-hydrology",
        "address": address(number), "status": "planned", "simulated": True,
    } | other  # fmt: skip


def rule(**other: Any) -> tuple[str, dict[str, Any]]:
    """Ten millimetres in an hour: the amount is that of a parameter that exists, 10."""
    return "things", {
        "id": "things.test_hour", "zh": "1小时10毫米", "en": "Ten mm an hour", "property": "rain_5min",
        "station_kind": "rain", "window_minutes": 60, "direction": "above",
        "parameter": "things.late_minutes", "level": 2, "incident_type": "things.test",
    } | other  # fmt: skip


@pytest.fixture(autouse=True)
def _fresh_cache() -> Iterator[None]:
    cache.forget()
    evaluation.forget_amounts()
    yield
    cache.forget()


@pytest.fixture
def noon() -> Iterator[datetime]:
    with clock.at(NOON):
        yield NOON


@pytest.fixture
def gauges(db: None, noon: datetime) -> list[Station]:
    """Three rain gauges and a river station (number 4)."""
    rows = [facts(number) for number in (1, 2, 3)] + [facts(4, kind="river", code="T-RIVER")]
    return actions.register_stations(SYSTEM, rows=rows)


@pytest.fixture
def hour_rule(db: None, noon: datetime) -> dict[str, str]:
    return actions.sync_rules(SYSTEM, rows=[rule()])


Rain = Callable[..., IngestReport]


@pytest.fixture
def rain() -> Rain:
    """Send rain of gauges: ``rain({1: ["0.5", "1.0"]}, start)`` in five-minute steps."""

    def send(
        amounts: dict[int, Sequence[str]], start: datetime = NOON, *, received: datetime | None = None,
        exercise: str = "",
    ) -> IngestReport:  # fmt: skip
        frames = [
            ReceivedFrame(
                rain_report(address(number), start + step * SLOT, Decimal(mm)),
                received or start + step * SLOT,
            )
            for number, values in amounts.items()
            for step, mm in enumerate(values)
        ]
        return actions.ingest_frames(SYSTEM, frames=frames, channel="test", exercise=exercise)

    return send
