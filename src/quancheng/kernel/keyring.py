"""密钥圈: the signing keys of modules by purpose, kept in files only their owner may read.

``HOME/keys/<purpose>/0001-ES256.key`` holds a private part (raw, 0600), ``….pub`` its public part (JWK).
The highest number signs; every ``.pub`` is trusted until its file is removed. A key store of another
kind (a database of sealed keys, a hardware module) is put in front with ``use``: callers see only handles.
The security officer sees and governs all of them through ``kept``, ``rotate`` and ``end``.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from django.conf import settings

from quancheng.core.keys import Algorithm, MemoryKey, PublicKey, SigningKey, from_jwk, to_jwk

__all__ = ["Kept", "KeyStore", "end", "holds", "kept", "rotate", "signer", "trusted", "use"]

_NAME = re.compile(r"(\d{4})-(.+)\.key")
_PUBLIC = re.compile(r"(\d{4})-(.+)\.pub")


@dataclass(frozen=True, slots=True)
class Kept:
    """A key of a purpose, as those who look after keys see it."""

    purpose: str
    public: PublicKey
    since: datetime
    """When it was made, UTC."""
    signs: bool
    """Whether it is the one that signs now."""


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

    def kept(self) -> tuple[Kept, ...]:
        """Every trusted key of every purpose, by purpose, the oldest first."""
        ...

    def holds(self, purpose: str, public: PublicKey) -> bool:
        """Whether the private part is here and is that of the public one."""
        ...

    def end(self, purpose: str, public: PublicKey, *, trusted: bool) -> None:
        """The private part is destroyed; ``trusted`` says whether its signatures still count."""
        ...


class FileStore:
    """Keys in files under ``HOME/keys``."""

    def signer(self, purpose: str, algorithm: Algorithm) -> SigningKey:
        """The newest key of the purpose, if it has this algorithm; else a new one."""
        found = _files(purpose)
        if not found or _algorithm(found[-1]) is not algorithm:
            self.rotate(purpose, algorithm)
            found = _files(purpose)
        key = _load(str(found[-1]), found[-1].stat().st_mtime_ns)
        public = found[-1].with_suffix(".pub")
        if not public.exists():  # a process died between the two files: nobody would trust what it signs
            _write_once(public, json.dumps(to_jwk(key.public)).encode())
        return key

    def trusted(self, purpose: str) -> tuple[PublicKey, ...]:
        """Every ``.pub`` of the purpose, the newest first."""
        return tuple(_read(path) for path in reversed(_publics(purpose)))

    def rotate(self, purpose: str, algorithm: Algorithm) -> PublicKey:
        """Make the next key; two processes at once keep one."""
        number = _last(purpose) + 1
        path = _folder(purpose) / f"{number:04d}-{algorithm}.key"
        key = MemoryKey.generate(algorithm)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_once(path, key.private_bytes())
        made = MemoryKey.from_private(algorithm, path.read_bytes()).public
        _write_once(path.with_suffix(".pub"), json.dumps(to_jwk(made)).encode())
        return made

    def kept(self) -> tuple[Kept, ...]:
        """What the folders of purposes hold; files of other kinds beside them are left alone."""
        found = []
        for folder in sorted((Path(settings.HOME) / "keys").glob("*/")):
            if not _PURPOSE.fullmatch(folder.name):
                continue
            newest = _files(folder.name)
            for path in _publics(folder.name):
                signs = bool(newest) and newest[-1] == path.with_suffix(".key")
                since = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                found.append(Kept(folder.name, _read(path), since, signs))
        return tuple(found)

    def holds(self, purpose: str, public: PublicKey) -> bool:
        """Reads the file itself, not what was read before."""
        path = self._of(purpose, public)
        if path is None or not path.with_suffix(".key").is_file():
            return False
        private = path.with_suffix(".key").read_bytes()
        return MemoryKey.from_private(public.algorithm, private).public == public

    def end(self, purpose: str, public: PublicKey, *, trusted: bool) -> None:
        """Removes the ``.key``, and the ``.pub`` of a key that is trusted no more."""
        path = self._of(purpose, public)
        if path is None:
            return
        path.with_suffix(".key").unlink(missing_ok=True)
        if not trusted:
            path.unlink(missing_ok=True)

    def _of(self, purpose: str, public: PublicKey) -> Path | None:
        return next((path for path in _publics(purpose) if _read(path) == public), None)


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


def kept() -> tuple[Kept, ...]:
    """Every trusted key of every purpose, by purpose, the oldest first."""
    return _store.kept()


def holds(purpose: str, public: PublicKey) -> bool:
    """Whether the private part of a key is here and is the right one."""
    return _store.holds(purpose, public)


def end(purpose: str, public: PublicKey, *, trusted: bool) -> None:
    """Destroy a private part; ``trusted`` says whether what it signed still counts (no: it was compromised)."""
    _store.end(purpose, public, trusted=trusted)


_PURPOSE = re.compile(r"[a-z0-9][a-z0-9-]*")


def _folder(purpose: str) -> Path:
    if not _PURPOSE.fullmatch(purpose):
        raise ValueError(f"{purpose!r} names no purpose")
    return Path(settings.HOME) / "keys" / purpose


def _files(purpose: str) -> list[Path]:
    return sorted(path for path in _folder(purpose).glob("*.key") if _NAME.fullmatch(path.name))


def _publics(purpose: str) -> list[Path]:
    return sorted(path for path in _folder(purpose).glob("*.pub") if _PUBLIC.fullmatch(path.name))


def _last(purpose: str) -> int:
    """The highest number given, also to a key whose private part is gone: no number is given twice."""
    return max((int(path.name[:4]) for path in _folder(purpose).glob("[0-9]*-*.*")), default=0)


def _read(path: Path) -> PublicKey:
    return from_jwk(json.loads(path.read_text(encoding="ascii")))


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
