"""OpenID4VCI 1.0 and OpenID4VP 1.0 (finals): a licence into a wallet, two of its facts out of it. Pure messages.

Issuing: the pre-authorized code flow with a transaction code, proof of the holder's key, one SD-JWT VC a key.
Presenting: a signed request (JAR) with a DCQL query, answered by ``direct_post``. Drafts are not spoken.
"""

from quancheng.core.openid4vc.dcql import CredentialQuery, Held, Query, match, read_query
from quancheng.core.openid4vc.errors import VcError, VcFault
from quancheng.core.openid4vc.issuance import (
    PRE_AUTHORIZED,
    CredentialConfiguration,
    CredentialRequest,
    TokenRequest,
    as_metadata,
    holder_key,
    issuer_metadata,
    make_offer,
    make_proof,
    read_credential_request,
    read_offer,
    read_token_request,
)
from quancheng.core.openid4vc.presentation import (
    RequestObject,
    client_id_of,
    make_request,
    read_request,
    read_response,
)

__all__ = [
    "PRE_AUTHORIZED",
    "CredentialConfiguration",
    "CredentialQuery",
    "CredentialRequest",
    "Held",
    "Query",
    "RequestObject",
    "TokenRequest",
    "VcError",
    "VcFault",
    "as_metadata",
    "client_id_of",
    "holder_key",
    "issuer_metadata",
    "make_offer",
    "make_proof",
    "make_request",
    "match",
    "read_credential_request",
    "read_offer",
    "read_query",
    "read_request",
    "read_response",
    "read_token_request",
]
