"""Keys against published vectors.

Sources: RFC 8037 appendix A (Ed25519 as JWK, its thumbprint), RFC 7517 appendix A.1 (P-256 as JWK);
cryptography-vectors: ECDSA/FIPS_186-3/SigVer.rsp (NIST CAVP), Ed25519/sign.input (its first lines),
MLDSA/kat_*_det_pure.rsp, MLDSA/mldsa44_{priv,pub}.der; GB/T 32918.5-2017 annex A.
"""

from __future__ import annotations

import base64
from itertools import islice

import pytest

from quancheng.core.keys import (
    Algorithm,
    MemoryKey,
    PublicKey,
    SignatureError,
    from_jwk,
    from_spki,
    thumbprint,
    to_jwk,
    to_spki,
)
from tests.core.sm import test_sm2_cases as gb
from tests.core.vectors import path, records

ML_DSA = (Algorithm.ML_DSA_44, Algorithm.ML_DSA_65, Algorithm.ML_DSA_87)


def _holds(key: PublicKey, message: bytes, signature: bytes) -> bool:
    try:
        key.verify(message, signature)
    except SignatureError:
        return False
    return True


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def test_the_key_signature_and_thumbprint_of_rfc_8037() -> None:
    seed = base64.urlsafe_b64decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
    key = MemoryKey.from_private(Algorithm.EDDSA, seed)
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert from_jwk(jwk) == key.public
    assert _text(thumbprint(key.public)) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    signed = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
    expected = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    assert _text(key.sign(signed)) == expected


def test_the_p256_key_of_rfc_7517() -> None:
    jwk = {
        "kty": "EC",
        "crv": "P-256",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
        "use": "enc",
        "kid": "1",
    }
    key = from_jwk(jwk)
    assert key.algorithm is Algorithm.ES256
    assert _text(thumbprint(key)) == "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s"
    assert to_jwk(key)["x"] == jwk["x"]


def test_es256_judges_every_signature_as_nist_does() -> None:
    seen = {"P": 0, "F": 0}
    section = path("asymmetric/ECDSA/FIPS_186-3/SigVer.rsp").read_text().split("[P-256,SHA-256]")[1]
    one: dict[str, str] = {}
    for line in section.split("[")[0].splitlines():
        name, sign, value = (part.strip() for part in line.partition("="))
        if sign:
            one[name] = value
        if name != "Result":
            continue
        key = PublicKey(Algorithm.ES256, b"\x04" + _scalar(one["Qx"]) + _scalar(one["Qy"]))
        good = _holds(key, bytes.fromhex(one["Msg"]), _scalar(one["R"]) + _scalar(one["S"]))
        assert good == value.startswith("P"), one
        seen[value[0]] += 1
    assert seen["P"] >= 3
    assert seen["F"] >= 9


def _scalar(text: str) -> bytes:
    return int(text, 16).to_bytes(32, "big")


def test_eddsa_makes_the_published_signatures() -> None:
    with path("asymmetric/Ed25519/sign.input").open() as lines:
        for line in islice(lines, 40):
            private, _, message, signed = line.strip().split(":")[:4]
            key = MemoryKey.from_private(Algorithm.EDDSA, bytes.fromhex(private)[:32])
            assert key.sign(bytes.fromhex(message)).hex() == signed[:128]
            key.public.verify(bytes.fromhex(message), bytes.fromhex(signed)[:64])


def test_sm2_takes_the_example_of_the_standard() -> None:
    key = MemoryKey.from_private(Algorithm.SM2, gb.PRIVATE)
    assert key.public.data == gb.PUBLIC
    key.public.verify(b"message digest", gb.SIGNATURE)


@pytest.mark.parametrize("algorithm", ML_DSA)
def test_ml_dsa_seeds_give_the_published_keys(algorithm: Algorithm) -> None:
    count = 0
    for one in islice(_kats(algorithm), 30):
        key = MemoryKey.from_private(algorithm, bytes.fromhex(one["xi"]))
        assert key.public.data.hex() == one["pk"]
        count += 1
    assert count == 30


@pytest.mark.parametrize("algorithm", ML_DSA)
def test_a_signature_made_for_a_context_says_nothing_without_it(algorithm: Algorithm) -> None:
    """The vectors carry contexts (FIPS 204 section 5.2); ours is always empty, so none may hold."""
    for one in islice(_kats(algorithm), 10):
        message, signed = bytes.fromhex(one["msg"]), bytes.fromhex(one["sm"])
        assert one["ctx"]
        assert not _holds(PublicKey(algorithm, bytes.fromhex(one["pk"])), message, signed[: -len(message)])


def _kats(algorithm: Algorithm) -> list[dict[str, str]]:
    number = str(algorithm).rpartition("-")[2]
    return list(records(f"asymmetric/MLDSA/kat_MLDSA_{number}_det_pure.rsp", "count"))


def test_a_public_key_file_made_by_others_is_read() -> None:
    public = from_spki(path("asymmetric/MLDSA/mldsa44_pub.der").read_bytes())
    assert public.algorithm is Algorithm.ML_DSA_44
    assert to_spki(public) == path("asymmetric/MLDSA/mldsa44_pub.der").read_bytes()
    spki = from_spki(path("asymmetric/Ed25519/ed25519-pub.der").read_bytes())
    assert spki.algorithm is Algorithm.EDDSA
