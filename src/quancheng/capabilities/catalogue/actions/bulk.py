"""批量编辑: one plan, one transaction, one deed that can be taken back."""

from __future__ import annotations

from collections.abc import Sequence

from quancheng.capabilities.catalogue import bulk, writing
from quancheng.capabilities.catalogue.actions.entries import changed_to
from quancheng.capabilities.catalogue.models import BulkDeed, Entry
from quancheng.core.catalogue import CatalogueError, Edit, Plan, read_resource
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput


@action("catalogue.bulk.apply")
def apply_bulk(
    call: Call, *, ids: Sequence[int], edits: Sequence[Edit], about: str = "", digest: str = ""
) -> BulkDeed:
    """执行批量编辑 on the working copies of all entries that the plan does not refuse, or on none.

    ``digest`` is that of the plan that was looked at; Conflict when the plan would be another one now.
    Published entries become drafts that go through approval. Raises InvalidInput when nothing would change.
    """
    access.require(call.actor, "bulk", Entry)
    locked = _locked(call, ids)
    found = bulk.preview_of(locked, edits).plan
    if digest and digest != found.digest:
        raise Conflict(Text("条目在预览之后有变化，计划已不同。", "Entries changed since the preview."))
    if not found.steps:
        raise InvalidInput(Text("没有条目会改变。", "No entry would change."))
    undo = _carry_out(call, locked, found, "bulk")
    deed: BulkDeed = BulkDeed.objects.create(
        entries=len(found.codes), steps=bulk.stored(undo.steps), digest=found.digest, about=about[:300],
        by=str(call.actor)[:120], user=call.actor.user_id, at=call.at,
    )  # fmt: skip
    events.emit("catalogue.bulk.applied", str(deed.pk), {"entries": deed.entries, "digest": deed.digest})
    audit.note(deed=deed.pk, entries=deed.entries, digest=deed.digest)
    return deed


@action("catalogue.bulk.undo")
def undo_bulk(call: Call, *, deed: int) -> BulkDeed:
    """撤回批量编辑, as one deed. Raises Conflict naming every place that somebody has changed since."""
    found: BulkDeed | None = access.visible(call.actor, BulkDeed).filter(pk=deed).first()
    if found is None:
        raise InvalidInput(Text("没有这次批量编辑。", "There is no such bulk edit."))
    access.require(call.actor, "undo", found)
    if found.undone_at is not None:
        raise Conflict(Text("已经撤回。", "It was taken back already."))
    back = bulk.restored(found.steps)
    pks = list(Entry.objects.filter(code__in=back.codes[:900]).values_list("pk", flat=True))
    for start in range(900, len(back.codes), 900):
        pks += Entry.objects.filter(code__in=back.codes[start : start + 900]).values_list("pk", flat=True)
    _carry_out(call, _locked(call, pks), back, "undo")
    found.undone_at = call.at
    found.save(update_fields=["undone_at"])
    events.emit("catalogue.bulk.undone", str(found.pk), {"entries": found.entries})
    audit.note(deed=found.pk, entries=found.entries)
    return found


def _carry_out(call: Call, locked: list[Entry], found: Plan, verb: str) -> Plan:
    by_code = {one.code: one for one in locked}
    waiting = [code for code in found.codes if code in by_code and by_code[code].state in bulk.WAITING]
    if waiting:
        raise Conflict(
            Text(f"有条目正在审核：{'、'.join(waiting[:5])}", f"Entries wait for a decision: {waiting[:5]}")
        )
    try:
        after, undo = bulk.carried_out({code: one.draft for code, one in by_code.items()}, found)
    except CatalogueError as stale:
        said = [f"{one.resource} {one.text.zh}" for one in stale.findings[:20]]
        raise Conflict(
            Text("；".join(said), "; ".join(f"{one.resource}: {one.text.en}" for one in stale.findings[:20])),
            todo=Text("这些条目已被他人修改，请逐条处理。", "Others have changed these; handle them singly."),
            extra={"stale": [{"code": one.resource, "field": one.field} for one in stale.findings]},
        ) from stale
    for code, working in after.items():
        changed_to(call, by_code[code], read_resource(working))
    writing.save([by_code[code] for code in after])
    for code in after:
        writing.note(call, by_code[code], verb)
    return undo


def _locked(call: Call, ids: Sequence[int]) -> list[Entry]:
    """The rows the actor may edit, held; one that is not theirs refuses all."""
    wanted = sorted(set(ids))
    if len(wanted) > bulk.MOST:
        raise InvalidInput(Text(f"一次最多{bulk.MOST}条。", f"At most {bulk.MOST} entries at once."))
    found: list[Entry] = []
    for start in range(0, len(wanted), 500):
        part = access.visible(call.actor, Entry, verb="edit").filter(pk__in=wanted[start : start + 500])
        found += part.select_for_update(of=("self",)).select_related("organ").order_by("pk")
    if len(found) != len(wanted):
        raise InvalidInput(Text("有条目不存在或不由您编辑。", "An entry is not there or not yours to edit."))
    return found
