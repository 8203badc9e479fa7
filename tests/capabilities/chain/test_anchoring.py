"""The log written to a contract on a real EVM node: in order, once, again after a cut, and to another engine."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from quancheng.capabilities.chain import actions, anchoring, queries, tasks
from quancheng.capabilities.chain.anchor_client import AnchorClient, EngineFailed, contract
from quancheng.capabilities.chain.city_peer import City, start
from quancheng.capabilities.chain.commands import command
from quancheng.capabilities.chain.models import AnchorTx, Entry, Head, Shard
from quancheng.core.anchor import Checkpoint, Grant, Revoke, Use, origin_id
from quancheng.core.merkle import SHA256, MemoryTree
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Forbidden, PartnerFailed

SYSTEM, WATCHER = Call.system("chain"), Actor.system("chain")
ROOT = Path(__file__).parents[3]
on_node = pytest.mark.slow


def anvil() -> str | None:
    """The node of the npm package @foundry-rs/anvil: on the path, in frontend/, or named by ANVIL."""
    packaged = ROOT / "frontend/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil"
    found = os.environ.get("ANVIL") or shutil.which("anvil") or (str(packaged) if packaged.exists() else None)
    return found if found and Path(found).exists() else None


@pytest.fixture
def node() -> Iterator[Callable[[], str]]:
    """Starts nodes with a block each second, as an alliance chain has, by the rules of istanbul."""
    program = anvil()
    if program is None:
        pytest.skip("anvil is not installed: npm install @foundry-rs/anvil, or name it in ANVIL")
    running: list[subprocess.Popen[bytes]] = []

    def begin() -> str:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        running.append(
            subprocess.Popen(
                [program, "--port", str(port), "--block-time", "1", "--hardfork", "istanbul", "--silent"],
                stdout=subprocess.DEVNULL,
            )
        )
        url = f"http://127.0.0.1:{port}"
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                AnchorClient(url).chain()
            except EngineFailed:
                time.sleep(0.1)
            else:
                return url
        raise AssertionError("the node does not answer")

    yield begin
    for one in running:
        one.kill()
        one.wait()


def append(scene: str, reference: str) -> Entry:
    digest = hashlib.sha256(reference.encode()).digest()
    return actions.append(SYSTEM, scene=scene, reference=reference, digest=digest)


@pytest.fixture
def witness(city: None) -> Iterator[None]:
    from quancheng.capabilities.chain import nodekeys

    one, ours = City("zibo"), nodekeys.log_key()
    one.logs[ours.name] = ours
    server, told = start(one)
    actions.add_member(
        SYSTEM, name="zibo", title=Text("淄博", "Zibo"), url=told["url"], log_key=told["log_key"],
        witness_key=told["witness_key"],
    )  # fmt: skip
    yield
    server.shutdown()
    server.server_close()


def story() -> None:
    """A grant used twice and withdrawn, a use after that, one that nobody granted; heads between."""
    append("vault-grant", "R1-2")
    append("vault-use", "R1-3")
    tasks.head()
    append("vault-use", "R1-4")
    append("licence-issue", "L-1")  # not of a grant: it stays in the log
    append("vault-withdraw", "R1-5")
    append("vault-use", "R1-6")
    append("vault-use", "R10-3")
    tasks.head()


def kinds(state: str) -> list[str]:
    rows = AnchorTx.objects.filter(state=state).exclude(kind=AnchorTx.Kind.DEPLOY).order_by("pk")
    return [str(one) for one in rows.values_list("kind", flat=True)]


# -- without a node
def test_the_queue_keeps_the_order_of_the_log_and_is_filled_once(witness) -> None:
    story()
    assert actions.queue_anchors(SYSTEM, engine="1:0xa") == 8
    assert actions.queue_anchors(SYSTEM, engine="1:0xa") == 0
    assert kinds("waiting") == ["grant", "use", "checkpoint", "use", "revoke", "use", "checkpoint"]
    nobody = AnchorTx.objects.get(state="refused")
    assert (nobody.entry.reference, nobody.fault) == ("R10-3", "NotGranted")
    assert actions.queue_anchors(SYSTEM, engine="1:0xb") == 8  # another engine lacks all of it


def test_a_use_queued_long_after_its_grant_names_it(witness) -> None:
    for thread in ("R1", "R10", "R", "R1-2"):
        append("vault-grant", f"{thread}-2")
    granted = {one.reference: bytes(one.leaf) for one in Entry.objects.all()}
    actions.queue_anchors(SYSTEM, engine="1:0xa")
    for thread in ("R1", "R10", "R", "R1-2"):
        append("vault-use", f"{thread}-3")
    actions.queue_anchors(SYSTEM, engine="1:0xa")
    for thread in ("R1", "R10", "R", "R1-2"):
        row = AnchorTx.objects.get(entry__reference=f"{thread}-3")
        step = contract().decode(bytes(row.data))
        assert isinstance(step, Use) and step.grant == granted[f"{thread}-2"]


def test_a_head_without_its_witnesses_is_not_anchored(city) -> None:
    append("vault-grant", "R1-2")
    tasks.head()
    assert Head.objects.get().witnessed_at is None
    actions.queue_anchors(SYSTEM, engine="1:0xa")
    assert kinds("waiting") == ["grant"]


def test_late_and_refused_anchors_are_counted_for_the_supervisor(witness) -> None:
    assert queries.anchor_summary(WATCHER) is None
    begun = clock.now()
    story()
    actions.note_engine(SYSTEM, engine="1:0xa", deployed=True)
    actions.queue_anchors(SYSTEM, engine="1:0xa")
    with clock.at(begun):  # however long the story took on a busy machine
        told = queries.anchor_summary(WATCHER)
    assert told is not None
    assert (told["waiting"], told["late"], told["refused"], told["head"]) == (7, 0, 1, None)
    with clock.at(clock.now() + timedelta(hours=1)):
        late = queries.anchor_summary(WATCHER)
    assert late is not None and late["late"] == 7


def test_only_the_platform_anchors(city, actor) -> None:
    with pytest.raises(Forbidden):
        actions.queue_anchors(Call(actor("citizen-young")), engine="1:0xa")


def test_without_an_address_nothing_is_done_and_the_command_says_so(city, monkeypatch) -> None:
    monkeypatch.delenv(anchoring.VARIABLE, raising=False)
    assert tasks.anchor() == {}
    answer = CliRunner().invoke(command, ["replay-anchor"])
    assert answer.exit_code != 0 and "not set" in str(answer.exception)


def test_a_node_that_is_away_is_told_with_what_to_do(city, monkeypatch) -> None:
    monkeypatch.setenv(anchoring.VARIABLE, "http://127.0.0.1:9")
    with pytest.raises(PartnerFailed) as told:
        tasks.anchor()
    assert "127.0.0.1:9" in told.value.detail.en and anchoring.VARIABLE in told.value.todo.zh


@pytest.mark.parametrize(
    "answer", [b"no", b"{}", b"[]", b'[{"id": 99, "result": "0x1"}]', b"[1]", b'[{"id": 0, "result": 7}]',
               b'[{"id": 0, "error": {"message": "out of order"}}]', b'[{"id": 0, "error": "x"}]'],
)  # fmt: skip
def test_answers_that_are_none_are_told(answer: bytes) -> None:
    class Liar(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Liar)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with pytest.raises(EngineFailed):
        AnchorClient(f"http://127.0.0.1:{server.server_address[1]}").chain()
    server.shutdown()
    server.server_close()


def test_a_node_that_does_not_answer_in_time_is_told() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        begun = time.monotonic()
        with pytest.raises(EngineFailed, match="timed out"):
            AnchorClient(f"http://127.0.0.1:{silent.getsockname()[1]}", seconds=0.3).chain()
        assert time.monotonic() - begun < 5


# -- on a real node
@on_node
def test_the_log_is_written_in_order_and_the_contract_refuses_the_use_after_the_withdrawal(
    witness, node, monkeypatch
) -> None:
    monkeypatch.setenv(anchoring.VARIABLE, node())
    story()
    engine = anchoring.connect()
    told = anchoring.push(engine, wait=20)
    assert (told["queued"], told["sent"], told["left"]) == (8, 7, 0)
    assert kinds("done") == ["grant", "use", "checkpoint", "use", "revoke", "checkpoint"]
    refused = AnchorTx.objects.get(state="refused", entry__reference="R1-6")
    assert refused.fault == "Revoked"
    head, shard = Head.objects.order_by("-size").first(), Shard.objects.get()
    assert head is not None
    there = engine.client.head(origin_id(shard.origin))
    assert there == (head.size, bytes(head.root))
    summary = queries.anchor_summary(WATCHER)
    assert summary is not None and summary["head"].head == head
    assert summary["block"] > 0 and summary["late"] == 0
    rows = AnchorTx.objects.exclude(block=None).order_by("pk")
    blocks = list(rows.values_list("block", flat=True))
    assert blocks == sorted(blocks) and all(rows.values_list("gas", flat=True))


@on_node
def test_it_goes_on_where_it_was_cut_and_twice_is_once(witness, node, monkeypatch) -> None:
    monkeypatch.setenv(anchoring.VARIABLE, node())
    story()
    engine = anchoring.connect()
    actions.queue_anchors(SYSTEM, engine=engine.name)
    rows = list(AnchorTx.objects.filter(state="waiting").order_by("pk")[:3])
    engine.client.send_data(
        [bytes(one.data) for one in rows]
    )  # taken, and the machine fails before it is noted
    assert anchoring.push(anchoring.connect(), wait=20)["left"] == 0
    assert kinds("done") == ["grant", "use", "checkpoint", "use", "revoke", "checkpoint"]
    assert anchoring.push(anchoring.connect(), wait=0) == {"queued": 0, "sent": 0, "left": 0}
    append("vault-grant", "R2-1")  # a transaction the node forgets
    with monkeypatch.context() as forgetful:
        forgetful.setattr(AnchorClient, "send_data", lambda _self, calls: ("0x" + "1" * 64,) * len(calls))
        anchoring.push(engine)
    with clock.at(clock.now() + timedelta(minutes=5)):
        assert anchoring.push(engine, wait=10)["left"] == 0
    assert AnchorTx.objects.get(entry__reference="R2-1").state == "done"


@on_node
def test_two_heads_sent_twice_are_both_on_the_chain(witness, node, monkeypatch) -> None:
    """The first of them comes after its successor: the contract refuses it, and nothing is wrong."""
    monkeypatch.setenv(anchoring.VARIABLE, node())
    story()
    engine = anchoring.connect()
    actions.queue_anchors(SYSTEM, engine=engine.name)
    rows = list(AnchorTx.objects.filter(state="waiting").order_by("pk"))
    engine.client.send_data([bytes(one.data) for one in rows])  # all taken, none noted
    assert anchoring.push(anchoring.connect(), wait=20)["left"] == 0
    refused = AnchorTx.objects.filter(state="refused").values_list("entry__reference", flat=True)
    assert set(refused) == {"R1-6", "R10-3"}


@on_node
def test_moving_to_another_chain_is_an_address_and_a_replay(witness, node, monkeypatch) -> None:
    monkeypatch.setenv(anchoring.VARIABLE, node())
    story()
    first = anchoring.connect()
    anchoring.push(first, wait=20)
    url = node()  # the same number of chain, and nothing there
    monkeypatch.setenv(anchoring.VARIABLE, f"{url}#0x{'12' * 20}")
    with pytest.raises(PartnerFailed, match="no contract"):
        tasks.anchor()
    monkeypatch.setenv(anchoring.VARIABLE, url)
    shifted = CliRunner().invoke(command, ["replay-anchor", "--seconds", "30"])
    assert shifted.exit_code == 0 and "not yet on the chain 0" in shifted.output, shifted.output
    second = anchoring.connect()
    shard = origin_id(Shard.objects.get().origin)
    assert second.name != first.name and second.client.head(shard)[0] == 7
    assert second.client.head(shard) == first.client.head(shard)
    again = CliRunner().invoke(command, ["replay-anchor", "--seconds", "30"])
    assert "sent 0" in again.output


@on_node
def test_the_rules_of_the_contract(node) -> None:
    client = AnchorClient(node())
    client.deploy()
    a, b, c, root, other = (bytes([n]) * 32 for n in range(1, 6))
    good = [Checkpoint(a, 5, root), Checkpoint(a, 5, root), Checkpoint(a, 9, other), Checkpoint(b, 1, root),
            Grant(a), Use(a, c), Grant(b), Revoke(b)]  # fmt: skip
    names = client.send(good)
    until = time.monotonic() + 15
    while len(told := client.outcomes(names)) < len(names) and time.monotonic() < until:
        time.sleep(0.2)
    assert all(told[one].taken for one in names)
    bad = {
        Checkpoint(a, 8, root): "HeadShrinks", Checkpoint(a, 9, root): "HeadForks", Grant(a): "AlreadyGranted",
        Grant(b): "AlreadyGranted", Revoke(c): "NotGranted", Revoke(b): "Revoked", Use(a, c): "AlreadyUsed",
        Use(b, root): "Revoked", Use(c, root): "NotGranted",
    }  # fmt: skip
    assert {step: client.refusal(step) for step in bad} == bad
    assert [client.stands(one) for one in (Checkpoint(a, 9, other), Use(a, c), Revoke(b), Grant(c))] == [True, True, True, False]  # fmt: skip
    stranger = client._one("eth_accounts")[1]
    client._from = stranger
    assert client.refusal(Grant(c)) == "NotWriter"


@on_node
def test_the_contract_checks_inclusion_as_the_platform_does(node) -> None:
    client = AnchorClient(node())
    client.deploy()
    tree = MemoryTree(SHA256)
    for size in range(1, 18):
        tree.append(bytes([size]) * 32)
        head = Checkpoint(bytes(32), size, tree.head().root)
        for index in range(size):
            leaf = SHA256.leaf(bytes([index + 1]) * 32)
            path = tree.inclusion(index, size)
            assert client.includes(leaf, index, head, path)
            assert not client.includes(leaf, index + 1, head, path)
            assert not client.includes(leaf, index, head, (*path, leaf))
            assert not (path and client.includes(leaf, index, head, path[:-1]))
            assert not client.includes(bytes(32), index, head, path)


def test_the_compiled_contract_is_in_the_package() -> None:
    told = json.loads((ROOT / "src/quancheng/core/anchor/QuanchengAnchor.json").read_text())
    assert (told["compiler"], told["evm"]) == ("0.8.11", "istanbul")
