"""Links between two processes over real sockets: fall back and say so, come back, refuse what is false."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.capabilities.quantum.world import (
    GET_DOCUMENTS,
    OURS,
    THEIRS,
    Kmes,
    Meddler,
    Process,
    Told,
    caller,
    start_peer,
    wait,
)

from quancheng.capabilities.quantum.caller import LinkDown
from quancheng.capabilities.quantum.server import HttpForward, LinkServer, Served
from quancheng.core.keys import Algorithm, MemoryKey
from quancheng.core.linkkey import Identity, RekeyPolicy, Strength, Suite

REFUSALS = {"TAMPERED", "OTHER_SESSION", "OUT_OF_ORDER", "REPLAYED", "MESSAGE", "TOO_LARGE"}


@pytest.fixture(scope="module")
def kmes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kmes]:
    pair = Kmes(tmp_path_factory.mktemp("kme"))
    yield pair
    pair.kill()


@pytest.fixture(scope="module")
def peer(kmes: Kmes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    one = start_peer(tmp_path_factory.mktemp("peer"), kmes)
    yield one
    one.kill()


@pytest.fixture(autouse=True)
def whole(kmes: Kmes) -> None:
    kmes.command(intact=True, eve=0)
    kmes.filled()


def _listed(response: bytes) -> list[str]:
    head, _, body = response.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), response
    return [one["number"] for one in json.loads(body)["documents"]]


@pytest.mark.parametrize("suite", [Suite.AES_256_GCM])
def test_documents_come_over_a_link_of_full_strength(kmes: Kmes, peer: Process, suite: Suite) -> None:
    told = Told()
    link = caller(peer.first["port"], kmes.client(), told, suite=suite)
    done = link.exchange(GET_DOCUMENTS)
    assert _listed(done.response)
    assert done.strength is Strength.FULL
    assert not done.fell_back
    assert [(one.strength, one.reason) for one in told] == [(Strength.FULL, "OPEN")]
    assert wait(lambda: peer.heard[-1].get("session")) == done.session
    for _ in range(20):
        assert link.exchange(GET_DOCUMENTS).session == done.session  # one session carries many
    link.drop()


def test_qkd_cut_off_the_link_falls_back_and_says_so_and_comes_back(kmes: Kmes, peer: Process) -> None:
    told = Told()
    link = caller(peer.first["port"], kmes.client(), told)
    assert link.exchange(GET_DOCUMENTS).strength is Strength.FULL
    kmes.command(intact=False)
    kmes.drain()
    link.rekey()
    done = link.exchange(GET_DOCUMENTS)
    assert (done.strength, done.away) == (Strength.POST_QUANTUM, "EMPTY")
    assert done.fell_back
    assert _listed(done.response)
    wait(lambda: peer.heard[-1].get("strength") == "POST_QUANTUM")  # the other end knows too
    kmes.command(intact=True)
    kmes.filled()
    done = link.exchange(GET_DOCUMENTS)
    assert done.strength is Strength.FULL
    assert [one.strength for one in told] == [Strength.FULL, Strength.POST_QUANTUM, Strength.FULL]
    assert told[-1].reason == "RESTORE"
    assert told[0].qkd != told[-1].qkd
    link.drop()


def test_a_dead_key_manager_on_their_side_alone_is_told_by_both(kmes: Kmes, tmp_path: Path) -> None:
    other = start_peer(tmp_path, None)
    link = caller(other.first["port"], kmes.client())
    done = link.exchange(GET_DOCUMENTS)
    assert (done.strength, done.away) == (Strength.POST_QUANTUM, "NO_LINE")
    other.kill()


def test_a_dead_peer_burns_no_quantum_keys(kmes: Kmes, tmp_path: Path) -> None:
    client = kmes.client()
    kmes.command(intact=False)
    link = caller(1, client)
    for _ in range(3):
        with pytest.raises(LinkDown):
            link.exchange(GET_DOCUMENTS)
    assert client.status().stored_key_count == 4


def test_a_peer_that_cannot_have_keys_is_asked_ever_more_rarely(kmes: Kmes, tmp_path: Path) -> None:
    """Each try for full strength burns a key of ours: 1 s, 2 s, 4 s … apart instead of with every request."""
    other = start_peer(tmp_path, None)
    told = Told()
    link = caller(other.first["port"], kmes.client(), told)
    for _ in range(30):
        link.exchange(GET_DOCUMENTS)
    assert len(told) == 2
    other.kill()


def test_an_eavesdropper_means_no_key_and_a_visible_fallback(kmes: Kmes, peer: Process) -> None:
    kmes.command(eve=1.0)
    client = kmes.client()
    kmes.drain()
    wait(lambda: client.status().extension["rounds"][-1]["outcome"] == "TOO_NOISY")
    kmes.drain()  # a round that was under way may have ended well
    done = caller(peer.first["port"], client).exchange(GET_DOCUMENTS)
    assert (done.strength, done.away) == (Strength.POST_QUANTUM, "EMPTY")


def test_policy_refuses_to_send_anything_at_less_than_full_strength(
    kmes: Kmes, peer: Process, tmp_path: Path
) -> None:
    with pytest.raises(LinkDown) as ours:
        caller(peer.first["port"], None, weakest=Strength.FULL).exchange(GET_DOCUMENTS)
    assert ours.value.reason == "TOO_WEAK"
    strict = start_peer(tmp_path, kmes, weakest="FULL")
    with pytest.raises(LinkDown) as theirs:
        caller(strict.first["port"], None).exchange(GET_DOCUMENTS)
    assert theirs.value.reason == "TOO_WEAK"
    assert wait(lambda: strict.heard[-1].get("reason")) == "TOO_WEAK"
    assert caller(strict.first["port"], kmes.client()).exchange(GET_DOCUMENTS).strength is Strength.FULL
    strict.kill()


@pytest.mark.parametrize("place", [0, 8, 15, 19, 20, 40, -1])
def test_a_tampered_record_is_refused_and_the_session_ends(kmes: Kmes, peer: Process, place: int) -> None:
    meddler = Meddler(peer.first["port"])
    link = caller(meddler.port, None)
    assert _listed(link.exchange(GET_DOCUMENTS).response)
    before = len(peer.heard)
    meddler.flip = place
    with pytest.raises(LinkDown) as down:
        link.exchange(GET_DOCUMENTS)
    assert down.value.reason in {*REFUSALS, "BROKEN"}
    refused = wait(lambda: next((one for one in peer.heard[before:] if one["event"] == "refused"), None))
    assert refused["reason"] in REFUSALS
    assert link.strength is None
    meddler.flip = None
    assert _listed(link.exchange(GET_DOCUMENTS).response)  # a new handshake, new keys


def test_a_replayed_record_is_refused(peer: Process) -> None:
    meddler = Meddler(peer.first["port"])
    link = caller(meddler.port, None)
    link.exchange(GET_DOCUMENTS)
    before = len(peer.heard)
    meddler.replay = True
    link.exchange(GET_DOCUMENTS)  # the first copy is served
    refused = wait(lambda: next((one for one in peer.heard[before:] if one["event"] == "refused"), None))
    assert refused["reason"] == "REPLAYED"


def test_an_impostor_is_refused(tmp_path: Path) -> None:
    impostor = start_peer(tmp_path, None, key=MemoryKey.generate(Algorithm.ES256))
    with pytest.raises(LinkDown) as down:
        caller(impostor.first["port"], None).exchange(GET_DOCUMENTS)
    assert down.value.reason == "SIGNATURE"
    impostor.kill()


def test_a_killed_peer_is_told_at_once_and_found_again(tmp_path: Path) -> None:
    first = start_peer(tmp_path, None)
    port = first.first["port"]
    link = caller(port, None)
    link.exchange(GET_DOCUMENTS)
    first.kill()
    for reason in ("BROKEN", "UNREACHABLE"):
        with pytest.raises(LinkDown) as down:
            link.exchange(GET_DOCUMENTS)
        assert down.value.reason == reason
        assert down.value.detail.zh
    again = start_peer(tmp_path, None, port=port)
    assert _listed(link.exchange(GET_DOCUMENTS).response)
    again.kill()


def test_keys_are_changed_after_the_agreed_number_of_records(kmes: Kmes, peer: Process) -> None:
    told = Told()
    policy = RekeyPolicy(timedelta(hours=1), records=4, amount=1 << 30)
    link = caller(peer.first["port"], None, told, policy=policy)
    names = [link.exchange(GET_DOCUMENTS).session for _ in range(6)]
    assert [one.reason for one in told] == ["OPEN", *["RECORDS"] * (len(told) - 1)]
    assert len(set(names)) == len(told) > 2


def test_national_algorithms_serve_when_both_sides_want_them(tmp_path: Path) -> None:
    other = start_peer(tmp_path, None, suites=["SM4-GCM-SM3"])
    assert _listed(caller(other.first["port"], None, suite=Suite.SM4_GCM).exchange(GET_DOCUMENTS).response)
    with pytest.raises(LinkDown) as down:
        caller(other.first["port"], None).exchange(GET_DOCUMENTS)
    assert down.value.reason == "SUITE"
    other.kill()


def test_many_threads_share_one_link(peer: Process) -> None:
    link = caller(peer.first["port"], None)
    done: list[int] = []

    def work() -> None:
        for _ in range(10):
            done.append(len(_listed(link.exchange(GET_DOCUMENTS).response)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [2] * 40


# -- requests handed on to an HTTP service beside the node


class _Upstream(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        seen = {name.lower(): value for name, value in self.headers.items()}
        answer = json.dumps({"path": self.path, "body": body.decode(), "headers": seen}).encode()
        self.send_response(201)
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("Set-Cookie", "a=b")
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: Any) -> None: ...


@pytest.fixture
def forwarding() -> Iterator[int]:
    upstream = HTTPServer(("127.0.0.1", 0), _Upstream)
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    identity = Identity("jn-qd", "qingdao", THEIRS, "jinan", OURS.public)
    forward = HttpForward("127.0.0.1", upstream.server_address[1], ("/witness/",))
    server = LinkServer(("127.0.0.1", 0), {"jn-qd": Served(identity)}.get, forward).start()
    yield server.port
    server.stop()
    upstream.shutdown()


def test_requests_reach_the_service_with_the_strength_they_came_by(forwarding: int) -> None:
    request = (
        b"POST /witness/cosign?x=1 HTTP/1.1\r\nHost: far\r\nContent-Type: text/plain\r\nCookie: s=1\r\n"
        b"Quancheng-Link-Strength: FULL\r\nContent-Length: 4\r\n\r\nbody"
    )
    head, _, body = caller(forwarding, None).exchange(request).response.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 201")
    assert b"Set-Cookie" not in head
    seen = json.loads(body)
    assert (seen["path"], seen["body"]) == ("/witness/cosign?x=1", "body")
    assert seen["headers"]["quancheng-link-strength"] == "POST_QUANTUM"  # what it was, not what was claimed
    assert "cookie" not in seen["headers"]


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET /admin/ HTTP/1.1", 403),
        (b"GET /witness/../admin/ HTTP/1.1", 403),
        (b"GET /witness/%2e%2e/admin/ HTTP/1.1", 403),
        (b"DELETE /witness/x HTTP/1.1", 403),
        (b"nonsense", 400),
        (b"GET /witness/ HTTP/1.1\r\nbad header", 400),
    ],
)
def test_other_addresses_are_not_offered(forwarding: int, request_line: bytes, status: int) -> None:
    answer = caller(forwarding, None).exchange(request_line + b"\r\n\r\n").response
    assert answer.startswith(f"HTTP/1.1 {status}".encode())


def test_a_link_nobody_knows_is_refused(forwarding: int) -> None:
    link = caller(forwarding, None)
    link._me = Identity("other", "jinan", OURS, "qingdao", THEIRS.public)
    with pytest.raises(LinkDown) as down:
        link.exchange(b"x")
    assert down.value.reason == "OTHER_PARTY"
