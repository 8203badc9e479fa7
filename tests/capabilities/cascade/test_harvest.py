"""Catalogues of others: a reference portal over a real connection, pages, deletions, cuts, hostile answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.capabilities.cascade.conftest import OFFICER, SYSTEM

from quancheng.capabilities.cascade import actions, harvest_client
from quancheng.capabilities.cascade.harvesting import harvest, stream_of_feed
from quancheng.capabilities.cascade.models import Feed, FeedItem, Holding

pytestmark = pytest.mark.django_db


class Portal:
    """A CKAN portal and a DCAT feed of the same datasets."""

    def __init__(self) -> None:
        self.titles = {f"id-{n:03}": f"数据集{n}" for n in range(25)}
        self.broken_after: int | None = None
        self.raw: bytes | None = None
        self.asked = 0

    def answer(self, address: str) -> bytes:
        if self.raw is not None:
            return self.raw
        self.asked += 1
        if self.broken_after is not None and self.asked > self.broken_after:
            return b'{"success": false}'
        parts = urlsplit(address)
        listed = sorted(self.titles.items())
        if parts.path.endswith("package_search"):
            asked = {name: int(one[0]) for name, one in parse_qs(parts.query).items() if one[0].isdigit()}
            shown = listed[asked["start"] : asked["start"] + asked["rows"]]
            found = [self._package(key, title) for key, title in shown]
            return json.dumps({"success": True, "result": {"count": len(listed), "results": found}}).encode()
        start = int(parse_qs(parts.query).get("from", ["0"])[0])
        graph: list[dict[str, Any]] = [self._dataset(key, title) for key, title in listed[start : start + 10]]
        graph.append({"@id": "_:p", "@type": "foaf:Agent", "foaf:name": "济南市"})
        page: dict[str, Any] = {"@graph": graph}
        if start + 10 < len(listed):
            page["hydra:next"] = {"@id": f"?from={start + 10}"}
        return json.dumps(page).encode()

    def _package(self, key: str, title: str) -> dict[str, Any]:
        return {
            "id": key, "name": key, "title": title, "notes": "说明", "license_id": "cc-by",
            "organization": {"title": "济南市"}, "metadata_modified": "2026-01-01",
            "resources": [{"name": "a", "format": "CSV", "url": "https://x.example/a.csv"}],
        }  # fmt: skip

    def _dataset(self, key: str, title: str) -> dict[str, Any]:
        return {
            "@id": f"https://x.example/{key}", "@type": ["dcat:Dataset"], "dct:identifier": key,
            "dct:title": [{"@value": "Data", "@language": "en"}, {"@value": title, "@language": "zh-CN"}],
            "dct:description": "说明", "dct:publisher": {"@id": "_:p"},
        }  # fmt: skip


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Portal, str]]:
    made = Portal()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = made.answer(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            return None

    monkeypatch.setattr(harvest_client, "ROWS", 10)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield made, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def _feed(kind: str, address: str) -> Feed:
    return actions.add_feed(
        OFFICER, code=f"sd-{kind}", zh="省平台", kind=kind, address=address, region="370000"
    )


def _living(feed: Feed) -> dict[str, dict[str, Any]]:
    stream = stream_of_feed(feed)
    found = Holding.objects.filter(book__name=stream.name, live=True)
    return {local.partition(":")[2]: json.loads(body) for local, body in found.values_list("local", "body")}


@pytest.mark.parametrize("kind", ["ckan", "dcat"])
def test_a_round_takes_all_and_the_next_only_what_changed_or_went(
    portal: tuple[Portal, str], kind: str
) -> None:
    made, address = portal
    feed = harvest(_feed(kind, address), lambda: SYSTEM)
    assert (feed.fault, feed.ours, feed.theirs, feed.changed) == ("", 25, 25, 25)
    first = _living(feed)["id-007"]
    assert (first["title"], first["text"], first["publisher"]) == ("数据集7", "说明", "济南市")
    seq = Holding.objects.order_by("-seq").values_list("seq", flat=True)[0]
    feed = harvest(feed, lambda: SYSTEM)
    assert (feed.changed, feed.removed) == (0, 0)
    assert Holding.objects.order_by("-seq").values_list("seq", flat=True)[0] == seq
    del made.titles["id-003"]
    made.titles |= {"id-004": "改名", "id-900": "新增"}
    feed = harvest(feed, lambda: SYSTEM)
    assert (feed.changed, feed.removed, feed.ours, feed.theirs) == (2, 1, 25, 25)
    assert "id-003" not in _living(feed) and _living(feed)["id-004"]["title"] == "改名"
    assert Holding.objects.filter(local="sd-" + kind + ":id-003", live=False, held=True).exists()


def test_a_round_that_is_cut_goes_on_where_it_stopped(portal: tuple[Portal, str]) -> None:
    made, address = portal
    made.broken_after = 1
    feed = harvest(_feed("ckan", address), lambda: SYSTEM)
    assert feed.fault and feed.place["next"] == "10" and feed.finished_at is None
    assert len(_living(feed)) == 10
    made.broken_after = None
    feed = harvest(feed, lambda: SYSTEM)
    assert (feed.fault, feed.ours, feed.run, feed.changed) == ("", 25, 1, 25)


def test_a_portal_that_is_suddenly_empty_takes_nothing_away(portal: tuple[Portal, str]) -> None:
    made, address = portal
    feed = harvest(_feed("ckan", address), lambda: SYSTEM)
    made.titles.clear()
    feed = harvest(feed, lambda: SYSTEM)
    assert "25" in feed.fault and feed.removed == 0
    assert len(_living(feed)) == FeedItem.objects.count() == 25


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"[]", b"<html>", b'{"success":true}', b'{"success":true,"result":{"count":-1,"results":[]}}',
        b'{"success":true,"result":{"count":"9","results":[]}}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_nonsense_is_a_fault_and_nothing_else(portal: tuple[Portal, str], raw: bytes) -> None:
    made, address = portal
    made.raw = raw
    feed = harvest(_feed("ckan", address), lambda: SYSTEM)
    assert feed.fault and not Holding.objects.exists()


def test_a_dataset_without_name_is_counted_as_refused(portal: tuple[Portal, str]) -> None:
    made, address = portal
    results = [
        {"id": "", "title": "x"},
        {"title": "x"},
        {"id": "ok", "title": "y"},
        "nonsense",
        {"id": ["a"], "title": 1},
    ]
    made.raw = json.dumps({"success": True, "result": {"count": 5, "results": results}}).encode()
    feed = harvest(_feed("ckan", address), lambda: SYSTEM)
    assert (feed.ours, feed.theirs, feed.refused) == (1, 5, 4)


def test_a_feed_that_leads_to_another_host_is_not_followed(portal: tuple[Portal, str]) -> None:
    made, address = portal
    made.raw = json.dumps({"dataset": [], "next": "http://192.0.2.1/"}).encode()
    feed = harvest(_feed("dcat", address), lambda: SYSTEM)
    assert "another host" in feed.fault or "no datasets" in feed.fault
