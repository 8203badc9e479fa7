"""Time travel: entities as they were (an extension)."""

from __future__ import annotations

from datetime import UTC, datetime

from quancheng.capabilities.sensorthings.models import Version
from quancheng.kernel import clock

from .conftest import Sta, place, stream, thing


def test_as_of(sta: Sta) -> None:
    with clock.at(datetime(2026, 1, 1, tzinfo=UTC)):
        pk = sta.make("Things", thing("一", Locations=[place("旧址")], Datastreams=[stream()]))
        gone = sta.make("Things", thing("短命"))
    with clock.at(datetime(2026, 2, 1, tzinfo=UTC)):
        sta.patch(
            f"Things({pk})", {"name": "二", "Locations": [{"@iot.id": sta.make("Locations", place("新址"))}]}
        )
        sta.delete(f"Things({gone})")
    january = "$asOf=2026-01-15T00:00:00Z"
    assert sta.names(f"Things?{january}") == ["一", "短命"] and sta.names("Things") == ["二"]
    assert sta.get("Things?$asOf=2025-01-01T00:00:00Z") == {"value": []}
    shown = sta.get(f"Things({pk})?{january}&$expand=Locations,Datastreams($expand=Sensor)")
    assert (shown["name"], shown["Locations"][0]["name"]) == ("一", "旧址")
    assert shown["Datastreams"][0]["Sensor"]["name"] == "翻斗"
    assert sta.names(f"Things({pk})/Locations?{january}") == ["旧址"]
    assert sta.names(f"Things?{january}&$filter=Locations/name eq '旧址'&$orderby=name desc") == ["一"]
    assert sta.get(f"Things({pk})?$asOf=2025-01-01T00:00:00Z", 404)
    sta.get(f"Things({gone})", 404)


def test_all_versions_of_a_period(sta: Sta) -> None:
    with clock.at(datetime(2026, 1, 1, tzinfo=UTC)):
        pk = sta.make("Things", thing("一"))
    for day, name in ((2, "二"), (3, "三")):
        with clock.at(datetime(2026, 1, day, tzinfo=UTC)):
            sta.patch(f"Things({pk})", {"name": name})
    assert sta.names("Things?$fromTo=2026-01-01T12:00:00Z/2026-01-02T12:00:00Z") == ["一", "二"]
    assert sta.names("Things?$fromTo=2026-01-01T00:00:00Z/2027-01-01T00:00:00Z") == ["一", "二", "三"]
    sta.get("Things?$fromTo=2026-01-02T00:00:00Z/2026-01-01T00:00:00Z", 400)
    deeds = list(Version.objects.filter(kind="Thing").order_by("id").values_list("deed", "who"))
    assert deeds == [("create", "demo"), ("update", "demo"), ("update", "demo")]
