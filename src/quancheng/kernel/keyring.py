"""密钥圈: the signing keys of modules by purpose, kept in files only their owner may read.

``HOME/keys/<purpose>/0001-ES256.key`` holds a private part (raw, 0600), ``….pub`` its public part (JWK).
The highest number signs; every ``.pub`` is trusted until its file is removed. A key store of another
kind (a database of sealed keys, a hardware module) is put in front with ``use``: callers see only handles.
"""

from __future__ import annotations

import json
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from django.conf import settings

from quancheng.core.keys import Algorithm, MemoryKey, PublicKey, SigningKey, from_jwk, to_jwk

__all__ = ["KeyStore", "rotate", "signer", "trusted", "use"]

_NAME = re.compile(r"(\d{4})-(.+)\.key")


class KeyStore(Protocol):
    """What holds the keys of purposes (密钥存储)."""

    def signer(self, purpose: str, algorithm: Algorithm) -> SigningKey:
        """The handle that signs now, made on first use."""
        ...

    def trusted(self, purpose: str) -> tuple[PublicKey, ...]:
        """Keys whose signatures count, the newest first."""
        ...

    def rotate(self, purpose: str, algorithm: Algorithm) -> PublicKey:
        """A new key signs from now on; earlier ones are still trusted."""
        ...


class FileStore:
    """Keys in files under ``HOME/keys``."""

    def signer(self, purpose: str, algorithm: Algorithm) -> SigningKey:
        """The newest key of the purpose, if it has this algorithm; else a new one."""
        found = _files(purpose)
        if not found or _algorithm(found[-1]) is not algorithm:
            self.rotate(purpose, algorithm)
            found = _files(purpose)
        return _load(str(found[-1]), found[-1].stat().st_mtime_ns)

    def trusted(self, purpose: str) -> tuple[PublicKey, ...]:
        """Every ``.pub`` of the purpose, the newest first."""
        kept = sorted(_folder(purpose).glob("*.pub"), reverse=True)
        return tuple(from_jwk(json.loads(path.read_text(encoding="ascii"))) for path in kept)

    def rotate(self, purpose: str, algorithm: Algorithm) -> PublicKey:
        """Make the next key; two processes at once keep one."""
        number = len(_files(purpose)) + 1
        path = _folder(purpose) / f"{number:04d}-{algorithm}.key"
        key = MemoryKey.generate(algorithm)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_once(path, key.private_bytes())
        made = MemoryKey.from_private(algorithm, path.read_bytes()).public
        _write_once(path.with_suffix(".pub"), json.dumps(to_jwk(made)).encode())
        return made


_store: KeyStore = FileStore()


def use(store: KeyStore) -> None:
    """Put another key store in front, at start."""
    global _store
    _store = store


def signer(purpose: str, algorithm: Algorithm = Algorithm.ES256) -> SigningKey:
    """The handle that signs for a purpose now, made on first use."""
    return _store.signer(purpose, algorithm)


def trusted(purpose: str) -> tuple[PublicKey, ...]:
    """Keys whose signatures count for a purpose, the newest first."""
    return _store.trusted(purpose)


def rotate(purpose: str, algorithm: Algorithm = Algorithm.ES256) -> PublicKey:
    """A new key signs from now on; earlier ones are trusted until they are taken away."""
    return _store.rotate(purpose, algorithm)


def _folder(purpose: str) -> Path:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", purpose):
        raise ValueError(f"{purpose!r} names no purpose")
    return Path(settings.HOME) / "keys" / purpose


def _files(purpose: str) -> list[Path]:
    return sorted(path for path in _folder(purpose).glob("*.key") if _NAME.fullmatch(path.name))


def _algorithm(path: Path) -> Algorithm:
    found = _NAME.fullmatch(path.name)
    return Algorithm(found[2]) if found else Algorithm.ES256


@lru_cache(maxsize=64)
def _load(path: str, changed: int) -> MemoryKey:
    file = Path(path)
    return MemoryKey.from_private(_algorithm(file), file.read_bytes())


def _write_once(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
