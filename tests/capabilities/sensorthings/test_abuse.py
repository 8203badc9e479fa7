"""What must not work: injection, bombs, races, and two processes that disagree."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from quancheng.capabilities.sensorthings import observing, recording
from quancheng.capabilities.sensorthings.models import FeatureOfInterest, Stream, StreamFeature
from quancheng.capabilities.sensorthings.reader import Reader
from quancheng.core.sensorthings.times import micros
from quancheng.kernel import clock
from quancheng.kernel.actions import Call

from .conftest import Sta, place, stream, thing

INJECTIONS = [
    "result eq '''; DROP TABLE observations; --'",
    "result eq 'a' or 1 eq 1 --",
    "parameters/x'] eq 1",
    "parameters/a/$ eq 1",
    "result/number eq 1 union select 1",
    "startswith(result, '%') or contains(result, '_')",
    "result eq '$p0'",
    "Datastream/name eq ''') or true --'",
    "Datastream/properties/a'/b eq 1",
    "Datastream/properties/exact eq 1",
    "Datastream/properties/name__isnull eq 1",
    "Datastream/properties/__class__ eq 1",
    "Datastream/thing_id eq 1",
    "password eq 1",
]


@pytest.mark.parametrize("filter", INJECTIONS)
def test_nothing_a_client_writes_becomes_sql(sta: Sta, world: dict[str, int], filter: str) -> None:
    from urllib.parse import quote

    answer = sta.client.get(f"/sta/v1.1/Observations?$filter={quote(filter)}")
    assert answer.status_code == 400 or answer.json()["value"] == []
    for set_ in ("Things", "Locations"):
        assert sta.client.get(f"/sta/v1.1/{set_}?$filter={quote(filter)}").status_code in (200, 400)
    assert len(sta.ids("Observations")) == 4 and Stream.objects.count() == 1


@pytest.mark.parametrize(
    "path",
    ["Observations?$top=999999999999999", "Observations?$skip=999999999999999", "Things?$top=99999999999999999999",
     "Observations?$filter=result gt 1e308 and id lt 99999999999999999999999", "Things?$filter=id eq 99999999999999999999",
     "Observations?$filter=phenomenonTime gt 9999-12-31T23:59:59Z add duration'P9999Y'",
     "Things?$expand=" + "Datastreams($expand=Thing($expand=" * 9 + "Locations" + "))" * 9,
     "Observations?$filter=" + "(" * 300, "Things?$filter=%00 eq 1", "Observations?$filter=result eq '%00'"],
)  # fmt: skip
def test_too_much_is_refused_or_cut(sta: Sta, world: dict[str, int], path: str) -> None:
    assert sta.client.get(f"/sta/v1.1/{path}").status_code in (200, 400, 422)


def test_bodies_that_are_bombs(sta: Sta, settings: Any) -> None:
    sta.send("POST", "Things", b"[" * 100_000, 400)
    nested: Any = thing()
    for _ in range(20):
        nested = thing(Locations=[place() | {"Things": [nested]}])
    assert "Nested deeper" in sta.post("Things", nested, 400)["message"]
    sta.send("POST", "Things", b"x" * (17 << 20), 413)
    for body in (None, 5, "x", [], [[]]):
        sta.post("Things", body, 400)
        sta.post("Observations", body, 400)


def test_a_filter_is_judged_alike_by_the_store_and_by_python(sta: Sta, world: dict[str, int]) -> None:
    """The compiled SQL against the slow evaluator, over results of every kind."""
    from quancheng.capabilities.observations.values import result_of
    from quancheng.core.sensorthings.evaluation import matches
    from quancheng.core.sensorthings.filters import parse_filter
    from quancheng.core.sensorthings.times import Interval

    results = [0, -1.5, True, False, "a", "2026-07-18T00:00:00Z", [1, "b"], {"k": 2}, None]
    for hour, one in enumerate(results):
        time = f"2026-07-20T{hour:02d}:00:00Z"
        sta.post(
            f"Datastreams({world['stream']})/Observations",
            {
                "phenomenonTime": time if hour % 2 else f"{time}/PT1H",
                "result": one,
                "parameters": {"n": hour, "t": "x"},
            },
        )
    reader = Reader(Call.system("tests").actor)
    rows = observing.find(reader, observing.scope(reader), limit=100).rows
    values = [result_of(float("nan") if row.number is None else row.number, row.text) for row in rows]

    def lookup(place: int, steps: tuple[Any, ...]) -> Any:
        import json

        from quancheng.capabilities.sensorthings.ordering import dig

        row = rows[place]
        match steps:
            case ("result", *inside):
                return dig(values[place], inside)
            case ("phenomenonTime",):
                return Interval(row.time, row.time if row.time_end is None else row.time_end)
            case ("parameters", *inside):
                return dig(json.loads(row.extra or "{}").get("parameters"), inside)
            case ("id",):
                return row.id
        return None

    terms = [
        "result",
        "result/k",
        "result[0]",
        "parameters/n",
        "parameters/t",
        "0",
        "'a'",
        "true",
        "null",
        "2",
        "id",
    ]
    filters = [
        f"{one} {op} {two}"
        for one in terms[:5]
        for two in terms
        for op in ("eq", "ne", "lt", "ge")
        if one != two
    ]
    filters += [f"not ({one})" for one in filters[::7]]
    filters += [f"phenomenonTime {op} 2026-07-20T03:00:00Z" for op in ("eq", "ne", "lt", "le", "gt", "ge")]
    filters += [
        f"phenomenonTime {op} 2026-07-20T02:00:00Z/PT1H" for op in ("eq", "ne", "lt", "le", "gt", "ge")
    ]
    filters += ["result add 1 gt 0", "round(result) eq -2", "length(result) gt 0", "contains(result, '07')"]
    for source in filters:
        tree = parse_filter(source)
        wanted = [
            row.id for place, row in enumerate(rows)
            if matches(tree, lambda steps, place=place: lookup(place, steps), now=reader.now)
        ]  # fmt: skip
        found = [
            row.id for row in observing.find(reader, observing.scope(reader), filter=tree, limit=100).rows
        ]
        assert found == wanted, source


@pytest.mark.django_db(transaction=True)
def test_two_writers_make_one_feature(client: Client) -> None:
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.skip(
            "threads share one connection's memory: needs a file (QUANCHENG_TEST_SQLITE) or PostgreSQL"
        )
    sta = Sta(client)
    pk = sta.make("Things", thing(Locations=[place()], Datastreams=[stream()]))
    ds = sta.ids(f"Things({pk})/Datastreams")[0]
    call, made, failed = Call.system("tests"), [], []
    gate = threading.Barrier(4)

    def write(number: int) -> None:
        try:
            gate.wait()
            made.append(recording.record(call, {"result": number, "Datastream": {"@iot.id": ds}}))
        except Exception as error:  # the thread's end is asserted below
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not failed and len(set(made)) == 4
    assert FeatureOfInterest.objects.count() == StreamFeature.objects.count() == 1


def test_a_time_not_given_is_now(sta: Sta, world: dict[str, int]) -> None:
    before = micros(clock.now())
    pk = sta.make(f"Datastreams({world['stream']})/Observations", {"result": 1})
    reader = Reader(Call.system("tests").actor)
    (row,) = observing.find(reader, observing.scope(reader, None, [pk])).rows
    assert before <= row.time <= micros(clock.now())
