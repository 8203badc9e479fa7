"""A real client: frost_sta_client against a live server."""

from __future__ import annotations

from typing import Any

import frost_sta_client as fsc
import pytest
from geojson import Point

pytestmark = pytest.mark.django_db(transaction=True)
OM = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"


def test_frost_sta_client(live_server: Any) -> None:
    service = fsc.SensorThingsService(f"{live_server.url}/sta/v1.1/")
    place = fsc.Location(
        name="此处", description="d", location=Point((117, 36.7)), encoding_type="application/geo+json"
    )
    thing = fsc.Thing(name="一", description="d", properties={"a": 1})
    thing.locations = [place]
    service.create(thing)
    stream = fsc.Datastream(
        name="雨", description="d", observation_type=OM,
        unit_of_measurement=fsc.UnitOfMeasurement(name="mm", symbol="mm", definition="x"),
    )  # fmt: skip
    stream.thing = thing
    stream.sensor = fsc.Sensor(name="s", description="d", encoding_type="text/html", metadata="m")
    stream.observed_property = fsc.ObservedProperty(name="雨量", definition="http://x", description="d")
    service.create(stream)
    for hour in range(5):
        time = f"2026-01-01T0{hour}:00:00Z"
        last = fsc.Observation(result=hour, phenomenon_time=time, datastream=stream)
        service.create(last)
    found = stream.get_observations().query().filter("result gt 1").orderby("result", "desc").list()
    assert [one.result for one in found] == [4, 3, 2]
    thing.name = "二"
    service.update(thing)
    service.patch(thing, [{"op": "replace", "path": "/properties/a", "value": 2}])
    again = service.things().find(thing.id)
    assert (again.name, again.properties) == ("二", {"a": 2})
    kept = service.observations().find(last.id)
    kept.result = 99
    service.update(kept)
    listed = (
        service.things().query().expand("Datastreams($expand=Observations($top=2)),Locations").list().entities
    )
    assert [one.result for one in listed[0].datastreams.entities[0].observations] == [0, 1, 2, 3, 99], (
        "page by page"
    )
    service.delete(last)
    with pytest.raises(Exception, match="404"):
        service.observations().find(last.id)
    service.delete(thing)
    assert service.datastreams().query().list().entities == []
