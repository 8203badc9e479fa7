"""Writers of dossiers beside the items: opening from the register, correcting, the turn of a day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quancheng.capabilities.internal import dossiers
from quancheng.capabilities.internal import spec as specs
from quancheng.capabilities.internal.models import Dossier, DossierEntry
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput


@action("internal.dossier.open")
def open_dossier(
    call: Call, *, kind: str, facts: Mapping[str, Any], unit: Any, user_id: int | None = None, source: Text
) -> Dossier:
    """建档 from an existing register (import). Raises Forbidden, InvalidInput, Conflict (is on file)."""
    access.require(call.actor, "import", Dossier)
    identity = str(facts.get("id_number") or facts.get("uscc") or "")
    known = {row.key for row in specs.dossier_keys()}
    if not identity or not set(facts) <= known:
        raise InvalidInput(Text("档案条目不完整或不认识。", "Facts are missing or unknown."))
    if Dossier.objects.filter(kind=kind, identity=identity).exists():
        raise Conflict(Text("已有档案。", "There is a dossier already."))
    serial = dossiers.next_number(f"dossier:{kind}" if kind != Dossier.Kind.STAFF else "dossier")
    prefix = "RS" if kind == Dossier.Kind.STAFF else "GQ"
    made: Dossier = Dossier.objects.create(
        number=f"{prefix}{serial:08d}", kind=kind, name=str(facts.get("name") or facts.get("enterprise")),
        unit=unit, user_id=user_id, status="active", opened_at=call.at, simulated=call.actor.simulated,
    )  # fmt: skip
    dossiers.append(call, made, {**facts, "status": "active"}, source, on=clock.today())
    audit.note(dossier=made.number)
    return made


@action("internal.dossier.correct")
def correct_dossier(call: Call, *, dossier: Dossier, key: str, value: str, reason: str) -> Dossier:
    """更正档案: a new entry with the reason; the wrong one stays to be seen.

    Raises Forbidden, InvalidInput. Status and dates of retirement change by items only.
    """
    access.require(call.actor, "correct", dossier)
    row = next((one for one in specs.dossier_keys() if one.key == key), None)
    if row is None or key in {"status", "retired_on", "left_on"}:
        wrong = Text("这个条目不能更正。", "This fact cannot be corrected here.")
        raise InvalidInput(wrong, fields={"key": wrong})
    value, reason = value.replace("\x00", "").strip(), reason.strip()
    if not value or not reason:
        wrong = Text("请填写更正后的内容和依据。", "Enter the right value and its evidence.")
        raise InvalidInput(wrong, fields={"value" if not value else "reason": wrong})
    if row.options and value not in {one.value for one in row.options}:
        wrong = Text("请选择列表中的内容。", "Choose from the list.")
        raise InvalidInput(wrong, fields={"value": wrong})
    source = Text(f"更正：{reason[:200]}", f"Correction: {reason[:200]}")
    dossiers.append(call, dossier, {key: value}, source, on=clock.today())
    audit.note(dossier=dossier.number, key=key, reason=reason[:200])
    return dossier


@action("internal.dossier.refresh", idempotent=False)
def refresh_dossiers(call: Call) -> int:
    """生效: what was written for a later day becomes true on that day. System only; returns how many."""
    access.require(call.actor, "refresh", Dossier)
    today, changed = clock.today(), 0
    due = DossierEntry.objects.filter(key="status", valid_from__lte=today).values("dossier")
    for dossier in Dossier.objects.filter(pk__in=due, status="active"):
        known = {key: one.value for key, one in dossiers.facts(dossier).items()}
        if known.get("status", dossier.status) != dossier.status:
            dossiers.follow(dossier, known)
            changed += 1
    audit.note(changed=changed)
    return changed
