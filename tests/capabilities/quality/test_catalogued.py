"""What the catalogue says of a table: proposals from its items, the panel on its entry, the watch by itself."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from tests.capabilities.quality.conftest import ELDERS, MORNING, World, elder

from quancheng.capabilities.catalogue import queries as catalogue
from quancheng.capabilities.quality import deadlines, entry_panel, rows, tasks
from quancheng.capabilities.quality.models import Sheet
from quancheng.capabilities.quality.proposals import propose
from quancheng.capabilities.tables.values import ColumnSpec
from quancheng.core.catalogue import DataType, Item, UpdateCycle
from quancheng.core.quality import parse_rule
from quancheng.core.tabular import Kind
from quancheng.core.text import Text
from quancheng.kernel import events
from quancheng.kernel.actor import Actor

ITEM = Item("district", Text("区县", "District"), DataType.TEXT, length=6)
RESOURCE: Any = SimpleNamespace(
    item=lambda name: ITEM if name == "district" else None, cycle=UpdateCycle.MONTHLY
)


def test_items_and_the_update_cycle_become_proposals() -> None:
    found = {str(one.document["id"]): one for one in propose(ELDERS, None, RESOURCE)}
    assert found["range-district-length"].document["most"] == 6
    period = UpdateCycle.MONTHLY.period
    assert found["updated-cycle"].document["days"] == period and found["updated-cycle"].source == "catalogue"
    for one in found.values():
        assert parse_rule(one.document).id == one.document["id"]
    assert "updated-cycle" not in {str(one.document["id"]) for one in propose(ELDERS, None)}


def test_a_catalogued_table_comes_under_watch_when_it_changes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = world.table([elder(1)])
    events.drain(strict=True)
    assert not Sheet.objects.exists()
    monkeypatch.setattr(catalogue, "entry_of_table", lambda table_id: SimpleNamespace(resource=RESOURCE))
    other = world.table([elder(1)], name="second")
    events.drain(strict=True)
    sheet = Sheet.objects.get()
    assert str(sheet.table_id) == other != table and sheet.watched
    assert [pk for pk, _, _ in tasks.due(MORNING + timedelta(minutes=2))] == [sheet.pk]


def test_the_panel_shows_officials_the_score_and_links_to_those_who_may_see(world: World) -> None:
    sheet = world.sheet()
    world.rule(sheet, id="phone", kind="complete", column="phone")
    world.check(sheet)
    entry: Any = SimpleNamespace(tables={"d": str(sheet.table_id)})
    shown = {}
    for actor in (world.officer, world.stranger, Actor.anonymous()):
        found = entry_panel.context(SimpleNamespace(actor=actor), entry)  # type: ignore[arg-type]
        shown[actor.name] = found and [(line["score"], line["seen"], line["open"]) for line in found["lines"]]
    assert shown == {
        "officer-civil": [("86.7", True, 1)],
        "officer-market": [("86.7", False, None)],
        "": None,
    }


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (Kind.TEXT, "13912345678", "139****5678"),
        (Kind.PHONE, "0531-66601234", "05**********4"),
        (Kind.RESIDENT_ID, "37010219500101123X", "370102********123X"),
        (Kind.TEXT, "370102195001011234", "370102********1234"),
        (Kind.TEXT, "王小明", "王**"),
        (Kind.TEXT, None, ""),
    ],
)
def test_personal_values_are_masked_by_what_they_are(kind: Kind, value: Any, expected: str) -> None:
    assert rows.masked(value, ColumnSpec("x", kind, personal=True)) == expected


def test_months_have_local_bounds_and_days_that_no_notice_covers_are_guessed() -> None:
    begin, end = deadlines.bounds("2026-12")
    assert (begin.isoformat(), end.isoformat()) == ("2026-12-01T00:00:00+08:00", "2027-01-01T00:00:00+08:00")
    far = MORNING.replace(year=2040)
    assert deadlines.add_working_days(far.date(), 5, deadlines.working_calendar()) > far.date()
    for wrong in ("2026-13", "x", "2026-1-1"):
        with pytest.raises(ValueError):
            deadlines.bounds(wrong)
