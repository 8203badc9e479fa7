"""Pages: every row that was there when the walk began is met exactly once, whatever is written meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest

from quancheng.capabilities.sensorthings.models import Thing
from quancheng.kernel.models import writing

from .conftest import ROOT, Sta


def walk(sta: Sta, path: str, meanwhile: Callable[[int], None]) -> list[int]:
    """Ids in the order in which pages give them; something happens between pages."""
    seen: list[int] = []
    page = sta.get(path)
    while True:
        seen += [one["@iot.id"] for one in page["value"]]
        link = page.get("@iot.nextLink")
        if link is None:
            return seen
        assert "$top=" in link and f"$skip={len(seen)}" in link
        meanwhile(len(seen))
        page = sta.client.get(link).json()


def rows(stream: int, results: list[Any], day: int = 1) -> list[dict[str, Any]]:
    times = [
        f"2026-03-{day:02d}T{n // 3600 % 24:02d}:{n // 60 % 60:02d}:{n % 60:02d}Z"
        for n in range(len(results))
    ]
    array = [[time, one] for time, one in zip(times, results, strict=True)]
    return [
        {"Datastream": {"@iot.id": stream}, "components": ["phenomenonTime", "result"], "dataArray": array}
    ]


@pytest.mark.parametrize(
    "options",
    ["", "&$orderby=name desc", "&$orderby=description,name", "&$filter=length(name) gt 1",
     "&$orderby=name&$filter=length(name) gt 1 and startswith(name,'n')&$count=true", "&$select=id&$count=true"],
)  # fmt: skip
def test_ten_thousand_things(sta: Sta, options: str) -> None:
    rows = [
        Thing(name=f"n{n * 7919 % 10_000:04d}", description=f"d{n % 3}", public=True) for n in range(10_000)
    ]
    with writing("tests.things"):
        Thing.objects.bulk_create(rows, batch_size=1000)
    old = set(Thing.objects.values_list("pk", flat=True))

    def meanwhile(count: int) -> None:
        new = [Thing(name=f"n{count % 9999:04d}.5", description="d1"), Thing(name="aa"), Thing(name="zz")]
        with writing("tests.things"):
            Thing.objects.bulk_create(new)

    seen = walk(sta, f"Things?$top=2000{options}", meanwhile)
    assert len(seen) == len(set(seen)) and old <= set(seen)


@pytest.mark.parametrize(
    "options",
    ["", "&$orderby=phenomenonTime desc", "&$orderby=phenomenonTime", "&$orderby=result desc", "&$orderby=result",
     "&$orderby=resultTime,id desc", "&$filter=result ge 0 or result eq 'wort'&$orderby=result mul 2 desc",
     "&$orderby=phenomenonTime desc&$filter=phenomenonTime ge 2026-03-01T00:00:00Z&$count=true"],
)  # fmt: skip
def test_ten_thousand_observations(sta: Sta, world: dict[str, int], options: str) -> None:
    results: list[Any] = [n % 100 if n % 10 else ["wort", None, True][n % 3] for n in range(10_000)]
    sta.post("CreateObservations", rows(world["stream"], results))
    extra = "&$filter=phenomenonTime ge 2026-03-01T00:00:00Z" if "$filter" not in options else ""
    old = set(sta.ids(f"Observations?$top=10000{extra or options.replace('$count=true', '$count=false')}"))
    assert len(old) > 6_000

    def meanwhile(count: int) -> None:
        sta.post("CreateObservations", rows(world["stream"], [1, 50, "wort"], 2))

    seen = walk(sta, f"Observations?$top=3000{options}{extra}", meanwhile)
    assert len(seen) == len(set(seen)) and old <= set(seen)


def test_pages_follow_each_other_in_order(sta: Sta, world: dict[str, int]) -> None:
    whole = [3, 1, 2, 2, 2, "b", "a", None, True, 2.5, -1, {"x": 1}]
    sta.post("CreateObservations", rows(world["stream"], whole))
    for key in (
        "result",
        "result desc",
        "phenomenonTime desc",
        "result,phenomenonTime desc",
        "id desc",
        "resultTime",
    ):
        alone = sta.ids(f"Observations?$orderby={key}")
        assert walk(sta, f"Observations?$orderby={key}&$top=1", lambda _: None) == alone


def test_pages_inside_of_entities(sta: Sta, world: dict[str, int]) -> None:
    t = world["thing"]
    link = sta.get(f"Things({t})?$expand=Datastreams($expand=Observations($top=3;$count=true))")
    link = link["Datastreams"][0]["Observations@iot.nextLink"]
    assert "$skiptoken=" in link
    sta.post(
        f"Datastreams({world['stream']})/Observations",
        {"result": 1, "phenomenonTime": "2020-01-01T00:00:00Z"},
    )
    found = sta.client.get(link).json()
    assert [one["result"] for one in found["value"]] == ["坏", 1] and found["@iot.count"] == 5


def test_skip_is_still_taken(sta: Sta, world: dict[str, int]) -> None:
    ids = sta.ids("Observations")
    assert sta.ids("Observations?$skip=1&$top=2") == ids[1:3]
    link = sta.get("Observations?$top=2")["@iot.nextLink"]
    assert sta.ids(re.sub(r"&\$skiptoken=[^&]*", "", link).partition(ROOT + "/")[2]) == ids[2:]


def test_a_token_of_something_else_is_400(sta: Sta, world: dict[str, int]) -> None:
    link = sta.get("Observations?$top=2&$orderby=result")["@iot.nextLink"]
    token = unquote(link.partition("$skiptoken=")[2])
    for path in ("Observations", "Observations?$orderby=id", "Things", "Things?$orderby=name", "Observations?$orderby=Datastream/name"):  # fmt: skip
        sta.get(f"{path}{'&' if '?' in path else '?'}$skiptoken={token}", 400)
    from quancheng.core.sensorthings import cursors

    for order, keys in (("result", ("x", 1)), ("phenomenonTime", ("x", True)), ("name", (5,)), ("name", (None,)), ("id", (2.5,))):  # fmt: skip
        forged = cursors.write(cursors.Cursor(keys, 1), order)
        set_ = "Things" if order in ("name", "id") else "Observations"
        answer = sta.client.get(f"{ROOT}/{set_}?$orderby={order}&$skiptoken={forged}")
        assert answer.status_code in (200, 400), order
        assert set_ == "Observations" or answer.status_code == 400
