"""批量文件、订阅与提供方服务: over real connections, cut and joined again."""

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.test import Client
from tests.capabilities.exchange.conftest import (
    NOW,
    RESOURCE,
    World,
    asked,
    given,
    granted,
    register,
    row_of,
)

from quancheng.capabilities.exchange import actions, batches, keyring, queries, sending, trying
from quancheng.capabilities.exchange.exchange_client import Inbox, NotProved
from quancheng.capabilities.exchange.models import BatchFile, Exchange, Grant, Parcel, Subscription, UseLine
from quancheng.capabilities.tables import actions as tables
from quancheng.core import exchange as core
from quancheng.core.exchange import Mask
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict, PartnerFailed

pytestmark = pytest.mark.django_db


def _system() -> Call:
    return Call.system("exchange")


PLAIN = {"id_number": Mask.KEEP, "district": Mask.KEEP, "age": Mask.KEEP}


@contextmanager
def peer(answer: Any, port: int = 0) -> Iterator[int]:
    """A server of somebody else on a port; ``answer(body)`` gives status and body."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, body = answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def _file_grant(world: World, **more: Any) -> Grant:
    return granted(world, asked(way="file"), given(rows_per_day=1000, **more))


def test_a_file_is_limited_marked_and_proved(world: World, client: Client) -> None:
    tables.apply_changes(
        _system(), table_id=world.table.table_id, upserts=[row_of(50) | {"name": "=HYPERLINK(1)"}], run="r2"
    )
    grant = _file_grant(
        world,
        fields={"name": Mask.KEEP, "age": Mask.KEEP},
        search=(),
        condition={"op": "ge", "field": "age", "integer": 70},
    )
    order = actions.order_file(world.consumer, grant=grant.number)
    file = actions.make_file(_system(), file=order.pk)
    assert file.state == BatchFile.State.READY, file.failure
    raw = batches.place_of(file.name).read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(raw)))
    assert set(rows[0]) == {"name", "age", "_watermark"} and all(int(row["age"]) >= 70 for row in rows)
    assert len(rows) == file.rows == Exchange.objects.get().rows == UseLine.objects.count()
    assert grant.number in rows[0]["_watermark"]
    assert all(not row["name"].startswith("=") for row in rows)
    assert actions.make_file(_system(), file=order.pk).exchange_id == file.exchange_id
    assert actions.fetch_file(world.consumer, file=file.pk).downloads == 1
    actions.stamp_waiting(_system())
    pair = [queries.evidence(world.bureau.actor, file.exchange_id, side) for side in ("consumer", "provider")]
    verdict = core.verify_files(*pair, keyring.trusted())
    assert verdict.valid and verdict.response is not None and verdict.response.rows == len(rows)
    with clock.at(NOW + timedelta(days=8)):
        assert actions.remove_files(_system()) == 1
    assert not batches.place_of(file.name).exists()


def test_a_full_disk_is_said_and_leaves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    grant = _file_grant(world)
    order = actions.order_file(world.consumer, grant=grant.number)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("quancheng.capabilities.exchange.batches.os.fsync", full)
    file = actions.make_file(_system(), file=order.pk)
    assert file.state == BatchFile.State.FAILED and "No space" in file.failure
    assert list(batches.folder().iterdir()) == [] and not Exchange.objects.exists()


def test_a_subscription_is_cut_and_joined_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    grant = granted(world, asked(way="subscription"), given(fields=PLAIN, rows_per_day=100_000,
                                                           condition={"op": "lt", "field": "age", "integer": 90}))  # fmt: skip
    actions.subscribe(world.consumer, grant=grant.number, endpoint="http://127.0.0.1:9/")
    pk = Subscription.objects.get().pk
    kept: dict[str, Any] = {}

    def apply(content: dict[str, Any]) -> None:
        if content["reset"]:
            kept.clear()
        for change in content["changes"]:
            if change["kind"] == "upsert":
                kept[change["key"][0]] = change["row"]
            else:
                kept.pop(change["key"][0], None)

    inbox = Inbox(grant.number, keyring.trusted(), apply)
    lost = {"first": True}

    def answer(body: bytes) -> tuple[int, bytes]:
        receipt = inbox.take(body)
        if lost.pop("first", False):
            return 500, b"{}"  # taken, but the receipt is lost
        return 200, receipt

    assert sending.pack_one(_system(), pk) == 1
    assert sending.send_one(_system(), pk) == 0  # nobody listens
    with peer(answer) as port:
        actions.subscribe(world.consumer, grant=grant.number, endpoint=f"http://127.0.0.1:{port}/")
        assert sending.send_one(_system(), pk) == 0
        with clock.at(NOW + timedelta(minutes=1)):
            assert sending.send_one(_system(), pk) == 1
    expected = {str(row_of(n)["id_number"]) for n in range(40) if row_of(n)["age"] < 90}
    assert set(kept) == expected and inbox.applied == 1
    older = row_of(1) | {"age": 95}
    tables.apply_changes(
        _system(), table_id=world.table.table_id, upserts=[older, row_of(45), row_of(2) | {"age": 61}],
        deletes=[(row_of(3)["id_number"],)], run="r2",
    )  # fmt: skip
    assert sending.pack_one(_system(), pk) == 1 and sending.pack_one(_system(), pk) == 0
    with peer(answer) as port, clock.at(NOW + timedelta(minutes=2)):
        actions.subscribe(world.consumer, grant=grant.number, endpoint=f"http://127.0.0.1:{port}/")
        assert sending.send_one(_system(), pk) == 1
    assert set(kept) == expected - {older["id_number"], row_of(3)["id_number"]} | {row_of(45)["id_number"]}
    assert kept[row_of(2)["id_number"]]["age"] == 61
    row = Subscription.objects.get()
    assert (row.last, row.acknowledged) == (2, 2)
    assert not Parcel.objects.exclude(body=None).exists()
    assert Exchange.objects.filter(mode="subscription").count() == 2


def test_packing_resumes_inside_a_version(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from quancheng.capabilities.exchange import terms

    grant = granted(world, asked(way="table"), given(fields=PLAIN, rows_per_day=100_000))
    actions.subscribe(world.consumer, grant=grant.number, endpoint="http://127.0.0.1:9/")
    pk = Subscription.objects.get().pk
    whole = terms.tuning
    from dataclasses import replace

    monkeypatch.setattr(terms, "tuning", lambda on: replace(whole(on), parcel_rows=15))
    assert sending.pack_one(_system(), pk) == 3
    assert list(Exchange.objects.order_by("id").values_list("rows", flat=True)) == [15, 15, 10]
    taken: list[str] = []
    inbox = Inbox(
        grant.number, keyring.trusted(), lambda one: taken.extend(c["key"][0] for c in one["changes"])
    )
    bodies = [bytes(one.body) for one in Parcel.objects.order_by("number")]
    for body in (bodies[2], bodies[0], bodies[0], bodies[1]):
        receipt = inbox.take(body)
    assert json.loads(receipt) == {"upto": 3, "beyond": []}
    assert len(taken) == len(set(taken)) == 40
    with pytest.raises(NotProved):
        inbox.take(bodies[0].replace(b'"rows":15', b'"rows":14'))
    with pytest.raises(Conflict):
        actions.subscribe(granted_call(world), grant=granted(world).number, endpoint="http://127.0.0.1:9/")


def granted_call(world: World) -> Any:
    """The consumer again, for a grant of another way."""
    return world.consumer


def test_a_providers_service_that_fails_is_left_alone(world: World) -> None:
    register("311001/000009", "提供方服务名册", None)
    state = {"good": True, "asked": 0}

    def answer(body: bytes) -> tuple[int, bytes]:
        state["asked"] += 1
        question = json.loads(body)
        if not state["good"]:
            return 500, b"oops"
        row = {"id_number": "1", "name": "张三", "district": "370102", "age": 70, "secret": "x"}
        return 200, json.dumps({"rows": [row] * question["limit"]}).encode()

    with peer(answer) as port:
        actions.register_backend(
            world.provider, party="jn-civil", resource="311001/000009", url=f"http://127.0.0.1:{port}/"
        ) if _party(world) else None
        grant = granted(world, asked(resource="311001/000009"), given())
        good = trying.try_call(world.consumer, grant=grant.number, limit=3)
        assert (
            len(good["rows"]) == 3 and "secret" not in good["rows"][0] and good["rows"][0]["name"] != "张三"
        )
        state["good"] = False
        for turn in range(7):
            with clock.at(NOW + timedelta(seconds=turn + 1)), pytest.raises(PartnerFailed):
                trying.try_call(world.consumer, grant=grant.number)
        assert state["asked"] == 6  # five failures open the circuit
        state["good"] = True
        with clock.at(NOW + timedelta(seconds=60)):
            assert trying.try_call(type(world.consumer)(world.consumer.actor), grant=grant.number)["rows"]
    assert Exchange.objects.filter(outcome="failed").count() == 7
    assert grant.resource != RESOURCE


def _party(world: World) -> bool:
    actions.register_party(world.provider, department="jn-civil")
    return True
