"""Officials, crossings and drafts of the weather scenario."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from quancheng.capabilities.people.models import User
from quancheng.core.text import Text
from quancheng.kernel import clock, events
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.scenarios.weather import actions, wording
from quancheng.scenarios.weather.models import Warning

STORM = datetime(2026, 7, 18, 9, 30, tzinfo=UTC)
THRESHOLDS = {1: (180, "100"), 2: (180, "50"), 3: (360, "50"), 4: (720, "50")}


def official(name: str, user_id: int, *roles: str) -> Actor:
    return Actor(ActorKind.OFFICIAL, name, user_id, grants=tuple(RoleGrant(role) for role in roles))


ANN = official("崔敏", 11, "weather.forecaster")
BOB = official("宋立新", 12, "weather.approver")
CAT = official("高岩", 13, "weather.approver")
BOTH = official("崔敏", 14, "weather.forecaster", "weather.approver")
DUTY = official("韩涛", 15, "command.duty")


def call(actor: Actor, key: str | None = None) -> Call:
    return Call(actor, key=key)


def draft_of(level: int = 3, districts: tuple[str, ...] = ("370102",), **other: Any) -> actions.Draft:
    worded = int(level) if level in (1, 2, 3, 4) else 4
    words = wording.plain_words(worded, "alert", [Text("历下区", "Lixia District")])
    return actions.Draft(level, districts, words, **other)


def crossing(level: int, region: str = "370102", *, exercise: str = "", number: int = 1) -> dict[str, Any]:
    window, threshold = THRESHOLDS[level]
    return {
        "alarm": number, "rule": f"weather.rainstorm_{level}", "rule_version": 1, "level": level,
        "name": {"zh": "达标", "en": "Crossed"}, "incident_type": "weather.rainstorm", "property": "rain_5min",
        "window_minutes": window, "amount": f"{threshold}.5", "threshold": threshold, "unit": "mm", "coverage": 1.0,
        "raised_at": clock.now().isoformat(), "detected_at": clock.now().isoformat(), "late": False,
        "station": {"code": f"T-{number}", "zh": "市政府", "en": "City Hall", "kind": "rain", "lon": 117.0,
                    "lat": 36.67, "region": region, "department": "jn-hydrology"},
        "finding": {"value": threshold, "rule": {"name": {"zh": "标准", "en": "Threshold"}, "authority": "中国气象局",
                                                  "citation": "第16号令", "simulated": False}},
        "exercise": exercise, "simulated": True, "evidence": f"/work/things/alarms/{number}/",
    }  # fmt: skip


@pytest.fixture
def storm(db: None) -> Iterator[clock.VirtualClock]:
    """A July evening whose clock the test moves."""
    with clock.running(clock.VirtualClock(STORM)) as running:
        yield running


@pytest.fixture
def rain(storm: clock.VirtualClock) -> Callable[..., None]:
    """A gauge crosses a level; everybody who listens is told."""

    def fall(level: int, region: str = "370102", *, exercise: str = "", number: int = 1) -> None:
        with transaction.atomic():
            data = crossing(level, region, exercise=exercise, number=number)
            events.emit("things.alarm.raised", subject=data["station"]["code"], data=data)
        events.drain()

    return fall


@pytest.fixture
def publish(storm: clock.VirtualClock) -> Callable[..., Warning]:
    """Draft, submit and approve."""

    def make(
        draft: actions.Draft | None = None, *, exercise: str = "", previous: Warning | None = None
    ) -> Warning:
        made = actions.draft_warning(
            call(ANN), draft=draft or draft_of(), exercise=exercise, previous=previous
        )
        storm.advance(timedelta(minutes=1))
        actions.submit_warning(call(ANN), warning=made)
        storm.advance(timedelta(minutes=1))
        return actions.approve_warning(call(BOB), warning=made)

    return make


@pytest.fixture
def sign_in(db: None) -> Callable[..., Client]:
    """A browser of an official with these roles."""
    from datetime import date

    from quancheng.capabilities.people.models import RoleGrant as Held
    from quancheng.kernel.models import writing

    def enter(name: str, *roles: str, language: str = "zh-hans") -> Client:
        client = Client()
        client.cookies["qc_language"] = language
        with writing("tests"):
            user, made = User.objects.get_or_create(username=name, defaults={"kind": "official"})
            for role in roles if made else ():
                Held.objects.create(
                    user=user, role=role, valid_from=date(2020, 1, 1), region_code="370100",
                    granted_by="tests", granted_at=clock.now(),
                )  # fmt: skip
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return enter
