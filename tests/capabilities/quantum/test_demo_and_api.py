"""The demonstration city's two links come up as told; programs read the same by API."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from tests.capabilities.quantum.world import wait

from quancheng.capabilities.people.models import User
from quancheng.capabilities.quantum import (
    actions,
    indicators,
    link_client,
    simulate,
    simulated_component,
    tasks,
)
from quancheng.capabilities.quantum.models import Link, LinkEvent, QkdLap, SealedDocument
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.testing import remembered
from quancheng.testing.ports import free_port


def _four_ports() -> int:
    """The first of four free ports in a row."""
    while True:
        first = free_port()
        try:
            for place in range(4):
                socket.create_server(("127.0.0.1", first + place)).close()
        except (OSError, OverflowError):
            continue
        return first


@pytest.fixture
def demo(db: None, settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.HOME = tmp_path
    monkeypatch.setenv("QUANCHENG_QUANTUM_SIM_PORT", str(_four_ports()))
    remembered.synced()
    yield
    for code in list(link_client._callers):
        link_client._forget(code)


def test_the_city_is_seeded_once_with_rounds_that_were_really_executed(demo: None) -> None:
    for _ in range(2):
        simulate.seed(None, random.Random(1))
    assert Link.objects.count() == 2
    assert SealedDocument.objects.count() == 2
    assert not SealedDocument.objects.filter(simulated=False).exists()
    laps = QkdLap.objects.filter(link__code="jn-qd")
    assert laps.count() == simulate.ROUNDS
    assert set(laps.filter(outcome="TOO_NOISY").values_list("number", flat=True)) == set(simulate.LISTENED)
    told = list(LinkEvent.objects.filter(link__code="jn-qd").order_by("at").values_list("kind", flat=True))
    assert told == ["ALARM", "CALM"]


def test_the_component_brings_both_links_up_one_full_and_one_fallen_back(
    demo: None, settings: LazySettings
) -> None:
    simulate.seed(None, random.Random(1))
    assert tasks.watch() == {"up": 0, "down": 2, "lines": 0, "silent": 1}  # nothing runs yet, and it says so
    environment = os.environ | {
        "QUANCHENG_HOME": str(settings.HOME),
        "QUANCHENG_DEMO": "1",
        "DJANGO_SETTINGS_MODULE": "quancheng.settings",
    }
    code = "from quancheng.capabilities.quantum.simulated_component import main; main()"
    component = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.DEVNULL)
    try:
        full = wait(lambda: tasks.watch()["up"] == 2 and Link.objects.get(code="jn-qd"), 30.0)
        assert (full.state, full.strength) == (Link.State.OPEN, "FULL")
        assert full.line_simulated
        weak = Link.objects.get(code="jn-ta")
        assert (weak.state, weak.away) == (Link.State.FALLBACK, "NO_LINE")
        assert indicators.full_rate()["numerator"] == 1
        assert indicators.full_rate()["denominator"] == 2
        assert indicators.alarms() == 0
    finally:
        component.terminate()
        component.wait(10)
    assert tasks.watch()["down"] == 2


def test_where_there_is_no_demonstration_the_component_opens_no_port(demo: None) -> None:
    environment = os.environ | {"QUANCHENG_DEMO": "", "DJANGO_SETTINGS_MODULE": "quancheng.settings"}
    code = "from quancheng.capabilities.quantum.simulated_component import main; main()"
    component = subprocess.Popen([sys.executable, "-c", code], env=environment)
    with pytest.raises(subprocess.TimeoutExpired):
        component.wait(2)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", simulated_component.port(0)), 1)
    component.terminate()
    assert component.wait(10) == 0


# -- API


@pytest.fixture
def ask(
    node: None, office: Any, make_link: Callable[..., Link], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    make_link(1, quantum=False)

    def send(role: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        account, _ = User.objects.get_or_create(username=f"api-{role}", defaults={"kind": "official"})
        grants = (RoleGrant(f"quantum.{role}", frozenset({office.data.pk})),)
        who = Actor(ActorKind.OFFICIAL, role, account.pk, grants=grants) if role != "nobody" else None
        monkeypatch.setattr(
            "quancheng.kernel.middleware._loader",
            lambda: lambda user, request: who if who and user.is_authenticated else Actor.anonymous(),
        )
        client = Client()
        if who:
            client.force_login(account)
        data = None if body is None else json.dumps(body)
        answer = client.generic(method, f"/api/v1/quantum{path}", data or "", "application/json")
        return answer.status_code, answer.json()

    return send


def test_programs_read_links_and_events_and_may_operate_as_people_may(ask: Callable[..., Any]) -> None:
    status, page = ask("operator", "GET", "/links")
    assert status == 200
    assert [(one["code"], one["state"], one["strength"]) for one in page["items"]] == [("jn-qd", "NEW", "")]
    assert ask("operator", "POST", "/links/jn-qd/rekey")[0] == 409
    assert ask("operator", "POST", "/links/jn-qd/open")[0] == 200
    assert ask("operator", "POST", "/links/jn-qd/hold", {"reason": ""})[0] == 422
    status, held = ask("operator", "POST", "/links/jn-qd/hold", {"reason": "检修"})
    assert (status, held["held"]) == (200, True)
    assert ask("operator", "POST", "/links/jn-qd/allow")[1]["held"] is False
    assert ask("operator", "POST", "/links/jn-qd/close", {"reason": "完"})[1]["state"] == "CLOSED"
    status, page = ask("operator", "GET", "/events?kind=HELD")
    assert [one["reason"] for one in page["items"]] == ["检修"]
    assert ask("operator", "GET", "/links/none")[0] == 404


def test_readers_look_and_strangers_do_not(ask: Callable[..., Any]) -> None:
    assert ask("reader", "GET", "/links/jn-qd")[0] == 200
    assert ask("reader", "GET", "/events")[1]["items"] == []
    assert ask("reader", "POST", "/links/jn-qd/open")[0] == 403
    assert ask("nobody", "GET", "/links")[0] == 401


def test_a_failure_is_shown_with_its_reason_by_api(ask: Callable[..., Any]) -> None:
    actions.report_failure(Call.system("quantum"), code="jn-qd", reason="SIGNATURE")
    _, link = ask("operator", "GET", "/links/jn-qd")
    assert (link["state"], link["away"], link["strength"]) == ("DOWN", "SIGNATURE", "")
    assert "签名" in link["why"]["zh"]
