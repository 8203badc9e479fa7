"""Certificates, revocation, time stamps, signatures and seals as services; OpenSSL and pyHanko as real clients."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import subprocess
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client as Browser

from quancheng.capabilities.people.models import Department
from quancheng.capabilities.security import actions, authority, queries, tasks
from quancheng.capabilities.security.models import (
    Certificate,
    Client,
    ElectronicSeal,
    Key,
    QuotaUse,
    RevocationListRow,
    Sealing,
    Signature,
    Stamp,
)
from quancheng.core.keys import Algorithm, MemoryKey, from_jwk
from quancheng.core.pki import (
    PkiError,
    PkiReason,
    StampRequest,
    check_path,
    make_request,
    make_stamp_request,
    read_certificate,
    read_revocation_list,
    token_of,
)
from quancheng.core.sm import sm3
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound
from quancheng.kernel.models import writing

SHA256, SM3 = "2.16.840.1.101.3.4.2.1", "1.2.156.10197.1.401"
PICTURE = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(64)).decode()
Officer = Callable[..., Actor]


def csr(key: MemoryKey, name: str = "闸机七号", names: tuple[str, ...] = ()) -> str:
    from asn1crypto import pem

    return pem.armor("CERTIFICATE REQUEST", make_request(key, name, names=names)).decode()  # type: ignore[no-any-return]


@pytest.fixture
def caller(city: None, officer: Officer) -> Callable[..., Any]:
    row, secret = actions.add_client(Call(officer()), code="jn-bus", name="公交系统", department="jn-civil")
    assert row.secret_hash != secret

    def post(path: str, body: dict[str, Any], key: str = "", credentials: str = "") -> Any:
        headers = {"Authorization": f"Bearer {credentials or f'jn-bus:{secret}'}"}
        if key:
            headers["Idempotency-Key"] = key
        return Browser().post(
            f"/api/v1/security{path}", json.dumps(body), content_type="application/json", headers=headers
        )

    return post


# -- certificates ---------------------------------------------------------------------------
@pytest.mark.parametrize("algorithm", [Algorithm.ES256, Algorithm.SM2])
def test_a_device_gets_a_certificate_for_its_own_key(officer: Officer, algorithm: Algorithm) -> None:
    key = MemoryKey.generate(algorithm)
    row = actions.issue_certificate(
        Call(officer()), csr=csr(key, names=("gate-7.example",)), profile="device", department="jn-civil"
    )
    known = authority.trust()
    leaf = row.x509
    assert (leaf.public, leaf.names, row.subject) == (key.public, ("gate-7.example",), "闸机七号")
    path = check_path(leaf, roots=known.roots, between=known.between, lists=known.lists, at=clock.now())
    assert [one.authority for one in path] == [False, True, True]
    slug = f"issuing-{'sm2' if algorithm is Algorithm.SM2 else 'es256'}"
    served = read_certificate(Browser().get(f"/pki/{slug}.crt").content)
    assert served == path[1] and read_certificate(Browser().get(f"/pki/{slug}.pem").content) == path[1]
    assert Browser().get("/pki/nobody.crt").status_code == 404


def test_a_revoked_certificate_is_on_the_published_list_at_once(officer: Officer) -> None:
    key = MemoryKey.generate(Algorithm.ES256)
    row = actions.issue_certificate(
        Call(officer()), csr=csr(key), profile="department", department="jn-civil"
    )
    issuing = read_certificate(Browser().get("/pki/issuing-es256.crt").content)
    before = read_revocation_list(Browser().get("/pki/crl/issuing-es256.crl").content, issuing)
    actions.revoke_certificate(Call(officer()), serial=row.serial, reason="key_compromise")
    after = read_revocation_list(Browser().get("/pki/crl/issuing-es256.crl").content, issuing)
    assert (len(before.revoked), list(after.revoked)) == (0, [row.x509.serial])
    assert after.number == before.number + 1
    known = authority.trust()
    with pytest.raises(PkiError) as caught:
        check_path(row.x509, roots=known.roots, between=known.between, lists=known.lists, at=clock.now())
    assert caught.value.reason is PkiReason.REVOKED
    with pytest.raises(Conflict):
        actions.revoke_certificate(Call(officer()), serial=row.serial, reason="superseded")
    with pytest.raises(InvalidInput):  # a compromised key never comes back
        actions.issue_certificate(Call(officer()), csr=csr(key), profile="department", department="jn-civil")


def test_what_is_refused_is_said_at_its_field(officer: Officer) -> None:
    call, key = Call(officer()), MemoryKey.generate(Algorithm.ES256)
    good = {"csr": csr(key), "profile": "device", "department": "jn-civil"}
    broken = good["csr"].replace("A", "B", 3)
    for field, value in (("csr", broken), ("csr", "hello"), ("profile", "root"), ("department", "no-such")):
        with pytest.raises(InvalidInput) as caught:
            actions.issue_certificate(call, **(good | {field: value}))
        assert list(caught.value.fields) == [field]
    with pytest.raises(InvalidInput) as caught:
        actions.issue_certificate(call, **good, subject="名" * 65)
    assert "subject" in caught.value.fields
    with pytest.raises(Forbidden):
        actions.issue_certificate(Call(officer("外", "protect.auditor")), **good)
    with pytest.raises(NotFound):
        actions.revoke_certificate(call, serial="ff", reason="superseded")
    actions.ensure_authority(Call.system("security"), family="es256")
    with pytest.raises(Conflict):
        actions.revoke_certificate(
            call, serial=Certificate.objects.get(slug="issuing-es256").serial, reason="superseded"
        )


def test_lists_are_signed_anew_before_they_end(city: None, monkeypatch: pytest.MonkeyPatch) -> None:
    actions.ensure_authority(Call.system("security"), family="sm2")
    assert tasks.lists(None) == {"made": []}  # type: ignore[arg-type]
    later = clock.now() + timedelta(hours=30)
    with clock_at(monkeypatch, later):
        assert tasks.lists(None) == {"made": ["issuing-sm2"]}  # type: ignore[arg-type]
    assert RevocationListRow.objects.filter(authority__slug="issuing-sm2").count() == 2


def clock_at(patch: pytest.MonkeyPatch, at: Any) -> Any:
    patch.setattr(clock, "now", lambda: at)
    return patch.context()


# -- time stamps ----------------------------------------------------------------------------
def ask(request: StampRequest, **headers: str) -> Any:
    return Browser().post(
        "/tsa", make_stamp_request(request), content_type="application/timestamp-query", headers=headers
    )


@pytest.mark.parametrize(("oid", "digest"), [(SHA256, hashlib.sha256(b"x").digest()), (SM3, sm3(b"x"))])
def test_everybody_may_ask_what_time_it_is(city: None, oid: str, digest: bytes) -> None:
    answer = ask(StampRequest(oid, digest, nonce=99, certificates=True))
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/timestamp-reply")
    info = queries.verify_stamp(token_of(answer.content), digest)
    assert info.nonce == 99 and abs((info.at - clock.now()).total_seconds()) < 5
    row = Stamp.objects.get(serial=info.serial)
    assert (row.requester, row.digest, bytes(row.token)) == ("public", digest.hex(), token_of(answer.content))
    assert info.signer.public.algorithm is (Algorithm.SM2 if oid == SM3 else Algorithm.ES256)


def test_the_authority_of_stamps_refuses_in_its_own_language(city: None) -> None:
    for body, kind, status in (
        (b"hello", "application/timestamp-query", 200),
        (make_stamp_request(StampRequest("1.3.14.3.2.26", bytes(20))), "application/timestamp-query", 200),
        (
            make_stamp_request(StampRequest(SHA256, bytes(32), policy="1.2.3")),
            "application/timestamp-query",
            200,
        ),
        (bytes(20_000), "application/timestamp-query", 413),
        (b"{}", "application/json", 415),
    ):
        answer = Browser().post("/tsa", body, content_type=kind)
        assert answer.status_code == status
        with pytest.raises(PkiError, match="refused"):
            token_of(answer.content)
    assert not Stamp.objects.exists()


def test_quota_of_stamps_is_kept_and_said(officer: Officer) -> None:
    actions.set_quota(Call(officer()), caller="public", service="stamp", per_day=2)
    request = StampRequest(SHA256, bytes(32))
    assert [ask(request).status_code for _ in range(3)] == [200, 200, 429]
    with pytest.raises(PkiError, match="used up"):
        token_of(ask(request).content)
    _, secret = actions.add_client(Call(officer()), code="jn-bus", name="公交", department="jn-civil")
    basic = base64.b64encode(f"jn-bus:{secret}".encode()).decode()
    assert ask(request, Authorization=f"Basic {basic}").status_code == 200
    assert ask(request, Authorization="Basic d3Jvbmc6d3Jvbmc=").status_code == 401
    assert QuotaUse.objects.get(caller="jn-bus", service="stamp").used == 1


def test_old_stamps_hold_after_the_key_was_rotated(city: None) -> None:
    first = token_of(ask(StampRequest(SHA256, bytes(32), certificates=True)).content)
    actions.rotate(Call.system("security"), purpose="tsa.es256")
    second = token_of(ask(StampRequest(SHA256, bytes(32), certificates=True)).content)
    one, two = (queries.verify_stamp(token) for token in (first, second))
    assert one.signer.public != two.signer.public


@pytest.mark.django_db(transaction=True)
def test_openssl_over_http_is_content(live_server: Any, city: None, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"a document of the city")
    run(tmp_path, "ts", "-query", "-data", "data", "-sha256", "-cert", "-out", "q.tsq")
    request = urllib.request.Request(
        f"{live_server.url}/tsa", (tmp_path / "q.tsq").read_bytes(),
        {"Content-Type": "application/timestamp-query"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=30) as answer:
        (tmp_path / "a.tsr").write_bytes(answer.read())
    for slug in ("root-es256", "issuing-es256"):
        with urllib.request.urlopen(f"{live_server.url}/pki/{slug}.pem", timeout=30) as answer:
            (tmp_path / f"{slug}.pem").write_bytes(answer.read())
    with urllib.request.urlopen(f"{live_server.url}/pki/crl/issuing-es256.crl", timeout=30) as answer:
        (tmp_path / "list.crl").write_bytes(answer.read())
    trust = ["-CAfile", "root-es256.pem", "-untrusted", "issuing-es256.pem"]
    said = run(tmp_path, "ts", "-verify", *trust, "-in", "a.tsr", "-queryfile", "q.tsq")
    assert "Verification: OK" in said
    assert "verify OK" in run(
        tmp_path, "crl", "-inform", "DER", "-in", "list.crl", "-noout", "-CAfile", "issuing-es256.pem"
    )


def run(folder: Path, *arguments: str) -> str:
    found = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, timeout=30)
    assert found.returncode == 0, found.stderr
    return found.stdout + found.stderr


@pytest.mark.django_db(transaction=True)
def test_openssl_asks_for_the_status_over_http(live_server: Any, officer: Officer, tmp_path: Path) -> None:
    from quancheng.core.pki import to_pem

    rows = [
        actions.issue_certificate(
            Call(officer()),
            csr=csr(MemoryKey.generate(Algorithm.ES256), name),
            profile="device",
            department="jn-civil",
        )
        for name in ("good", "gone")
    ]
    actions.revoke_certificate(Call(officer()), serial=rows[1].serial, reason="key_compromise")
    for row in rows:
        (tmp_path / f"{row.subject}.pem").write_text(to_pem(row.x509))
    for slug in ("root-es256", "issuing-es256"):
        (tmp_path / f"{slug}.pem").write_bytes(Browser().get(f"/pki/{slug}.pem").content)
    said = run(
        tmp_path, "ocsp", "-issuer", "issuing-es256.pem", "-cert", "good.pem", "-cert", "gone.pem",
        "-url", f"{live_server.url}/pki/ocsp/issuing-es256", "-CAfile", "root-es256.pem",
        "-verify_other", "issuing-es256.pem",
    )  # fmt: skip
    assert "Response verify OK" in said and "good.pem: good" in said and "gone.pem: revoked" in said
    kind = {"content_type": "application/ocsp-request"}
    for slug, body in (("issuing-es256", b"rubbish"), ("root-es256", b"rubbish"), ("nobody", b"")):
        assert Browser().post(f"/pki/ocsp/{slug}", body, **kind).content[:1] == b"\x30"


@pytest.mark.django_db(transaction=True)
def test_pyhanko_seals_a_document_with_our_time(live_server: Any, city: None) -> None:
    """pyHanko's own client asks our service; its validator believes the document time stamp by our root."""
    from pyhanko.keys import load_certs_from_pemder_data
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign import signers, timestamps
    from pyhanko.sign.validation import validate_pdf_timestamp
    from pyhanko_certvalidator import ValidationContext
    from pypdf import PdfWriter

    blank, plain = PdfWriter(), io.BytesIO()
    blank.add_blank_page(200, 200)
    blank.write(plain)
    stamper = timestamps.HTTPTimeStamper(f"{live_server.url}/tsa")

    async def stamped() -> io.BytesIO:
        out = await signers.PdfTimeStamper(stamper).async_timestamp_pdf(
            IncrementalPdfFileWriter(plain), md_algorithm="sha256"
        )
        return io.BytesIO(out.getbuffer())

    document = asyncio.run(stamped())
    roots = [*load_certs_from_pemder_data(Browser().get("/pki/root-es256.crt").content)]
    others = [*load_certs_from_pemder_data(Browser().get("/pki/issuing-es256.crt").content)]
    context = ValidationContext(trust_roots=roots, other_certs=others, allow_fetching=False)
    embedded = PdfFileReader(document).embedded_timestamp_signatures[0]
    status = validate_pdf_timestamp(embedded, context)
    assert status.valid and status.intact and status.trusted


# -- signatures -----------------------------------------------------------------------------
@pytest.mark.parametrize("family", ["es256", "sm2"])
def test_a_departments_program_lets_sign(caller: Callable[..., Any], family: str) -> None:
    body = {"data": base64.b64encode(b"order 7").decode(), "family": family, "reference": "7"}
    answer = caller("/sign", body, key="once")
    assert answer.status_code == 200, answer.content
    said = answer.json()
    from_jwk(said["jwk"]).verify(b"order 7", base64.b64decode(said["signature"]))
    assert said["digest"] == hashlib.sha256(b"order 7").hexdigest()
    again = caller("/sign", body, key="once").json()
    assert again["signature"] == said["signature"] and Signature.objects.count() == 1
    assert caller("/sign", body | {"reference": "8"}, key="once").status_code == 409
    listed = Browser().get(f"/api/v1/security/keys/{Key.objects.get(kid=said['kid']).purpose}").json()
    assert said["jwk"]["x"] in {one["jwk"]["x"] for one in listed["keys"]}


def test_signing_is_for_those_who_proved_themselves(caller: Callable[..., Any], officer: Officer) -> None:
    body = {"data": "eA=="}
    for credentials in ("jn-bus:wrong", "nobody:x", "jn-bus", "jn-bus:"):
        assert caller("/sign", body, credentials=credentials).status_code == 401
    assert caller("/sign", {"data": "not base64!"}).status_code == 422
    assert caller("/sign", {"data": base64.b64encode(bytes(70_000)).decode()}).status_code == 422
    assert caller("/sign", body | {"family": "rsa"}).json()["fields"].keys() == {"family"}
    actions.stop_client(Call(officer()), code="jn-bus")
    assert caller("/sign", body).status_code == 401
    actions.stop_client(Call(officer()), code="jn-bus", active=True)
    assert caller("/sign", body).status_code == 200
    _, secret = actions.new_secret(Call(officer()), code="jn-bus")
    assert caller("/sign", body).status_code == 401
    assert caller("/sign", body, credentials=f"jn-bus:{secret}").status_code == 200


def test_a_used_up_quota_is_a_problem_that_says_what_to_do(
    caller: Callable[..., Any], officer: Officer
) -> None:
    actions.set_quota(Call(officer()), caller="jn-bus", service="sign", per_day=1)
    assert caller("/sign", {"data": "eA=="}).status_code == 200
    answer = caller("/sign", {"data": "eA=="})
    said = answer.json()
    assert answer.status_code == 429 and answer["Content-Type"] == "application/problem+json"
    assert (said["quota"], said["service"], said["caller"]) == (1, "sign", "jn-bus")
    assert said["type"].endswith("too-many") and said["text"]["todo"]["en"]
    assert Signature.objects.count() == 1


# -- seals ----------------------------------------------------------------------------------
def test_a_department_seals_and_everybody_can_verify(caller: Callable[..., Any], officer: Officer) -> None:
    seal = actions.make_electronic_seal(
        Call(officer()), department="jn-civil", name="济南市民政局", picture=PICTURE
    )
    document = "批复".encode()
    body = {"number": seal.number, "digest": sm3(document).hex(), "place": "/a.pdf", "reference": "B-1"}
    answer = caller("/seal", body, key="b1")
    assert answer.status_code == 200, answer.content
    sealing = base64.b64decode(answer.json()["sealing"])
    found = queries.verify_seal(sealing, document)
    assert found.seal.name == "济南市民政局" and found.stamp is not None
    assert caller("/seal", body, key="b1").json() == answer.json() and Sealing.objects.count() == 1
    with pytest.raises(PkiError):
        queries.verify_seal(sealing, document + b"!")
    for at in range(0, len(sealing), 41):
        changed = bytearray(sealing)
        changed[at] ^= 4
        with pytest.raises(PkiError):
            queries.verify_seal(bytes(changed), document)


def test_a_seal_is_its_departments_and_can_be_stopped(caller: Callable[..., Any], officer: Officer) -> None:
    other = actions.make_electronic_seal(
        Call(officer()), department="jn-approval", name="行政审批局", picture=PICTURE
    )
    own = actions.make_electronic_seal(Call(officer()), department="jn-civil", name="民政局", picture=PICTURE)
    body = {"digest": "00" * 32, "place": "/a"}
    assert caller("/seal", body | {"number": other.number}).status_code == 403
    assert caller("/seal", body | {"number": own.number}).status_code == 200
    assert caller("/seal", body | {"number": own.number, "digest": "zz"}).status_code == 422
    assert caller("/seal", body | {"number": own.number, "place": "文件"}).status_code == 422
    assert caller("/seal", body | {"number": "none"}).status_code == 404
    actions.stop_seal(Call(officer()), number=own.number)
    assert caller("/seal", body | {"number": own.number}).status_code == 403
    with pytest.raises(Conflict):
        actions.seal_document(
            Call.system("security"), number=own.number, digest="00" * 32, place="/a", caller="trust"
        )
    assert ElectronicSeal.objects.filter(stopped_at=None).count() == 1


def test_a_program_sees_its_use(caller: Callable[..., Any]) -> None:
    caller("/sign", {"data": "eA=="})
    row = Client.objects.get(code="jn-bus")
    with writing("tests"):
        Client.objects.filter(pk=row.pk).update(secret_hash=actions_digest("known"))
    found = Browser().get("/api/v1/security/use", headers={"Authorization": "Bearer jn-bus:known"}).json()
    assert {one["service"]: one["used"] for one in found["services"]} == {"sign": 1, "stamp": 0, "seal": 0}
    assert Department.objects.get(pk=row.department_id).code == "jn-civil"


def actions_digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
