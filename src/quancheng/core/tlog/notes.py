"""Signed notes (C2SP signed-note): a text, a blank line, and signatures of named keys.

Signature types: 0x01 Ed25519 and 0x04 Ed25519 cosignature of C2SP; 0xff with a name for ours: ``sm2`` and
``sm2-cosignature`` (GB/T 32918.2), ``ml-dsa-44`` and ``ml-dsa-44-cosignature`` (FIPS 204).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from quancheng.core.keys import Algorithm, KeyFault, PublicKey, SignatureError, SigningKey
from quancheng.core.tlog.errors import LogFault, LogReason

__all__ = ["Note", "NoteKey", "Signature", "add_signature", "open_note", "sign_note"]

_TYPES: dict[tuple[Algorithm, bool], bytes] = {
    (Algorithm.EDDSA, False): b"\x01",
    (Algorithm.EDDSA, True): b"\x04",
    (Algorithm.SM2, False): b"\xffsm2\n",
    (Algorithm.SM2, True): b"\xffsm2-cosignature\n",
    (Algorithm.ML_DSA_44, False): b"\xffml-dsa-44\n",
    (Algorithm.ML_DSA_44, True): b"\xffml-dsa-44-cosignature\n",
}
MAX_NOTE = 64 * 1024
_DASH = "\u2014 "


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A named key that signs notes, or cosigns checkpoints with a time (签注密钥)."""

    name: str
    public: PublicKey
    cosigns: bool = False

    def __post_init__(self) -> None:
        if not self.name or any(character.isspace() or character == "+" for character in self.name):
            raise LogFault(LogReason.MALFORMED, f"key name {self.name!r}")
        if (self.public.algorithm, self.cosigns) not in _TYPES:
            raise LogFault(LogReason.MALFORMED, f"{self.public.algorithm} signs no notes")

    @property
    def material(self) -> bytes:
        """Type and key, as C2SP encodes them."""
        return _TYPES[self.public.algorithm, self.cosigns] + self.public.data

    @property
    def id(self) -> bytes:
        """First four bytes of SHA-256(name, newline, type, key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + self.material).digest()[:4]

    def text(self) -> str:
        """The verifier key as text: ``name+id+base64`` (vkey)."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(self.material).decode()}"

    @classmethod
    def read(cls, text: str) -> NoteKey:
        """From ``text()``. Raises LogFault."""
        try:
            name, number, encoded = text.strip().split("+", 2)
            material = base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error):
            raise LogFault(LogReason.MALFORMED, "not a verifier key") from None
        for (algorithm, cosigns), kind in _TYPES.items():
            if material.startswith(kind):
                try:
                    key = cls(name, PublicKey(algorithm, material[len(kind) :]), cosigns)
                except KeyFault:
                    continue
                if key.id.hex() == number:
                    return key
        raise LogFault(LogReason.MALFORMED, f"verifier key of {name!r}")


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: whose it says it is, and its bytes."""

    name: str
    key_id: bytes
    data: bytes

    def line(self) -> str:
        """The line as it stands in a note."""
        return f"{_DASH}{self.name} {base64.b64encode(self.key_id + self.data).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A parsed note; its signatures are claims until ``by`` has looked."""

    body: str
    """The signed text, with its last newline."""
    signatures: tuple[Signature, ...]

    def text(self) -> str:
        """The note as it is sent."""
        return self.body + "\n" + "".join(one.line() for one in self.signatures)

    def by(self, key: NoteKey) -> bool:
        """Whether a key that signs notes (no cosigner) signed this one. A signature of it that is false is False."""
        for one in self.signatures:
            if one.name == key.name and one.key_id == key.id:
                try:
                    key.public.verify(self.body.encode(), one.data)
                except SignatureError:
                    return False
                return True
        return False


def sign_note(body: str, signers: Iterable[tuple[str, SigningKey]]) -> Note:
    """A note signed by named keys. Raises LogFault (a body that is none)."""
    _checked(body)
    lines = []
    for name, key in signers:
        named = NoteKey(name, key.public)
        lines.append(Signature(name, named.id, key.sign(body.encode())))
    return Note(body, tuple(lines))


def add_signature(note: Note, more: Sequence[Signature]) -> Note:
    """The note with further lines; one of the same key replaces the earlier."""
    fresh = {(one.name, one.key_id) for one in more}
    kept = [one for one in note.signatures if (one.name, one.key_id) not in fresh]
    return Note(note.body, (*kept, *more))


def open_note(text: str | bytes) -> Note:
    """Parse a note. Raises LogFault (MALFORMED)."""
    if len(text) > MAX_NOTE:
        raise LogFault(LogReason.MALFORMED, "too large")
    if isinstance(text, bytes):
        try:
            text = text.decode()
        except UnicodeDecodeError:
            raise LogFault(LogReason.MALFORMED, "not UTF-8") from None
    cut = text.rfind("\n\n")
    if cut < 0 or not text.endswith("\n"):
        raise LogFault(LogReason.MALFORMED, "no blank line before the signatures")
    body, tail = text[: cut + 1], text[cut + 2 :]
    _checked(body)
    lines = tail.split("\n")[:-1]
    if not 0 < len(lines) <= 100:
        raise LogFault(LogReason.MALFORMED, f"{len(lines)} signatures")
    return Note(body, tuple(_line(one) for one in lines))


def _line(text: str) -> Signature:
    parts = text.removeprefix(_DASH).split(" ")
    if not text.startswith(_DASH) or len(parts) != 2 or not parts[0]:
        raise LogFault(LogReason.MALFORMED, "a signature line")
    try:
        data = base64.b64decode(parts[1], validate=True)
    except (ValueError, binascii.Error):
        raise LogFault(LogReason.MALFORMED, "a signature's base64") from None
    if len(data) <= 4 or base64.b64encode(data).decode() != parts[1]:
        raise LogFault(LogReason.MALFORMED, "a signature's bytes")
    return Signature(parts[0], data[:4], data[4:])


def _checked(body: str) -> None:
    if not body.endswith("\n") or any(ord(character) < 0x20 and character != "\n" for character in body):
        raise LogFault(LogReason.MALFORMED, "a note's text ends with a newline and has no control characters")
