"""SD-JWT: issue ten claims, show two with the holder's proof, verify; beside the ``sd-jwt`` package in the same run."""

from __future__ import annotations

import time
from collections.abc import Callable

from benchmarks.harness import benchmark, figure, spent

CLAIMS = {f"claim{n}": f"value {n}" for n in range(10)}


@benchmark("sdjwt", "SD-JWT issue, present, verify a CPU second, and the ratio to the sd-jwt package")
def run(scale: float) -> None:
    """Each step a few hundred times."""
    count = max(50, round(1000 * scale))
    ours, theirs = _ours(count), _theirs(max(30, count // 3))
    for step in ("issue", "present", "verify"):
        figure(f"sdjwt_{step}", ours[step], "per CPU-s")
        figure(f"sdjwt_{step}_package", theirs[step], "per CPU-s")
        figure(f"sdjwt_{step}_ratio", ours[step] / theirs[step], "times the package")


def _rate(count: int, step: Callable[[], object]) -> float:
    with spent() as used:
        for _ in range(count):
            step()
    return count / used.cpu


def _ours(count: int) -> dict[str, float]:
    from quancheng.core.keys import Algorithm, MemoryKey, to_jwk
    from quancheng.core.sdjwt import Binding, Expect, Sd, issue, present, verify

    city, phone = MemoryKey.generate(Algorithm.ES256), MemoryKey.generate(Algorithm.ES256)
    now = int(time.time())
    claims = {"iss": "x", "vct": "y", **{Sd(name): value for name, value in CLAIMS.items()}}
    token = issue(claims, city, holder=to_jwk(phone.public))
    binding = Binding(phone, "verifier", "nonce", now)
    shown = present(token, {"claim1": True, "claim7": True}, binding=binding).text()
    expect = Expect(lambda header, payload: city.public, now, "verifier", "nonce")
    figure("sdjwt_issued_bytes", len(token.text()), "bytes with ten claims")
    figure("sdjwt_shown_bytes", len(shown), "bytes showing two")
    return {
        "issue": _rate(count, lambda: issue(claims, city, holder=to_jwk(phone.public))),
        "present": _rate(count, lambda: present(token, {"claim1": True, "claim7": True}, binding=binding)),
        "verify": _rate(count, lambda: verify(shown, expect)),
    }


def _theirs(count: int) -> dict[str, float]:
    from jwcrypto.jwk import JWK
    from sd_jwt.common import SDObj
    from sd_jwt.holder import SDJWTHolder
    from sd_jwt.issuer import SDJWTIssuer
    from sd_jwt.verifier import SDJWTVerifier

    city, phone = JWK.generate(kty="EC", crv="P-256"), JWK.generate(kty="EC", crv="P-256")
    claims = {"iss": "x", "vct": "y", **{SDObj(name): value for name, value in CLAIMS.items()}}

    def shown() -> str:
        holder = SDJWTHolder(issued)
        holder.create_presentation({"claim1": True, "claim7": True}, "nonce", "verifier", phone)
        return str(holder.sd_jwt_presentation)

    issued = SDJWTIssuer(claims, city, phone).sd_jwt_issuance
    text = shown()
    return {
        "issue": _rate(count, lambda: SDJWTIssuer(claims, city, phone)),
        "present": _rate(count, shown),
        "verify": _rate(
            count, lambda: SDJWTVerifier(text, lambda *_: city, "verifier", "nonce").get_verified_payload()
        ),
    }
