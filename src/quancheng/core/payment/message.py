"""渠道报文: messages between the platform and a channel, signed as one canonical string.

The canonical string is every field, envelope included, as ``name=value`` with both percent-encoded,
sorted and joined by ``&`` (the parameter normalisation of RFC 5849, section 3.4.1.3.2): two
different messages never give one string. On the wire a message is one flat JSON object of strings.
A receiver accepts a message once, within a window of time, under a key it knows for that sender.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from quancheng.core.payment.errors import PaymentError, PaymentReason
from quancheng.core.payment.signing import Signer, Verifier
from quancheng.core.text import Text

__all__ = [
    "Keyring",
    "Message",
    "NonceWindow",
    "Signed",
    "accept",
    "canonical",
    "decode",
    "encode",
    "sign",
    "timely",
    "verify",
]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}", re.ASCII)
_NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)
_TIME = re.compile(r"[1-9][0-9]{0,11}", re.ASCII)
_ENVELOPE = ("sender", "receiver", "kind", "key", "algorithm", "time", "nonce")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_ENCODED = tuple(chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in range(256))
_MOST_BYTES = 64 * 1024
_MOST_FIELDS = 64

Keyring = Mapping[tuple[str, str], Verifier]
"""Verifiers by (sender, key name)."""


def canonical(pairs: Iterable[tuple[str, str]]) -> str:
    """The canonical string of names and values (待签名串): RFC 5849, section 3.4.1.3.2."""
    encoded = sorted((_percent(name), _percent(value)) for name, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded)


@dataclass(frozen=True, slots=True)
class Message:
    """What one side says to the other (报文). ``time`` in whole Unix seconds, ``nonce`` 16 to 64 signs."""

    sender: str
    receiver: str
    kind: str
    time: int
    nonce: str
    fields: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        names = [name for name, _ in self.fields]
        labels = all(_LABEL.fullmatch(part) for part in (self.sender, self.receiver, self.kind))
        if not labels or _NONCE.fullmatch(self.nonce) is None or _TIME.fullmatch(str(self.time)) is None:
            raise PaymentError(PaymentReason.MESSAGE, "envelope")
        if len(names) > _MOST_FIELDS or len(set(names)) < len(names):
            raise PaymentError(PaymentReason.MESSAGE, "fields")
        for name, value in self.fields:
            if _NAME.fullmatch(name) is None or name in (*_ENVELOPE, "signature") or not _sound(value):
                raise PaymentError(PaymentReason.MESSAGE, name[:40])

    @classmethod
    def of(
        cls, sender: str, receiver: str, kind: str, time: int, nonce: str, fields: Mapping[str, str]
    ) -> Message:
        """A message from a mapping of fields (构造报文)."""
        return cls(sender, receiver, kind, time, nonce, tuple(sorted(fields.items())))

    def get(self, name: str) -> str:
        """A field that must be there, else ``PaymentError`` (取字段)."""
        value = dict(self.fields).get(name)
        if value is None:
            raise PaymentError(PaymentReason.MESSAGE, name, Text("缺少字段", "missing"))
        return value


@dataclass(frozen=True, slots=True)
class Signed:
    """A message with key name, algorithm and signature (已签名报文)."""

    message: Message
    key: str
    algorithm: str
    signature: bytes

    def flat(self) -> dict[str, str]:
        """All that is signed, flat (全部签名字段)."""
        message = self.message
        envelope = (message.sender, message.receiver, message.kind, self.key, self.algorithm)
        values = (*envelope, str(message.time), message.nonce)
        return dict(zip(_ENVELOPE, values, strict=True)) | dict(message.fields)

    def canonical(self) -> bytes:
        """The bytes that are signed (待签名字节)."""
        return canonical(self.flat().items()).encode("ascii")


def sign(message: Message, key: str, signer: Signer) -> Signed:
    """Sign a message under the name of a key (签名)."""
    if _LABEL.fullmatch(key) is None:
        raise PaymentError(PaymentReason.KEY, "key")
    bare = Signed(message, key, signer.algorithm, b"")
    return Signed(message, key, signer.algorithm, signer.sign(bare.canonical()))


def encode(signed: Signed) -> bytes:
    """The message on the wire (编码): JSON of strings, sorted, UTF-8."""
    flat = signed.flat() | {"signature": base64.b64encode(signed.signature).decode("ascii")}
    return json.dumps(flat, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def decode(data: bytes) -> Signed:
    """Read a message (解码); nothing is verified yet. At most 64 KiB and 64 fields, all strings, none twice."""
    if len(data) > _MOST_BYTES:
        raise PaymentError(PaymentReason.MESSAGE, "size")
    try:
        pairs = json.loads(data.decode("utf-8"), object_pairs_hook=_Pairs)
    except (ValueError, RecursionError) as error:
        raise PaymentError(PaymentReason.MESSAGE, "JSON") from error
    if not isinstance(pairs, _Pairs) or not all(isinstance(value, str) for _, value in pairs):
        raise PaymentError(PaymentReason.MESSAGE, "JSON")
    flat = dict(pairs)
    if len(flat) < len(pairs) or not {*_ENVELOPE, "signature"} <= flat.keys():
        raise PaymentError(PaymentReason.MESSAGE, "fields")
    return _read({str(name): str(value) for name, value in flat.items()})


class _Pairs(list[tuple[str, object]]):
    """A JSON object with its repetitions."""


def _read(flat: dict[str, str]) -> Signed:
    sender, receiver, kind, key, algorithm, time, nonce = (flat.pop(name) for name in _ENVELOPE)
    if _TIME.fullmatch(time) is None or not all(_LABEL.fullmatch(part) for part in (key, algorithm)):
        raise PaymentError(PaymentReason.MESSAGE, "envelope")
    text = flat.pop("signature")
    try:
        signature = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise PaymentError(PaymentReason.MESSAGE, "signature") from error
    if base64.b64encode(signature).decode("ascii") != text:  # one signature, one spelling
        raise PaymentError(PaymentReason.MESSAGE, "signature")
    return Signed(Message.of(sender, receiver, kind, int(time), nonce, flat), key, algorithm, signature)


@dataclass(frozen=True, slots=True)
class NonceWindow:
    """Nonces seen within the window (随机数窗口). A value; remember it with what the message caused."""

    seconds: int
    seen: tuple[tuple[int, str, str], ...] = ()

    def __post_init__(self) -> None:
        if self.seconds <= 0:
            raise PaymentError(PaymentReason.TIME_WINDOW, "seconds")

    def take(self, message: Message, now: int) -> NonceWindow:
        """The window with this message; too old, too new or seen raises ``PaymentError``.

        A message is kept as long as it could be accepted again.
        """
        timely(message, now, self.seconds)
        alive = tuple(item for item in self.seen if now - item[0] <= self.seconds)
        if any(item[1:] == (message.sender, message.nonce) for item in alive):
            raise PaymentError(PaymentReason.REPLAYED, message.nonce)
        return NonceWindow(self.seconds, (*alive, (message.time, message.sender, message.nonce)))


def verify(data: bytes, receiver: str, keys: Keyring) -> Message:
    """Decode and verify a message (验签): its form, key, signature and address, in this order.

    The key decides the algorithm. Time and replay are not looked at: ``accept`` does that too.
    """
    signed = decode(data)
    verifier = keys.get((signed.message.sender, signed.key))
    if verifier is None or verifier.algorithm != signed.algorithm:
        raise PaymentError(PaymentReason.KEY, signed.key)
    if not verifier.holds(signed.canonical(), signed.signature):
        raise PaymentError(PaymentReason.SIGNATURE, signed.key)
    if signed.message.receiver != receiver:
        raise PaymentError(PaymentReason.MESSAGE, "receiver")
    return signed.message


def timely(message: Message, now: int, seconds: int) -> Message:
    """The message if its time is within so many seconds of ours (时间窗口), else ``PaymentError``."""
    if abs(now - message.time) > seconds:
        raise PaymentError(PaymentReason.TIME_WINDOW, message.nonce)
    return message


def accept(
    data: bytes, receiver: str, keys: Keyring, window: NonceWindow, now: int
) -> tuple[Message, NonceWindow]:
    """``verify`` a message and count it (验收报文): once, and within the window.

    Keep the window in the transaction that does what the message says: a message lost in a crash
    may then come again. A copy of an accepted one raises ``REPLAYED``: answer it as received. Where
    messages are many, use ``verify``, ``timely`` and a table with unique (sender, nonce) instead.
    """
    message = verify(data, receiver, keys)
    return message, window.take(message, now)


def _percent(text: str) -> str:
    """Percent-encoding of UTF-8 that leaves only the unreserved signs of RFC 3986, section 2.3."""
    return "".join(_ENCODED[byte] for byte in text.encode("utf-8"))


def _sound(value: str) -> bool:
    """Whether a value is text that UTF-8 can carry, without control characters."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return not any(ord(sign) < 32 or ord(sign) == 127 for sign in value)
