"""Certificates: authorities set up, certificates issued and revoked, lists signed."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.security import authority, keeping, terms, vault
from quancheng.capabilities.security.actions.keys import count_use, ensure_key
from quancheng.capabilities.security.models import Certificate, Key, RevocationListRow
from quancheng.core.pki import Certificate as X509
from quancheng.core.pki import (
    Issuer,
    PkiError,
    Purpose,
    RevocationReason,
    Revoked,
    make_revocation_list,
    read_request,
)
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound

__all__ = [
    "certify_key",
    "ensure_authority",
    "issue_certificate",
    "issuing_under",
    "make_list",
    "revoke_certificate",
    "revoke_over",
    "sign_list",
]

OWN_PROFILES = (Purpose.DEPARTMENT, Purpose.DEVICE, Purpose.SEAL, Purpose.STAMPING)
"""What may be issued to others."""
MOST_NAMES = 20
_HOST = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*")


@action("security.authority.ensure")
def ensure_authority(call: Call, *, family: str) -> Certificate:
    """确保有证书机构: root and issuing authority of a family (es256, sm2); the issuing one. Raises NotFound."""
    access.require(call.actor, "renew", Certificate)
    if family not in authority.FAMILIES:
        raise NotFound(Text(f"没有证书机构{family}。", f"There is no authority {family}."))
    found = authority.newest(Purpose.ISSUING, family, call.at)
    if found is not None:
        return found
    root = authority.newest(Purpose.ROOT, family, call.at) or _root(call, family)
    return issuing_under(call, Issuer(keeping.open_key(root.key), root.x509), root, family)


def _root(call: Call, family: str) -> Certificate:
    key = ensure_key(call, purpose=f"ca.root-{family}")
    slug = _slug("root", family)
    order = authority.order_for(
        Purpose.ROOT, key.public, _title("根证书机构", slug), call.at, None, organisation=authority.OPERATOR
    )
    made = authority.certify(order, None, keeping.open_key(key))
    row = _kept(call, made, Purpose.ROOT, None, key=key, slug=slug)
    sign_list(call, row, Issuer(keeping.open_key(key), made))
    return row


def issuing_under(call: Call, issuer: Issuer, root: Certificate, family: str) -> Certificate:
    """A new issuing authority under an opened root, over the active key of its purpose; inside an action."""
    key = ensure_key(call, purpose=f"ca.issuing-{family}")
    slug = _slug("issuing", family)
    order = authority.order_for(
        Purpose.ISSUING, key.public, _title("签发机构", slug), call.at, root, organisation=authority.OPERATOR
    )
    made = authority.certify(order, issuer)
    row = _kept(call, made, Purpose.ISSUING, root, key=key, slug=slug)
    sign_list(call, row, Issuer(keeping.open_key(key), made))
    return row


def _slug(kind: str, family: str) -> str:
    """issuing-es256, then issuing-es256-2 …: each generation has its own name, address and list."""
    before = Certificate.objects.filter(slug__startswith=f"{kind}-{family}").count()
    return f"{kind}-{family}" + (f"-{before + 1}" if before else "")


def _title(word: str, slug: str) -> str:
    return f"{authority.CITY}{word} {slug.partition('-')[2].upper()}"


@action("security.certificate.certify_key")
def certify_key(call: Call, *, key_id: int, purpose: str, subject: str, department: str = "") -> Certificate:
    """为平台密钥签发证书: over a key the platform holds (time stamps, seals). Raises InvalidInput, Unavailable."""
    access.require(call.actor, "renew", Certificate)
    key = Key.objects.get(pk=key_id)
    organ = department_of(department) if department else None
    return _issued(call, Purpose(purpose), key.public, subject, organ=organ, key=key)


@action("security.certificate.issue")
def issue_certificate(
    call: Call,
    *,
    csr: str,
    profile: str,
    department: str,
    subject: str = "",
    owner: str = "",
) -> Certificate:
    """签发证书 for a request (PEM) that proves possession of its key. Raises InvalidInput, Conflict, Unavailable.

    The name is what the officer says; left empty, what the request wishes. Its organisation is the department.
    """
    access.require(call.actor, "issue", Certificate)
    if profile not in OWN_PROFILES:
        raise InvalidInput(fields={"profile": Text("请选择证书用途。", "Choose a purpose.")})
    organ = department_of(department)
    try:
        asked = read_request(csr.encode())
    except PkiError as wrong:
        raise authority.refused(wrong, "csr") from None
    _not_compromised(asked.public)
    names = {"names": _host_names(asked.names)} if profile == Purpose.DEVICE else {}
    row = _issued(
        call, Purpose(profile), asked.public, subject.strip() or asked.common_name,
        organ=organ, owner=owner.strip()[:120], **names,
    )  # fmt: skip
    events.emit(
        "security.certificate.issued",
        f"certificate:{row.serial}",
        {"profile": profile, "subject": row.subject},
    )
    return row


@action("security.certificate.revoke")
def revoke_certificate(call: Call, *, serial: str, reason: str) -> Certificate:
    """吊销证书: from now on; a new list is signed at once. Raises InvalidInput, Conflict, NotFound."""
    row = (
        Certificate.objects.select_for_update(of=("self",))
        .filter(serial=serial)
        .select_related("issuer__key")
        .first()
    )
    if row is None:
        raise NotFound
    access.require(call.actor, "revoke", row)
    if reason not in {str(one) for one in RevocationReason}:
        raise InvalidInput(fields={"reason": Text("请选择吊销原因。", "Choose a reason.")})
    if row.revoked_at is not None:
        raise Conflict(Text("证书已吊销。", "The certificate is revoked already."))
    if row.slug:
        raise Conflict(
            Text(
                "证书机构须会合密钥份额后吊销。", "An authority is revoked by a gathering of the key shares."
            )
        )
    row.revoked_at, row.revoked_reason = call.at, reason
    row.save(update_fields=["revoked_at", "revoked_reason"])
    sign_list(call, row.issuer, Issuer(keeping.open_key(row.issuer.key), row.issuer.x509))
    audit.note(serial=serial, subject=row.subject, reason=reason)
    events.emit("security.certificate.revoked", f"certificate:{serial}", {"reason": reason})
    return row  # type: ignore[no-any-return]


def revoke_over(call: Call, key: Key) -> None:
    """The certificates over a key that others may know: revoked at once, on new lists. Inside an action.

    An authority whose issuer needs a quorum is believed here no more; the root's list names it at the next
    gathering.
    """
    rows = list(key.certificates.filter(revoked_at=None).select_related("issuer__key"))
    for row in rows:
        reason = RevocationReason.CA_COMPROMISE if row.slug else RevocationReason.KEY_COMPROMISE
        row.revoked_at, row.revoked_reason = call.at, str(reason)
        row.save(update_fields=["revoked_at", "revoked_reason"])
        events.emit("security.certificate.revoked", f"certificate:{row.serial}", {"reason": str(reason)})
    for above in {row.issuer for row in rows if row.issuer is not None}:
        if above.key.sealed and above.key.sealed_by == vault.MASTER:
            sign_list(call, above, Issuer(keeping.open_key(above.key), above.x509))
    audit.note(revoked=[row.serial for row in rows])


@action("security.list.make")
def make_list(call: Call, *, slug: str) -> RevocationListRow:
    """签发吊销列表 of an issuing authority, also of one that issues no more. Raises NotFound, Unavailable."""
    access.require(call.actor, "sign", RevocationListRow)
    row = authority.by_slug(slug)
    if row is None:
        raise NotFound
    return sign_list(call, row, Issuer(keeping.open_key(row.key), row.x509))


def _issued(
    call: Call,
    purpose: Purpose,
    public: Any,
    subject: str,
    *,
    organ: Any,
    owner: str = "",
    key: Key | None = None,
    names: tuple[str, ...] = (),
) -> Certificate:
    if not 0 < len(subject) <= 64:
        said = Text("名称须有1至64个字。", "A name has 1 to 64 characters.")
        raise InvalidInput(fields={"subject": said})
    family = authority.family_of(public.algorithm)
    ensure_authority(authority.by_rule(call), family=family)
    issuer, above = authority.issuer_of(family, call.at)
    organisation = organ.text.zh[:64] if organ else authority.OPERATOR
    order = authority.order_for(
        purpose, public, subject, call.at, above, organisation=organisation, names=names
    )
    made = authority.certify(order, issuer)
    count_use(above.key)
    row = _kept(call, made, purpose, above, key=key, department=organ, owner=owner)
    audit.note(serial=row.serial, subject=subject, profile=str(purpose), fingerprint=row.fingerprint)
    return row


def department_of(code: str) -> Any:
    """The department of a code. Raises InvalidInput at the field ``department``."""
    try:
        return people.department(code)
    except NotFound as wrong:
        raise InvalidInput(fields={"department": wrong.detail}) from None


def _host_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """What a device asks to be called, if these are host names and not too many. Raises InvalidInput."""
    wrong = next((name for name in names if len(name) > 253 or not _HOST.fullmatch(name)), None)
    if wrong is not None or len(names) > MOST_NAMES:
        said = Text(
            f"设备名称须是主机名，最多{MOST_NAMES}个：{(wrong or '')[:60]}",
            f"A device is named by host names, {MOST_NAMES} at most: {(wrong or '')[:60]}",
        )
        raise InvalidInput(fields={"csr": said})
    return names


def _not_compromised(public: Any) -> None:
    """A key revoked as compromised never gets a certificate again."""
    gone = Certificate.objects.filter(revoked_reason=RevocationReason.KEY_COMPROMISE)
    if any(one.x509.public == public for one in gone):
        said = Text(
            "这把密钥曾因泄露吊销，请换用新密钥。", "This key was revoked as compromised; make a new one."
        )
        raise InvalidInput(fields={"csr": said})


def _kept(
    call: Call, made: X509, purpose: Purpose, issuer: Certificate | None, *, slug: str = "", **more: Any
) -> Certificate:
    row: Certificate = Certificate.objects.create(
        serial=f"{made.serial:x}",
        purpose=str(purpose),
        subject=made.value.subject.native["common_name"],
        slug=slug,
        algorithm=str(made.public.algorithm),
        der=made.der,
        fingerprint=made.fingerprint,
        issuer=issuer,
        not_before=made.not_before,
        not_after=made.not_after,
        issued_by=str(call.actor),
        issued_at=call.at,
        **more,
    )
    return row


def sign_list(call: Call, row: Certificate, issuer: Issuer) -> RevocationListRow:
    """A new list of an authority whose key is open; inside an action."""
    Certificate.objects.select_for_update().get(pk=row.pk)  # two at once take their numbers in turn
    count_use(row.key)
    revoked = [
        Revoked(int(one.serial, 16), one.revoked_at, RevocationReason(one.revoked_reason))
        for one in row.issued.exclude(revoked_at=None)
    ]
    number = (row.lists.order_by("-number").values_list("number", flat=True).first() or 0) + 1
    ends = _list_end(row, call.at)
    der = make_revocation_list(issuer, revoked, number=number, this_update=call.at, next_update=ends)
    kept: RevocationListRow = RevocationListRow.objects.create(
        authority=row, number=number, der=der, entries=len(revoked), this_update=call.at, next_update=ends
    )
    return kept


def _list_end(row: Certificate, at: datetime) -> datetime:
    """A root signs rarely, perhaps by a quorum of people; its list holds long."""
    if row.purpose == Purpose.ROOT:
        return at + terms.days("security.root_list_days")
    return at + timedelta(hours=terms.amount("security.list_hours"))
