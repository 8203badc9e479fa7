"""The demonstration: the mother finds an open request, grants and receipts that hold."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from tests.capabilities.services.conftest import signed_in, town, user

from quancheng.capabilities.people.queries import user_actor
from quancheng.capabilities.vault import queries, simulate, tasks
from quancheng.capabilities.vault.models import DataRequest, Objection, Recipient, Use
from quancheng.kernel import events

__all__ = ["signed_in", "town", "user"]
CITY = SimpleNamespace(persons=600, firms=40, seed=7)


@pytest.fixture
def seeded(town: None, settings: Any, tmp_path: Any) -> None:
    settings.HOME = tmp_path / "home"
    assert simulate.seed(CITY, None) is not None


def test_the_mother_has_something_to_answer_and_something_to_read(seeded: None, user: Any) -> None:
    mother = user_actor(user("citizen-young"))
    states = sorted(one.state.value for one in queries.my_requests(mother, {}).items)
    assert states == ["asked", "live", "used_up", "withdrawn"]
    used = queries.my_uses(mother, {}).items
    assert len(used) == 3
    for one in used:
        found = queries.verify(queries.receipt_file(one))
        assert found.countersigned
    assert queries.waiting(user_actor(user("citizen-elder"))) == 1
    assert Objection.objects.filter(person_id=mother.person_id).count() <= 1
    assert all(one.simulated for model in (DataRequest, Use, Recipient) for one in model.objects.all())
    assert tasks.audit()["checked"] == DataRequest.objects.count()
    events.drain(strict=True)


def test_twice_is_once(seeded: None) -> None:
    before = (DataRequest.objects.count(), Use.objects.count())
    assert simulate.seed(CITY, None) is None
    assert (DataRequest.objects.count(), Use.objects.count()) == before


def test_demo_identities_reach_their_pages(seeded: None, signed_in: Any) -> None:
    mother = signed_in("citizen-young")
    for path in (
        "/me/vault/",
        "/me/vault/?reveal=1",
        "/me/vault/requests/",
        "/me/vault/uses/",
        "/me/vault/objections/",
    ):
        answer = mother.get(path)
        assert answer.status_code == 200, path
    assert "（模拟）" in mother.get("/me/vault/requests/").content.decode()
    officer = signed_in("data-officer")
    for path in (
        "/work/vault/",
        "/work/vault/requests/",
        "/work/vault/recipients/",
        "/work/vault/recipients/bank-sim/",
    ):
        assert officer.get(path).status_code == 200, path
    assert signed_in("officer-civil").get("/work/vault/").status_code == 200
    assert signed_in("guard-auditor").get("/work/vault/recipients/").status_code == 200
    assert signed_in("citizen-elder").get("/work/vault/").status_code == 403
