"""Two organs, an authority and an exchange between them, with fixed keys and times."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from quancheng.core.exchange import (
    FIRST,
    EcdsaSigner,
    Ed25519Signer,
    Evidence,
    KeyRole,
    Outcome,
    Party,
    Request,
    Response,
    Signed,
    Signer,
    TrustedKey,
    TrustedKeys,
    evidence_leaf,
    make_batch,
    make_stamp,
    sign_request,
    sign_response,
)
from quancheng.core.text import Text

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
HOUSING = Party("11370100004188681C", Text("市住房和城乡建设局", "Housing Bureau"))
POLICE = Party("11370100004188999X", Text("市公安局", "Public Security Bureau"))
AUTHORITY = "authority.example"
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def ed25519_signer(seed: str) -> Ed25519Signer:
    return Ed25519Signer(ed25519.Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed.encode()).digest()))


def ecdsa_signer(seed: str) -> EcdsaSigner:
    secret = int.from_bytes(hashlib.sha256(seed.encode()).digest(), "big") % (ORDER - 1) + 1
    return EcdsaSigner(ec.derive_private_key(secret, ec.SECP256R1()))


CONSUMER_KEY, PROVIDER_KEY, STAMP_KEY = (
    ed25519_signer("housing"),
    ecdsa_signer("police"),
    ed25519_signer("tsa"),
)


def trusted(owner: str, signer: Signer, role: KeyRole, revoked: datetime | None = None) -> TrustedKey:
    year = timedelta(days=365)
    return TrustedKey(
        owner, signer.algorithm, signer.public_der, frozenset({role}), NOW - year, NOW + year, revoked
    )


KEYS = TrustedKeys.of(
    (
        trusted(HOUSING.code, CONSUMER_KEY, KeyRole.MESSAGE),
        trusted(POLICE.code, PROVIDER_KEY, KeyRole.MESSAGE),
        trusted(AUTHORITY, STAMP_KEY, KeyRole.STAMP),
    )
)


def a_request(number: int = 1, time: datetime = NOW) -> Request:
    return Request(
        f"req-{number}",
        time,
        HOUSING,
        POLICE,
        "grant-7",
        "307010000000/000123",
        "公租房资格审核",
        "《公共租赁住房管理办法》第八条",
        ("name", "household"),
        f"case-{number}",
        {"op": "eq", "field": "resident_id", "text": "370102199003074518"},
    )


def a_pair(
    number: int = 1, consumer: Signer = CONSUMER_KEY, provider: Signer = PROVIDER_KEY
) -> tuple[Signed, Signed]:
    asked = sign_request(a_request(number), b'{"page":1}', consumer)
    answer = Response(
        f"res-{number}",
        NOW + timedelta(milliseconds=40),
        HOUSING,
        POLICE,
        f"req-{number}",
        asked.digest,
        Outcome.DELIVERED,
        1,
    )
    return asked, sign_response(answer, '[{"name":"张**"}]'.encode(), provider)


def evidence_of(
    keeper: str,
    asked: Signed,
    answer: Signed | None,
    signers: tuple[Signer, ...] = (CONSUMER_KEY, PROVIDER_KEY, STAMP_KEY),
    others: int = 4,
    place: int = 2,
) -> Evidence:
    """Evidence in a batch among others, stamped a second later."""
    kept = NOW + timedelta(milliseconds=60)
    leaves = [f"other {keeper} {number}".encode() for number in range(others)]
    leaves.insert(place, evidence_leaf(keeper, kept, asked, answer))
    head, proofs = make_batch(leaves)
    stamp = make_stamp(head, f"batch of {keeper}", AUTHORITY, kept + timedelta(seconds=1), FIRST, STAMP_KEY)
    used = {asked.signature.key, stamp.signature.key} | ({answer.signature.key} if answer else set())
    keys = {key: der for key, der in _named(signers) if key in used}
    return Evidence(keeper, kept, asked, answer, proofs[place], stamp, keys)


def _named(signers: tuple[Signer, ...]) -> list[tuple[str, bytes]]:
    return [(hashlib.sha256(signer.public_der).hexdigest(), signer.public_der) for signer in signers]


def both_sides(answered: bool = True) -> tuple[Evidence, Evidence]:
    asked, answer = a_pair()
    kept = answer if answered else None
    return (
        evidence_of(HOUSING.code, asked, kept),
        evidence_of(POLICE.code, asked.without_body(), kept and kept.without_body(), others=6, place=5),
    )
