"""Issuing: claims marked ``Sd`` become digests, at any depth; decoys hide how many there are."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from quancheng.core.jose import b64, sign_jws
from quancheng.core.keys import SigningKey
from quancheng.core.sdjwt.disclosure import DIGESTS, ELEMENT, HASH_NAME, Disclosure, Sd, hash_of
from quancheng.core.sdjwt.errors import SdFault, SdReason
from quancheng.core.sdjwt.token import SdJwt

__all__ = ["issue"]

NEVER_HIDDEN = frozenset({"iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "status", "iat"})
"""Claims of an SD-JWT VC a verifier must always see (draft-ietf-oauth-sd-jwt-vc section 3.2.2.2)."""


def _salt() -> str:
    return b64(secrets.token_bytes(16))


def issue(
    claims: Mapping[Any, Any],
    key: SigningKey,
    *,
    holder: Mapping[str, Any] | None = None,
    header: Mapping[str, Any] | None = None,
    hash_name: str = "sha-256",
    decoys: int = 0,
    salt: Callable[[], str] = _salt,
    others: Sequence[SigningKey] = (),
) -> SdJwt:
    """A token with all its disclosures. ``holder``: JWK the holder will have to prove.

    ``decoys`` digests of nothing are added to each object that hides something. Raises SdFault.
    """
    maker = _Maker(hash_name, decoys, salt)
    payload = maker.value(claims)
    if "vct" in payload and any(one.name in NEVER_HIDDEN for one in maker.top):
        raise SdFault(SdReason.RESERVED, "a claim verifiers must see")
    if maker.made:
        payload[HASH_NAME] = hash_name
    if holder is not None:
        payload["cnf"] = {"jwk": dict(holder)}
    body = json.dumps(payload, ensure_ascii=False).encode()
    said = {"typ": "dc+sd-jwt" if "vct" in payload else "sd+jwt", **(header or {})}
    jwts = [sign_jws(body, one, said) for one in (key, *others)]
    return SdJwt(jwts[0], tuple(one.text for one in maker.made), "", tuple(jwts[1:]))


class _Maker:
    """Walks the claims and collects disclosures, inner ones before outer ones."""

    def __init__(self, hash_name: str, decoys: int, salt: Callable[[], str]) -> None:
        self._hash = hash_of(hash_name)
        self._name, self._decoys, self._salt = hash_name, decoys, salt
        self.made: list[Disclosure] = []
        self.top: list[Disclosure] = []

    def value(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return self._object(value)
        if isinstance(value, list | tuple):
            return [self._element(one) for one in value]
        return value

    def _object(self, value: Mapping[Any, Any]) -> dict[str, Any]:
        plain: dict[str, Any] = {}
        digests: list[str] = []
        hidden: list[Disclosure] = []
        for name, inner in value.items():
            bare = name.value if isinstance(name, Sd) else name
            if bare in (DIGESTS, ELEMENT, HASH_NAME) or bare in plain:
                raise SdFault(SdReason.RESERVED, str(bare))
            if isinstance(name, Sd):
                made = Disclosure.make(self._salt(), str(bare), self.value(inner))
                hidden.append(made)
                digests.append(made.digest(self._name))
            else:
                plain[str(bare)] = self.value(inner)
        self.made += hidden
        self.top = hidden
        if digests:
            digests += [b64(self._hash(self._salt().encode())) for _one in range(self._decoys)]
            plain[DIGESTS] = sorted(digests)  # their order tells nothing (section 4.2.4.1)
        return plain

    def _element(self, value: Any) -> Any:
        if not isinstance(value, Sd):
            return self.value(value)
        made = Disclosure.make(self._salt(), None, self.value(value.value))
        self.made.append(made)
        return {ELEMENT: made.digest(self._name)}
