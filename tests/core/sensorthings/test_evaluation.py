"""What a filter means for one row: null, kinds that differ, times, places."""

from __future__ import annotations

from typing import Any

import pytest

from quancheng.core.sensorthings.evaluation import Moment, evaluate, matches
from quancheng.core.sensorthings.faults import BadQuery
from quancheng.core.sensorthings.filters import parse_filter
from quancheng.core.sensorthings.times import parse_instant, parse_interval

NOW = parse_instant("2026-07-18T12:00:00Z")
ROW: dict[tuple[Any, ...], Any] = {
    ("name",): "黄台桥",
    ("n",): 5,
    ("half",): 2.5,
    ("flag", "on"): True,
    ("time",): Moment(parse_instant("2026-07-18T10:30:15.250Z")),
    ("hours",): parse_interval("2026-07-18T10:00:00Z/2026-07-18T12:00:00Z"),
    ("text", "time"): "2026-07-18T10:00:00+08:00",
    ("point",): {"type": "Point", "coordinates": [117, 36]},
    ("broken",): {"type": "Point", "coordinates": "x"},
}


def holds(source: str) -> bool:
    return matches(parse_filter(source), ROW.get, now=NOW)


@pytest.mark.parametrize(
    "source",
    ["n eq 5", "n ne 6", "5 le n", "n in (4, 5)", "half mul 2 eq n", "n mod 3 eq 2", "-n eq -5", "n div 2 eq half",
     "flag/on eq true", "flag/on", "nothing eq null", "null eq null", "name ne null", "not (nothing/x ne null)",
     "name ne 5", "round(half) eq 3", "round(-2.5) eq -3", "floor(half) eq 2", "ceiling(half) eq 3",
     "indexof(name, '台') eq 1", "substring(name, 1, 1) eq '台'", "length(name) eq 3", "trim(' a ') eq 'a'",
     "hour(time) eq 10 and minute(time) eq 30 and second(time) eq 15 and fractionalseconds(time) eq 0.25",
     "hour(2026-07-18T10:00:00+08:00) eq 10", "date(time) eq 2026-07-18", "time(time) lt 11:00:00",
     "time lt now()", "now() sub time gt duration'PT1H'", "time add duration'PT2H' gt now()",
     "hours gt 2026-07-18T09:00:00Z", "hours lt 2026-07-18T12:00:00Z", "hours during 2026-07-18T00:00:00Z/P1D",
     "before(time, now())", "meets(hours, 2026-07-18T12:00:00Z/PT1H)", "overlaps(hours, 2026-07-18T11:00:00Z/PT5H)",
     "starts(hours, 2026-07-18T10:00:00Z/PT5H)", "finishes(hours, 2026-07-18T11:00:00Z/2026-07-18T12:00:00Z)",
     "text/time eq 2026-07-18T02:00:00Z", "totaloffsetminutes(text/time) eq 480",
     "st_within(point, geography'POLYGON((116 35,118 35,118 37,116 37,116 35))')",
     "geo.distance(point, geography'POINT(117 37)') eq 1", "st_relate(point, geography'POINT(117 36)', '0********')",
     "mindatetime() lt maxdatetime()", "nothing eq 1 or n eq 5"],
)  # fmt: skip
def test_holds(source: str) -> None:
    assert holds(source)


@pytest.mark.parametrize(
    "source",
    ["nothing eq 1", "not (nothing eq 1)", "nothing ne 1", "nothing gt 0 and n eq 5", "name eq 5", "name gt 5",
     "n div 0 eq 1", "n mod 0 eq 1", "flag/on eq 1", "geo.distance(broken, geography'POINT(0 0)') ge 0",
     "substring(name, -1) eq 'x'", "tolower(n) eq '5'", "year(name) gt 0", "hours lt 2026-07-18T11:00:00Z",
     "time lt 2026-07-18T10:30:15.250Z"],
)  # fmt: skip
def test_does_not_hold(source: str) -> None:
    assert not holds(source)


@pytest.mark.parametrize(
    "source",
    ["before(name, n)", "st_within(name, geography'POINT(0 0)')", "n eq 1 or n/x", "cast(n, 'x') eq 1",
     "st_relate(point, geography'POINT(0 0)', 'bad')", "point gt geography'POINT(0 0)'", "not n/x or flag"],
)  # fmt: skip
def test_senseless_is_refused(source: str) -> None:
    with pytest.raises(BadQuery):
        evaluate(parse_filter(source), lambda steps: ROW.get(steps, 7), now=NOW)


def test_unknown_stays_unknown() -> None:
    assert evaluate(parse_filter("not (nothing eq 1)"), ROW.get, now=NOW) is None
