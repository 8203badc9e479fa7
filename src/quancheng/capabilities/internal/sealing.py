"""用印: a detached Ed25519 signature of an organ over the bytes of a document.

Each organ has a key of its own in ``HOME/keys/organs/``. What a verifier needs stands beside the
document: digest, signature, public key, organ and time. The drawn seal in the PDF is only a picture
(模拟), the signature is what counts.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from quancheng.kernel.keyfile import load_or_make

__all__ = ["Seal", "code_like", "genuine", "new_code", "seal"]

_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
CODE_LENGTH = 20


@dataclass(frozen=True, slots=True)
class Seal:
    """Who sealed which bytes when (签章)."""

    organ: str
    sha256: str
    signature: str
    public_key: str
    at: str

    def to_dict(self) -> dict[str, str]:
        """Plain values for JSON."""
        return asdict(self)


def seal(document: bytes, organ: str, at: datetime) -> Seal:
    """Sign a document in the name of an organ (department code)."""
    key = _key(organ)
    digest = hashlib.sha256(document).hexdigest()
    moment = at.isoformat(timespec="seconds")
    signature = base64.b64encode(key.sign(_signed(organ, digest, moment))).decode()
    return Seal(organ, digest, signature, _public(key), moment)


def genuine(document: bytes, kept: Mapping[str, Any]) -> bool:
    """Whether the bytes are those that were sealed, by the organ's own key of this platform."""
    organ, digest = str(kept.get("organ", "")), hashlib.sha256(document).hexdigest()
    if digest != kept.get("sha256") or kept.get("public_key") != _public(_key(organ)):
        return False
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(str(kept["public_key"])))
        public.verify(
            base64.b64decode(str(kept["signature"])), _signed(organ, digest, str(kept.get("at", "")))
        )
    except (InvalidSignature, ValueError, KeyError):
        return False
    return True


def new_code() -> str:
    """A verification code nobody can guess (100 bits, no look-alike characters)."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(CODE_LENGTH))


def code_like(text: str) -> bool:
    """Whether a text could be a verification code."""
    return len(text) == CODE_LENGTH and set(text) <= set(_ALPHABET)


def _signed(organ: str, digest: str, moment: str) -> bytes:
    return f"quancheng-seal-1\n{organ}\n{digest}\n{moment}\n".encode()


def _public(key: Ed25519PrivateKey) -> str:
    return base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def _key(organ: str) -> Ed25519PrivateKey:
    if not organ or not all(char.isascii() and (char.isalnum() or char in "-_") for char in organ):
        raise ValueError("an organ is named by its department code")
    return load_or_make(Path(settings.HOME) / "keys" / "organs" / f"{organ}.pem")
