"""Query options and resource paths as values."""

from __future__ import annotations

import pytest

from quancheng.core.sensorthings.expressions import Path, text
from quancheng.core.sensorthings.faults import BadQuery, NoSuchAddress
from quancheng.core.sensorthings.model import BY_NAME, TYPES
from quancheng.core.sensorthings.options import Aggregate, parse_options
from quancheng.core.sensorthings.resources import Form, parse_resource

THING = BY_NAME["Thing"]


def test_the_model_is_closed() -> None:
    """Every relation leads to a type, and back again (OGC 18-088 figure 2)."""
    for one in TYPES:
        for link in one.navigations:
            assert any(back.target == one.name for back in BY_NAME[link.target].navigations), (
                one.name,
                link.name,
            )


def test_expand_inside_expand() -> None:
    inner = "Observations($filter=result eq ';)(' or result gt 1;$top=1;$orderby=phenomenonTime desc),Sensor"
    query = parse_options([("$expand", f"Datastreams($expand={inner};$count=true),Locations/Things")], THING)
    streams, locations = query.expand
    assert streams.query.count and [one.navigation for one in streams.query.expand] == [
        "Observations",
        "Sensor",
    ]
    observations = streams.query.expand[0].query
    assert observations.top == 1 and observations.order[0].by == Path(("phenomenonTime",))
    assert (
        observations.filter is not None
        and text(observations.filter) == "((result eq ';)(') or (result gt 1))"
    )
    assert locations.query.expand[0].navigation == "Things"


def test_the_same_relation_twice_is_once() -> None:
    query = parse_options(
        [("$expand", "Datastreams/Sensor,Datastreams/ObservedProperty,Datastreams($top=2)")], THING
    )
    (only,) = query.expand
    assert only.query.top == 2 and {one.navigation for one in only.query.expand} == {
        "Sensor",
        "ObservedProperty",
    }


def test_bombs_of_expansion() -> None:
    deep = "Datastreams" + "/Thing/Datastreams" * 10
    wide = ",".join(["Locations/Things"] * 100)
    for value in (deep, wide, "Locations(", "Locations)", "Locations($top=1", "Locations($top)"):
        with pytest.raises(BadQuery):
            parse_options([("$expand", value)], THING)


def test_aggregation_and_travel() -> None:
    pairs = [("$functions", "mean,max,mean"), ("$aggregate", "PT15M"), ("$asOf", "2026-01-01T00:00:00Z")]
    query = parse_options(pairs, BY_NAME["Observation"])
    assert query.aggregate == Aggregate(900_000_000, ("mean", "max")) and query.as_of == 1_767_225_600_000_000
    with pytest.raises(BadQuery):
        parse_options([("$expand", "Datastreams($asOf=2026-01-01T00:00:00Z)")], THING)


def test_paths() -> None:
    found = parse_resource("/Things(1)/Datastreams(2)/Observations/$ref")
    assert [(one.name, one.id) for one in found.steps] == [
        ("Things", 1),
        ("Datastreams", 2),
        ("Observations", None),
    ]
    assert found.form is Form.REF and found.is_set
    assert parse_resource("Things(1)/properties/a/$value").inside == ("properties", "a")
    assert parse_resource("Datastreams(3)/Thing").form is Form.ENTITY
    wrong = ("", "/", "things", "Things(1", "Things(1.5)", "Things()", "Things/1", "Things/Datastreams",
             "Things(1)/Thing", "Datastreams(1)/Thing(2)", "Things(1)/nothing", "Things(9007199254740993)",
             "Things(1)/" + "Locations(1)/Things(1)/" * 30, "Things(１)")  # fmt: skip
    for path in wrong:
        with pytest.raises(NoSuchAddress):
            parse_resource(path)
