"""指标: grants, uses and objections."""

from __future__ import annotations

from quancheng.capabilities.vault.models import EntryRow, Grant, Objection, ReceiptRow
from quancheng.core.vault import Kind
from quancheng.core.vault.objection import ObjectionState
from quancheng.kernel import clock


def live_grants() -> float:
    """有效的个人授权."""
    return float(Grant.objects.filter(request__ended="", until__gt=clock.now()).count())


def countersigned() -> float | None:
    """三方共持的回执占比: receipts the recipient has countersigned, per cent; none without uses."""
    rows = ReceiptRow.objects.filter(entry__kind=Kind.USED.value)
    total = rows.count()
    return round(100 * rows.exclude(countersigned_at=None).count() / total, 1) if total else None


def uses_without_grant() -> float:
    """无授权使用: uses whose request has no grant entry before them; always none, or something is broken."""
    granted = EntryRow.objects.filter(kind=Kind.GRANTED.value).values("request_id")
    return float(EntryRow.objects.filter(kind=Kind.USED.value).exclude(request_id__in=granted).count())


def late_objections() -> float:
    """超期未答复的异议."""
    return float(Objection.objects.filter(state=ObjectionState.FILED.value, due_on__lt=clock.today()).count())
