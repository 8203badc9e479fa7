"""What leaves the city: CAP bytes, signature, feeds, areas; against the published schema and by brute force."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from lxml import etree
from shapely.geometry import Point as Place
from shapely.geometry import Polygon, shape

from quancheng.capabilities.people import queries as people
from quancheng.core.cap import NAMESPACE, colour_of, from_xml
from quancheng.scenarios.weather import actions, areas, queries, signing
from tests.cases import cases
from tests.scenarios.weather.conftest import ANN, BOB, call, draft_of

ATOM = "{http://www.w3.org/2005/Atom}"


def test_messages_hold_against_the_schema_of_the_standard(publish, storm) -> None:
    schema = etree.XMLSchema(etree.parse(str(cases("cap") / "CAP-v1.2.xsd")))
    alert = publish(draft_of(1, areas.codes()))
    storm.advance(timedelta(minutes=1))
    update = publish(draft_of(2), previous=alert)
    storm.advance(timedelta(minutes=1))
    cancel = actions.cancel_warning(call(BOB), warning=update, reason="雨停")
    for row in (alert, update, cancel):
        schema.assertValid(etree.fromstring(bytes(row.xml)))
    told = from_xml(bytes(alert.xml))
    assert [info.language for info in told.infos] == ["zh-CN", "en-US"]
    assert {colour_of(info) for info in told.infos} == {alert.colour}
    assert len(told.infos[0].areas) == 12
    assert from_xml(bytes(cancel.xml)).references[0].identifier == update.number


def test_areas_are_the_districts() -> None:
    """Points of a grid fall into the simplified outline as into the district, but for a thin edge."""
    outlines = people.district_outlines()
    for code in areas.codes():
        exact = shape(outlines[code]["geometry"])
        (area,) = areas.cap_areas([code], "zh")
        rings = [Polygon([(float(p.lon), float(p.lat)) for p in ring]) for ring in area.polygons]
        edge = exact.boundary.buffer(0.0025)
        west, south, east, north = exact.bounds
        for i in range(12):
            for j in range(12):
                place = Place(west + (east - west) * i / 11, south + (north - south) * j / 11)
                if not edge.contains(place):
                    assert any(ring.contains(place) for ring in rings) == exact.contains(place), (code, place)
        assert area.geocodes[0].value == code


def test_the_signature_is_checked_and_a_changed_message_refused(publish, client: Client) -> None:
    row = publish()
    key = client.get("/feeds/cap/key.pem").content
    answer = client.get(f"/feeds/cap/{row.number}.xml")
    signature = client.get(f"/feeds/cap/{row.number}.sig").content.decode().strip()
    assert answer["X-Signature-Ed25519"] == signature
    assert signing.is_genuine(answer.content, signature, key)
    assert not signing.is_genuine(answer.content.replace(b"Yellow", b"Blue"), signature, key)
    assert not signing.is_genuine(answer.content, "nonsense", key)
    assert not signing.is_genuine(answer.content, signature, b"no key")


def _numbers(client: Client, path: str) -> list[str]:
    root = etree.fromstring(client.get(path).content)
    links = root.findall(f"{ATOM}entry/{ATOM}link[@type='application/cap+xml']")
    return [link.get("href").rsplit("/", 1)[1] for link in links]


def test_feeds_keep_drills_apart_and_answer_304(publish, storm, client: Client) -> None:
    first = publish()
    storm.advance(timedelta(minutes=1))
    drill = publish(exercise="drill-1")
    assert _numbers(client, "/feeds/cap.atom") == [f"{first.number}.xml"]
    assert _numbers(client, "/feeds/cap-exercise.atom") == [f"{drill.number}.xml"]
    etag = client.get("/feeds/cap.atom")["ETag"]
    assert client.get("/feeds/cap.atom", headers={"if-none-match": etag}).status_code == 304
    storm.advance(timedelta(minutes=1))
    actions.cancel_warning(call(BOB), warning=first, reason="雨停")
    answer = client.get("/feeds/cap.atom", headers={"if-none-match": etag})
    assert answer.status_code == 200
    assert answer.content.count(b"<entry>") == 2
    assert (
        etree.fromstring(client.get(f"/feeds/cap/{drill.number}.xml").content).findtext(
            f"{{{NAMESPACE}}}status"
        )
        == "Exercise"
    )


def test_an_empty_feed_and_what_is_not_published(storm, client: Client) -> None:
    assert client.get("/feeds/cap.atom").status_code == 200
    made = actions.draft_warning(call(ANN), draft=draft_of())
    for path in (f"/feeds/cap/{made.number}.xml", "/feeds/cap/nothing.sig", "/feeds/cap/a%00b.xml"):
        assert client.get(path).status_code in {404, 422}
    assert client.post("/feeds/cap.atom").status_code == 405


def test_the_worst_level_colours_a_district(publish, storm) -> None:
    publish(draft_of(4, ("370102", "370103")))
    publish(draft_of(2, ("370103",)))
    levels = {
        each["properties"]["code"]: each["properties"]["level"]
        for each in queries.areas_geojson()["features"]
    }
    assert levels == {"370102": 4, "370103": 2}


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_each_level_can_be_published(publish, level: int) -> None:
    assert publish(draft_of(level)).xml_sha256
