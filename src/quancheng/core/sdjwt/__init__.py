"""选择性披露: SD-JWT (RFC 9901) and SD-JWT VC: a sealed licence of which the holder shows two facts out of ten.

issued = issue({"name": "李静", Sd("income"): 9000, "degrees": ["x", Sd("y")]}, city_key, holder=jwk)
shown = present(issued, {"income": True}, binding=Binding(phone_key, aud, nonce, iat))
claims = verify(shown, Expect(keys=…, audience=aud, nonce=nonce, now=now)).claims
"""

from quancheng.core.sdjwt.disclosure import HASHES, Sd
from quancheng.core.sdjwt.errors import SdFault, SdReason
from quancheng.core.sdjwt.holder import Binding, present
from quancheng.core.sdjwt.issuer import issue
from quancheng.core.sdjwt.token import SdJwt, from_json, parse, to_json
from quancheng.core.sdjwt.verifier import Expect, Verified, reveal, verify

__all__ = [
    "HASHES",
    "Binding",
    "Expect",
    "Sd",
    "SdFault",
    "SdJwt",
    "SdReason",
    "Verified",
    "from_json",
    "issue",
    "parse",
    "present",
    "reveal",
    "to_json",
    "verify",
]
