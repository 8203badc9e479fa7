"""Answers of the person: grant, refuse, withdraw."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from quancheng.capabilities.vault import threads
from quancheng.capabilities.vault.models import DataRequest, EntryRow, Grant
from quancheng.capabilities.vault.refusing import told
from quancheng.core.vault import Mode, grant, refuse, withdraw
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action


@action("vault.grant.give")
def grant_request(
    call: Call, *, request: DataRequest, items: Sequence[str], mode: str, until: datetime
) -> Grant:
    """授权: some of the items, once or until a moment. Raises Forbidden, InvalidInput, Conflict."""
    access.require(call.actor, "answer", request)
    row = threads.locked(request.pk)
    with told():
        entry = threads.advance(
            row,
            lambda thread: grant(
                thread, items=items, mode=Mode(mode), until=until, level=int(call.actor.assurance),
                at=threads.moment(row),
            ),
        )  # fmt: skip
    given = Grant.objects.create(
        request=row, items=sorted(items), mode=mode, since=entry.at, until=until, hash=bytes(row.head)
    )
    audit.note(number=row.number, recipient=row.recipient.code, items=sorted(items), mode=mode)
    _emit("vault.grant.given", row, entry)
    return given  # type: ignore[no-any-return]


@action("vault.request.refuse")
def refuse_request(call: Call, *, request: DataRequest, reason: str) -> DataRequest:
    """拒绝, with a reason the asker is told. Raises Forbidden, InvalidInput, Conflict."""
    access.require(call.actor, "answer", request)
    row = threads.locked(request.pk)
    with told():
        entry = threads.advance(
            row, lambda thread: refuse(thread, reason=reason.strip()[:300], at=threads.moment(row))
        )
    audit.note(number=row.number, recipient=row.recipient.code)
    _emit("vault.request.refused", row, entry)
    return row


@action("vault.grant.withdraw")
def withdraw_grant(call: Call, *, request: DataRequest, reason: str = "") -> DataRequest:
    """撤回: when this returns, nothing is used any more under the grant. Raises Forbidden, Conflict (ended already)."""
    access.require(call.actor, "answer", request)
    row = threads.locked(request.pk)
    with told():
        entry = threads.advance(
            row, lambda thread: withdraw(thread, reason=reason.strip()[:300], at=threads.moment(row))
        )
    audit.note(number=row.number, recipient=row.recipient.code, uses=row.uses)
    _emit("vault.grant.withdrawn", row, entry)
    return row


def _emit(kind: str, row: DataRequest, entry: EntryRow) -> None:
    data = {
        "number": row.number, "recipient": row.recipient.name, "person_id": row.person_id, "seq": entry.seq,
        "simulated": row.simulated,
    }  # fmt: skip
    events.emit(kind, row.number, data)
