"""Judged by another's: what we issue and present @sd-jwt/core verifies, and the other way round."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.keys import Algorithm, MemoryKey, to_jwk
from quancheng.core.sdjwt import Binding, Expect, Sd, SdFault, SdReason, issue, parse, present, verify

FRONTEND = Path(__file__).parents[3] / "frontend"
NODE = shutil.which("node") or ""
pytestmark = [
    pytest.mark.skipif(
        not NODE or not (FRONTEND / "node_modules" / "@sd-jwt").exists(),
        reason="needs Node and `npm ci` in frontend/",
    ),
    pytest.mark.xdist_group("npm sd-jwt"),
]
NOW, ISSUER, VCT = 1_790_000_000, "https://jinan.example", "https://jinan.example/licences/business"
CITY, PHONE, THIEF = (MemoryKey.generate(Algorithm.ES256) for _ in range(3))
BINDING = {"aud": "verifier", "nonce": "n-1", "iat": NOW}
Ask = Callable[..., dict[str, Any]]


def private(key: MemoryKey) -> dict[str, Any]:
    d = base64.urlsafe_b64encode(key.private_bytes()).rstrip(b"=").decode()
    return {**{name: to_jwk(key.public)[name] for name in ("kty", "crv", "x", "y")}, "d": d}


@pytest.fixture(scope="module")
def npm() -> Iterator[Ask]:
    command = [NODE, str(Path(__file__).with_name("npm_peer.mjs")), str(FRONTEND / "package.json")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def ask(kind: str, **more: Any) -> dict[str, Any]:
            assert process.stdin and process.stdout
            process.stdin.write(json.dumps({"ask": kind, **more}) + "\n")
            process.stdin.flush()
            answer: dict[str, Any] = json.loads(process.stdout.readline())
            return answer

        yield ask
        process.stdin.close()  # type: ignore[union-attr]


def ours(facts: dict[str, Any], shown: set[str], key: MemoryKey = PHONE) -> str:
    claims: dict[Any, Any] = {"iss": ISSUER, "vct": VCT, "iat": NOW, **{Sd(k): v for k, v in facts.items()}}
    token = issue(claims, CITY, holder=to_jwk(PHONE.public), decoys=2)
    binding = Binding(key, audience="verifier", nonce="n-1", issued=NOW)
    return present(token, dict.fromkeys(shown, True), binding=binding).text()


def theirs(npm: Ask, facts: dict[str, Any], shown: set[str], key: MemoryKey = PHONE) -> str:
    claims = {"iss": ISSUER, "vct": VCT, "iat": NOW, "cnf": {"jwk": to_jwk(PHONE.public)}, **facts}
    token = npm("issue", claims=claims, frame={"_sd": sorted(facts)}, signer=private(CITY))["said"]
    frame = dict.fromkeys(shown, True)
    said: str = npm("present", token=token, frame=frame, phone=private(key), binding=BINDING)["said"]
    return said


def judged(npm: Ask, token: str) -> dict[str, Any]:
    return npm("verify", token=token, issuer=to_jwk(CITY.public), holder=to_jwk(PHONE.public))


def expect() -> Expect:
    return Expect(
        lambda header, payload: CITY.public,
        NOW,
        audience="verifier",
        nonce="n-1",
        types=("dc+sd-jwt",),
        vct=VCT,
    )


NAMES = st.sampled_from(["name", "住址", "born", "income", "scope", "a b", "x", "日期"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3)
    ),
    max_leaves=5,
)
FACTS = st.dictionaries(NAMES, VALUES, min_size=1)


@given(facts=FACTS, data=st.data())
@settings(max_examples=40, deadline=None)
def test_what_we_issue_and_show_the_other_reads_alike(npm: Ask, facts: dict[str, Any], data: Any) -> None:
    shown = data.draw(st.sets(st.sampled_from(sorted(facts))))
    token = ours(facts, shown)
    answer = judged(npm, token)["said"]
    assert {name: answer["payload"][name] for name in facts if name in answer["payload"]} == {
        name: facts[name] for name in shown
    }
    assert answer["binding"]["nonce"] == "n-1"
    mine = verify(token, expect()).claims
    assert {name: value for name, value in mine.items() if name != "cnf"} == {
        name: value for name, value in answer["payload"].items() if name != "cnf"
    }


@given(facts=FACTS, data=st.data())
@settings(max_examples=40, deadline=None)
def test_what_the_other_issues_and_shows_we_read_alike(npm: Ask, facts: dict[str, Any], data: Any) -> None:
    shown = data.draw(st.sets(st.sampled_from(sorted(facts))))
    claims = verify(theirs(npm, facts, shown), expect()).claims
    assert {name: claims[name] for name in facts if name in claims} == {name: facts[name] for name in shown}


def test_both_refuse_the_same_forgeries(npm: Ask) -> None:
    facts = {"name": "李静", "income": 9000}
    token = ours(facts, {"name"})
    jwt, rest = token.split("~", 1)
    head, body, mark = jwt.split(".")
    flipped = f"{head}.{body}.{'A' if mark[0] != 'A' else 'B'}{mark[1:]}~{rest}"
    other = parse(ours({"name": "王强", "income": 1}, {"name"}))
    foreign = f"{jwt}~{other.disclosures[0]}~{rest.split('~', 1)[1]}"
    for forged in (flipped, foreign, ours(facts, {"name"}, THIEF), theirs(npm, facts, {"name"}, THIEF)):
        assert "refused" in judged(npm, forged), forged
        with pytest.raises(SdFault) as caught:
            verify(forged, expect())
        assert caught.value.reason in (SdReason.SIGNATURE, SdReason.DISCLOSURE, SdReason.KEY_BINDING)
