"""口令保管: H(A1) of those who prove themselves to us, and our own passwords elsewhere under encryption."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets as chance
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from quancheng.core.gb28181.digest import Algorithm, secret
from quancheng.core.text import Text
from quancheng.kernel.errors import Unavailable
from quancheng.kernel.secrets import load_or_make_secret

_ALPHABET = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_LENGTH = 16


def new_password() -> str:
    """Sixteen letters and digits that cannot be confused when typed into a camera (91 bits)."""
    return "".join(chance.choice(_ALPHABET) for _ in range(_LENGTH))


def new_token() -> str:
    """A bearer token for an analysing system."""
    return chance.token_urlsafe(32)


def token_digest(token: str) -> str:
    """What is kept of a token; it has 256 random bits, so one hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def keys(code: str, realm: str, password: str) -> dict[str, str]:
    """H(A1) by algorithm."""
    return {one.value: secret(code, realm, password, one) for one in Algorithm}


def seal(password: str) -> str:
    """Encrypt a password of ours at another platform."""
    return _box().encrypt(password.encode()).decode()


def unseal(text: str) -> str:
    """Decrypt one; raises Unavailable when the key of this installation is another."""
    if not text:
        return ""
    try:
        return _box().decrypt(text.encode()).decode()
    except InvalidToken as wrong:
        raise Unavailable(
            Text(
                "上级平台口令无法解密，请重新填写。",
                "The password of the upper platform cannot be decrypted; enter it anew.",
            )
        ) from wrong


def nonce_key() -> bytes:
    """The key nonces are signed with; the same for every process and restart."""
    return hmac.new(_secret().encode(), b"nonce", hashlib.sha256).digest()


def _secret() -> str:
    return load_or_make_secret(Path(settings.HOME) / "video.key")


@lru_cache(maxsize=1)
def _box() -> Fernet:
    key = hmac.new(_secret().encode(), b"seal", hashlib.sha256).digest()
    return Fernet(base64.urlsafe_b64encode(key))
