"""API and pages: who sees what, odd inputs, cheap polling, the desk's stories."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.capabilities.things.conftest import NOON, SLOT, SYSTEM, Rain, address, facts

from quancheng.capabilities.people.models import User
from quancheng.capabilities.things import actions
from quancheng.capabilities.things.models import Alarm, Station
from quancheng.capabilities.things.sl651_client import rain_report
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant

pytestmark = pytest.mark.django_db
API = "/api/v1/things"
HOUR_OF_RAIN = ["1.0"] * 9 + ["1.5", "0.2", "0.1"]


@pytest.fixture
def signed_in(db, monkeypatch) -> Callable[..., Client]:
    """A client whose official holds these roles."""

    def make(*roles: str) -> Client:
        user = User.objects.create_user(username=f"u-{'-'.join(roles) or 'none'}", password="x" * 12)
        actor = Actor(
            ActorKind.OFFICIAL,
            user.username,
            user_id=user.pk,
            grants=tuple(RoleGrant(role) for role in roles),
        )
        monkeypatch.setattr(
            "quancheng.kernel.middleware._loader",
            lambda: lambda who, request: actor if who.is_authenticated else Actor.anonymous(),
        )
        client = Client()
        client.force_login(user)
        return client

    return make


def test_anyone_sees_stations_that_exist_and_their_values(client, gauges, rain: Rain) -> None:
    rain({1: ["0.5"]})
    items = client.get(f"{API}/stations").json()["items"]
    assert [one["code"] for one in items] == ["T-001"]
    assert {row["property"]: row["value"] for row in items[0]["latest"]}["rain_5min"].startswith("0.5")
    assert client.get(f"{API}/stations/T-002").status_code == 404
    assert client.get(f"{API}/stations/T-001").json()["streams"][0]["property"] == "rain_5min"
    assert client.get(f"{API}/rejected").status_code == 401
    assert client.get(f"{API}/alarms").json()["items"] == []


def test_the_layer_is_cheap_to_poll(client, gauges, rain: Rain, django_assert_max_num_queries) -> None:
    rain({1: ["0.5"], 2: ["1.0"]})
    first = client.get(f"{API}/stations.geojson?kind=rain")
    feature = first.json()["features"][0]
    assert feature["geometry"]["coordinates"] == [117.001, 36.67]
    assert (feature["properties"]["value"], feature["properties"]["unit"]) == (0.5, "mm")
    with django_assert_max_num_queries(4):
        again = client.get(f"{API}/stations.geojson?kind=rain", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    rain({1: ["0.7"]}, NOON + SLOT)
    changed = client.get(f"{API}/stations.geojson?kind=rain", headers={"If-None-Match": first["ETag"]})
    assert changed.status_code == 200


def test_the_layer_of_an_exercise_has_its_own_values(client, gauges, rain: Rain) -> None:
    rain({1: ["0.5"]})
    rain({1: ["9.5"]}, exercise="718")
    drill = client.get(f"{API}/stations.geojson?exercise=718").json()["features"][0]["properties"]
    real = client.get(f"{API}/stations.geojson").json()["features"][0]["properties"]
    assert (drill["value"], real["value"]) == (9.5, 0.5)


def test_observations_page_by_time(client, gauges, rain: Rain) -> None:
    rain({1: [f"0.{n}" for n in range(7)]}, NOON - 6 * SLOT)
    url = f"{API}/stations/T-001/observations?property=rain_5min&size=3"
    seen, after = [], ""
    while True:
        answer = client.get(url + (f"&after={after}" if after else "")).json()
        seen += [one["value"] for one in answer["items"]]
        if not answer["next"]:
            break
        after = answer["next"].replace("+", "%2B")
    assert [Decimal(value) for value in seen] == [Decimal(n) / 10 for n in range(7)]


def test_readings_that_left_the_tables_come_from_the_store(client, gauges, rain: Rain) -> None:
    rain({1: ["0.5", "0.7"]})
    with clock.at(NOON + 600 * SLOT):
        actions.prune(Call.system("things"))
        answer = client.get(
            f"{API}/stations/T-001/observations?property=rain_5min&since={NOON:%Y-%m-%dT%H:%M:%SZ}"
        ).json()
    assert [Decimal(one["value"]) for one in answer["items"]] == [Decimal("0.5"), Decimal("0.7")]


def test_frames_over_http(gauges, signed_in) -> None:
    operator = signed_in("things.operator")
    body = (
        rain_report(address(1), NOON, Decimal("0.5"))
        + b"noise"
        + rain_report(address(2), NOON, Decimal("0.1"))
    )
    answer = operator.post(f"{API}/frames", body, content_type="application/octet-stream")
    assert answer.status_code == 200, answer.content
    report = answer.json()
    assert (report["accepted"], report["rejected"]) == (2, {"noise": 1})
    assert operator.post(f"{API}/frames", b"", content_type="application/octet-stream").status_code == 422
    big = b"x" * (1024 * 1024 + 1)
    assert operator.post(f"{API}/frames", big, content_type="application/octet-stream").status_code == 413
    assert Client().post(f"{API}/frames", body, content_type="application/octet-stream").status_code == 401


def test_a_viewer_may_not_send_or_handle(gauges, hour_rule, rain: Rain, signed_in) -> None:
    rain({1: HOUR_OF_RAIN})
    alarm = Alarm.objects.get()
    viewer = signed_in("things.viewer")
    assert len(viewer.get(f"{API}/alarms").json()["items"]) == 1
    body = json.dumps({"note": "x"})
    answer = viewer.post(f"{API}/alarms/{alarm.pk}/close", body, content_type="application/json")
    assert answer.status_code == 403
    frame = rain_report(address(1), NOON, Decimal("0.5"))
    assert viewer.post(f"{API}/frames", frame, content_type="application/octet-stream").status_code == 403


ODD = st.sampled_from(
    ["", "%00", "-1", "0", "NaN", "2026-13-45", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "x" * 300, "rain",
     "99999999999999999999", "%F0%9F%98%80", "'; --", "eyJhIjoxfQ", "1e400"]
)  # fmt: skip
PARAMETERS = st.dictionaries(
    st.sampled_from(
        ["kind", "region", "status", "cursor", "size", "since", "until", "property", "after", "level", "state",
         "exercise", "text", "reason", "address", "hours", "department"]
    ),
    ODD, max_size=4,
)  # fmt: skip
PATHS = [
    f"{API}/stations", f"{API}/stations.geojson", f"{API}/stations/T-001", f"{API}/stations/T-001/observations",
    f"{API}/alarms", f"{API}/rejected", "/work/things/", "/work/things/alarms/", "/work/things/rejected/",
    "/work/things/T-001/", "/open/stations/", f"{API}/stations/%00", "/work/things/nope/",
]  # fmt: skip


@given(st.sampled_from(PATHS), PARAMETERS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_odd_parameters_never_break_anything(gauges, noon, path: str, parameters: dict[str, str]) -> None:
    user = User.objects.filter(username="odd").first() or User.objects.create_user("odd", password="x" * 12)
    from quancheng.kernel import middleware

    actor = Actor(ActorKind.OFFICIAL, "odd", user_id=user.pk, grants=(RoleGrant("things.operator"),))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(middleware, "_loader", lambda: lambda who, request: actor)
        odd = Client(raise_request_exception=False)
        odd.force_login(user)
        query = "&".join(f"{name}={value}" for name, value in parameters.items())
        assert odd.get(f"{path}?{query}").status_code < 500


# -- pages ------------------------------------------------------------------------------------
def test_pages_stand_in_both_languages(gauges, hour_rule, rain: Rain, signed_in) -> None:
    rain({1: HOUR_OF_RAIN})
    operator = signed_in("things.operator")
    alarm = Alarm.objects.get()
    paths = ["/work/things/", "/work/things/T-001/", "/work/things/alarms/", f"/work/things/alarms/{alarm.pk}/",
             "/work/things/rejected/", "/work/things/new/", "/open/stations/"]  # fmt: skip
    for language in ("zh-hans", "en"):
        operator.cookies["qc_language"] = language
        for path in paths:
            answer = operator.get(path)
            assert answer.status_code == 200, (path, answer.content[:500])
            assert answer.content.count(b"<h1") == 1, path


def test_the_desk_needs_a_role(gauges, signed_in) -> None:
    assert Client().get("/work/things/").status_code == 302
    assert signed_in().get("/work/things/").status_code == 403
    assert signed_in("things.viewer").get("/work/things/rejected/").status_code == 403


def test_acknowledge_and_close_by_page(gauges, hour_rule, rain: Rain, signed_in) -> None:
    rain({1: HOUR_OF_RAIN})
    operator, alarm = signed_in("things.operator"), Alarm.objects.get()
    page = f"/work/things/alarms/{alarm.pk}/"
    assert operator.post(page, {"what": "acknowledge", "note": ""}).status_code == 302
    assert alarm.refresh().state == "acknowledged"
    assert operator.post(page, {"what": "close", "note": ""}).status_code == 422
    assert operator.post(page, {"what": "close", "note": "雨停"}).status_code == 302
    assert alarm.refresh().state == "closed"
    assert operator.post(page, {"what": "close", "note": "再关"}).status_code == 409


def test_register_by_page_and_change_its_state(gauges, signed_in, monkeypatch) -> None:
    from quancheng.capabilities.things import forms

    monkeypatch.setattr(forms, "department_choices", lambda language: [("jn-water", "市水务局")])
    operator = signed_in("things.operator")
    wrong = facts(9, code="new", lon="500")
    answer = operator.post("/work/things/new/", wrong)
    assert answer.status_code == 422
    good = facts(9, code="T-009", department="jn-water")
    assert operator.post("/work/things/new/", good).status_code == 302
    assert operator.post("/work/things/new/", good).status_code == 409
    assert Station.objects.get(code="T-009").address == address(9)
    assert operator.post("/work/things/T-009/", {"status": "retired", "note": ""}).status_code == 422
    assert operator.post("/work/things/T-009/", {"status": "faulty", "note": "检修"}).status_code == 302


def test_the_register_asks_few_questions(signed_in, noon) -> None:
    from django.db import connection

    actions.register_stations(SYSTEM, rows=[facts(n) for n in range(1, 41)])
    operator = signed_in("things.operator")
    counts = []
    for size in (5, 40):
        with CaptureQueriesContext(connection) as caught:
            assert operator.get(f"/work/things/?size={size}").status_code == 200
        counts.append(len(caught))
    assert counts[0] == counts[1] <= 14
