"""A gate for citizen codes 泉城码 in one file: format docs/formats/qc1.md, no network, no other part of Quancheng.
Needs ``cbor2`` (6) and ``cryptography``. Checks ES256 and EdDSA itself; SM2 by a function the gate brings.

>>> gate = Gate.from_bundle(json.load(open("bundle.json")), sm2=my_sm2)   # doctest: +SKIP
>>> said = gate.check(text, now=int(time.time()), scene="metro")          # doctest: +SKIP

``check`` returns what a good code says and raises ``Refused`` for anything else; it never answers a doubt.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

STEP, WEEK, LARGEST = 30, 7 * 86400, 1 << 53
ES256, EDDSA, SM2 = -7, -8, -65539
Sm2 = Callable[[bytes, bytes, bytes], bool]
"""(uncompressed point of 65 bytes, message, r || s) → whether SM2 with SM3 and the default identity holds."""

SAID = {
    "malformed": ("这不是泉城码。", "This is not a citizen code."),
    "unknown-issuer": ("签发者未知，请更新名单。", "Unknown issuer; update the list of keys."),
    "bad-signature": ("签名不符，可能是伪造的码。", "The signature does not hold; the code may be forged."),
    "not-yet": ("码尚未生效，请核对时钟。", "The code is not valid yet; check the clock."),
    "expired": ("码已过期，请联网续期。", "The code has expired; renew it with a network."),
    "too-long": ("码的有效期超过规定。", "The code claims to live longer than allowed."),
    "stopped": ("此码已停用。", "This code was stopped."),
    "scene-off": ("此码不用于本场景。", "This code is not for this place."),
    "printed-refused": ("本场景不收纸质码。", "Printed codes are not taken here."),
    "stale": (
        "码已过时，请刷新后再扫，不要用截图。",
        "The code is too old; show a fresh one, no screenshot.",
    ),
    "replayed": ("这个码刚刚用过。", "This code was used just now."),
    "wrong-challenge": ("码与本机的口令不符。", "The code does not answer this reader's challenge."),
    "clock": ("本机时钟不准，请校时。", "This reader's clock is wrong; set it."),
    "old-list": ("名单已旧，请联网更新。", "The lists are too old; connect to renew them."),
}


class Refused(Exception):
    """A code that is not taken; ``reason`` is of the format, or ``old-list``."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.zh, self.en = SAID[reason]


@dataclass(frozen=True)
class Said:
    """What a good code says. Masks are bits of the bundle's vocabularies; ``credential`` names it in scans."""

    subject: bytes
    level: int
    entitlements: int
    credential: bytes
    printed: bool
    step: int = 0
    nonce: bytes = b""


@dataclass(frozen=True)
class Layer:
    """A COSE_Sign1 as read."""

    protected: bytes
    headers: Mapping[Any, Any]
    payload: Any
    body: bytes
    signature: bytes


# -- 1 reading ----------------------------------------------------------------------------------------
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUE = {character: value for value, character in enumerate(_ALPHABET)}


def base45(text: str) -> bytes:
    """RFC 9285, strictly. Raises Refused."""
    out = bytearray()
    for place in range(0, len(text), 3):
        group = [_VALUE.get(one, -1) for one in text[place : place + 3]]
        number = sum(value * 45**power for power, value in enumerate(group))
        width = len(group) - 1
        if width == 0 or min(group) < 0 or number >= 256**width:
            raise Refused("malformed", "base45")
        out += number.to_bytes(width, "big")
    return bytes(out)


def cbor(data: bytes) -> Any:
    """Deterministic CBOR: what is not exactly as it would be written again is refused. Raises Refused.

    cbor2 sorts keys by length first; the format's maps come out the same in RFC 8949's order."""
    try:
        value = cbor2.loads(data, max_depth=16, allow_indefinite=False, allow_duplicate_keys=False)
        same = bool(cbor2.dumps(value, canonical=True) == data)
    except Exception as wrong:  # cbor2 raises many kinds for garbage
        raise Refused("malformed", type(wrong).__name__) from None
    if not same:
        raise Refused("malformed", "not deterministic")
    return value


def _layer(data: bytes) -> Layer:
    match cbor(data):
        case [bytes(protected), dict(other), bytes(body), bytes(signature)] if not other and data[0] == 0x84:
            headers = _headers(protected)
            return Layer(protected, headers, cbor(body), body, signature)
    raise Refused("malformed", "not a COSE_Sign1")


@lru_cache(maxsize=256)
def _headers(protected: bytes) -> Mapping[Any, Any]:
    headers = cbor(protected) if protected else {}
    if not isinstance(headers, dict) or 2 in headers or not _whole(headers):  # 2: critical headers
        raise Refused("malformed", "headers")
    return headers


def _whole(values: Iterable[object]) -> bool:  # True and 1.0 equal 1 in Python, not in the format
    return all(type(one) is int for one in values)


def _numbers(*values: Any) -> bool:
    return _whole(values) and all(0 <= one < LARGEST for one in values)


@dataclass(frozen=True)
class Facts:
    """Layer 1's claims, unchecked."""

    subject: bytes
    issued: int
    expires: int
    level: int
    entitlements: int
    scenes: int
    status_index: int
    device: bytes


def _facts(claims: Any) -> Facts:
    if not isinstance(claims, dict) or claims.keys() != {2, 4, 6, -65600} or not _whole(claims):
        raise Refused("malformed", "claims")
    subject, expires, issued, own = claims[2], claims[4], claims[6], claims[-65600]
    if not isinstance(own, list) or not _numbers(expires, issued, *own[:5]):
        raise Refused("malformed", "numbers")
    if not isinstance(subject, bytes) or len(subject) != 12:
        raise Refused("malformed", "subject")
    match own:
        case [0, level, rights, scenes, index, bytes(device)] if len(device) == 33:
            _p256(device)
            return Facts(subject, issued, expires, level, rights, scenes, index, device)
        case [1, level, rights, scenes, index]:
            return Facts(subject, issued, expires, level, rights, scenes, index, b"")
    raise Refused("malformed", "own claims")


def _moment(layer: Layer) -> tuple[int, bytes, bytes]:
    if layer.headers.keys() != {1}:
        raise Refused("malformed", "headers of layer 2")
    match layer.payload:
        case [step, bytes(nonce)] if _numbers(step) and len(nonce) == 8:
            return step, nonce, b""
        case [step, bytes(nonce), bytes(challenge)] if _numbers(step) and len(nonce) == 8:
            if 0 < len(challenge) <= 16:
                return step, nonce, challenge
    raise Refused("malformed", "layer 2")


# -- signatures -----------------------------------------------------------------------------------------
@lru_cache(maxsize=4096)
def _p256(point: bytes) -> ec.EllipticCurvePublicKey:
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        raise Refused("malformed", "no point of P-256") from None


def _es256(point: bytes, message: bytes, signature: bytes) -> bool:
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        _p256(point).verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


@dataclass(frozen=True)
class Key:
    """A public key with the one algorithm it is for."""

    algorithm: int
    data: bytes

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, str]) -> Key | None:
        """A key of a bundle; None for kinds this file does not know."""
        kind = {("EC", "P-256"): ES256, ("EC", "SM2"): SM2, ("OKP", "Ed25519"): EDDSA}
        algorithm = kind.get((jwk.get("kty", ""), jwk.get("crv", "")))
        if algorithm is None:
            return None
        x = _unpack(jwk["x"])
        return cls(algorithm, x if algorithm == EDDSA else b"\x04" + x + _unpack(jwk["y"]))

    def holds(self, layer: Layer, external: bytes, sm2: Sm2) -> bool:
        """Whether this key signed the layer (RFC 9052 section 4.4)."""
        if type(layer.headers.get(1)) is not int or layer.headers[1] != self.algorithm:
            return False
        signed = cbor2.dumps(["Signature1", layer.protected, external, layer.body], canonical=True)
        check = {ES256: _es256, EDDSA: _ed25519, SM2: sm2}[self.algorithm]
        return len(layer.signature) == 64 and check(self.data, signed, layer.signature)


def kid_of(jwk: Mapping[str, str]) -> bytes:
    """First 8 bytes of the RFC 7638 thumbprint."""
    members = {name: jwk[name] for name in ("crv", "kty", "x", "y") if name in jwk}
    return hashlib.sha256(json.dumps(members, separators=(",", ":"), sort_keys=True).encode()).digest()[:8]


def _unpack(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# -- the gate -------------------------------------------------------------------------------------------
class StatusLists:
    """Bits of stopped credentials, one list a number; a list nobody sent is of running credentials."""

    def __init__(self, packed: Mapping[str, str], size: int = 1 << 20) -> None:
        self._size = size
        self._lists = {int(number): self._open(text) for number, text in packed.items()}

    def _open(self, text: str) -> bytes:
        data = zlib.decompressobj().decompress(_unpack(text), self._size // 8 + 1)
        if len(data) != self._size // 8:
            raise ValueError("a status list of another size")
        return data

    def stopped(self, index: int) -> bool:
        """Whether the credential at this index is stopped."""
        number, place = divmod(index, self._size)
        bits = self._lists.get(number)
        return bits is not None and bool(bits[place >> 3] >> (place & 7) & 1)


class Gate:
    """Keys, lists and a short memory: one for each gate. Not for several threads at once."""

    def __init__(
        self, keys: Iterable[Mapping[str, str]], stopped: Callable[[int], bool], *, skew: int = 60,
        window: int = 1, longest_printed: int = 400 * 86400, sm2: Sm2 = lambda *_: False,
    ) -> None:  # fmt: skip
        """``keys``: JWKs of the city. ``sm2``: see ``Sm2``; without it SM2 codes are refused."""
        self.stopped, self.skew, self.window = stopped, skew, window
        self.longest_printed, self.sm2 = longest_printed, sm2
        self.scenes: dict[str, Mapping[str, Any]] = {}
        self.told, self.stale_seconds, self.clock_wrong = 0, LARGEST, False
        self._set_keys(keys)
        self._taken: dict[int, set[bytes]] = {}
        self._forgotten = -1
        self._off: deque[tuple[bytes, int]] = deque(maxlen=5)

    @classmethod
    def from_bundle(
        cls, bundle: Mapping[str, Any], *, now: int | None = None, sm2: Sm2 = lambda *_: False
    ) -> Gate:
        """A gate from the city's ``/code/bundle.json``; ``now`` when it was fetched just now."""
        gate = cls((), lambda _index: True, sm2=sm2)
        gate.renew(bundle, now=now)
        return gate

    def renew(self, bundle: Mapping[str, Any], *, now: int | None = None) -> None:
        """Take a newer bundle; what passed a moment ago stays remembered. Raises ValueError, KeyError.

        ``now``: the gate's clock at the moment it was fetched; None for a bundle kept on the disk.
        """
        if bundle["version"] != 1:
            raise ValueError("a bundle of another version")
        status, limits = bundle["status"], bundle["limits"]
        lists = StatusLists(status["lists"], status["size"])
        self._set_keys(bundle["keys"])
        self.stopped = lists.stopped
        self.skew, self.window = limits["skew_seconds"], limits["window_steps"]
        self.longest_printed = limits.get("printed_days", 400) * 86400
        self.stale_seconds, self.told = limits["stale_seconds"], bundle["time"]
        self.scenes = {one["code"]: one for one in bundle["scenes"]}
        self.clock_wrong = now is not None and abs(now - self.told) > self.skew

    def _set_keys(self, keys: Iterable[Mapping[str, str]]) -> None:
        self.keys = {kid_of(jwk): key for jwk in keys if (key := Key.from_jwk(jwk)) is not None}

    def check(
        self, text: str, *, now: int, scene: int | str, printed_allowed: bool | None = None,
        challenge: bytes = b"",
    ) -> Said:  # fmt: skip
        """Take a code now (Unix seconds) at a scene: its code in the bundle, or its bit. Raises Refused."""
        if self.clock_wrong or now + self.skew < self.told:  # earlier than what the city already said it is
            raise Refused("clock")
        if now - self.told > self.stale_seconds:
            raise Refused("old-list")
        known = self.scenes[scene] if isinstance(scene, str) else {"bit": scene, "printed": True}
        paper = bool(known["printed"]) if printed_allowed is None else printed_allowed
        credential, layer1, layer2 = self._read(text)
        facts = _facts(layer1.payload)
        moment = _moment(layer2) if layer2 else None
        self._city(layer1, facts, now, int(known["bit"]))
        name = hashlib.sha256(credential).digest()
        said = Said(facts.subject, facts.level, facts.entitlements, name, not facts.device)
        if not facts.device:
            if layer2 is not None:
                raise Refused("malformed", "a printed code has one layer")
            if not paper or challenge:
                raise Refused("printed-refused")
            return said
        if layer2 is None or moment is None:
            raise Refused("malformed", "a phone's code has two layers")
        if not Key(ES256, facts.device).holds(layer2, name, self.sm2):
            raise Refused("bad-signature", "layer 2")
        return self._fresh(said, *moment, asked=challenge, now=now)

    @staticmethod
    def _read(text: str) -> tuple[bytes, Layer, Layer | None]:
        if not text.startswith("QC1:") or len(text) > 1200:
            raise Refused("malformed", "prefix or length")
        match cbor(base45(text[4:])):
            case [bytes(credential)]:
                return credential, _layer(credential), None
            case [bytes(credential), bytes(presentation)]:
                return credential, _layer(credential), _layer(presentation)
        raise Refused("malformed", "not one or two layers")

    def _city(self, layer: Layer, facts: Facts, now: int, bit: int) -> None:
        """Steps 2 to 5."""
        kid = layer.headers.get(4)
        key = self.keys.get(kid) if isinstance(kid, bytes) else None
        if key is None:
            raise Refused("unknown-issuer")
        if not key.holds(layer, b"", self.sm2):
            raise Refused("bad-signature", "layer 1")
        if facts.expires - facts.issued > (WEEK if facts.device else self.longest_printed):
            raise Refused("too-long")
        if now + self.skew < facts.issued:
            raise Refused("not-yet")
        if now >= facts.expires:
            raise Refused("expired")
        if self.stopped(facts.status_index):
            raise Refused("stopped")
        if not facts.scenes >> bit & 1:
            raise Refused("scene-off")

    def _fresh(
        self, said: Said, step: int, nonce: bytes, challenge: bytes, *, asked: bytes, now: int
    ) -> Said:
        """Steps 7 to 9."""
        earliest = (now - self.skew) // STEP - self.window
        off = 0 if earliest <= step <= (now + self.skew) // STEP else step - now // STEP
        if self._drifts(said.credential, off):
            raise Refused("clock", f"about {off * STEP} s")
        if off:
            raise Refused("stale" if off < 0 else "not-yet")
        if challenge != asked:
            raise Refused("wrong-challenge")
        mark = said.credential[:16] + nonce
        if step <= self._forgotten or mark in self._taken.get(step, ()):
            raise Refused("replayed")
        self._taken.setdefault(step, set()).add(mark)
        for old in [kept for kept in self._taken if kept < earliest]:
            del self._taken[old]
        self._forgotten = max(self._forgotten, earliest - 1)
        return Said(**{**vars(said), "step": step, "nonce": nonce})

    def _drifts(self, credential: bytes, off: int) -> bool:
        """Five different genuine codes in a row off to one side by about the same: this clock is wrong."""
        if off == 0:
            self._off.clear()
            return False
        if all(credential != one for one, _off in self._off):
            self._off.append((credential, off))
        offs = [one for _credential, one in self._off]
        return len(offs) == 5 and (min(offs) > 0 or max(offs) < 0) and max(offs) - min(offs) <= 4
