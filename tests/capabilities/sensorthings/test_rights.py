"""Who may read and write: public streams for all, the rest by role; Basic and Bearer."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from quancheng.capabilities.people.models import RoleGrant
from quancheng.capabilities.sensorthings import signing_in
from quancheng.capabilities.sensorthings.models import Stream, Thing
from quancheng.kernel import clock
from quancheng.kernel.models import writing

from .conftest import Sta, thing

PASSWORD = "一个很长的口令 0123"


@pytest.fixture
def strict(settings: Any) -> None:
    """Not a demo: an anonymous caller only reads."""
    settings.DEMO = False
    signing_in._known.clear()
    signing_in._failures.clear()


@pytest.fixture
def editor(db: None) -> Any:
    with writing("tests"):
        user = get_user_model().objects.create_user(username="bian", password=PASSWORD)
        RoleGrant.objects.create(
            user=user, role="sensorthings.editor", valid_from=clock.today(), granted_at=clock.now()
        ) if hasattr(RoleGrant, "granted_at") else RoleGrant.objects.create(
            user=user, role="sensorthings.editor", valid_from=clock.today()
        )
    return user


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def test_an_anonymous_caller_reads_and_does_not_write(sta: Sta, world: dict[str, int], strict: None) -> None:
    assert sta.ids("Things") == [world["thing"]]
    answer = sta.send("POST", "Things", thing(), 401)
    assert answer["WWW-Authenticate"].startswith("Basic") and "登录" in answer.json()["detail"]["zh"]
    sta.send("POST", "Observations", {"result": 1, "Datastream": {"@iot.id": world["stream"]}}, 401)
    group = {"Datastream": {"@iot.id": world["stream"]}, "components": ["result"], "dataArray": [[1]]}
    sta.send("POST", "CreateObservations", [group], 401)
    for method in ("PATCH", "PUT"):
        sta.send(method, f"Things({world['thing']})", {"name": "x", "description": ""}, 401)
    sta.delete(f"Things({world['thing']})", 401)
    first = sta.ids("Observations")[0]
    sta.delete(f"Observations({first})", 401)
    sta.send("PATCH", f"Observations({first})", {"result": 1}, 401)


def test_an_editor_writes_by_password_and_by_token(sta: Sta, strict: None, editor: Any) -> None:
    sta.send("POST", "Things", thing(), 201, **basic("bian", PASSWORD))
    token = signing_in.token_for(editor)
    sta.send("POST", "Things", thing(), 201, Authorization=f"Bearer {token}")
    assert Thing.objects.count() == 2
    editor.set_password("另一个很长的口令 0123")
    editor.save()
    signing_in._known.clear()
    sta.send("POST", "Things", thing(), 401, Authorization=f"Bearer {token}")


def test_wrong_credentials_are_refused_and_counted(sta: Sta, strict: None, editor: Any) -> None:
    sta.send("GET", "Things", b"", 401, Authorization="Bearer nonsense")
    sta.send("GET", "Things", b"", 400, Authorization="Basic %%%")
    for _ in range(signing_in._TRIES):
        sta.client.get("/sta/v1.1/Things", headers={"Authorization": "Bearer nonsense"})
    sta.send("GET", "Things", b"", 429, **basic("bian", PASSWORD))


def test_a_known_person_without_the_role_is_forbidden(sta: Sta, strict: None, editor: Any) -> None:
    with writing("tests"):
        RoleGrant.objects.all().delete()
    sta.send("POST", "Things", thing(), 403, **basic("bian", PASSWORD))


def test_what_is_not_public_is_not_there(sta: Sta, world: dict[str, int], strict: None, editor: Any) -> None:
    with writing("tests"):
        Stream.objects.update(public=False)
    first = 1
    assert sta.ids("Datastreams") == [] and sta.ids("Observations") == []
    assert sta.get("Observations?$count=true")["@iot.count"] == 0
    sta.get(f"Datastreams({world['stream']})", 404)
    sta.get(f"Datastreams({world['stream']})/Observations", 404)
    sta.get(f"Observations({first})", 404)
    assert sta.get("Things?$expand=Datastreams")["value"][0]["Datastreams"] == []
    assert sta.ids("Things?$filter=Datastreams/Observations/result gt 0") == []
    assert sta.ids("Things?$filter=Datastreams/name eq '降雨量'") == [], "nor found by what it says"
    seen = sta.send("GET", "Observations", b"", 200, **basic("bian", PASSWORD)).json()
    assert len(seen["value"]) == 4
