"""证书机构: which authority issues for which algorithm, its key, its trust for verifiers."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from django.conf import settings

from quancheng.capabilities.security import keeping, terms
from quancheng.capabilities.security.models import Certificate, Key, RevocationListRow
from quancheng.core.keys import Algorithm, PublicKey
from quancheng.core.pki import Certificate as X509
from quancheng.core.pki import (
    Issuer,
    Order,
    PkiError,
    Purpose,
    RevocationList,
    Trust,
    issue,
    read_revocation_list,
    self_signed,
)
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import InvalidInput, Unavailable

__all__ = [
    "FAMILIES",
    "POLICY",
    "by_rule",
    "by_slug",
    "family_of",
    "issuer_of",
    "newest",
    "refused",
    "serial",
    "trust",
]

FAMILIES = {"es256": Algorithm.ES256, "sm2": Algorithm.SM2}
"""Two authorities side by side: for everybody's software, and national algorithms throughout."""
POLICY = "2.25.263477192847120947615392871234011723451"
"""Policy of our time stamps, an OID from a UUID (ITU-T X.667): stamps by the platform's clock, accuracy stated."""
CITY, OPERATOR = "泉城", "济南市大数据局"


def family_of(algorithm: Algorithm) -> str:
    """Which authority certifies a key. Raises InvalidInput."""
    if algorithm is Algorithm.SM2:
        return "sm2"
    if algorithm in (Algorithm.ES256, Algorithm.EDDSA):
        return "es256"
    raise InvalidInput(
        fields={
            "csr": Text(
                f"不为{algorithm}密钥签发证书，请用ES256（P-256）、Ed25519或SM2。",
                f"No certificates for {algorithm} keys; use ES256 (P-256), Ed25519 or SM2.",
            )
        }
    )


def by_rule(call: Call) -> Call:
    """The same moment, as the platform's own deed: what a deed needs beside itself (a key, a certificate)."""
    return Call(Actor.system("security", simulated=call.actor.simulated), at=call.at)


def serial() -> int:
    """A new serial number: 126 random bits, positive, 16 bytes (RFC 5280 section 4.1.2.2; CAs owe 64)."""
    return secrets.randbits(126) | 1 << 126


def by_slug(slug: str) -> Certificate | None:
    """The authority of a name, also one that issues no more."""
    found: Certificate | None = Certificate.objects.filter(slug=slug).select_related("key").first()
    return found


def newest(purpose: Purpose, family: str, at: datetime) -> Certificate | None:
    """The root or issuing authority of a family that works now: its key is active. Raises nothing."""
    found: Certificate | None = (
        Certificate.objects.filter(
            purpose=purpose,
            key__purpose=f"ca.{purpose}-{family}",
            key__state=Key.State.ACTIVE,
            revoked_at=None,
            not_before__lte=at,
            not_after__gt=at,
        )
        .select_related("key")
        .order_by("-not_before", "-pk")
        .first()
    )
    return found


def working() -> list[Certificate]:
    """Issuing authorities whose key can still sign lists: the present ones and those before them."""
    rows = Certificate.objects.filter(purpose=Purpose.ISSUING, revoked_at=None, not_after__gt=clock.now())
    return list(rows.exclude(key__state=Key.State.DESTROYED).select_related("key").order_by("pk"))


def issuer_of(family: str, at: datetime) -> tuple[Issuer, Certificate]:
    """The issuing authority of a family, ready to sign. Raises Unavailable: there is none."""
    row = newest(Purpose.ISSUING, family, at)
    if row is None:
        raise Unavailable(Text(f"没有可用的证书机构{family}。", f"There is no authority {family} to issue."))
    return Issuer(keeping.open_key(row.key), row.x509), row


def order_for(
    purpose: Purpose, public: PublicKey, subject: str, at: datetime, above: Certificate | None, **more: Any
) -> Order:
    """What to certify from now on, for the dated life of the purpose, with the addresses of its issuer."""
    family_of(public.algorithm)
    ends = at + terms.life_of(purpose)
    addresses = {}
    if above is not None:
        ends = min(ends, above.not_after)
        base = f"{settings.PUBLIC_URL}/pki"
        addresses = {"crl_url": f"{base}/crl/{above.slug}.crl", "issuer_url": f"{base}/{above.slug}.crt"}
        if above.purpose == Purpose.ISSUING:
            addresses["status_url"] = f"{base}/ocsp/{above.slug}"
    return Order(purpose, public, serial(), subject, at, ends, **addresses, **more)


def certify(order: Order, issuer: Issuer | None, key: Any = None) -> X509:
    """Issue, or sign for itself when there is no issuer; a refusal goes to the form. Raises InvalidInput."""
    try:
        return issue(order, issuer) if issuer else self_signed(order, key)
    except PkiError as wrong:
        raise refused(wrong, "subject") from None


def refused(wrong: PkiError, field: str) -> InvalidInput:
    """What the core refused, at a field of a form or request."""
    said = Text(f"{wrong.text.zh}（{wrong.detail}）", f"{wrong.text.en} ({wrong.detail})")
    return InvalidInput(said, fields={field: said})


def latest_list(authority: Certificate) -> RevocationListRow | None:
    """The newest list of an authority's certificate."""
    found: RevocationListRow | None = authority.lists.order_by("-number").first()
    return found


def trust() -> Trust:
    """Whom the city's own verifier believes: its roots, what they certified, the lists of today."""
    roots = [one.x509 for one in Certificate.objects.filter(purpose=Purpose.ROOT, revoked_at=None)]
    issuing = list(Certificate.objects.filter(purpose=Purpose.ISSUING, revoked_at=None))
    stamping = [one.x509 for one in Certificate.objects.filter(purpose=Purpose.STAMPING)]
    lists: list[RevocationList] = []
    for one in issuing:
        row = latest_list(one)
        if row is not None:
            lists.append(read_revocation_list(bytes(row.der), one.x509))
    return Trust(tuple(roots), (*(one.x509 for one in issuing), *stamping), tuple(lists))
