"""The Ed25519 key that signs checkpoints: ``HOME/keys/audit-ed25519.pem``, its owner's only.

To rotate: keep the old public key as ``HOME/keys/audit-ed25519-<year>.pub`` (PEM), remove the
private one, and the next checkpoint makes a new key. Both are then trusted.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.conf import settings

from quancheng.kernel.keyfile import load, load_or_make

ED25519 = b"\x01"
"""Signature type of C2SP signed-note."""


def key_file() -> Path:
    """Where the private key lives."""
    return Path(settings.HOME) / "keys" / "audit-ed25519.pem"


def signing_key() -> Ed25519PrivateKey:
    """The private key, made on first use."""
    return load_or_make(key_file())


def trusted_keys() -> list[Ed25519PublicKey]:
    """Public keys whose signatures count: the present one and those kept from before."""
    path = key_file()
    keys = [load(path).public_key()] if path.exists() else []
    for kept in sorted(path.parent.glob("audit-ed25519-*.pub")):
        key = load_pem_public_key(kept.read_bytes())
        if not isinstance(key, Ed25519PublicKey):
            raise ValueError(f"{kept} 不是 Ed25519 公钥。 {kept} holds no Ed25519 public key.")
        keys.append(key)
    return keys


def key_id(name: str, key: Ed25519PublicKey) -> bytes:
    """First four bytes of SHA-256(name, newline, type, key) (C2SP signed-note)."""
    material = name.encode() + b"\n" + ED25519 + key.public_bytes_raw()
    return hashlib.sha256(material).digest()[:4]


def verifier_key(stream: str = "main") -> str:
    """The key to hand to witnesses: ``name+id+base64`` (C2SP signed-note vkey)."""
    key, name = signing_key().public_key(), origin(stream)
    encoded = b64encode(ED25519 + key.public_bytes_raw()).decode()
    return f"{name}+{key_id(name, key).hex()}+{encoded}"


def origin(stream: str) -> str:
    """Name of a stream's log, unique in the world: first line of its checkpoints."""
    base = getattr(settings, "QUANCHENG_AUDIT_ORIGIN", f"{settings.CITY}.quancheng")
    return f"{base}/audit/{stream}"
