"""Reads for the pages of services, ceremonies and backups; ``queries`` hands them on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.security import authority, metering, terms, vault
from quancheng.capabilities.security.models import (
    BackupRecord,
    Certificate,
    Client,
    ElectronicSeal,
    Gathering,
    Key,
    KeyCeremony,
    Quota,
    QuotaUse,
    RestoreDrill,
    Sealing,
    ShareSlot,
    Stamp,
)
from quancheng.core.pki import PkiError, PkiReason, StampInfo, check_stamp, token_of
from quancheng.core.pki.suites import digest_of
from quancheng.core.text import Text
from quancheng.kernel import access, clock, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound

__all__ = [
    "UseRow",
    "authorities",
    "backups",
    "ceremonies",
    "ceremony",
    "clients",
    "custodians",
    "drills",
    "held_roots",
    "holding",
    "overdue",
    "own_slot",
    "read_stamp",
    "running",
    "sealings",
    "seals",
    "stamps",
    "uses_today",
]

LATEST = 10


# -- certificates, stamps, seals ----------------------------------------------------------------
def authorities(actor: Actor) -> list[Certificate]:
    """The authorities, roots first."""
    rows = access.visible(actor, Certificate).exclude(slug="").select_related("key")
    return list(rows.order_by("-purpose", "pk"))


def stamps(actor: Actor, params: Mapping[str, str]) -> pagination.Page[Any]:
    """时间戳列表. Filters: q (serial number or digest), requester."""
    rows = access.visible(actor, Stamp)
    if words := params.get("q", "").strip():
        by_serial = rows.filter(serial=int(words)) if words.isdecimal() and len(words) < 20 else rows.none()
        rows = by_serial | rows.filter(digest=words.lower())
    if requester := params.get("requester", "").strip():
        rows = rows.filter(requester=requester)
    return pagination.page(rows, ("-at", "-id"), params)


def read_stamp(actor: Actor, data: bytes, document: bytes | None) -> StampInfo:
    """核验时间戳 in an uploaded answer or token, with its document. Raises PkiError, Forbidden."""
    access.visible(actor, Stamp)
    try:
        token = token_of(data)
    except PkiError as wrong:
        if wrong.reason is not PkiReason.FORM:
            raise
        token = data
    known = authority.trust()
    info = check_stamp(token, roots=known.roots, between=known.between, lists=known.lists)
    if document is not None and digest_of(info.digest_oid, document) != info.digest:
        raise PkiError(PkiReason.CONTENT, "another document was stamped")
    return info


def seals(actor: Actor, params: Mapping[str, str]) -> pagination.Page[Any]:
    """电子印章, newest first. Filter: q (name or number)."""
    rows = access.visible(actor, ElectronicSeal).select_related("department")
    if words := params.get("q", "").strip():
        rows = rows.filter(name__contains=words) | rows.filter(number=words)
    return pagination.page(rows, ("-created_at", "-id"), params)


def sealings(actor: Actor) -> list[Sealing]:
    """The latest uses of seals."""
    return list(access.visible(actor, Sealing).select_related("seal").order_by("-at", "-pk")[:LATEST])


# -- quotas ---------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class UseRow:
    """用量 of a caller today."""

    caller: str
    service: Text
    used: int
    limit: int

    @property
    def percent(self) -> int:
        """How much of the quota is gone."""
        return min(100, round(100 * self.used / self.limit)) if self.limit else 100


def uses_today(actor: Actor) -> list[UseRow]:
    """What was used today, the fullest first."""
    rows = list(access.visible(actor, QuotaUse).filter(day=clock.today()).order_by("-used", "pk")[:200])
    own = {
        (one.caller, one.service): one.per_day
        for one in Quota.objects.filter(caller__in={row.caller for row in rows})
    }
    found = []
    for one in rows:
        limit = own.get((one.caller, one.service))
        limit = metering.usual(one.caller, one.service) if limit is None else limit
        found.append(UseRow(one.caller, metering.SERVICES[one.service], one.used, limit))
    return sorted(found, key=lambda one: -one.percent)


def clients(actor: Actor, params: Mapping[str, str]) -> pagination.Page[Any]:
    """调用方. Filter: q (code or name)."""
    rows = access.visible(actor, Client).select_related("department")
    if words := params.get("q", "").strip():
        rows = rows.filter(code__startswith=words) | rows.filter(name__contains=words)
    return pagination.page(rows, ("code", "id"), params)


# -- ceremonies -----------------------------------------------------------------------------
def custodians(actor: Actor) -> list[tuple[int, str]]:
    """Who may hold a share: id and name."""
    return [(one.pk, str(one)) for one in people.officials(actor, "security.custodian").order_by("pk")]


def held_roots() -> bool:
    """Whether custodians hold the roots already."""
    roots = Key.objects.filter(purpose__startswith="ca.root-", state=Key.State.ACTIVE)
    return roots.exists() and not roots.filter(sealed_by=vault.MASTER).exists()


def holding() -> KeyCeremony | None:
    """The ceremony whose custodians hold the roots now."""
    held = Key.objects.filter(purpose__startswith="ca.root-", state=Key.State.ACTIVE).exclude(
        sealed_by=vault.MASTER
    )
    mark = held.values_list("sealed_by", flat=True).first()
    return KeyCeremony.objects.filter(pk=int(mark.partition(":")[2])).first() if mark else None


def ceremonies(actor: Actor, params: Mapping[str, str]) -> pagination.Page[Any]:
    """密钥仪式, newest first."""
    return pagination.page(access.visible(actor, KeyCeremony).distinct(), ("-started_at", "-id"), params)


def ceremony(actor: Actor, pk: int) -> KeyCeremony:
    """One ceremony. Raises NotFound."""
    found: KeyCeremony | None = access.visible(actor, KeyCeremony).filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def own_slot(actor: Actor, ceremony_id: int) -> ShareSlot:
    """My share of a ceremony. Raises NotFound."""
    rows = access.visible(actor, ShareSlot, verb="take")
    found: ShareSlot | None = rows.filter(ceremony_id=ceremony_id, user_id=actor.user_id).first()
    if found is None:
        raise NotFound
    return found


def running(actor: Actor, ceremony_id: int) -> Gathering:
    """The gathering under way. Raises NotFound."""
    rows = access.visible(actor, Gathering)
    found: Gathering | None = rows.filter(ceremony_id=ceremony_id, state=Gathering.State.OPEN).first()
    if found is None:
        raise NotFound
    return found


# -- backups --------------------------------------------------------------------------------
def backups(actor: Actor, params: Mapping[str, str]) -> pagination.Page[Any]:
    """备份, newest first."""
    return pagination.page(access.visible(actor, BackupRecord), ("-at", "-id"), params)


def drills(actor: Actor) -> list[RestoreDrill]:
    """The latest restore drills."""
    return list(access.visible(actor, RestoreDrill).order_by("-at", "-pk")[:LATEST])


def overdue() -> dict[str, bool]:
    """Whether a backup or a drill is later than the dated parameters allow."""
    now = clock.now()
    backup = BackupRecord.objects.filter(at__gt=now - terms.days("security.backup_days")).exists()
    drill = RestoreDrill.objects.filter(good=True, at__gt=now - terms.days("security.drill_days")).exists()
    return {"backup_late": not backup, "drill_late": not drill}
