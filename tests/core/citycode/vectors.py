"""Makes docs/formats/qc1-vectors.json: ``python -m tests.core.citycode.vectors > docs/formats/qc1-vectors.json``.

Run once; the file is frozen with the format. Keys come from fixed seeds, so only nonces of ECDSA differ.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import replace
from typing import Any

from quancheng.core import cose
from quancheng.core.citycode import Facts, Kind, issue, present, printed
from quancheng.core.citycode.token import PREFIX
from quancheng.core.keys import Algorithm, MemoryKey, to_jwk

NOW = 1_790_000_010
NONCE = bytes(range(8))


def key(name: str, algorithm: Algorithm = Algorithm.ES256) -> MemoryKey:
    return MemoryKey.from_private(algorithm, hashlib.sha256(name.encode()).digest())


CITY, SM2, EDDSA = key("city"), key("city", Algorithm.SM2), key("city", Algorithm.EDDSA)
PHONE, OTHER = key("phone"), key("other")
FACTS = Facts(
    bytes(range(12)), NOW - 3600, NOW + 86400, 2, 0b101, 0b1010, (47 << 20) + 77, Kind.PHONE, PHONE.public
)
PAPER = replace(FACTS, kind=Kind.PRINTED, device=None, level=1, status_index=(47 << 20) + 78)


def shown(
    facts: Facts = FACTS, city: MemoryKey = CITY, phone: MemoryKey = PHONE, now: int = NOW, **more: Any
) -> str:
    return present(issue(facts, city), phone, now=now, nonce=NONCE, **more)


def case(name: str, text: str, expected: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "text": text, "now": NOW, "scene": 1, "expected": expected, **more}


def raw(value: Any) -> str:
    return PREFIX + cose.base45_encode(value if isinstance(value, bytes) else cose.encode(value))


def cases() -> list[dict[str, Any]]:
    credential = issue(FACTS, CITY)
    layer2 = cose.decode(cose.base45_decode(shown()[4:]))[1]
    return [
        case("a phone's code", shown(), "ok"),
        case("the other scene it has", shown(), "ok", scene=3),
        case("a city key of SM2", shown(city=SM2), "ok"),
        case("a city key of Ed25519", shown(city=EDDSA), "ok"),
        case("a printed code", printed(issue(PAPER, CITY)), "ok"),
        case("with the challenge asked", shown(challenge=b"gate-7"), "ok", challenge="676174652d37"),
        case("the step before", shown(now=NOW - 30), "ok"),
        case("a phone's clock a minute ahead", shown(now=NOW + 60), "ok"),
        case("another prefix", shown().replace("QC1:", "QC2:"), "malformed"),
        case("not base45", "QC1:abc", "malformed"),
        case("nothing behind the prefix", "QC1:", "malformed"),
        case("bytes behind", raw(cose.encode([credential, layer2]) + b"\0"), "malformed"),
        case("an indefinite array", raw(b"\x9f" + cose.encode(credential) + cose.encode(layer2) + b"\xff"), "malformed"),
        case("three layers", raw([credential, layer2, layer2]), "malformed"),
        case("a phone's code with one layer", printed(credential), "malformed"),
        case("a printed code with two layers", raw([issue(PAPER, CITY), layer2]), "malformed"),
        case("a city nobody knows", shown(city=OTHER), "unknown-issuer"),
        case("another phone's key", shown(phone=OTHER), "bad-signature"),
        case("layer 2 of another credential", raw([issue(replace(FACTS, level=3), CITY), layer2]), "bad-signature"),
        case("expired this second", shown(replace(FACTS, expires=NOW)), "expired"),
        case("issued in the future", shown(replace(FACTS, issued=NOW + 61)), "not-yet"),
        case("a life of more than a week", shown(replace(FACTS, expires=FACTS.issued + 604801)), "too-long"),
        case("stopped", shown(replace(FACTS, status_index=(47 << 20) + 99)), "stopped"),
        case("a scene it lacks", shown(), "scene-off", scene=0),
        case("printed where it is not taken", printed(issue(PAPER, CITY)), "printed-refused", printed_allowed=False),
        case("printed where a challenge was asked", printed(issue(PAPER, CITY)), "printed-refused", challenge="00"),
        case("a screenshot of three minutes ago", shown(now=NOW - 180), "stale"),
        case("a phone's clock ten minutes ahead", shown(now=NOW + 600), "not-yet"),
        case("no answer to the challenge", shown(), "wrong-challenge", challenge="676174652d37"),
        case("an answer nobody asked for", shown(challenge=b"gate-7"), "wrong-challenge"),
        case("shown twice", shown(), "replayed", times=2),
    ]  # fmt: skip


def main() -> None:
    content = {
        "format": "QC1",
        "keys": [{**to_jwk(one.public), "kid": one.public.kid.hex()} for one in (CITY, SM2, EDDSA)],
        "phone": to_jwk(PHONE.public),
        "stopped": [(47 << 20) + 99],
        "skew": 60,
        "window": 1,
        "cases": cases(),
    }
    json.dump(content, sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
