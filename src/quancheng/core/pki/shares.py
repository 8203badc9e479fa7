"""Shamir secret sharing (1979) over GF(2^8), byte by byte, with a commitment to each share.

Any ``threshold`` shares give the secret; fewer tell nothing about it. The commitments may be public: a
wrong or mistyped share is named before it spoils the result. Field polynomial x^8+x^4+x^3+x+1 (as AES).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from quancheng.core.pki.errors import PkiError, PkiReason

__all__ = ["MOST_SHARES", "Share", "Splitting", "combine", "split"]

MOST_SHARES = 255
_MARK = "QSS1"
_HEAD, _SALT, _CHECK = 10, 16, 4


@dataclass(frozen=True, slots=True)
class Share:
    """密钥份额: one custodian's part. ``str`` hides it; ``text`` is what is printed once."""

    group: bytes
    """8 random bytes of the ceremony; shares of two ceremonies never mix."""
    threshold: int
    index: int
    salt: bytes
    value: bytes

    @property
    def commitment(self) -> bytes:
        """SHA-256 over everything the share says; without the salt nobody can try values against it."""
        head = bytes([self.threshold, self.index]) + self.group
        return hashlib.sha256(b"quancheng share 1" + head + self.salt + self.value).digest()

    @property
    def text(self) -> str:
        """Groups of four letters and digits (base32), with a check sum."""
        body = self.group + bytes([self.threshold, self.index]) + self.salt + self.value
        whole = body + hashlib.sha256(body).digest()[:_CHECK]
        letters = base64.b32encode(whole).decode().rstrip("=")
        return "-".join([_MARK, *(letters[at : at + 4] for at in range(0, len(letters), 4))])

    @classmethod
    def from_text(cls, text: str) -> Share:
        """A share as a custodian types it; spaces and small letters do not matter. Raises PkiError (FORM)."""
        plain = "".join(text.upper().split()).replace("-", "")
        if not plain.startswith(_MARK):
            raise PkiError(PkiReason.FORM, f"a share begins with {_MARK}")
        letters = plain[len(_MARK) :]
        try:
            whole = base64.b32decode(letters + "=" * (-len(letters) % 8))
        except binascii.Error:
            raise PkiError(PkiReason.FORM, "letters A to Z and digits 2 to 7 only") from None
        body, check = whole[:-_CHECK], whole[-_CHECK:]
        if len(body) <= _HEAD + _SALT or hashlib.sha256(body).digest()[:_CHECK] != check:
            raise PkiError(PkiReason.FORM, "the check sum is wrong: mistyped or cut short")
        salt = body[_HEAD : _HEAD + _SALT]
        return cls(body[:8], body[8], body[9], salt, body[_HEAD + _SALT :])

    def __repr__(self) -> str:
        return f"Share({self.group.hex()}, {self.index} of at least {self.threshold})"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class Splitting:
    """What a ceremony makes: shares to give away, and what may be kept."""

    shares: tuple[Share, ...]
    commitments: tuple[bytes, ...]
    """Of share 1, 2 …"""


def split(
    secret: bytes, *, threshold: int, count: int, random: Callable[[int], bytes] = secrets.token_bytes
) -> Splitting:
    """拆分密钥: ``count`` shares of which any ``threshold`` give the secret. Raises PkiError (SHARES)."""
    if not secret or len(secret) > 4096:
        raise PkiError(PkiReason.SHARES, "a secret has 1 to 4096 bytes")
    if not 2 <= threshold <= count <= MOST_SHARES:
        raise PkiError(PkiReason.SHARES, f"2 ≤ threshold ≤ shares ≤ {MOST_SHARES}")
    group = random(8)
    # one polynomial a byte: the secret's byte, then threshold-1 random coefficients
    rows = [secret, *(random(len(secret)) for _ in range(threshold - 1))]
    shares = tuple(
        Share(group, threshold, index, random(_SALT), _evaluate(rows, index)) for index in range(1, count + 1)
    )
    return Splitting(shares, tuple(one.commitment for one in shares))


def combine(shares: Iterable[Share], commitments: Sequence[bytes] = ()) -> bytes:
    """合成密钥. Raises PkiError (SHARES): too few, of different ceremonies, or wrong ones, which it names."""
    given = {one.index: one for one in shares}
    if not given:
        raise PkiError(PkiReason.SHARES, "no shares")
    first = next(iter(given.values()))
    kinds = {(one.group, one.threshold, len(one.value)) for one in given.values()}
    if len(kinds) > 1:
        raise PkiError(PkiReason.SHARES, "shares of different ceremonies")
    wrong = [one.index for one in given.values() if not _fits(one, commitments)]
    if wrong:
        raise PkiError(PkiReason.SHARES, f"wrong shares: {', '.join(map(str, sorted(wrong)))}")
    if len(given) < first.threshold:
        raise PkiError(PkiReason.SHARES, f"{len(given)} of {first.threshold} shares")
    chosen = sorted(given.values(), key=lambda one: one.index)[: first.threshold]
    points = [one.index for one in chosen]
    weights = [_weight(points, at) for at in range(len(points))]
    result = bytearray(len(first.value))
    for weight, one in zip(weights, chosen, strict=True):
        for at, byte in enumerate(one.value):
            result[at] ^= _times(weight, byte)
    return bytes(result)


def _fits(share: Share, commitments: Sequence[bytes]) -> bool:
    if not commitments:
        return share.index > 0
    if not 0 < share.index <= len(commitments):
        return False
    return hmac.compare_digest(share.commitment, commitments[share.index - 1])


def _evaluate(rows: Sequence[bytes], x: int) -> bytes:
    """Horner's rule for all bytes at once."""
    found = bytearray(len(rows[0]))
    for row in reversed(rows):
        for at, byte in enumerate(row):
            found[at] = _times(found[at], x) ^ byte
    return bytes(found)


def _weight(points: Sequence[int], at: int) -> int:
    """Lagrange's coefficient at zero; subtraction is XOR in this field."""
    numerator = denominator = 1
    for other, x in enumerate(points):
        if other != at:
            numerator = _times(numerator, x)
            denominator = _times(denominator, x ^ points[at])
    return _times(numerator, _inverse(denominator))


def _times(a: int, b: int) -> int:
    """Product in GF(2^8) in constant time: eight masked steps, no table that a cache would tell of."""
    product = 0
    for _ in range(8):
        product ^= -(b & 1) & a
        a = ((a << 1) ^ (-(a >> 7) & 0x11B)) & 0xFF
        b >>= 1
    return product


def _inverse(a: int) -> int:
    """a^254."""
    result, power, exponent = 1, a, 254
    while exponent:
        if exponent & 1:
            result = _times(result, power)
        power = _times(power, power)
        exponent >>= 1
    return result
