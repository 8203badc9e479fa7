"""Desk, API, demo data and algorithms of modules."""

from __future__ import annotations

import random
from typing import Any

import pytest
from django.test import Client

from quancheng.capabilities.models import queries, simulate
from quancheng.capabilities.models.models import Model, Version
from quancheng.capabilities.models.values import Algorithm
from quancheng.capabilities.people.models import User
from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput

pytestmark = pytest.mark.django_db


def test_demo_registers_real_files_once_and_claims_no_evaluation(staff: Any) -> None:
    simulate.seed(None, random.Random(1))
    assert simulate.seed(None, random.Random(1)) == "-"
    assert {one.state for one in Version.objects.all()} == {"draft"}
    assert all(
        one.facts["inputs"] and one.facts["runtime"].startswith("onnxruntime")
        for one in Version.objects.all()
    )
    assert all(one.simulated for one in Model.objects.all())


def test_strangers_get_neither_pages_nor_api(client: Client, staff: Any, model: Model) -> None:
    account = User.objects.create(username="stranger", kind="official")
    assert client.get("/api/v1/models/models").status_code == 401
    client.force_login(account)
    for address in ("/work/models/", "/work/models/triage/"):
        assert client.get(address).status_code == 403
    assert client.get("/api/v1/models/models").json()["items"] == []
    assert client.get("/api/v1/models/models/triage/versions").status_code == 404


def test_inputs_of_an_algorithm_are_checked_at_their_names() -> None:
    number = {"type": "number", "minimum": 0}
    one = Algorithm(
        "twice",
        Text("两倍", "Twice"),
        Text("加倍", "Doubles"),
        {"x": number, "y": number},
        {"out": number},
        lambda x, y=0: {"out": 2 * x + y},
        optional=frozenset({"y"}),
    )
    assert queries.run(one, {"x": 2}) == {"out": 4}
    with pytest.raises(InvalidInput) as refused:
        queries.run(one, {"y": -1, "z": 0})
    assert set(refused.value.fields) == {"x", "y", "z"}
    assert all("." in name for name in queries.algorithms())


def test_an_engineer_reads_the_interface(staff: Any, add: Any, rf: Any) -> None:
    from quancheng.capabilities.models import api, pages

    add("sigmoid")
    request = rf.get("/work/models/triage/")
    request.actor = staff()
    found = api.models(request, api.Filters())
    assert [one["code"] for one in found["items"]] == ["triage"]
    assert [one.number for one in api.versions(request, "triage")] == [1]
    assert request.actor.role_ids <= pages.ROLES
