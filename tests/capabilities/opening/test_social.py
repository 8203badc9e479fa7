"""What the public says of open data, and how often it is used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from quancheng.capabilities.opening import counting, queries, simulate, social
from quancheng.capabilities.opening.models import Dataset, Feedback, Show, State, Usage, Wish
from quancheng.capabilities.people.models import Department, RoleGrant, User
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.models import writing
from quancheng.testing import remembered


@pytest.fixture
def sign(db: None) -> Callable[..., Client]:
    remembered.synced()

    def make(name: str, role: str = "", organ: str = "jn") -> Client:
        kind = "official" if role else "person"
        user, _ = User.objects.get_or_create(username=name, defaults={"kind": kind})
        if role:
            with writing("tests"):
                RoleGrant.objects.create(
                    user=user, role=role, department=Department.objects.get(code=organ), granted_at=clock.now(),
                    valid_from=clock.today(), reason="tests", granted_by="tests",
                )  # fmt: skip
        client = Client()
        client.force_login(user)
        return client

    return make


@pytest.fixture
def dataset(sign: Any) -> Dataset:
    row: Dataset = Dataset(
        name="311001-00001", entry_id="00000000-0000-0000-0000-000000000001",
        table_id="00000000-0000-0000-0000-000000000002", organ=Department.objects.get(code="jn-civil"),
        zh="社区服务站点", fields=["name"], state=State.PUBLISHED, proposed_at=clock.now(), copied_at=clock.now(),
    )  # fmt: skip
    with writing("tests"):
        row.save()
    return row


def test_a_word_of_each_is_changed_answered_and_masked(dataset: Dataset, sign: Any) -> None:
    call = Call.system("tests")
    first = social.write_feedback(call, dataset=dataset.pk, stars=5, said="好用", who="李静")
    again = social.write_feedback(call, dataset=dataset.pk, stars=2, said="少了两站", who="李静")
    assert first.pk == again.pk
    assert Feedback.objects.get().who == "李**"
    publisher = sign("publisher", "opening.publisher", "jn-civil")
    assert "少了两站" in publisher.get("/work/opening/public/").content.decode()
    here = f"/work/opening/public/feedback/{first.pk}/"
    assert publisher.post(here, {"answer": " "}).status_code == 422
    other = sign("elsewhere", "opening.publisher", "jn-market")
    assert "少了两站" not in other.get("/work/opening/public/").content.decode()
    assert other.post(here, {"answer": "不是我的"}).status_code == 422
    assert publisher.post(here, {"answer": "已补"}).status_code == 302
    assert Feedback.objects.get().answer == "已补"
    assert sign("citizen").get("/work/opening/public/").status_code == 403


def test_requests_are_supported_once_and_answered_in_working_days(sign: Any) -> None:
    citizen, other = sign("citizen"), sign("neighbour")
    wish = {"title": "充电桩空闲", "purpose": "下班前看看"}
    assert Client().post("/open/requests/", wish).status_code in (302, 401, 403)
    assert not Wish.objects.exists()
    kept = citizen.post("/open/requests/", wish | {"title": ""})
    assert kept.status_code == 422
    assert "下班前看看" in kept.content.decode()
    assert citizen.post("/open/requests/", wish).status_code == 302
    row = Wish.objects.get()
    assert row.due_on > clock.today()
    for client in (citizen, other, other):
        client.post(f"/open/requests/{row.pk}/vote/")
    row.refresh_from_db()
    assert row.votes == 2
    bureau = sign("bureau", "opening.approver")
    place = f"/work/opening/public/wish/{row.pk}/"
    assert citizen.post(place, {"decision": "accept", "answer": "好"}).status_code == 403
    assert bureau.post(place, {"decision": "accept", "answer": "列入计划"}).status_code == 302
    assert bureau.post(place, {"decision": "decline", "answer": "又不了"}).status_code == 422
    page = Client().get("/open/requests/?state=accepted").content.decode()
    assert "列入计划" in page
    assert "充电桩" not in Client().get("/open/requests/?q=学校").content.decode()


def test_examples_are_seen_when_somebody_looked_at_them(dataset: Dataset, sign: Any) -> None:
    citizen, moderator = sign("citizen"), sign("moderator", "opening.moderator")
    show = {"title": "找驿站", "link": "https://example.org/", "about": "地图", "datasets": [dataset.name]}
    for wrong in (
        {"link": "http://example.org/"},
        {"link": "javascript:alert(1)"},
        {"datasets": []},
        {"title": ""},
    ):
        assert citizen.post("/open/showcase/", show | wrong).status_code == 422, wrong
    assert citizen.post("/open/showcase/", show).status_code == 302
    row = Show.objects.get()
    assert "找驿站" not in Client().get("/open/showcase/").content.decode()
    assert "找驿站" in citizen.get("/open/showcase/").content.decode(), "the own one, waiting"
    place = f"/work/opening/public/show/{row.pk}/"
    assert moderator.post(place, {"decision": "decline", "reason": ""}).status_code == 422
    assert moderator.post(place, {"decision": "accept", "reason": ""}).status_code == 302
    assert "找驿站" in Client().get("/open/showcase/").content.decode()


def test_uses_are_counted_in_memory_and_added_up(dataset: Dataset) -> None:
    counting._counts.clear()
    counting.flush()
    for kind in ("view", "view", "api"):
        counting.note(dataset.pk, kind)
    counting.note(-1, "view")
    assert not Usage.objects.exists()
    counting.flush()
    counting.note(dataset.pk, "api")
    counting.flush()
    assert {row.kind: row.count for row in Usage.objects.all()} == {"view": 2, "api": 2}
    dataset.refresh_from_db()
    assert dataset.used == 4
    assert {one["kind"]: one["n"] for one in social.used_lately(dataset)} == {"view": 2, "api": 2}
    assert queries.dataset_pk(str(dataset.table_id)) == dataset.pk
    assert queries.dataset_pk("nonsense") is None


def test_the_demo_has_something_of_each(dataset: Dataset, sign: Any) -> None:
    import numpy as np

    simulate._social(np.random.default_rng(1))
    assert Feedback.objects.filter(simulated=True).count() == 1, "one dataset, one word"
    assert {one.state for one in Wish.objects.all()} == {"asked", "accepted", "declined"}
    assert Show.objects.filter(state="waiting").count() == 1
