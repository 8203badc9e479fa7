"""Two facts out of ten: what a verifier sees, and everything it must refuse."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from quancheng.core.jose import JoseFault, b64, parse_jws, read_json, sign_jws, unb64, verify_jws
from quancheng.core.keys import Algorithm, MemoryKey, to_jwk
from quancheng.core.sdjwt import Binding, Expect, Sd, SdFault, SdJwt, SdReason, issue, parse, present, verify
from quancheng.core.sdjwt.disclosure import Disclosure

NOW = 1_790_000_000
CITY, SM2 = MemoryKey.generate(Algorithm.ES256), MemoryKey.generate(Algorithm.SM2)
PHONE, THIEF = MemoryKey.generate(Algorithm.ES256), MemoryKey.generate(Algorithm.ES256)
CLAIMS: dict[Any, Any] = {
    "iss": "https://jinan.example", "vct": "https://jinan.example/licences/business", "iat": NOW - 100,
    "exp": NOW + 1000, **{Sd(f"fact{n}"): n for n in range(10)}, Sd("scope"): ["food", Sd("wine")],
}  # fmt: skip


def issued(key: MemoryKey = CITY, **more: Any) -> SdJwt:
    return issue(CLAIMS, key, holder=to_jwk(PHONE.public), **more)


def shown(token: SdJwt | None = None, key: MemoryKey = PHONE, **more: Any) -> SdJwt:
    said = {"audience": "verifier", "nonce": "n-1", "issued": NOW} | more
    return present(token or issued(), {"fact1": True, "fact7": True}, binding=Binding(key, **said))


def expect(key: MemoryKey = CITY, **more: Any) -> Expect:
    def find(header: Mapping[str, Any], payload: Mapping[str, Any]) -> Any:
        return key.public if payload.get("iss") == "https://jinan.example" else None

    said = {"now": NOW, "audience": "verifier", "nonce": "n-1", "vct": CLAIMS["vct"], "types": ("dc+sd-jwt",)}
    return Expect(find, **(said | more))


def refused(token: SdJwt | str, **more: Any) -> SdReason:
    with pytest.raises(SdFault) as caught:
        verify(token, expect(**more))
    return caught.value.reason


@pytest.mark.parametrize("key", [CITY, SM2], ids=["ES256", "SM2"])
@pytest.mark.parametrize("hash_name", ["sha-256", "sm3"])
def test_a_verifier_sees_two_facts_and_no_other(key: MemoryKey, hash_name: str) -> None:
    token = shown(issued(key, hash_name=hash_name, decoys=3))
    good = verify(token.text(), expect(key))
    facts = {name: value for name, value in good.claims.items() if name.startswith("fact")}
    assert facts == {"fact1": 1, "fact7": 7}
    assert good.holder == PHONE.public
    assert "wine" not in json.dumps(good.claims) and "scope" not in good.claims


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"now": NOW + 1000}, SdReason.EXPIRED),
        ({"now": NOW - 200}, SdReason.NOT_YET),
        ({"audience": "another"}, SdReason.AUDIENCE),
        ({"nonce": "n-2"}, SdReason.NONCE),
        ({"vct": "another"}, SdReason.VCT),
        ({"types": ("jwt",)}, SdReason.TYPE),
        ({"key": THIEF}, SdReason.SIGNATURE),
        ({"now": NOW + 301}, SdReason.KEY_BINDING),
    ],
)
def test_what_a_verifier_did_not_ask_for_is_refused(more: dict[str, Any], reason: SdReason) -> None:
    assert refused(shown(), **more) is reason


def test_a_token_of_nobody_we_know_and_one_without_proof_are_refused() -> None:
    claims = {**CLAIMS, "iss": "https://elsewhere.example"}
    stranger = shown(issue(claims, CITY, holder=to_jwk(PHONE.public)))
    assert refused(stranger) is SdReason.UNKNOWN_KEY
    assert refused(present(issued(), {"fact1": True})) is SdReason.KEY_BINDING
    assert refused(shown(key=THIEF)) is SdReason.KEY_BINDING
    unbound = issue(CLAIMS, CITY)
    assert refused(shown(unbound)) is SdReason.KEY_BINDING


def test_the_holders_proof_is_for_these_disclosures_only() -> None:
    token, whole = shown(), issued()
    fewer = replace(token, disclosures=token.disclosures[:1])
    assert refused(fewer) is SdReason.KEY_BINDING
    again = replace(shown(whole), disclosures=shown(whole).disclosures + token.disclosures[:1])
    assert refused(again) in (SdReason.DISCLOSURE, SdReason.KEY_BINDING)


def test_disclosures_that_belong_nowhere_or_stand_twice_are_refused() -> None:
    token = present(issued(), {"fact1": True})
    foreign = Disclosure.make("salt", "fact1", 99).text
    for disclosures in ((*token.disclosures, foreign), token.disclosures * 2):
        assert refused(replace(token, disclosures=disclosures), binding=False) is SdReason.DISCLOSURE


def _signed(payload: dict[str, Any], disclosures: tuple[str, ...] = ()) -> SdJwt:
    body = {"iss": "https://jinan.example", "vct": CLAIMS["vct"], **payload}
    return SdJwt(sign_jws(json.dumps(body).encode(), CITY, {"typ": "dc+sd-jwt"}), disclosures)


def test_an_issuer_that_lies_about_structure_is_refused() -> None:
    claim, element = Disclosure.make("s", "fact", 1), Disclosure.make("s", None, 1)
    digest, other = claim.digest("sha-256"), element.digest("sha-256")
    lies = [
        ({"_sd": [digest], "fact": 2}, (claim.text,), SdReason.DISCLOSURE),  # overwrites a plain claim
        ({"_sd": [other]}, (element.text,), SdReason.DISCLOSURE),  # an element as a claim
        ({"list": [{"...": digest}]}, (claim.text,), SdReason.DISCLOSURE),  # a claim as an element
        ({"_sd": [digest, digest]}, (claim.text,), SdReason.MALFORMED),  # a digest twice
        ({"_sd": [digest], "in": {"_sd": [digest]}}, (claim.text,), SdReason.MALFORMED),
        ({"_sd": "x"}, (), SdReason.MALFORMED),
        ({"_sd_alg": "md5"}, (), SdReason.HASH),
        ({"x": {"...": "y"}}, (), SdReason.RESERVED),
        ({"list": [{"...": other, "more": 1}]}, (element.text,), SdReason.RESERVED),
        ({"exp": "soon"}, (), SdReason.MALFORMED),
    ]
    for payload, disclosures, reason in lies:
        assert refused(_signed(payload, disclosures), binding=False) is reason, payload
    assert refused(_signed({"_sd": []}, (b64(b'["s","_sd",1]'),)), binding=False) is SdReason.RESERVED


def test_no_character_of_a_presentation_can_be_changed() -> None:
    text, taken = shown().text(), []
    good = verify(text, expect()).claims
    for place in range(len(text)):
        changed = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
        try:
            if verify(changed, expect()).claims == good and changed == text:
                continue
        except SdFault:
            continue
        taken.append(place)
    assert taken == []


@pytest.mark.parametrize("text", ["", "a", "a.b.c", "~", "a.b.c~~", "a~b", "x" * 300_000 + "~"])
def test_what_is_no_token_is_refused(text: str) -> None:
    assert refused(text) in (SdReason.MALFORMED, SdReason.SIGNATURE)


def test_an_issuer_cannot_hide_what_verifiers_must_see_nor_use_reserved_names() -> None:
    for claims in (
        {"vct": "x", Sd("exp"): 1},
        {"_sd": 1},
        {"...": 1},
        {Sd("_sd_alg"): 1},
        {"a": 1, Sd("a"): 2},
    ):
        with pytest.raises(SdFault) as caught:
            issue(claims, CITY)
        assert caught.value.reason is SdReason.RESERVED


def test_a_selection_must_have_the_shape_of_the_claims() -> None:
    with pytest.raises(SdFault) as caught:
        present(issued(), {"scope": {"wine": True}})
    assert caught.value.reason is SdReason.SELECTION
    both = present(issued(), {"scope": [True, True]})
    assert verify(both, expect(binding=False)).claims["scope"] == ["food", "wine"]
    everything = present(issued(), True)
    assert len(everything.disclosures) == 12 and parse(everything.text()) == everything


def test_json_web_signatures_are_read_strictly() -> None:
    token = sign_jws(b'{"a":1}', CITY, {"typ": "x"})
    assert verify_jws(token, CITY.public, types=("x",)).json() == {"a": 1}
    with pytest.raises(JoseFault):
        verify_jws(token, SM2.public)
    header = {"alg": "none"}
    for bad in (
        b64(json.dumps(header).encode()) + ".e30.",
        token + "=",
        token.replace(".", "..", 1),
        sign_jws(b"{}", CITY, {"crit": ["exp"]}),
    ):
        with pytest.raises(JoseFault):
            verify_jws(bad, CITY.public)
    for text in ('{"a":1,"a":2}', "[1]", '{"a":NaN}', "{" * 10_000):
        with pytest.raises(JoseFault):
            read_json(text)
    with pytest.raises(JoseFault):
        unb64("AB")  # loose bits
    assert parse_jws(token).payload == b'{"a":1}'


def test_the_worked_example_of_rfc_7515_appendix_a_3_holds() -> None:
    from quancheng.core.keys import from_jwk

    key = from_jwk(
        {"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
         "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}
    )  # fmt: skip
    token = (
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    )
    assert verify_jws(token, key).json()["iss"] == "joe"
