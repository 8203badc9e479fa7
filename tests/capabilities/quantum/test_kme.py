"""Key managers over real mutual TLS: ETSI GS QKD 014 from both ends, and everything that can fail."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.capabilities.quantum.world import Kmes, wait

from quancheng.capabilities.quantum import pki
from quancheng.capabilities.quantum.kme_client import KmeAccess, KmeClient, KmeFailed, KmeReason


@pytest.fixture(scope="module")
def kmes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kmes]:
    pair = Kmes(tmp_path_factory.mktemp("kme"), keys=12)
    yield pair
    pair.kill()


@pytest.fixture(autouse=True)
def whole(kmes: Kmes) -> None:
    kmes.command(intact=True, eve=0)
    kmes.filled()


def test_both_applications_get_the_same_keys_and_nobody_a_second_time(kmes: Kmes) -> None:
    ours, theirs = kmes.client(), kmes.client(1, "qingdao", "jinan")
    keys = ours.enc_keys(3)
    names = [key.key_id for key in keys]
    assert set(theirs.dec_keys(names)) == set(keys)
    with pytest.raises(KmeFailed) as again:
        theirs.dec_keys(names)
    assert again.value.reason is KmeReason.REFUSED


def test_a_third_application_does_not_get_the_keys_of_two_others(kmes: Kmes) -> None:
    key = kmes.client().enc_keys()[0]
    for me, master in (("mallory", "jinan"), ("qingdao", "mallory")):
        with pytest.raises(KmeFailed):
            kmes.client(1, me, master).dec_keys([key.key_id])
    assert kmes.client(1, "qingdao", "jinan").dec_keys([key.key_id])[0] == key


def test_the_status_says_what_is_stored_and_that_it_is_simulated(kmes: Kmes) -> None:
    status = kmes.client().status()
    assert (status.source_kme, status.target_kme) == ("KME-A", "KME-B")
    assert (status.master_sae, status.slave_sae) == ("jinan", "qingdao")
    assert status.stored_key_count == status.max_key_count == 12
    assert status.extension["simulated"] is True
    assert all(lap["qber"] < 0.04 for lap in status.extension["rounds"] if lap["outcome"] == "KEY")


def test_without_a_certificate_there_is_no_answer(kmes: Kmes, tmp_path: Path) -> None:
    other = pki.make(tmp_path, ("jinan",))  # the right name under another authority
    mine = kmes.access(0, "jinan", "qingdao")
    stranger = KmeAccess(mine.url, "qingdao", pki.certificate(other, "jinan"), mine.authority)
    with pytest.raises(KmeFailed) as refused:
        KmeClient(stranger).status()
    assert refused.value.reason in (KmeReason.NOT_TRUSTED, KmeReason.UNREACHABLE)
    distrust = KmeAccess(mine.url, "qingdao", mine.certificate, other / pki.AUTHORITY)
    with pytest.raises(KmeFailed, match="CERTIFICATE_VERIFY_FAILED"):
        KmeClient(distrust).status()
    context = ssl.create_default_context(cafile=str(mine.authority))
    line = http.client.HTTPSConnection("127.0.0.1", kmes.ports[0], context=context, timeout=5)
    with pytest.raises((ssl.SSLError, OSError, http.client.HTTPException)):
        _get(line, "/api/v1/keys/qingdao/status")


def _get(line: http.client.HTTPSConnection, path: str) -> int:
    line.request("GET", path)
    return line.getresponse().status


def _raw(kmes: Kmes, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    access = kmes.access(0, "jinan", "qingdao")
    context = ssl.create_default_context(cafile=str(access.authority))
    context.load_cert_chain(str(access.certificate))
    line = http.client.HTTPSConnection("127.0.0.1", kmes.ports[0], context=context, timeout=5)
    line.request(method, path, body)
    answer = line.getresponse()
    return answer.status, answer.read()


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/api/v1/keys/qingdao/enc_keys?number=2&size=256", None, 200),
        ("GET", "/api/v1/keys/qingdao/enc_keys?size=255", None, 400),
        ("POST", "/api/v1/keys/qingdao/enc_keys", b'{"size":255}', 400),
        ("POST", "/api/v1/keys/qingdao/enc_keys", b'{"number":1000}', 400),
        ("POST", "/api/v1/keys/qingdao/enc_keys", b'{"extension_mandatory":[{"x":1}]}', 400),
        ("POST", "/api/v1/keys/qingdao/enc_keys", b"[", 400),
        ("POST", "/api/v1/keys/qingdao/dec_keys", b'{"key_IDs":[]}', 400),
        ("GET", "/api/v1/keys/qingdao/dec_keys?key_ID=7", None, 400),
        ("GET", "/api/v1/keys/qingdao/dec_keys?key_ID=bc490419-7d60-487f-adc1-4ddcc177c139", None, 400),
        ("POST", "/api/v1/keys/qingdao/status", b"", 404),
        ("GET", "/api/v2/keys/qingdao/status", None, 404),
        ("POST", "/api/v1/keys/qingdao/enc_keys", b"x" * 70_000, 400),
        ("PUT", "/simulator", b'{"eve":"much"}', 400),
        ("PUT", "/simulator", b'{"eve":2}', 400),
    ],
)
def test_the_manager_answers_as_the_standard_says(
    kmes: Kmes, method: str, path: str, body: bytes | None, status: int
) -> None:
    said, data = _raw(kmes, method, path, body)
    assert said == status
    assert data.startswith(b'{"message"') == (status != 200)


def test_a_cut_fibre_serves_what_is_stored_and_then_says_503(kmes: Kmes) -> None:
    kmes.command(intact=False)
    client = kmes.client()
    client.enc_keys(12)
    with pytest.raises(KmeFailed) as empty:
        client.enc_keys()
    assert empty.value.reason is KmeReason.EMPTY
    assert empty.value.detail.zh
    kmes.command(intact=True)
    wait(lambda: client.status().stored_key_count)
    assert client.enc_keys()


def test_an_eavesdropper_raises_the_error_rate_and_stops_the_keys(kmes: Kmes) -> None:
    kmes.command(eve=1.0)
    client = kmes.client()
    kmes.drain()
    lap = wait(
        lambda: next((x for x in client.status().extension["rounds"] if x["outcome"] == "TOO_NOISY"), None)
    )
    assert 0.2 < lap["qber"] < 0.3
    assert lap["secret_bits"] == 0
    kmes.drain()
    with pytest.raises(KmeFailed) as empty:
        client.enc_keys()
    assert empty.value.reason is KmeReason.EMPTY


# -- a manager that misbehaves


class _Odd(BaseHTTPRequestHandler):
    answers: tuple[int, bytes] = (200, b"")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        status, body = self.answers
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None: ...


@pytest.fixture
def odd(kmes: Kmes) -> Iterator[KmeClient]:
    server = HTTPServer(("127.0.0.1", 0), _Odd)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(str(pki.certificate(kmes.folder, "KME-A")))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    access = kmes.access(0, "jinan", "qingdao")
    url = f"https://127.0.0.1:{server.server_address[1]}"
    yield KmeClient(KmeAccess(url, "qingdao", access.certificate, access.authority))
    server.shutdown()


_ID = "bc490419-7d60-487f-adc1-4ddcc177c139"
_KEY = b'{"key_ID":"' + _ID.encode() + b'","key":"' + b"A" * 43 + b'="}'


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (200, b"<html>", KmeReason.MALFORMED),
        (200, b'{"keys":[]}', KmeReason.MALFORMED),
        (200, b'{"keys":[{"key_ID":"' + _ID.encode() + b'","key":"AA=="}]}', KmeReason.MALFORMED),
        (200, b'{"keys":[' + _KEY + b"," + _KEY.replace(b"bc49", b"cc49") + b"]}", KmeReason.MALFORMED),
        (200, b" " * 1_100_000, KmeReason.MALFORMED),
        (401, b'{"message":"who?"}', KmeReason.UNAUTHORIZED),
        (503, b'{"message":"no keys"}', KmeReason.EMPTY),
        (500, b"oops", KmeReason.REFUSED),
    ],
)
def test_an_answer_that_is_none_is_not_used(
    odd: KmeClient, monkeypatch: pytest.MonkeyPatch, status: int, body: bytes, reason: KmeReason
) -> None:
    monkeypatch.setattr(_Odd, "answers", (status, body))
    with pytest.raises(KmeFailed) as failed:
        odd.enc_keys()
    assert failed.value.reason is reason


def test_another_key_than_the_one_asked_for_is_not_used(
    odd: KmeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Odd, "answers", (200, b'{"keys":[' + _KEY + b"]}"))
    assert odd.dec_keys([uuid.UUID(_ID)])
    with pytest.raises(KmeFailed):
        odd.dec_keys([uuid.uuid4()])


def test_a_silent_manager_is_given_up_in_time(kmes: Kmes) -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    access = kmes.access(0, "jinan", "qingdao")
    url = f"https://127.0.0.1:{silent.getsockname()[1]}"
    client = KmeClient(KmeAccess(url, "qingdao", access.certificate, access.authority, seconds=0.3))
    with pytest.raises(KmeFailed) as late:
        client.status()
    assert late.value.reason is KmeReason.TIMEOUT
    silent.close()
    with pytest.raises(KmeFailed) as gone:
        client.status()
    assert gone.value.reason is KmeReason.UNREACHABLE


def test_plain_http_is_never_used(kmes: Kmes) -> None:
    access = kmes.access(0, "jinan", "qingdao")
    with pytest.raises(KmeFailed):
        KmeClient(KmeAccess("http://127.0.0.1:1", "qingdao", access.certificate, access.authority))


def test_every_reason_has_words() -> None:
    for reason in KmeReason:
        assert reason.text.zh
        assert KmeFailed(reason).detail.en
