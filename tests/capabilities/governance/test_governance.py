"""Rates by organ, frozen months in a chain, who sees what, pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.test import Client
from tests.capabilities.governance.conftest import JULY
from tests.capabilities.quality.conftest import World

from quancheng.capabilities.governance import actions, queries, simulate, tasks
from quancheng.capabilities.governance.models import FrozenRate, Month
from quancheng.core.catalogue import RateName
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound
from quancheng.kernel.models import writing


def officer(world: World) -> Actor:
    return world.official("gov-civil", "governance.officer", world.civil)


def bureau(world: World, region: str = "3701") -> Actor:
    return world.official(f"gov-{region}", "governance.bureau", region=region)


def test_rates_are_of_organs_by_themselves_and_sum_by_ids(ordered: World) -> None:
    boss = bureau(ordered)
    found = [one for one in queries.rates(boss) if one.name is RateName.REPAIR]
    assert [(one.organ, len(one.due)) for one in sorted(found, key=lambda one: one.organ)] == [
        ("jn-civil", 1),
        ("jn-lixia-civil", 1),
    ]
    assert len(queries.organ_rate(boss, "repair", "jn").due) == 2
    assert queries.target(RateName.REPAIR) * 100 == 80 and queries.target(RateName.DEMAND) is None
    assert "济政办字" in queries.citation(RateName.SHARING)
    with pytest.raises(NotFound):
        queries.organ_rate(boss, "nonsense", "jn")


def test_each_sees_their_own_live_and_frozen(ordered: World) -> None:
    boss, civil, district = bureau(ordered), officer(ordered), bureau(ordered, "370102")
    with clock.at(JULY):
        actions.freeze_month(Call.system("governance"), month="2026-06")
        for month in ("", "2026-06"):
            seen = [{one.organ for one in queries.rates(who, month)} for who in (boss, civil, district)]
            assert seen == [{"jn-civil", "jn-lixia-civil"}, {"jn-civil"}, {"jn-lixia-civil"}]
        with pytest.raises(NotFound):
            queries.organ_rate(civil, "repair", "jn-lixia-civil")
        with pytest.raises(Forbidden):
            actions.freeze_month(Call(civil), month="2026-06")


def test_a_month_is_frozen_once_in_a_chain_that_shows_any_change(ordered: World) -> None:
    boss = Call(bureau(ordered))
    for month in ("2026-07", "2026-13", "six"):
        with pytest.raises(InvalidInput):
            actions.freeze_month(boss, month=month)
    with clock.at(JULY):
        assert tasks.freeze()["month"] == "2026-06"
        assert tasks.freeze()["said"] == "frozen already"
        with pytest.raises(Conflict):
            actions.freeze_month(boss, month="2026-06")
    with clock.at(datetime(2026, 8, 1, 1, 0, tzinfo=UTC)):
        second = actions.freeze_month(boss, month="2026-07")
    first = Month.objects.get(month="2026-06")
    assert second.previous == first.digest and queries.broken() == "" and len(first.tables) == 2
    row = FrozenRate.objects.get(month=first, code="jn-civil", name="repair")
    with writing("tests"):
        row.done = row.due
        row.save()
    assert queries.broken() == "2026-06"


def test_what_moved_since_the_month_was_frozen(ordered: World) -> None:
    with clock.at(JULY):
        actions.freeze_month(Call.system("governance"), month="2026-06")
        row = FrozenRate.objects.get(code="jn-civil", name="repair")
        with writing("tests"):
            row.due = []
            row.save()
        moved = queries.moved(bureau(ordered), "repair", "jn-civil", "2026-06")
        assert len(moved["newly_due"]) == 1 and not moved["gained"]


def test_pages_for_those_of_the_desk_only(ordered: World, signed_in: Callable[..., Client]) -> None:
    paths = ("", "board.csv", "desk/", "rates/repair/jn-civil/", "rates/repair/all/")
    boss = bureau(ordered)
    with clock.at(JULY):
        actions.freeze_month(Call.system("governance"), month="2026-06")
        client = signed_in(boss)
        for path in paths:
            assert client.get(f"/work/governance/{path}").status_code == 200, path
        board = client.get("/work/governance/?month=2026-06").content.decode()
        assert "市民政局" in board and "历下区民政局" in board and "0.0%" in board
        assert client.get("/work/governance/?month=2020-01").status_code == 404
        assert client.get("/work/governance/?month=x").status_code in (400, 422)
        client = signed_in(officer(ordered))
        board = client.get("/work/governance/").content.decode()
        assert "市民政局" in board and "历下区民政局" not in board
        assert client.get("/work/governance/rates/repair/jn-lixia-civil/").status_code == 404
        client = signed_in(ordered.stranger)
        assert {client.get(f"/work/governance/{path}").status_code for path in paths} == {403}


def test_the_desk_shows_the_orders_of_the_organ(ordered: World, signed_in: Callable[..., Client]) -> None:
    both = Actor(
        ordered.officer.kind,
        "both",
        user_id=ordered.officer.user_id,
        grants=(*ordered.officer.grants, *officer(ordered).grants),
    )
    page = signed_in(both).get("/work/governance/desk/").content.decode()
    assert "高龄补贴city" in page and "高龄补贴lixia" not in page
    assert "没有待办" in signed_in(bureau(ordered)).get("/work/governance/desk/").content.decode()


def test_the_interface_gives_what_the_pages_give(ordered: World, signed_in: Callable[..., Client]) -> None:
    assert simulate.seed(None, None) == "3 个冻结月份 frozen months" and simulate.seed(None, None) is None
    assert [one.month for one in queries.months(bureau(ordered))] == ["2026-06", "2026-05", "2026-04"]
    assert queries.broken() == ""
    base = "/api/v1/governance/"
    with clock.at(JULY):
        client = signed_in(officer(ordered))
        found = client.get(f"{base}rates").json()
        assert {one["organ"] for one in found["items"]} == {"jn-civil"}
        assert {one["name"]: one["value"] for one in found["sums"]}["repair"] == 0
        frozen = client.get(f"{base}rates/repair/jn-civil?month=2026-06").json()
        assert len(frozen["due_ids"]) == frozen["due"] == 1 and not frozen["met"]
        assert client.get(f"{base}rates/repair/jn-lixia-civil").status_code == 404
        assert len(client.get(f"{base}months").json()["items"]) == 3
        assert client.get(f"{base}waiting").json() == {"items": []}
        assert "无到期" in client.get("/work/governance/rates/sharing/jn-civil/").content.decode()
        client = signed_in(ordered.stranger)
        assert {client.get(base + path).status_code for path in ("rates", "months", "waiting")} == {403}
        assert Client().get(f"{base}rates").status_code == 401
