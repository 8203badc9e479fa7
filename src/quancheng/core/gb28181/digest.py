"""数字摘要认证 Digest access authentication (RFC 2617 §3.2, RFC 7616 §3.4, RFC 8760 for SIP; GB/T 28181 §8.3).

Nonces are signed by the server with the time and the name they were given for, so that nothing need
be remembered until one is used; a used one is remembered until it expires, with its greatest count.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum

from .errors import BadMessage, Reason

__all__ = ["Algorithm", "Credentials", "NonceBook", "Verdict", "authorization", "challenge", "credentials",
           "parse_challenge", "response", "secret"]  # fmt: skip

_PAIR = re.compile(r'\s*([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*(?:,|$)')
_COUNT = re.compile(r"[0-9a-fA-F]{8}")
_STAMP = 12


class Algorithm(StrEnum):
    """摘要算法; GB/T 28181-2016 names MD5, the 2022 edition adds stronger ones."""

    MD5 = "MD5"
    SHA256 = "SHA-256"

    def hash(self, data: bytes) -> str:
        """Hexadecimal digest."""
        if self is Algorithm.MD5:
            return hashlib.md5(data, usedforsecurity=False).hexdigest()
        return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client sent in Authorization."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: Algorithm = Algorithm.MD5
    cnonce: str = ""
    qop: str = ""
    count: str = ""
    opaque: str = ""


def secret(username: str, realm: str, password: str, algorithm: Algorithm) -> str:
    """H(A1) of RFC 7616 §3.4.2: what a server keeps instead of the password, for one realm."""
    return algorithm.hash(f"{username}:{realm}:{password}".encode())


def response(
    key: str, algorithm: Algorithm, *, nonce: str, method: str, uri: str, qop: str = "", cnonce: str = "",
    count: str = "", body: bytes = b"",
) -> str:  # fmt: skip
    """The answer to a challenge (RFC 7616 §3.4.1; without qop RFC 2617 §3.2.2.1)."""
    what = f"{method}:{uri}"
    if qop == "auth-int":
        what += ":" + algorithm.hash(body)
    second = algorithm.hash(what.encode())
    if not qop:
        return algorithm.hash(f"{key}:{nonce}:{second}".encode())
    return algorithm.hash(f"{key}:{nonce}:{count}:{cnonce}:{qop}:{second}".encode())


def challenge(realm: str, nonce: str, algorithm: Algorithm, *, stale: bool = False) -> str:
    """A WWW-Authenticate value. MD5 goes without qop: cameras in the field know only RFC 2069's form."""
    text = f'Digest realm="{realm}",nonce="{nonce}",algorithm={algorithm.value}'
    if algorithm is not Algorithm.MD5:
        text += ',qop="auth"'
    return text + (",stale=true" if stale else "")


def parse_challenge(value: str) -> Mapping[str, str]:
    """The pairs of a challenge or authorization, names in lower case; raises BadMessage."""
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        raise BadMessage(Reason.CREDENTIALS, scheme)
    found: dict[str, str] = {}
    at = 0
    while at < len(rest):
        matched = _PAIR.match(rest, at)
        if matched is None or matched[1].lower() in found:
            raise BadMessage(Reason.CREDENTIALS, rest[at : at + 60])
        quoted = matched[2]
        found[matched[1].lower()] = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else matched[3]
        at = matched.end()
    return found


def credentials(value: str) -> Credentials:
    """Read an Authorization header; raises BadMessage when something needed is absent or odd."""
    found = parse_challenge(value)
    try:
        named = found.get("algorithm", "MD5").upper()
        algorithm = Algorithm(named)
        read = Credentials(
            found["username"], found["realm"], found["nonce"], found["uri"], found["response"].lower(), algorithm,
            found.get("cnonce", ""), found.get("qop", ""), found.get("nc", ""), found.get("opaque", ""),
        )  # fmt: skip
    except (KeyError, ValueError) as missing:
        raise BadMessage(Reason.CREDENTIALS, str(missing)) from missing
    if read.qop and (
        read.qop not in ("auth", "auth-int") or not read.cnonce or not _COUNT.fullmatch(read.count)
    ):
        raise BadMessage(Reason.CREDENTIALS, "qop")
    return read


def authorization(
    challenged: str,
    *,
    username: str,
    password: str,
    method: str,
    uri: str,
    cnonce: str = "",
    body: bytes = b"",
) -> str:
    """Answer a challenge as a client: the value of the Authorization header. Raises BadMessage."""
    asked = parse_challenge(challenged)
    try:
        algorithm = Algorithm(asked.get("algorithm", "MD5").upper())
        realm, nonce = asked["realm"], asked["nonce"]
    except (KeyError, ValueError) as odd:
        raise BadMessage(Reason.CREDENTIALS, str(odd)) from odd
    offered = [one.strip() for one in asked.get("qop", "").split(",") if one.strip()]
    qop = "auth" if "auth" in offered else "auth-int" if "auth-int" in offered else ""
    count = "00000001" if qop else ""
    answer = response(
        secret(username, realm, password, algorithm), algorithm, nonce=nonce, method=method, uri=uri, qop=qop,
        cnonce=cnonce, count=count, body=body,
    )  # fmt: skip
    text = f'Digest username="{username}",realm="{realm}",nonce="{nonce}",uri="{uri}",response="{answer}"'
    text += f",algorithm={algorithm.value}"
    if qop:
        text += f',cnonce="{cnonce}",qop={qop},nc={count}'
    if "opaque" in asked:
        text += f',opaque="{asked["opaque"]}"'
    return text


class Verdict(Enum):
    """核验结论."""

    GOOD = "good"
    STALE = "stale"
    """The answer is right but the nonce is old or used: ask again with a new one."""
    BAD = "bad"


class NonceBook:
    """随机数簿: gives nonces and refuses old and replayed ones. ``now`` is seconds, any steady clock.

    Memory is bounded: only nonces proven with the right password are remembered, for ``lifetime``
    to twice ``lifetime``.
    """

    def __init__(self, key: bytes, *, lifetime: float) -> None:
        self._key = key
        self._lifetime = lifetime
        self._used: dict[str, int] = {}
        self._older: dict[str, int] = {}
        self._turned = 0.0
        self._serial = 0

    def give(self, name: str, now: float) -> str:
        """A fresh nonce for ``name``."""
        self._serial = (self._serial + 1) % 2**32
        stamp = f"{int(now * 1000) % 2**48:0{_STAMP}x}{self._serial:08x}"
        return stamp + self._sign(stamp, name)

    def check(
        self, name: str, sent: Credentials, method: str, key_of: Callable[[Algorithm], str], now: float,
        *, body: bytes = b"",
    ) -> Verdict:  # fmt: skip
        """Whether credentials prove ``name``; ``key_of`` gives H(A1), empty when there is none."""
        key = key_of(sent.algorithm)
        wanted = response(
            key, sent.algorithm, nonce=sent.nonce, method=method, uri=sent.uri, qop=sent.qop, cnonce=sent.cnonce,
            count=sent.count, body=body,
        )  # fmt: skip
        if not key or not hmac.compare_digest(wanted.encode(), sent.response.encode()):
            return Verdict.BAD
        if not self._ours(name, sent.nonce, now):
            return Verdict.STALE
        self._turn(now)
        count = int(sent.count, 16) if sent.qop else 1
        if count <= max(self._used.get(sent.nonce, 0), self._older.get(sent.nonce, 0)):
            return Verdict.STALE
        self._used[sent.nonce] = count
        return Verdict.GOOD

    def _ours(self, name: str, nonce: str, now: float) -> bool:
        stamp, signature = nonce[: _STAMP + 8], nonce[_STAMP + 8 :]
        if not hmac.compare_digest(self._sign(stamp, name).encode(), signature.encode()):
            return False
        age = now - int(stamp[:_STAMP], 16) / 1000
        return -1 <= age <= self._lifetime

    def _turn(self, now: float) -> None:
        if now - self._turned > self._lifetime:
            self._older, self._used, self._turned = self._used, {}, now

    def _sign(self, stamp: str, name: str) -> str:
        return hmac.new(self._key, f"{stamp}:{name}".encode(), hashlib.sha256).hexdigest()[:24]
