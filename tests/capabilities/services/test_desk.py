"""The desk: filters, paging, a fixed number of queries; the demo seed; figures."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from quancheng.capabilities.services import actions, indicators, queries, simulate
from quancheng.capabilities.services.models import AppendOnlyError, Case, CaseEvent
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Forbidden
from quancheng.kernel.models import writing


@pytest.fixture
def busy(town):
    simulate.seed(SimpleNamespace(), np.random.default_rng(7))


def test_seed_is_lively_and_once(busy):
    states = set(Case.objects.values_list("state", flat=True))
    assert Case.objects.count() > 30
    assert {"submitted", "accepted", "correction", "completed"} <= states
    assert Case.objects.values("region_code").distinct().count() > 5
    before = Case.objects.count()
    assert simulate.seed(SimpleNamespace(), np.random.default_rng(7)) == "-"
    assert Case.objects.count() == before
    assert 0 <= indicators.on_time_rate() <= 100
    assert indicators.online_share() > 50
    assert indicators.without_proof() > 40
    assert indicators.satisfaction() is None or indicators.satisfaction() >= 0


def test_inbox_costs_the_same_for_one_and_for_many(busy, signed_in):
    clerk = signed_in("clerk-manager")
    clerk.get("/work/cases/?size=1&state=all")
    costs = []
    for size in (1, 100):
        with CaptureQueriesContext(
            connection,
        ) as seen:
            page = clerk.get(f"/work/cases/?state=all&size={size}")
        assert page.status_code == 200
        costs.append(len(seen))
    assert costs[0] == costs[1], [row["sql"][:120] for row in seen]
    assert costs[1] <= 25


def test_filters_and_paging(busy, actor):
    manager = actor("clerk-manager")
    everything = queries.inbox(manager, {"state": "all", "size": "200"})
    assert len(everything) > 5
    seen, params = [], {"state": "all", "size": "3"}
    while True:
        page = queries.inbox(manager, params)
        seen += [one.pk for one in page.items]
        if page.next is None:
            break
        params["cursor"] = page.next
    assert sorted(seen) == sorted(one.pk for one in everything)
    one = everything.items[0]
    assert [row.pk for row in queries.inbox(manager, {"state": "all", "q": one.receipt})] == [one.pk]
    assert all(row.state == "completed" for row in queries.inbox(manager, {"state": "completed"}))
    assert all(row.matter.code == "senior-card" for row in queries.inbox(manager, {"matter": "senior-card"}))
    waiting = queries.counts(manager)
    assert waiting["waiting"] == len(queries.inbox(manager, {"size": "200"}))
    assert waiting["overdue"] == len(queries.inbox(manager, {"due": "overdue", "size": "200"}))
    assert len(queries.inbox(manager, {"region": "370102", "state": "all", "size": "200"})) == len(everything)
    assert len(queries.inbox(manager, {"region": "370124", "state": "all"})) == 0


def test_only_the_deciding_office_may_decide(busy, clerk_of):
    case = Case.objects.filter(state="submitted", department__code__startswith="jn-lixia").first()
    stranger = clerk_of("jn-pingyin-civil")
    for attempt in (actions.claim_case, actions.approve_case):
        with pytest.raises(Forbidden):
            attempt(Call(stranger), case=case, revision=case.revision)
    with pytest.raises(Forbidden):
        actions.refuse_case(Call(stranger), case=case, ground="age", reason="x")
    case.refresh_from_db()
    assert case.state == "submitted"


def test_history_only_grows(busy):
    event = CaseEvent.objects.first()
    with writing("test"), pytest.raises(AppendOnlyError):
        event.save()
    with writing("test"), pytest.raises(AppendOnlyError):
        event.delete()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_in_both_languages(busy, signed_in, language):
    citizen, clerk = signed_in("citizen-elder", language), signed_in("clerk-civil", language)
    pages = [
        "/matters/",
        "/matters/?q=老年证",
        "/matters/?q=zzzz",
        "/matters/zone/elder/",
        "/matters/zone/newborn/",
        "/cases/",
        "/wallet/",
        "/messages/",
        "/verify/",
        "/verify/?code=abc",
        "/",
    ]
    pages += [
        f"/matters/{code}/"
        for code in (
            "senior-card",
            "residence-permit",
            "birth-registration",
            "dog-registration",
            "disability-card",
            "food-business",
            "outdoor-advertising",
            "night-construction",
            "water-abstraction",
        )
    ]
    pages += [
        f"/matters/{code}/apply/"
        for code in ("senior-card", "residence-permit", "birth-registration", "dog-registration")
    ]
    for path in pages:
        assert citizen.get(path).status_code == 200, path
    for path in ("/work/", "/work/cases/", "/work/cases/?state=done", "/work/cases/?state=all&due=overdue"):
        assert clerk.get(path).status_code == 200, path
    for case in Case.objects.filter(department__code="jn-lixia-civil"):
        assert clerk.get(f"/work/cases/{case.receipt}/?reveal=1").status_code == 200
    assert citizen.get("/matters/zone/nothing/").status_code == 404
    assert citizen.get("/matters/food-business/apply/").status_code == 403
    assert citizen.get("/matters/water-abstraction/apply/").status_code == 302
