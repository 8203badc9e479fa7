"""Presenting: the holder chooses, and proves to be the holder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from quancheng.core.jose import b64, parse_jws, sign_jws
from quancheng.core.keys import SigningKey
from quancheng.core.sdjwt.disclosure import DIGESTS, ELEMENT, HASH_NAME, Disclosure, hash_of
from quancheng.core.sdjwt.errors import SdFault, SdReason
from quancheng.core.sdjwt.token import SdJwt

__all__ = ["Binding", "present"]


@dataclass(frozen=True, slots=True)
class Binding:
    """密钥绑定: the holder's key, and for whom, to which question and when (Unix seconds) it signs."""

    key: SigningKey
    audience: str
    nonce: str
    issued: int


def present(token: SdJwt, select: Mapping[str, Any] | bool, *, binding: Binding | None = None) -> SdJwt:
    """The token with the chosen disclosures only.

    ``select`` mirrors the claims: True for a claim or element to show (what is hidden inside stays hidden),
    an object or array to choose inside it; True alone shows everything. Raises SdFault.
    """
    payload = parse_jws(token.jwt).json()
    name = payload.get(HASH_NAME, "sha-256")
    known = {one.digest(name): one for one in map(Disclosure.read, token.disclosures)}
    chosen = list(known.values()) if select is True else _object(payload, select or {}, known)
    wanted = {one.text for one in chosen}
    shown = replace(token, disclosures=tuple(one for one in token.disclosures if one in wanted), binding="")
    if binding is None:
        return shown
    body = {
        "iat": binding.issued,
        "aud": binding.audience,
        "nonce": binding.nonce,
        "sd_hash": b64(hash_of(name)(shown.unbound.encode())),
    }
    return replace(shown, binding=sign_jws(json.dumps(body).encode(), binding.key, {"typ": "kb+jwt"}))


def _inside(value: Any, select: Any, known: Mapping[str, Disclosure]) -> list[Disclosure]:
    if isinstance(value, Mapping) and isinstance(select, Mapping):
        return _object(value, select, known)
    if isinstance(value, list) and isinstance(select, list | tuple):
        return _array(value, select, known)
    if select is True or not select or not isinstance(value, Mapping | list):
        return []
    raise SdFault(SdReason.SELECTION, "an object chooses from objects, an array from arrays")


def _object(value: Mapping[str, Any], select: Any, known: Mapping[str, Disclosure]) -> list[Disclosure]:
    if not isinstance(select, Mapping):
        return []
    found: list[Disclosure] = []
    for name, inner in value.items():
        if name == DIGESTS:
            for digest in inner:
                one = known.get(digest)
                if one is not None and _wanted(select.get(str(one.name))):
                    found += [one, *_inside(one.value, select[str(one.name)], known)]
        elif name in select:
            found += _inside(inner, select[name], known)
    return found


def _array(value: Sequence[Any], select: Sequence[Any], known: Mapping[str, Disclosure]) -> list[Disclosure]:
    found: list[Disclosure] = []
    for element, choice in zip(value, select, strict=False):
        if isinstance(element, Mapping) and set(element) == {ELEMENT}:
            one = known.get(element[ELEMENT])
            if one is not None and _wanted(choice):
                found += [one, *_inside(one.value, choice, known)]
        else:
            found += _inside(element, choice, known)
    return found


def _wanted(choice: Any) -> bool:
    return choice is not None and choice is not False
