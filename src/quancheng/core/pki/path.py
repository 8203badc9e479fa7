"""Whom to believe: from a certificate up to a root (RFC 5280 section 6, the part the city needs).

No name constraints and no policies: an authority with such critical extensions is refused when read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from quancheng.core.pki.certificate import PROFILES, Certificate, Purpose
from quancheng.core.pki.errors import PkiError, PkiReason
from quancheng.core.pki.revocation import RevocationList

__all__ = ["check_path"]

LONGEST = 5


def check_path(
    leaf: Certificate,
    *,
    roots: Iterable[Certificate],
    at: datetime,
    between: Iterable[Certificate] = (),
    lists: Iterable[RevocationList] = (),
    purpose: Purpose | None = None,
) -> tuple[Certificate, ...]:
    """核验证书路径: the path from ``leaf`` to one of ``roots`` that holds at a time. Raises PkiError.

    1. The key may be used for ``purpose``.
    2. Each certificate is within its time, and not on the list of its issuer (when that list is given).
    3. Each is signed by the next, which is an authority and may have as many below it.
    4. The last is one of ``roots``, which the caller trusts; its own signature proves nothing.

    The lists' signatures were checked when they were read.
    """
    if purpose is not None:
        _check_purpose(leaf, purpose)
    known = {one.issuer_der: one for one in lists}
    path = _climb((leaf,), tuple(roots), tuple(between))
    for depth, one in enumerate(path):
        if not one.not_before <= at <= one.not_after:
            raise PkiError(PkiReason.VALIDITY, f"{one.subject} at {at.isoformat()}")
        above = path[depth + 1] if depth + 1 < len(path) else None
        if above is not None and above.subject_der in known:
            known[above.subject_der].check(one.serial, at)
    return path


def _check_purpose(leaf: Certificate, purpose: Purpose) -> None:
    profile = PROFILES[purpose]
    if profile.authority != leaf.authority:
        raise PkiError(PkiReason.PURPOSE, f"{leaf.subject}: authority or not")
    if leaf.key_usage and not leaf.key_usage & profile.key_usage:
        raise PkiError(PkiReason.PURPOSE, f"{leaf.subject}: key usage {sorted(leaf.key_usage)}")
    if purpose is Purpose.STAMPING and leaf.extended != frozenset(profile.extended):
        raise PkiError(PkiReason.PURPOSE, f"{leaf.subject}: extended use {sorted(leaf.extended)}")
    if leaf.extended and not leaf.extended & set(profile.extended):
        raise PkiError(PkiReason.PURPOSE, f"{leaf.subject}: extended use {sorted(leaf.extended)}")


def _climb(
    path: tuple[Certificate, ...], roots: Sequence[Certificate], between: Sequence[Certificate]
) -> tuple[Certificate, ...]:
    """Depth first through issuers of the right name; two of one name (a renewed authority) are both tried."""
    last = path[-1]
    if any(last.der == root.der for root in roots):
        return path
    if len(path) >= LONGEST:
        raise PkiError(PkiReason.ISSUER, "the path is too long")
    refused = PkiError(PkiReason.ISSUER, f"nobody here issued {last.subject}")
    for above in (*roots, *between):
        if above.subject_der != last.issuer_der or above in path:
            continue
        try:
            _check_link(last, above, len(path) - 1)
            return _climb((*path, above), roots, between)
        except PkiError as wrong:
            refused = wrong
    raise refused


def _check_link(below: Certificate, above: Certificate, authorities_below: int) -> None:
    if not above.authority or "key_cert_sign" not in above.key_usage:
        raise PkiError(PkiReason.ISSUER, f"{above.subject} is no authority")
    if above.path_length is not None and authorities_below > above.path_length:
        raise PkiError(PkiReason.ISSUER, f"{above.subject} may not have so many below it")
    below.verify_under(above.public)
