"""OpenID4VCI 1.0: offer (section 4), token (6), nonce (7), credential (8), metadata (12)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quancheng.core.jose import JoseFault, parse_jws, read_json, sign_jws, verify_jws
from quancheng.core.keys import Algorithm, KeyFault, PublicKey, SigningKey, from_jwk, to_jwk
from quancheng.core.openid4vc.errors import VcError, VcFault
from quancheng.core.text import Text

__all__ = [
    "PRE_AUTHORIZED", "CredentialConfiguration", "CredentialRequest", "TokenRequest", "as_metadata", "holder_key",
    "issuer_metadata", "make_offer", "make_proof", "read_credential_request", "read_offer", "read_token_request",
]  # fmt: skip

PRE_AUTHORIZED = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
PROOF_TYPE = "openid4vci-proof+jwt"
PROOF_ALGORITHMS = (Algorithm.ES256, Algorithm.EDDSA)
MOST_PROOFS = 5


@dataclass(frozen=True, slots=True)
class CredentialConfiguration:
    """A kind of credential an issuer offers: its type, names, and the facts in it by their names."""

    id: str
    vct: str
    text: Text
    claims: tuple[tuple[str, Text], ...]
    signing: tuple[str, ...] = ("ES256",)


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request for an access token with a pre-authorized code."""

    code: str
    tx_code: str


@dataclass(frozen=True, slots=True)
class CredentialRequest:
    """Which credential, for which proofs."""

    configuration: str
    proofs: tuple[str, ...]


def make_offer(issuer: str, configuration: str, code: str, digits: int, description: str) -> dict[str, Any]:
    """A credential offer with a transaction code of so many digits (section 4.1.1)."""
    tx_code = {"input_mode": "numeric", "length": digits, "description": description}
    return {
        "credential_issuer": issuer,
        "credential_configuration_ids": [configuration],
        "grants": {PRE_AUTHORIZED: {"pre-authorized_code": code, "tx_code": tx_code}},
    }


def read_offer(data: bytes | str) -> tuple[str, str, str, bool]:
    """Issuer, configuration, code, and whether a transaction code is needed. Raises VcFault."""
    try:
        offer = read_json(data)
        grant = offer["grants"][PRE_AUTHORIZED]
        issuer, ids = offer["credential_issuer"], offer["credential_configuration_ids"]
        code = grant["pre-authorized_code"]
        if not (isinstance(issuer, str) and isinstance(code, str) and isinstance(ids[0], str)):
            raise TypeError
    except (JoseFault, KeyError, TypeError, IndexError):
        raise VcFault(VcError.INVALID_REQUEST, "not a credential offer with a pre-authorized code") from None
    return issuer, ids[0], code, "tx_code" in grant


def read_token_request(form: Mapping[str, str]) -> TokenRequest:
    """From the form of a token request. Raises VcFault."""
    if form.get("grant_type") != PRE_AUTHORIZED:
        raise VcFault(VcError.UNSUPPORTED_GRANT_TYPE, "only pre-authorized codes")
    code = form.get("pre-authorized_code", "")
    if not code:
        raise VcFault(VcError.INVALID_REQUEST, "pre-authorized_code is missing")
    return TokenRequest(code, form.get("tx_code", ""))


def read_credential_request(data: bytes) -> CredentialRequest:
    """From the body of a credential request. Raises VcFault."""
    try:
        body = read_json(data)
    except JoseFault as wrong:
        raise VcFault(VcError.INVALID_CREDENTIAL_REQUEST, str(wrong)) from None
    configuration, proofs = body.get("credential_configuration_id"), body.get("proofs")
    if not isinstance(configuration, str):
        raise VcFault(VcError.INVALID_CREDENTIAL_REQUEST, "credential_configuration_id is missing")
    jwts = proofs.get("jwt") if isinstance(proofs, Mapping) else None
    if not isinstance(jwts, list) or not jwts or not all(isinstance(one, str) for one in jwts):
        raise VcFault(VcError.INVALID_PROOF, "proofs.jwt is missing")
    if len(jwts) > MOST_PROOFS:
        raise VcFault(VcError.INVALID_CREDENTIAL_REQUEST, f"at most {MOST_PROOFS} proofs")
    return CredentialRequest(configuration, tuple(jwts))


def make_proof(key: SigningKey, issuer: str, nonce: str, now: int) -> str:
    """A wallet's proof of its key (appendix F.1)."""
    body = {"aud": issuer, "iat": now, "nonce": nonce}
    return sign_jws(json.dumps(body).encode(), key, {"typ": PROOF_TYPE, "jwk": to_jwk(key.public)})


def holder_key(
    proof: str, issuer: str, now: int, *, oldest: int = 300, skew: int = 60
) -> tuple[PublicKey, str]:
    """The key a proof proves, and the nonce it answers; whether that nonce is ours the caller asks.

    Raises VcFault (section 8.2.1.1, appendix F.4).
    """
    try:
        token = parse_jws(proof)
        jwk = token.header.get("jwk")
        if not isinstance(jwk, Mapping) or {"kid", "x5c"} & token.header.keys():
            raise VcFault(VcError.INVALID_PROOF, "exactly jwk names the key")
        key = from_jwk(jwk)
        if key.algorithm not in PROOF_ALGORITHMS:
            raise VcFault(VcError.INVALID_PROOF, f"algorithm {key.algorithm}")
        body = verify_jws(token, key, types=(PROOF_TYPE,)).json()
    except (JoseFault, KeyFault) as wrong:
        raise VcFault(VcError.INVALID_PROOF, str(wrong)) from None
    if body.get("aud") != issuer:
        raise VcFault(VcError.INVALID_PROOF, "made for another issuer")
    issued, nonce = body.get("iat"), body.get("nonce")
    if type(issued) is not int or not issued - skew <= now <= issued + oldest:
        raise VcFault(VcError.INVALID_PROOF, "too old, or from the future")
    if not isinstance(nonce, str) or not nonce:
        raise VcFault(VcError.INVALID_NONCE, "no nonce; get one first")
    return key, nonce


def issuer_metadata(
    issuer: str, base: str, name: Text, configurations: Sequence[CredentialConfiguration]
) -> dict[str, Any]:
    """``/.well-known/openid-credential-issuer`` (section 12.2)."""
    return {
        "credential_issuer": issuer,
        "credential_endpoint": f"{base}/credential",
        "nonce_endpoint": f"{base}/nonce",
        "display": _display(name),
        "credential_configurations_supported": {one.id: _configuration(one) for one in configurations},
    }


def _configuration(one: CredentialConfiguration) -> dict[str, Any]:
    return {
        "format": "dc+sd-jwt",
        "vct": one.vct,
        "cryptographic_binding_methods_supported": ["jwk"],
        "credential_signing_alg_values_supported": list(one.signing),
        "proof_types_supported": {
            "jwt": {"proof_signing_alg_values_supported": [str(alg) for alg in PROOF_ALGORITHMS]}
        },
        "credential_metadata": {
            "display": _display(one.text),
            "claims": [{"path": [name], "display": _display(text)} for name, text in one.claims],
        },
    }


def _display(text: Text) -> list[dict[str, str]]:
    return [{"name": text.zh, "locale": "zh-CN"}, {"name": text.en, "locale": "en"}]


def as_metadata(issuer: str, base: str) -> dict[str, Any]:
    """``/.well-known/oauth-authorization-server`` (RFC 8414), as far as pre-authorized codes need it."""
    return {
        "issuer": issuer,
        "token_endpoint": f"{base}/token",
        "grant_types_supported": [PRE_AUTHORIZED],
        "response_types_supported": [],
        "pre-authorized_grant_anonymous_access_supported": True,
    }
