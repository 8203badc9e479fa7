"""OpenID4VP 1.0: signed requests (section 5, RFC 9101) and ``direct_post`` responses (section 8)."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from quancheng.core.jose import JoseFault, b64, parse_jws, read_json, sign_jws, verify_jws
from quancheng.core.keys import KeyFault, PublicKey, SigningKey, from_spki
from quancheng.core.openid4vc.dcql import Query, read_query
from quancheng.core.openid4vc.errors import VcError, VcFault

__all__ = ["RequestObject", "client_id_of", "make_request", "read_request", "read_response"]

TYPE = "oauth-authz-req+jwt"
AUDIENCE = "https://self-issued.me/v2"
PREFIX = "x509_hash:"


@dataclass(frozen=True, slots=True)
class RequestObject:
    """What a verifier asks a wallet."""

    client_id: str
    response_uri: str
    nonce: str
    state: str
    query: Query
    expires: int


def client_id_of(certificate: bytes) -> str:
    """``x509_hash:`` of the verifier's certificate (DER) (section 5.9.3)."""
    return PREFIX + b64(hashlib.sha256(certificate).digest())


def make_request(request: RequestObject, key: SigningKey, certificate: bytes, now: int) -> str:
    """The signed request object; its certificate stands in ``x5c``."""
    body = {
        "response_type": "vp_token", "response_mode": "direct_post", "client_id": request.client_id,
        "response_uri": request.response_uri, "nonce": request.nonce, "state": request.state,
        "dcql_query": request.query.to_json(), "aud": AUDIENCE, "iat": now, "exp": request.expires,
    }  # fmt: skip
    header = {"typ": TYPE, "x5c": [base64.b64encode(certificate).decode()]}
    return sign_jws(json.dumps(body, ensure_ascii=False).encode(), key, header)


def read_request(token: str, now: int, expected: str = "") -> tuple[RequestObject, bytes]:
    """A wallet reads a request: signed by the certificate its client_id names. Raises VcFault.

    Whether that certificate is anybody to answer, the wallet's trust decides; ``expected``: the client_id of
    the link that led here.
    """
    try:
        parsed = parse_jws(token)
        certificate = base64.b64decode(parsed.header["x5c"][0], validate=True)
        body = verify_jws(parsed, _key_of(certificate), types=(TYPE,)).json()
        request = RequestObject(
            body["client_id"], body["response_uri"], body["nonce"], str(body.get("state", "")),
            read_query(body["dcql_query"]), int(body["exp"]),
        )  # fmt: skip
        plain = (body["response_type"], body["response_mode"], body["aud"])
    except (JoseFault, KeyFault, KeyError, TypeError, ValueError, IndexError) as wrong:
        raise VcFault(VcError.INVALID_REQUEST, f"request object: {wrong}") from None
    if plain != ("vp_token", "direct_post", AUDIENCE) or request.client_id != client_id_of(certificate):
        raise VcFault(VcError.INVALID_REQUEST, "not a request of the certificate it shows")
    if now >= request.expires or (expected and expected != request.client_id):
        raise VcFault(VcError.INVALID_REQUEST, "over, or another client than the link said")
    return request, certificate


def _key_of(certificate: bytes) -> PublicKey:
    from asn1crypto.x509 import Certificate

    return from_spki(Certificate.load(certificate)["tbs_certificate"]["subject_public_key_info"].dump())


def read_response(form: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """State and one presentation for each credential id. Raises VcFault, also when the wallet said no."""
    if form.get("error"):
        raise VcFault(VcError.ACCESS_DENIED, form["error"][:200])
    try:
        token = read_json(form.get("vp_token", ""))
    except JoseFault as wrong:
        raise VcFault(VcError.INVALID_REQUEST, f"vp_token: {wrong}") from None
    found = {}
    for name, shown in token.items():
        if not isinstance(shown, list) or len(shown) != 1 or not isinstance(shown[0], str):
            raise VcFault(VcError.INVALID_REQUEST, f"vp_token: one presentation for {name}")
        found[name] = shown[0]
    return form.get("state", ""), found
