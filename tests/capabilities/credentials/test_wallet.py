"""A licence into a wallet over real HTTP, two facts out of it, and everything that must not work."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client
from tests.capabilities.credentials.conftest import offered

from quancheng.capabilities.credentials import actions, issuing, queries
from quancheng.capabilities.credentials.models import Issued, Nonce, Offer, Question
from quancheng.capabilities.people.queries import department
from quancheng.capabilities.trust.actions import revoke_licence
from quancheng.core.jose import verify_jws
from quancheng.core.keys import Algorithm, MemoryKey
from quancheng.core.openid4vc import PRE_AUTHORIZED, make_proof
from quancheng.core.sdjwt import parse
from quancheng.core.statuslist import StatusList
from quancheng.kernel import clock
from quancheng.kernel.actions import Call

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def address(settings, request) -> None:
    """The city's public address is the one this test serves."""
    if "live_server" in request.fixturenames:
        settings.PUBLIC_URL = request.getfixturevalue("live_server").url


def question(claims: list[str]) -> Question:
    return actions.ask(
        Call.system("credentials"), department_id=department("jn-civil").pk, type_code="social-security-card", claims=claims,
        purpose="核对参保人身份",
    )  # fmt: skip


def test_a_citizen_takes_a_licence_and_shows_one_fact_of_it(live_server, wallet, licence, signed_in) -> None:
    wallet.take(offered(signed_in("citizen-young"), licence))
    assert Issued.objects.get().licence == licence
    asked = question(["name"])
    done = wallet.run("show", queries.link_of(asked))
    assert done.returncode == 0, done.stderr
    asked.refresh_from_db()
    assert asked.state == Question.State.ANSWERED
    assert asked.facts == {"name": licence.holder_name, "issuing_authority": licence.issued_by.zh}
    assert licence.items["resident_id"] not in json.dumps(asked.facts)
    again = wallet.run("show", queries.link_of(asked))
    assert again.returncode != 0 and "404" in again.stderr


def test_the_number_is_needed_five_wrong_ones_lock_the_offer(live_server, wallet, licence, signed_in) -> None:
    uri, number = offered(signed_in("citizen-young"), licence)
    wrong = f"{(int(number) + 1) % 10**6:06d}"
    for _try in range(5):
        done = wallet.run("take", uri, "--tx-code", wrong)
        assert done.returncode != 0 and ("transaction code" in done.stderr or "404" in done.stderr)
    assert Offer.objects.get().state == Offer.State.LOCKED
    assert wallet.run("take", uri, "--tx-code", number).returncode != 0
    assert not Issued.objects.exists()


def test_an_offer_works_once_and_not_for_ever(live_server, wallet, licence, signed_in) -> None:
    client = signed_in("citizen-young")
    offer = offered(client, licence)
    wallet.take(offer)
    assert wallet.run("take", offer[0], "--tx-code", offer[1]).returncode != 0
    uri, number = offered(client, licence)
    code = uri.rpartition("/")[2]
    with clock.at(clock.now() + timedelta(minutes=11)):
        found = actions.redeem(Call.system("credentials"), code=code, tx_code=number)
    assert getattr(found, "error", "") == "invalid_grant"


def test_a_revoked_licence_is_refused_and_stands_in_the_status_list(
    live_server, wallet, licence, signed_in
) -> None:
    wallet.take(offered(signed_in("citizen-young"), licence))
    index = Issued.objects.get().status_index
    assert _status(index) == 0
    revoke_licence(Call.system("trust"), licence=licence, reason="注销")
    assert _status(index) == 1
    asked = question(["name"])
    done = wallet.run("show", queries.link_of(asked))
    assert done.returncode != 0 and "revoked" in done.stderr
    asked.refresh_from_db()
    assert (asked.state, asked.facts) == (Question.State.REFUSED, None)


def _status(index: int) -> int:
    answer = Client().get("/openid4vc/status/1")
    token = verify_jws(answer.content.decode(), issuing.signer().public, types=("statuslist+jwt",))
    assert answer["Content-Type"] == "application/statuslist+jwt"
    return StatusList.from_json(token.json()["status_list"])[index]


def test_a_lost_wallet_is_stopped_by_its_owner_only(live_server, wallet, licence, signed_in) -> None:
    owner = signed_in("citizen-young")
    wallet.take(offered(owner, licence))
    row = Issued.objects.get()
    assert signed_in("citizen-elder").post(f"/wallet/credentials/{row.pk}/stop/").status_code == 404
    assert owner.post(f"/wallet/credentials/{row.pk}/stop/").status_code == 302
    assert _status(row.status_index) == 1
    assert wallet.run("show", queries.link_of(question(["name"]))).returncode != 0


def test_a_copied_credential_is_worth_nothing_without_its_key(
    live_server, wallet, licence, signed_in
) -> None:
    wallet.take(offered(signed_in("citizen-young"), licence))
    kept = json.loads(wallet.store.read_text())
    from quancheng.core.jose import b64

    kept["key"] = b64(MemoryKey.generate(Algorithm.ES256).private_bytes())
    wallet.store.write_text(json.dumps(kept))
    asked = question(["name"])
    assert wallet.run("show", queries.link_of(asked)).returncode != 0
    asked.refresh_from_db()
    assert asked.state == Question.State.REFUSED


def test_a_presentation_for_one_office_is_not_taken_by_another_question(
    live_server, wallet, licence, signed_in
) -> None:
    from quancheng.capabilities.credentials.wallet_peer import question as read_question
    from quancheng.core.jose import unb64
    from quancheng.core.sdjwt import Binding, present

    wallet.take(offered(signed_in("citizen-young"), licence))
    kept = json.loads(wallet.store.read_text())
    key = MemoryKey.from_private(Algorithm.ES256, unb64(kept["key"]))
    one, other = question(["name"]), question(["name"])
    request = read_question(queries.link_of(one))
    binding = Binding(key, request.client_id, request.nonce, int(clock.now().timestamp()))
    shown = present(parse(kept["credential"]), {"name": True}, binding=binding).text()
    body = {"vp_token": json.dumps({"licence": [shown]}), "state": other.code}
    assert Client().post("/openid4vc/response", body).status_code == 400
    other.refresh_from_db()
    assert other.state == Question.State.REFUSED and "NONCE" in other.reason


def test_a_nonce_and_a_token_work_once(db, licence, signed_in, settings) -> None:
    settings.PUBLIC_URL = "http://testserver"
    uri, number = offered(signed_in("citizen-young"), licence)
    client = Client()
    form = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": uri.rpartition("/")[2], "tx_code": number}
    answer = client.post("/openid4vc/token", form)
    assert answer["Cache-Control"] == "no-store"
    token = answer.json()["access_token"]
    assert client.post("/openid4vc/token", form).json()["error"] == "invalid_grant"
    nonce = client.post("/openid4vc/nonce").json()["c_nonce"]
    key = MemoryKey.generate(Algorithm.ES256)

    def ask(nonce: str, token: str, kind: str = "social-security-card") -> dict[str, object]:
        proof = make_proof(key, "http://testserver", nonce, int(clock.now().timestamp()))
        body = {"credential_configuration_id": kind, "proofs": {"jwt": [proof]}}
        return client.post(
            "/openid4vc/credential", json.dumps(body), content_type="application/json",
            headers={"Authorization": f"Bearer {token}"},
        ).json()  # fmt: skip

    assert ask("invented", token)["error"] == "invalid_nonce"
    assert ask(nonce, "invented")["error"] == "invalid_token"
    assert ask(nonce, token, "senior-card")["error"] == "unknown_credential_configuration"
    assert "credentials" in ask(nonce, token)
    assert not Nonce.objects.exists()
    assert ask(client.post("/openid4vc/nonce").json()["c_nonce"], token)["error"] == "invalid_token"
    assert Issued.objects.count() == 1


def test_what_is_published_is_enough_to_check_alone(db, town) -> None:
    client = Client()
    issuer = client.get("/.well-known/openid-credential-issuer").json()
    kind = issuer["credential_configurations_supported"]["social-security-card"]
    assert (kind["format"], kind["proof_types_supported"].keys()) == ("dc+sd-jwt", {"jwt"})
    assert client.get("/.well-known/jwt-vc-issuer").json()["jwks"]["keys"][0]["kid"]
    assert client.get("/.well-known/oauth-authorization-server").json()["grant_types_supported"] == [
        PRE_AUTHORIZED
    ]
    assert client.get("/openid4vc/types/social-security-card").json()["vct"] == kind["vct"]
    assert client.get("/openid4vc/types/none").status_code == 404


def test_an_office_asks_for_known_facts_with_a_purpose_only(db, town, signed_in) -> None:
    from quancheng.kernel.errors import InvalidInput

    for claims, purpose in (([], "核对身份"), (["shoe-size"], "核对身份"), (["name"], "x")):
        with pytest.raises(InvalidInput):
            actions.ask(
                Call.system("credentials"), department_id=department("jn-civil").pk, type_code="social-security-card", claims=claims,
                purpose=purpose,
            )  # fmt: skip
    assert signed_in("citizen-young").get("/work/credentials/").status_code == 403
