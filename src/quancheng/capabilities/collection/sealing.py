"""密钥封存: passwords and keys of connections, kept under encryption; never in rows that are shown."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from quancheng.core.text import Text
from quancheng.kernel.errors import Unavailable
from quancheng.kernel.secrets import load_or_make_secret


def seal(words: Mapping[str, str]) -> str:
    """Encrypt secrets by name; empty ones are left out."""
    kept = {name: word for name, word in words.items() if word}
    return _box().encrypt(json.dumps(kept).encode()).decode() if kept else ""


def unseal(text: str) -> dict[str, str]:
    """Decrypt; raises Unavailable when the key of this installation is another."""
    if not text:
        return {}
    try:
        return dict(json.loads(_box().decrypt(text.encode())))
    except InvalidToken as wrong:
        raise Unavailable(
            Text(
                "连接密钥无法解密，请重新填写。",
                "The secrets of the connection cannot be decrypted; enter them anew.",
            )
        ) from wrong


@lru_cache(maxsize=1)
def _box() -> Fernet:
    secret = load_or_make_secret(Path(settings.HOME) / "collection.key")
    key = hmac.new(secret.encode(), b"seal", hashlib.sha256).digest()
    return Fernet(base64.urlsafe_b64encode(key))
