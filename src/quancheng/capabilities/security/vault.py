"""封装密钥: private parts are kept encrypted by the master key, a file only its owner may read.

AES-256-GCM with a fresh nonce; what the key is for is bound in, so that one row cannot stand for another.
The master key is ``HOME/keys/security-master.key`` (mode 0600), made on first use. Whoever holds this file
*and* the database holds the keys: keep them on different machines, or move the roots under a ceremony.
"""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from quancheng.core.text import Text
from quancheng.kernel.errors import Unavailable
from quancheng.kernel.secrets import load_or_make_secret

__all__ = ["MASTER", "master", "master_path", "open_sealed", "seal"]

MASTER = "master"
_NONCE = 12


def master_path() -> Path:
    """Where the master key is."""
    return Path(settings.HOME) / "keys" / "security-master.key"


def master() -> bytes:
    """The master key, 32 bytes; made on first use."""
    return _derived(str(master_path()))


@lru_cache(maxsize=4)
def _derived(path: str) -> bytes:
    """The file holds a random secret of 512 bits as text; its digest, with a mark, is the key."""
    return hashlib.sha256(b"quancheng security master 1" + load_or_make_secret(Path(path)).encode()).digest()


def seal(key: bytes, plain: bytes, bound: str) -> bytes:
    """Encrypt; ``bound`` must be the same to open."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound.encode())


def open_sealed(key: bytes, sealed: bytes, bound: str) -> bytes:
    """Decrypt. Raises Unavailable: another master key, or altered."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], bound.encode())
    except (InvalidTag, ValueError):
        raise Unavailable(
            Text(
                "密钥打不开：主密钥文件不是原来的，或密文被改动。",
                "The key cannot be opened: the master key file is another one, or the ciphertext was altered.",
            ),
            todo=Text(
                "请从备份恢复 HOME/keys/security-master.key。",
                "Restore HOME/keys/security-master.key from the backup.",
            ),
        ) from None
