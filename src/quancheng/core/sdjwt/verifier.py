"""Verifying (RFC 9901 section 7): signature, disclosures, times, key binding. Expired is refused.

Plan: 1 the issuer's signature by a trusted key; 2 each disclosure digested and put where its digest stands,
once, with nothing left over; 3 times; 4 for a VC its type; 5 the holder's proof.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from quancheng.core.jose import JoseFault, JoseReason, Jws, b64, parse_jws, verify_jws
from quancheng.core.keys import KeyFault, PublicKey, from_jwk
from quancheng.core.sdjwt.disclosure import DIGESTS, ELEMENT, HASH_NAME, Disclosure, hash_of
from quancheng.core.sdjwt.errors import SdFault, SdReason
from quancheng.core.sdjwt.token import SdJwt, parse

__all__ = ["Expect", "Verified", "reveal", "verify"]

_DEPTH = 32


@dataclass(frozen=True, slots=True)
class Expect:
    """What a verifier asks for."""

    keys: Callable[[Mapping[str, Any], Mapping[str, Any]], PublicKey | None]
    """From header and payload to the issuer's key, None when nobody is trusted."""
    now: int
    audience: str = ""
    nonce: str = ""
    binding: bool = True
    """Whether the holder has to prove the key of ``cnf``."""
    types: tuple[str, ...] = ()
    vct: str = ""
    skew: int = 60
    oldest: int = 300
    """How old a key binding token may be, in seconds."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A token that holds: what it says, and by whom it was shown."""

    claims: Mapping[str, Any]
    header: Mapping[str, Any]
    holder: PublicKey | None


def verify(token: SdJwt | str, expect: Expect) -> Verified:
    """What the token says to this verifier. Raises SdFault."""
    shown = parse(token) if isinstance(token, str) else token
    try:
        tokens = [parse_jws(one) for one in (shown.jwt, *shown.others)]
        payload = tokens[0].json()
        for one in tokens:
            _signed(one, payload, expect)
        claims = reveal(payload, shown.disclosures)
        _times(claims, expect)
        if expect.vct and claims.get("vct") != expect.vct:
            raise SdFault(SdReason.VCT, repr(claims.get("vct")))
        holder = _holder(shown, claims, payload, expect)
    except JoseFault as wrong:
        reason = SdReason.SIGNATURE if wrong.reason is JoseReason.SIGNATURE else SdReason.MALFORMED
        raise SdFault(reason, str(wrong)) from None
    return Verified(claims, tokens[0].header, holder)


def _signed(token: Jws, payload: Mapping[str, Any], expect: Expect) -> None:
    key = expect.keys(token.header, payload)
    if key is None:
        raise SdFault(SdReason.UNKNOWN_KEY, str(token.header.get("kid", "")))
    if expect.types and token.header.get("typ") not in expect.types:
        raise SdFault(SdReason.TYPE, repr(token.header.get("typ")))
    verify_jws(token, key)


def reveal(payload: Mapping[str, Any], disclosures: tuple[str, ...]) -> dict[str, Any]:
    """The claims with disclosures in their places. Raises SdFault (section 7.1 step 3)."""
    name = payload.get(HASH_NAME, "sha-256")
    hash_of(name)
    read = [Disclosure.read(text) for text in disclosures]
    known = {one.digest(name): one for one in read}
    if len(known) != len(read):
        raise SdFault(SdReason.DISCLOSURE, "a disclosure twice")
    walk = _Walk(known)
    claims = walk.value({key: value for key, value in payload.items() if key != HASH_NAME}, 0)
    if len(walk.used) != len(known):
        raise SdFault(SdReason.DISCLOSURE, "a disclosure that belongs nowhere")
    return claims  # type: ignore[no-any-return]


class _Walk:
    def __init__(self, known: Mapping[str, Disclosure]) -> None:
        self._known = known
        self._met: set[str] = set()
        self.used: set[str] = set()

    def value(self, value: Any, depth: int) -> Any:
        if depth > _DEPTH:
            raise SdFault(SdReason.MALFORMED, "too deep")
        if isinstance(value, dict):
            return self._object(value, depth)
        if isinstance(value, list):
            return [one for element in value for one in self._element(element, depth)]
        return value

    def _object(self, value: dict[str, Any], depth: int) -> dict[str, Any]:
        if ELEMENT in value or (depth and HASH_NAME in value):
            raise SdFault(SdReason.RESERVED, "a reserved name")
        plain = {name: self.value(one, depth + 1) for name, one in value.items() if name != DIGESTS}
        digests = value.get(DIGESTS, [])
        if not isinstance(digests, list):
            raise SdFault(SdReason.MALFORMED, "_sd is no array")
        for digest in digests:
            one = self._take(digest)
            if one is None:
                continue
            if one.name is None or one.name in plain or one.name == HASH_NAME:
                raise SdFault(SdReason.DISCLOSURE, f"{one.name!r} does not belong here")
            plain[one.name] = self.value(one.value, depth + 1)
        return plain

    def _element(self, element: Any, depth: int) -> list[Any]:
        if not (isinstance(element, dict) and ELEMENT in element):
            return [self.value(element, depth + 1)]
        if set(element) != {ELEMENT}:
            raise SdFault(SdReason.RESERVED, "a digest with company")
        one = self._take(element[ELEMENT])
        if one is None:
            return []
        if one.name is not None:
            raise SdFault(SdReason.DISCLOSURE, "a claim where an element belongs")
        return [self.value(one.value, depth + 1)]

    def _take(self, digest: Any) -> Disclosure | None:
        if not isinstance(digest, str) or digest in self._met:
            raise SdFault(SdReason.MALFORMED, "a digest twice, or none")
        self._met.add(digest)
        found = self._known.get(digest)
        if found is not None:
            self.used.add(digest)
        return found


def _times(claims: Mapping[str, Any], expect: Expect) -> None:
    for name in ("exp", "nbf", "iat"):
        if name in claims and (isinstance(claims[name], bool) or not isinstance(claims[name], int | float)):
            raise SdFault(SdReason.MALFORMED, name)
    if "exp" in claims and expect.now >= claims["exp"]:
        raise SdFault(SdReason.EXPIRED)
    for name in ("nbf", "iat"):
        if name in claims and expect.now + expect.skew < claims[name]:
            raise SdFault(SdReason.NOT_YET, name)


def _holder(
    shown: SdJwt, claims: Mapping[str, Any], payload: Mapping[str, Any], expect: Expect
) -> PublicKey | None:
    if not shown.binding:
        if expect.binding:
            raise SdFault(SdReason.KEY_BINDING, "the holder did not prove the key")
        return None
    cnf = claims.get("cnf")
    try:
        key = from_jwk(cnf["jwk"]) if isinstance(cnf, Mapping) else None
    except (KeyFault, KeyError, TypeError):
        key = None
    if key is None:
        raise SdFault(SdReason.KEY_BINDING, "the token names no key of the holder")
    try:
        body = verify_jws(shown.binding, key, types=("kb+jwt",)).json()
    except JoseFault as wrong:
        raise SdFault(SdReason.KEY_BINDING, str(wrong)) from None
    _asked(body, expect)
    digest = b64(hash_of(payload.get(HASH_NAME, "sha-256"))(shown.unbound.encode()))
    if not hmac.compare_digest(str(body.get("sd_hash")), digest):
        raise SdFault(SdReason.KEY_BINDING, "signed for other disclosures")
    return key


def _asked(body: Mapping[str, Any], expect: Expect) -> None:
    issued = body.get("iat")
    if expect.audience and body.get("aud") != expect.audience:
        raise SdFault(SdReason.AUDIENCE, repr(body.get("aud")))
    if expect.nonce and body.get("nonce") != expect.nonce:
        raise SdFault(SdReason.NONCE)
    if type(issued) is not int or not issued - expect.skew <= expect.now <= issued + expect.oldest:
        raise SdFault(SdReason.KEY_BINDING, "too old, or from the future")
