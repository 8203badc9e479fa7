"""密钥环: private keys the platform keeps for parties, the stamping key, and the list of trusted public keys.

Private keys are files of ``HOME/keys/exchange`` named by the key's name, readable by their owner alone;
the database knows public keys only. A party that keeps its private key itself registers the public one.
"""

from __future__ import annotations

import base64
import os
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)
from django.conf import settings

from quancheng.capabilities.exchange.models import Party, PartyKey
from quancheng.core.exchange import Ed25519Signer, KeyRole, TrustedKey, TrustedKeys, key_name
from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput, Unavailable
from quancheng.kernel.keyfile import load, load_or_make
from quancheng.kernel.secrets import load_or_make_secret

FIELD = "public"


def folder() -> Path:
    """Where private keys lie."""
    return Path(settings.HOME) / "keys" / "exchange"


def new_private() -> Ed25519Signer:
    """A fresh key in a file of its own; the file is there before anybody trusts the key."""
    place = folder() / f"new-{os.urandom(8).hex()}.pem"
    signer = Ed25519Signer(load_or_make(place))
    place.rename(folder() / f"{key_name(signer.public_der)}.pem")
    return signer


@lru_cache(maxsize=256)
def _signer(path: str) -> Ed25519Signer:
    return Ed25519Signer(load(Path(path)))


def signer_named(name: str) -> Ed25519Signer:
    """The signer of a key the platform keeps; raises Unavailable when its file is not here."""
    try:
        return _signer(str(folder() / f"{name}.pem"))
    except (FileNotFoundError, ValueError) as error:
        raise Unavailable(
            Text("平台代管的私钥文件不可用。", "The private key the platform keeps is not usable."),
            todo=Text("请由市大数据局更换该单位密钥。", "Let the data bureau rotate this party's key."),
        ) from error


def signer_of(party: Party, at: datetime) -> Ed25519Signer:
    """What the platform signs with for a party at a moment; raises Unavailable when it keeps no valid key."""
    row = (
        live(at)
        .filter(party=party, role=PartyKey.Role.MESSAGE, custody=PartyKey.Custody.PLATFORM)
        .order_by("-valid_from")
        .values_list("name", flat=True)
        .first()
    )
    if row is None:
        raise Unavailable(
            Text(f"{party.zh}没有可用的平台代管密钥。", f"The platform keeps no valid key of {party.en}."),
            todo=Text("请在“单位与密钥”中生成密钥。", "Make a key under “Parties and keys”."),
        )
    return signer_named(row)


def live(at: datetime):  # type: ignore[no-untyped-def]
    """Keys whose signatures of ``at`` count."""
    return PartyKey.objects.filter(valid_from__lte=at, valid_until__gt=at, revoked_at=None)


def authority() -> str:
    """Code of the party that stamps."""
    return f"{settings.CITY}-exchange-stamp"


def _loaded(text: str) -> object:
    try:
        if "BEGIN" in text:
            return load_pem_public_key(text.strip().encode("ascii"))
        return load_der_public_key(base64.b64decode("".join(text.split()), validate=True))
    except (ValueError, UnsupportedAlgorithm):
        return None


def read_public(text: str) -> tuple[str, bytes]:
    """Algorithm and DER of a public key given as PEM or base64 DER; raises InvalidInput at field ``public``."""
    key = _loaded(text)
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "ed25519", key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return "ecdsa-p256", key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    wrong = Text(
        "应为 Ed25519 或 P-256 公钥（PEM，或者 DER 的 Base64）。",
        "An Ed25519 or P-256 public key is wanted (PEM, or DER in base64).",
    )
    raise InvalidInput(fields={FIELD: wrong})


def trusted_of(row: PartyKey, owner: str) -> TrustedKey:
    """A row as the core knows it."""
    return TrustedKey(
        owner,
        row.algorithm,
        bytes(row.public),
        frozenset({KeyRole(row.role)}),
        row.valid_from,
        row.valid_until,
        row.revoked_at,
    )


def trusted() -> TrustedKeys:
    """Every key that was ever registered, with its dates: what a verifier needs besides two files."""
    rows = PartyKey.objects.select_related("party").order_by("name")
    return TrustedKeys.of(trusted_of(row, row.party.code) for row in rows)


@lru_cache(maxsize=8)
def _secret(path: str) -> bytes:
    return load_or_make_secret(Path(path)).encode()


def secret() -> bytes:
    """The city's secret for keyed hashes: masks of grants and digests of persons."""
    return _secret(str(folder() / "hash-secret"))
