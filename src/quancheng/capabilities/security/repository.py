"""备份库: a folder of encrypted objects and snapshots, safe to write to while it may be cut at any moment.

* ``repository.json`` holds the repository's key, wrapped by a passphrase (scrypt) or to a ceremony's public
  key (X25519): restoring takes the passphrase or a quorum of custodians.
* ``objects/ab/<id>`` is a file's content, AES-256-GCM in chunks of 1 MiB. Its name is a keyed digest of
  the content, so what is there already is never written again: a backup that was cut goes on where it was.
* ``snapshots/<number>`` names what makes up one backup. It is written last: a backup is whole or not there.

Everything is written beside and renamed (fsync file, rename, fsync folder). Nothing is ever overwritten.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput, NotFound, Unavailable

__all__ = ["Entry", "Repository", "ceremony_keys", "create", "open_with"]

FORMAT = 1
CHUNK = 1 << 20
_TAG = 16
_SCRYPT = {"n": 1 << 15, "r": 8, "p": 1}


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a snapshot."""

    path: str
    """Relative to the home, with ``/``."""
    size: int
    sha256: str
    object: str


class Damaged(Unavailable):
    """Something in the repository is not what was written."""

    code = "backup-damaged"
    title = Text("备份已损坏", "The backup is damaged")
    todo = Text("请改用更早的备份，并更换存储介质。", "Use an earlier backup, and replace the medium.")


# -- keys -----------------------------------------------------------------------------------
def _derive(key: bytes, info: str, size: int = 32) -> bytes:
    return HKDF(hashes.SHA256(), size, None, f"quancheng backup 1 {info}".encode()).derive(key)


def ceremony_keys(secret: bytes) -> X25519PrivateKey:
    """The key pair of a ceremony's secret for backups."""
    return X25519PrivateKey.from_private_bytes(_derive(secret, "ceremony"))


def _from_passphrase(passphrase: str, salt: bytes) -> bytes:
    if len(passphrase) < 12:
        said = Text("口令至少12个字符。", "A passphrase has at least 12 characters.")
        raise InvalidInput(said)
    return Scrypt(salt, 32, **_SCRYPT).derive(passphrase.encode())


def _seal(key: bytes, plain: bytes, bound: str) -> bytes:
    nonce = os.urandom(12)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound.encode())


def _open(key: bytes, sealed: bytes, bound: str) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:12], sealed[12:], bound.encode())
    except (InvalidTag, ValueError):
        raise Damaged(Text(f"{bound}打不开。", f"{bound} cannot be opened.")) from None


def create(root: Path, *, passphrase: str = "", ceremony: tuple[str, bytes] | None = None) -> Repository:
    """A new repository in an empty folder. ``ceremony`` is its name and its X25519 public key.

    Raises InvalidInput (not empty, no way to open it again), Unavailable (the disk refuses).
    """
    if root.exists() and any(root.iterdir()):
        raise InvalidInput(Text(f"{root}不是空文件夹。", f"{root} is not empty."))
    key, wraps = os.urandom(32), []
    if passphrase:
        salt = os.urandom(16)
        wrapped = _seal(_from_passphrase(passphrase, salt), key, "passphrase")
        wraps.append({"kind": "passphrase", "salt": salt.hex(), "key": wrapped.hex()})
    if ceremony is not None:
        name, public = ceremony
        own = X25519PrivateKey.generate()
        shared = own.exchange(X25519PublicKey.from_public_bytes(public))
        wrapped = _seal(_derive(shared, "wrap"), key, "ceremony")
        ephemeral = own.public_key().public_bytes_raw().hex()
        wraps.append({"kind": "ceremony", "name": name, "public": ephemeral, "key": wrapped.hex()})
    if not wraps:
        raise InvalidInput(
            Text(
                "须给出口令或密钥仪式，否则备份无法恢复。",
                "Give a passphrase or a ceremony, else nobody can restore.",
            )
        )
    with _disk():
        for folder in ("objects", "snapshots"):
            (root / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
        head = {"format": FORMAT, "id": _identity(key), "wraps": wraps}
        write_whole(root / "repository.json", json.dumps(head, indent=1).encode())
    return Repository(root, key)


def open_with(root: Path, *, passphrase: str = "", secret: bytes = b"", key: bytes = b"") -> Repository:
    """An existing repository by passphrase, by a ceremony's gathered secret, or by its own key.

    Raises NotFound, InvalidInput (wrong passphrase, shares of another ceremony).
    """
    head = _head(root)
    if key:
        found = key
    else:
        found = next((one for one in _unwrapped(head, passphrase, secret) if one), b"")
    if not found or _identity(found) != head["id"]:
        raise InvalidInput(
            Text(
                "口令或份额不对，备份库打不开。",
                "The passphrase or the shares are wrong; the repository stays closed.",
            )
        )
    return Repository(root, found)


def repository_id(root: Path) -> str:
    """The public name of a repository. Raises NotFound."""
    return str(_head(root)["id"])


def _head(root: Path) -> dict[str, Any]:
    try:
        head: dict[str, Any] = json.loads((root / "repository.json").read_text())
    except (OSError, ValueError):
        raise NotFound(Text(f"{root}不是备份库。", f"{root} is no backup repository.")) from None
    if not isinstance(head, dict) or not isinstance(head.get("id"), str):
        raise Damaged(Text("备份库的表头已损坏。", "The head of the repository is damaged."))
    if head.get("format") != FORMAT:
        raise InvalidInput(Text("备份库的格式不同。", "The repository has another format."))
    return head


def _unwrapped(head: dict[str, Any], passphrase: str, secret: bytes) -> Iterator[bytes]:
    for wrap in head.get("wraps") or ():
        try:
            sealed = bytes.fromhex(wrap["key"])
            if wrap["kind"] == "passphrase" and passphrase:
                yield _open(_from_passphrase(passphrase, bytes.fromhex(wrap["salt"])), sealed, "passphrase")
            if wrap["kind"] == "ceremony" and secret:
                other = X25519PublicKey.from_public_bytes(bytes.fromhex(wrap["public"]))
                yield _open(_derive(ceremony_keys(secret).exchange(other), "wrap"), sealed, "ceremony")
        except (Damaged, KeyError, TypeError, ValueError):  # another way to open it may be whole
            continue


def _identity(key: bytes) -> str:
    return _derive(key, "identity", 8).hex()


# -- objects and snapshots ------------------------------------------------------------------
class Repository:
    """An opened repository."""

    def __init__(self, root: Path, key: bytes) -> None:
        self.root, self.key = root, key
        self.id = _identity(key)
        self.written = 0
        """Bytes written through this handle; what was there already costs none."""

    def add(self, source: Path, path: str) -> Entry:
        """Keep a file's content. Raises Unavailable: the disk refuses, or the file changes while it is read."""
        digest, size = _hash_of(source)
        name = hmac.new(_derive(self.key, "names"), bytes.fromhex(digest), hashlib.sha256).hexdigest()
        place = self._place(name)
        if not place.exists():
            with _disk(), source.open("rb") as file:
                seen = hashlib.sha256()
                write_whole(place, self._encrypted(file, name, seen))
                if seen.hexdigest() != digest:
                    place.unlink()
                    raise Unavailable(Text(f"{path}正在变化。", f"{path} changed while it was read."))
            self.written += place.stat().st_size
        return Entry(path, size, digest, name)

    def read(self, entry: Entry, target: Path) -> None:
        """Write a file's content to ``target`` and check it. Raises Damaged, Unavailable."""
        with _disk():
            write_whole(target, self._decrypted(entry))

    def commit(self, number: str, manifest: dict[str, Any]) -> str:
        """Write the snapshot: from now on the backup exists. Its SHA-256."""
        plain = json.dumps(manifest, ensure_ascii=False, sort_keys=True).encode()
        sealed = _seal(_derive(self.key, "snapshots"), plain, number)
        with _disk():
            write_whole(self.root / "snapshots" / number, sealed)
        return hashlib.sha256(sealed).hexdigest()

    def numbers(self) -> list[str]:
        """Whole backups, oldest first."""
        folder = self.root / "snapshots"
        if not folder.is_dir():
            raise Damaged(Text("备份库缺少快照。", "The snapshots of the repository are missing."))
        return sorted(one.name for one in folder.iterdir() if not one.name.startswith("."))

    def manifest(self, number: str = "") -> tuple[str, dict[str, Any]]:
        """A backup's number and manifest, the newest without a number. Raises NotFound, Damaged."""
        known = self.numbers()
        number = number or (known[-1] if known else "")
        if number not in known:
            raise NotFound(Text("没有这份备份。", "There is no such backup."))
        sealed = (self.root / "snapshots" / number).read_bytes()
        return number, json.loads(_open(_derive(self.key, "snapshots"), sealed, number))

    def _place(self, name: str) -> Path:
        return self.root / "objects" / name[:2] / name

    def _encrypted(self, file: BinaryIO, name: str, seen: Any) -> Iterator[bytes]:
        box = AESGCM(_derive(self.key, f"object {name}"))
        index, chunk = 0, file.read(CHUNK)
        while True:
            following = file.read(CHUNK)
            seen.update(chunk)
            yield box.encrypt(index.to_bytes(12, "big"), chunk, b"more" if following else b"last")
            if not following:
                return
            index, chunk = index + 1, following

    def _decrypted(self, entry: Entry) -> Iterator[bytes]:
        box, seen = AESGCM(_derive(self.key, f"object {entry.object}")), hashlib.sha256()
        try:
            with self._place(entry.object).open("rb") as file:
                index, sealed = 0, file.read(CHUNK + _TAG)
                while True:
                    following = file.read(CHUNK + _TAG)
                    plain = box.decrypt(index.to_bytes(12, "big"), sealed, b"more" if following else b"last")
                    seen.update(plain)
                    yield plain
                    if not following:
                        break
                    index, sealed = index + 1, following
        except (InvalidTag, ValueError, FileNotFoundError):
            raise Damaged(
                Text(f"{entry.path}的备份已损坏。", f"The backup of {entry.path} is damaged.")
            ) from None
        if seen.hexdigest() != entry.sha256:
            raise Damaged(Text(f"{entry.path}与清单不符。", f"{entry.path} does not fit the manifest."))


# -- files ----------------------------------------------------------------------------------
def write_whole(path: Path, data: bytes | Iterator[bytes]) -> None:
    """Write beside, fsync, rename, fsync the folder; leaves nothing when it fails."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".tmp-{os.getpid()}-{os.urandom(4).hex()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for part in [data] if isinstance(data, bytes) else data:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _hash_of(path: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while part := file.read(CHUNK):
            digest.update(part)
            size += len(part)
    return digest.hexdigest(), size


class _disk:
    """A disk that refuses is said as such: what is already whole stays whole."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, wrong: BaseException | None, trace: Any) -> None:
        if isinstance(wrong, OSError):
            raise Unavailable(
                Text(f"备份写不下去：{wrong.strerror}。", f"The backup cannot go on: {wrong.strerror}."),
                todo=Text(
                    "此前的备份完好。请腾出空间或更换介质后重新运行，已写入的部分不会重复。",
                    "Earlier backups are intact. Make room or change the medium and run it again;"
                    " what is written is not written twice.",
                ),
            ) from wrong
