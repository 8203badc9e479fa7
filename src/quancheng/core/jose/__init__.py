"""JOSE: signed JSON (RFC 7515) over ``core.keys``, compact and JSON forms, strictly read.

The algorithm is the key's, never the header's. SM2 signs under the private name ``SM2-SM3``.
"""

from quancheng.core.jose.jws import (
    JoseFault,
    JoseReason,
    Jws,
    b64,
    parse_jws,
    read_json,
    sign_jws,
    signing_input,
    unb64,
    verify_jws,
)

__all__ = [
    "JoseFault",
    "JoseReason",
    "Jws",
    "b64",
    "parse_jws",
    "read_json",
    "sign_jws",
    "signing_input",
    "unb64",
    "verify_jws",
]
