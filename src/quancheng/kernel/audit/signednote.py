"""Checkpoints as C2SP signed notes (https://c2sp.org/signed-note, https://c2sp.org/tlog-checkpoint).

A checkpoint is a text of three lines (origin, size, base64 of the root) and extension lines, an
empty line, and signature lines ``— name base64(key id ‖ Ed25519 signature)``.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from quancheng.core.merkle import TreeHead
from quancheng.kernel.audit.keys import key_id

_SIGNATURE = "\N{EM DASH} "


class BadNote(ValueError):
    """A note that is malformed or that no trusted key signed; the message says which."""


@dataclass(frozen=True, slots=True)
class SignedHead:
    """What a verified note says."""

    origin: str
    head: TreeHead
    algorithm: str = "sha256"


def sign(said: SignedHead, key: Ed25519PrivateKey) -> str:
    """The note of a head, signed under the name of its origin."""
    text = _text(said)
    material = key_id(said.origin, key.public_key()) + key.sign(text.encode())
    return f"{text}\n{_SIGNATURE}{said.origin} {b64encode(material).decode()}\n"


def open_note(note: str, keys: Sequence[Ed25519PublicKey]) -> SignedHead:
    """Read a note that one of ``keys`` signed; raises :class:`BadNote`."""
    text, separator, signatures = note.rpartition("\n\n")
    if not separator or not signatures.endswith("\n"):
        raise BadNote("not a signed note")
    text += "\n"
    said = _parse(text)
    for line in signatures.splitlines():
        if _signed_by(line, text, said.origin, keys):
            return said
    raise BadNote("no signature by a trusted key")


def _text(said: SignedHead) -> str:
    root = b64encode(said.head.root).decode()
    extension = "" if said.algorithm == "sha256" else f"hash {said.algorithm}\n"
    return f"{said.origin}\n{said.head.size}\n{root}\n{extension}"


def _parse(text: str) -> SignedHead:
    lines = text.splitlines()
    if len(lines) < 3 or not lines[1].isdecimal():
        raise BadNote("a checkpoint has the lines origin, size, root")
    try:
        root = b64decode(lines[2], validate=True)
    except ValueError as error:
        raise BadNote("the root is not base64") from error
    algorithm = next((line[5:] for line in lines[3:] if line.startswith("hash ")), "sha256")
    return SignedHead(lines[0], TreeHead(int(lines[1]), root), algorithm)


def _signed_by(line: str, text: str, name: str, keys: Sequence[Ed25519PublicKey]) -> bool:
    prefix = f"{_SIGNATURE}{name} "
    if not line.startswith(prefix):
        return False  # a witness's, or nothing of ours
    try:
        material = b64decode(line.removeprefix(prefix), validate=True)
    except ValueError:
        return False
    for key in keys:
        if material[:4] == key_id(name, key):
            try:
                key.verify(material[4:], text.encode())
            except InvalidSignature:
                continue
            return True
    return False
