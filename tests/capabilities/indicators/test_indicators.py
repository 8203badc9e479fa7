"""Indicators: what functions may answer, daily values, pages and rights."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from quancheng.capabilities.indicators import catalogue, computing, queries
from quancheng.capabilities.indicators.models import Snapshot
from quancheng.capabilities.indicators.pages import spark
from quancheng.capabilities.indicators.values import BadIndicator, Value, value_of
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.kernel.errors import Forbidden, NotFound, NotSignedIn

SYSTEM = Call.system("indicators")
VIEWER = Actor(ActorKind.OFFICIAL, "viewer", user_id=5, grants=(RoleGrant("indicators.viewer"),))


def test_a_number_none_or_parts() -> None:
    assert value_of(3).value == 3.0
    assert value_of(None).value is None
    share = value_of({"numerator": 3, "denominator": 4, "evidence": "/x/"}, "%")
    assert (share.value, share.numerator, share.evidence) == (75.0, 3.0, "/x/")
    assert value_of({"numerator": 3, "denominator": 4}).value == 0.75
    assert value_of({"numerator": 0, "denominator": 0}, "%").value is None
    made = Value(1.0)
    assert value_of(made) is made


@pytest.mark.parametrize(
    "answer", [True, "3", float("nan"), float("inf"), {}, {"wert": 3}, {"numerator": 3}, {"value": "3"}, [1]]
)
def test_anything_else_is_refused(answer: object) -> None:
    with pytest.raises(BadIndicator):
        value_of(answer)


@given(st.lists(st.none() | st.floats(-1e9, 1e9), max_size=40))
def test_sparklines_stay_inside_their_box(values: list[float | None]) -> None:
    points = spark(values)
    known = [value for value in values if value is not None]
    assert bool(points) == (len(known) > 1)
    for pair in points.split():
        x, y = map(float, pair.split(","))
        assert -0.1 <= x <= 120.1
        assert -0.1 <= y <= 32.1


@pytest.mark.django_db
def test_every_defined_indicator_can_be_computed() -> None:
    done = computing.compute(SYSTEM)
    assert done["computed"] == len(catalogue.definitions())
    assert done["failed"] == []
    assert computing.compute(SYSTEM, only="things.open_alarms")["computed"] == 1
    assert Snapshot.objects.get(indicator="things.open_alarms").value == 0


@pytest.mark.django_db
def test_a_failing_indicator_says_why_and_stops_nobody(monkeypatch) -> None:
    def broken(self: catalogue.Definition) -> Value:
        if self.id == "things.online_rate":
            raise ZeroDivisionError("nothing")
        return Value(1.0)

    monkeypatch.setattr(catalogue.Definition, "compute", broken)
    assert computing.compute(SYSTEM)["failed"] == ["things.online_rate"]
    found = queries.card(VIEWER, "things.online_rate")
    assert found.latest is not None
    assert "nothing" in found.latest.error
    assert queries.card(VIEWER, "things.rejection_rate").latest.value == 1.0


@pytest.mark.django_db
def test_one_value_a_day_and_its_history(monkeypatch, fixed_time) -> None:
    monkeypatch.setattr(catalogue.Definition, "compute", lambda self: Value(1.0))
    computing.compute(SYSTEM)
    monkeypatch.setattr(catalogue.Definition, "compute", lambda self: Value(2.0))
    computing.compute(SYSTEM)
    with clock.at(fixed_time + timedelta(days=1)):
        monkeypatch.setattr(catalogue.Definition, "compute", lambda self: Value(5.0))
        computing.compute(SYSTEM)
        found = queries.card(VIEWER, "things.online_rate")
    assert [one.value for one in found.history] == [2.0, 5.0]
    assert found.change == 3.0


@pytest.mark.django_db
def test_rights_and_unknown_indicators() -> None:
    with pytest.raises(NotSignedIn):
        queries.cards(Actor.anonymous())
    with pytest.raises(Forbidden):
        computing.compute(Call(VIEWER))
    with pytest.raises(NotFound):
        queries.card(VIEWER, "no.such")


@pytest.mark.django_db
def test_the_list_is_one_query_however_many_indicators() -> None:
    from django.db import connection

    computing.compute(SYSTEM)
    with CaptureQueriesContext(connection) as caught:
        queries.cards(VIEWER)
    assert len([one for one in caught if "indicators_snapshot" in one["sql"]]) == 1


@pytest.mark.parametrize(
    ("target", "direction", "value", "expected"),
    [
        (90, "up", 95, True),
        (90, "up", 85, False),
        (5, "down", 4, True),
        (5, "none", 4, None),
        (None, "up", 4, None),
    ],
)
def test_targets(target, direction, value, expected) -> None:
    from quancheng.core.text import Text

    text = Text("x", "x")
    one = catalogue.Definition("a.b", text, "%", "a:b", "a", text, target, direction, "")
    assert one.reached(value) is expected


def test_every_unit_has_an_english_word_or_none() -> None:
    spoken = {one.id: one.unit_text.en for one in catalogue.definitions()}
    assert spoken
    assert not {name: unit for name, unit in spoken.items() if re.search("[一-鿿]", unit)}
