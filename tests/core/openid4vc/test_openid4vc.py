"""Messages of the two final protocols: what is read, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from quancheng.core import pki
from quancheng.core.jose import sign_jws
from quancheng.core.keys import Algorithm, MemoryKey, to_jwk
from quancheng.core.openid4vc import (
    PRE_AUTHORIZED,
    CredentialQuery,
    Held,
    Query,
    RequestObject,
    VcError,
    VcFault,
    client_id_of,
    holder_key,
    make_offer,
    make_proof,
    make_request,
    match,
    read_credential_request,
    read_offer,
    read_query,
    read_request,
    read_response,
    read_token_request,
)

NOW = 1_790_000_000
ISSUER = "https://jinan.example"
KEY = MemoryKey.generate(Algorithm.ES256)


def refused(action) -> VcError:
    with pytest.raises(VcFault) as caught:
        action()
    assert set(caught.value.to_json()) == {"error", "error_description"}
    return caught.value.error


def test_an_offer_leads_a_wallet_to_a_code_that_needs_a_number() -> None:
    offer = make_offer(ISSUER, "senior-card", "CODE", 6, "口令")
    assert read_offer(json.dumps(offer)) == (ISSUER, "senior-card", "CODE", True)
    for bad in (
        "[]",
        "{}",
        json.dumps({**offer, "grants": {}}),
        json.dumps({**offer, "credential_configuration_ids": []}),
    ):
        assert refused(lambda bad=bad: read_offer(bad)) is VcError.INVALID_REQUEST


def test_only_pre_authorized_codes_are_taken() -> None:
    good = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": "C", "tx_code": "123456"}
    assert read_token_request(good).tx_code == "123456"
    assert (
        refused(lambda: read_token_request({**good, "grant_type": "password"}))
        is VcError.UNSUPPORTED_GRANT_TYPE
    )
    assert refused(lambda: read_token_request({**good, "pre-authorized_code": ""})) is VcError.INVALID_REQUEST


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"{", VcError.INVALID_CREDENTIAL_REQUEST),
        (b"{}", VcError.INVALID_CREDENTIAL_REQUEST),
        (b'{"credential_configuration_id":"x"}', VcError.INVALID_PROOF),
        (b'{"credential_configuration_id":"x","proofs":{"jwt":[]}}', VcError.INVALID_PROOF),
        (b'{"credential_configuration_id":"x","proofs":{"jwt":["a","b","c","d","e","f"]}}', VcError.INVALID_CREDENTIAL_REQUEST),
    ],
)  # fmt: skip
def test_a_credential_request_without_proof_is_refused(body: bytes, error: VcError) -> None:
    assert refused(lambda: read_credential_request(body)) is error


def test_a_proof_proves_a_key_to_this_issuer_now() -> None:
    key, nonce = holder_key(make_proof(KEY, ISSUER, "n", NOW), ISSUER, NOW)
    assert (key, nonce) == (KEY.public, "n")
    body = json.dumps({"aud": ISSUER, "iat": NOW, "nonce": "n"}).encode()
    jwk = to_jwk(KEY.public)
    other = MemoryKey.generate(Algorithm.ES256)
    bad = [
        make_proof(KEY, "https://elsewhere", "n", NOW),
        make_proof(KEY, ISSUER, "n", NOW - 301),
        make_proof(KEY, ISSUER, "n", NOW + 61),
        sign_jws(body, KEY, {"typ": "jwt", "jwk": jwk}),
        sign_jws(body, KEY, {"typ": "openid4vci-proof+jwt"}),
        sign_jws(body, KEY, {"typ": "openid4vci-proof+jwt", "jwk": jwk, "kid": "x"}),
        sign_jws(body, other, {"typ": "openid4vci-proof+jwt", "jwk": jwk}),
        sign_jws(body, MemoryKey.generate(Algorithm.SM2), {"typ": "openid4vci-proof+jwt", "jwk": jwk}),
        "not.a.jwt",
    ]
    for proof in bad:
        assert refused(lambda proof=proof: holder_key(proof, ISSUER, NOW)) is VcError.INVALID_PROOF
    assert refused(lambda: holder_key(make_proof(KEY, ISSUER, "", NOW), ISSUER, NOW)) is VcError.INVALID_NONCE


# The first query of OpenID4VP 1.0 section 6 (mdoc left out: SD-JWT VC only here), with values as in appendix D.
_QUERY = {
    "credentials": [
        {
            "id": "my_credential",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": ["https://credentials.example.com/identity_credential"]},
            "claims": [{"path": ["last_name"], "values": ["Doe"]}, {"path": ["address", "street_address"]}, {"path": ["nationalities", None]}],
        }
    ]
}  # fmt: skip


def test_a_query_finds_the_credential_that_satisfies_it_and_what_to_show() -> None:
    query = read_query(_QUERY)
    assert query.to_json() == _QUERY
    good = {
        "vct": "https://credentials.example.com/identity_credential",
        "last_name": "Doe",
        "address": {"street_address": "x"},
        "nationalities": ["DE"],
    }
    held = [Held("other", {**good, "last_name": "Roe"}), Held("mine", good)]
    found, select = match(query, held)["my_credential"]
    assert (found.name, select) == ("mine", {"last_name": True, "address": True, "nationalities": True})
    for lacking in ({"address": {}}, {"nationalities": []}, {"vct": "x"}):
        assert (
            refused(lambda lacking=lacking: match(query, [Held("m", {**good, **lacking})]))
            is VcError.ACCESS_DENIED
        )


@pytest.mark.parametrize(
    "value",
    [None, {}, {"credentials": []}, {"credentials": [{"id": "a", "format": "mso_mdoc", "meta": {}}]},
     {"credentials": _QUERY["credentials"] * 2}, {**_QUERY, "credential_sets": []},
     {"credentials": [{"id": "a", "format": "dc+sd-jwt", "meta": {"vct_values": []}}]},
     {"credentials": [{"id": "a", "format": "dc+sd-jwt", "meta": {"vct_values": ["x"]}, "claims": [{"path": [-1]}]}]}],
)  # fmt: skip
def test_a_query_that_cannot_be_answered_is_refused(value) -> None:
    assert refused(lambda: read_query(value)) is VcError.INVALID_REQUEST


def certificate(key: MemoryKey) -> bytes:
    root, begin = MemoryKey.generate(Algorithm.ES256), datetime(2026, 1, 1, tzinfo=UTC)
    end = begin + timedelta(days=3650)
    top = pki.self_signed(pki.Order(pki.Purpose.ROOT, root.public, 1, "root", begin, end), root)
    order = pki.Order(pki.Purpose.DEPARTMENT, key.public, 2, "verifier", begin, end)
    return pki.issue(order, pki.Issuer(root, top)).der


def test_a_wallet_believes_a_request_of_the_certificate_it_names_only() -> None:
    der = certificate(KEY)
    query = Query((CredentialQuery("licence", ("vct",), ((("name",), ()),)),))
    asked = RequestObject(client_id_of(der), "https://v/response", "nonce", "state", query, NOW + 300)
    token = make_request(asked, KEY, der, NOW)
    assert read_request(token, NOW, asked.client_id) == (asked, der)
    thief = MemoryKey.generate(Algorithm.ES256)
    for bad in (
        lambda: read_request(token, NOW + 300),
        lambda: read_request(token, NOW, "x509_hash:another"),
        lambda: read_request(make_request(asked, thief, der, NOW), NOW),
        lambda: read_request(make_request(asked, thief, certificate(thief), NOW), NOW),
        lambda: read_request(
            make_request(replace(asked, client_id="redirect_uri:https://v"), KEY, der, NOW), NOW
        ),
        lambda: read_request(token[:-4] + "AAAA", NOW),
    ):
        assert refused(bad) is VcError.INVALID_REQUEST


def test_an_answer_holds_one_presentation_for_each_credential_or_says_no() -> None:
    assert read_response({"vp_token": '{"a":["x"]}', "state": "s"}) == ("s", {"a": "x"})
    assert refused(lambda: read_response({"error": "access_denied"})) is VcError.ACCESS_DENIED
    for bad in (
        {},
        {"vp_token": "x"},
        {"vp_token": '{"a":"x"}'},
        {"vp_token": '{"a":["x","y"]}'},
        {"vp_token": '{"a":[1]}'},
    ):
        assert refused(lambda bad=bad: read_response(bad)) is VcError.INVALID_REQUEST
