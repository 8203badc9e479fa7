"""证书、时间戳、密钥份额和电子印章: certificates, time stamps, shares of keys and electronic seals.

Pure: no clock, no files, no network. Every signature is made through a key handle of ``core.keys``.

* ``certificate``, ``request``, ``revocation``, ``status``, ``path``: X.509 (RFC 5280, OCSP, GB/T 20518)
* ``stamping``: time stamps (RFC 3161)
* ``shares``: Shamir's secret sharing for key ceremonies
* ``seals``: electronic seals (GB/T 38540)
"""

from quancheng.core.pki.certificate import (
    Certificate,
    Issuer,
    Order,
    Purpose,
    issue,
    read_certificate,
    self_signed,
    to_pem,
)
from quancheng.core.pki.errors import PkiError, PkiReason
from quancheng.core.pki.path import check_path
from quancheng.core.pki.request import CertificateRequest, make_request, read_request
from quancheng.core.pki.revocation import (
    RevocationList,
    RevocationReason,
    Revoked,
    make_revocation_list,
    read_revocation_list,
)
from quancheng.core.pki.seals import (
    Sealed,
    SealFacts,
    Trust,
    apply_seal,
    make_seal,
    read_seal,
    seal_verify,
    stamped_digest,
    with_stamp,
)
from quancheng.core.pki.shares import Share, Splitting, combine, split
from quancheng.core.pki.stamping import (
    Failure,
    StampInfo,
    StampRequest,
    check_stamp,
    make_stamp,
    make_stamp_request,
    read_stamp_request,
    refusal,
    response,
    token_of,
)

__all__ = [
    "Certificate",
    "CertificateRequest",
    "Failure",
    "Issuer",
    "Order",
    "PkiError",
    "PkiReason",
    "Purpose",
    "RevocationList",
    "RevocationReason",
    "Revoked",
    "SealFacts",
    "Sealed",
    "Share",
    "Splitting",
    "StampInfo",
    "StampRequest",
    "Trust",
    "apply_seal",
    "check_path",
    "check_stamp",
    "combine",
    "issue",
    "make_request",
    "make_revocation_list",
    "make_seal",
    "make_stamp",
    "make_stamp_request",
    "read_certificate",
    "read_request",
    "read_revocation_list",
    "read_seal",
    "read_stamp_request",
    "refusal",
    "response",
    "seal_verify",
    "self_signed",
    "split",
    "stamped_digest",
    "to_pem",
    "token_of",
    "with_stamp",
]
