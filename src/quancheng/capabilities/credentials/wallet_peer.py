"""参考钱包: a holder's wallet as a program of its own, for tests and demonstrations.

    python -m quancheng.capabilities.credentials.wallet_peer take OFFER_URL --tx-code 123456 --store wallet.json
    python -m quancheng.capabilities.credentials.wallet_peer show LINK --store wallet.json

It speaks the two final protocols over HTTP and checks everything a careful wallet checks.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from quancheng.core.jose import b64, parse_jws, unb64
from quancheng.core.keys import Algorithm, MemoryKey, from_jwk
from quancheng.core.openid4vc import (
    PRE_AUTHORIZED,
    Held,
    RequestObject,
    VcFault,
    make_proof,
    match,
    read_offer,
    read_request,
)
from quancheng.core.sdjwt import Binding, Expect, parse, present, reveal, verify

MOST = 1024 * 1024


class WalletFailed(Exception):
    """Something a wallet does not go on with."""


def _ask(url: str, body: bytes | None = None, **headers: str) -> bytes:
    request = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=20) as answer:
            return answer.read(MOST)  # type: ignore[no-any-return]
    except urllib.error.HTTPError as refused:
        raise WalletFailed(f"{refused.code} {refused.read(2000).decode(errors='replace')}") from None
    except OSError as failed:
        raise WalletFailed(str(failed)) from None


def _json(data: bytes) -> Any:
    return json.loads(data)


def take(offer_url: str, tx_code: str, key: MemoryKey) -> str:
    """Follow an offer to a credential bound to this key. Raises WalletFailed."""
    issuer, configuration, code, needs = read_offer(_ask(offer_url))
    metadata = _json(_ask(f"{issuer}/.well-known/openid-credential-issuer"))
    server = _json(_ask(f"{issuer}/.well-known/oauth-authorization-server"))
    if metadata["credential_issuer"] != issuer or server["issuer"] != issuer:
        raise WalletFailed("the issuer calls itself by another name")
    form = {
        "grant_type": PRE_AUTHORIZED,
        "pre-authorized_code": code,
        **({"tx_code": tx_code} if needs else {}),
    }
    token = _json(_ask(server["token_endpoint"], urlencode(form).encode()))["access_token"]
    nonce = _json(_ask(metadata["nonce_endpoint"], b""))["c_nonce"]
    proof = make_proof(key, issuer, nonce, int(time.time()))
    body = {"credential_configuration_id": configuration, "proofs": {"jwt": [proof]}}
    answer = _json(
        _ask(
            metadata["credential_endpoint"], json.dumps(body).encode(), Authorization=f"Bearer {token}",
            **{"Content-Type": "application/json"},
        )
    )  # fmt: skip
    credential = str(answer["credentials"][0]["credential"])
    _check(credential, issuer)
    return credential


def _check(credential: str, issuer: str) -> None:
    rows = _json(_ask(f"{issuer}/.well-known/jwt-vc-issuer"))["jwks"]["keys"]
    keys = {row["kid"]: from_jwk({k: row[k] for k in row if k not in ("kid", "use")}) for row in rows}
    expect = Expect(lambda header, payload: keys.get(str(header.get("kid"))), int(time.time()), binding=False)
    verify(credential, expect)


def question(link: str) -> RequestObject:
    """Read what a verifier asks. Raises WalletFailed."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
    try:
        request, _certificate = read_request(
            _ask(asked["request_uri"]).decode(), int(time.time()), asked["client_id"]
        )
    except (VcFault, KeyError) as wrong:
        raise WalletFailed(str(wrong)) from None
    return request


def show(request: RequestObject, credential: str, key: MemoryKey) -> None:
    """Show exactly what is asked. Raises WalletFailed."""
    token = parse(credential)
    claims = reveal(parse_jws(token.jwt).json(), token.disclosures)
    try:
        _held, select = match(request.query, [Held("licence", claims)])["licence"]
    except VcFault as lacking:
        raise WalletFailed(str(lacking)) from None
    binding = Binding(key, request.client_id, request.nonce, int(time.time()))
    shown = present(token, select, binding=binding).text()
    form = {"vp_token": json.dumps({request.query.credentials[0].id: [shown]}), "state": request.state}
    _ask(request.response_uri, urlencode(form).encode())


def main() -> None:
    """The command line."""
    options = argparse.ArgumentParser()
    options.add_argument("what", choices=["take", "show"])
    options.add_argument("link")
    options.add_argument("--tx-code", default="")
    options.add_argument("--store", type=Path, required=True)
    wanted = options.parse_args()
    try:
        if wanted.what == "take":
            key = MemoryKey.generate(Algorithm.ES256)
            kept = {"key": b64(key.private_bytes()), "credential": take(wanted.link, wanted.tx_code, key)}
            wanted.store.write_text(json.dumps(kept))
        else:
            kept = json.loads(wanted.store.read_text())
            key = MemoryKey.from_private(Algorithm.ES256, unb64(kept["key"]))
            show(question(wanted.link), kept["credential"], key)
    except WalletFailed as failed:
        sys.exit(f"钱包停下 wallet stopped: {failed}")


if __name__ == "__main__":
    main()
