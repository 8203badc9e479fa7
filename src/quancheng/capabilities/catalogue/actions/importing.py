"""导入目录表格: every row becomes an item of an entry or is refused with its place and reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.utils import timezone

from quancheng.capabilities.catalogue import sheets, writing
from quancheng.capabilities.catalogue import standards as city
from quancheng.capabilities.catalogue.actions.entries import changed_to
from quancheng.capabilities.catalogue.models import Entry, State
from quancheng.capabilities.catalogue.values import Imported, RowRefused
from quancheng.core.catalogue import (
    CatalogueError,
    Item,
    Resource,
    changes,
    check,
    errors_of,
    plain,
    read_resource,
)
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import InvalidInput


@action("catalogue.entry.import", idempotent=False)
def import_entries(call: Call, *, file: Any, name: str) -> Imported:
    """导入: entries become drafts of their organ (an existing code: a changed draft); in = out + refused.

    An entry one of whose rows is refused is not taken, so no entry loses a column unseen. Raises
    InvalidInput when the file as a whole cannot be read, Forbidden.
    """
    access.require(call.actor, "create", Entry)
    found = sheets.lines(file, name, sheets.NEEDED)
    done = {"created": 0, "changed": 0, "unchanged": 0}
    refused: list[RowRefused] = []
    for group in sheets.groups(found):
        wrong, value = _read(call, group)
        if value is not None:
            outcome, wrong = _take(call, value, group)
            if not wrong:
                done[outcome] += len(group)
                continue
        refused += wrong
    audit.note(file=name[:100], rows=len(found), **done, refused=len(refused))
    events.emit("catalogue.entries.imported", name[:80], {**done, "refused": len(refused)})
    return Imported(len(found), done["created"], done["changed"], done["unchanged"], tuple(refused))


def _read(call: Call, group: list[sheets.Line]) -> tuple[list[RowRefused], Resource | None]:
    """The entry of some rows; each row that is wrong says why, the others of the entry say that it is."""
    faults: dict[int, list[Text]] = {}
    values: dict[str, Any] = {}
    items: list[Mapping[str, Any]] = []
    for place, line in enumerate(group):
        try:
            if line.fault is not None:
                faults.setdefault(place, []).append(line.fault)
                continue
            if place == 0:
                values = sheets.values_of(line.cells, timezone.localtime(call.at).date())
            items.append(sheets.item_of(line.cells))
        except sheets.CellFault as fault:
            faults.setdefault(place, []).append(fault.text)
    if not faults:
        try:
            organ = writing.organ_of(values["provider"]["code"])
            value = read_resource({**values, "provider": plain(organ), "items": items})
            return [], value
        except (InvalidInput, CatalogueError) as error:
            faults[0] = _texts(error)
    return _all(group, faults), None


def _take(call: Call, value: Resource, group: list[sheets.Line]) -> tuple[str, list[RowRefused]]:
    row = Entry.objects.select_for_update(of=("self",)).select_related("organ")
    found = row.filter(code=value.code).first() if value.code else None
    if not value.code:
        found = row.filter(organ__code=value.provider.code, name=value.name.zh).first()
    faults = _refused(call, value, found)
    if faults:
        return "", _all(group, {0: faults})
    if found is None:
        ready = value if value.code else replace(value, code=writing.free_code(value))
        made = Entry(
            code=ready.code, organ=writing.department(ready.provider.code), working=plain(ready),
            created_at=call.at, changed_at=call.at, edited_by=call.actor.user_id,
        )  # fmt: skip
        wrong = errors_of(check(ready, city.standards()))
        if wrong:
            return "", _all(group, {0: [_named(one.field, one.text) for one in wrong]})
        writing.save([made])
        writing.note(call, made, "import")
        return "created", []
    before = found.draft
    ready = replace(
        value, code=found.code, issued=before.issued, modified=before.modified, version=before.version,
        distributions=before.distributions, related=before.related,
    )  # fmt: skip
    ready = replace(
        ready,
        name=_kept(before.name, value.name),
        abstract=_kept(before.abstract, value.abstract),
        items=tuple(_with_english(before.item(one.field), one) for one in value.items),
    )
    if not changes(before, ready):
        return "unchanged", []
    wrong = errors_of(check(ready, city.standards()))
    if wrong:
        return "", _all(group, {0: [_named(one.field, one.text) for one in wrong]})
    changed_to(call, found, ready)
    writing.save([found])
    writing.note(call, found, "import")
    return "changed", []


def _refused(call: Call, value: Resource, found: Entry | None) -> list[Text]:
    if found is not None and found.state in {State.SUBMITTED, State.APPROVED}:
        return [Text("条目正在审核，不能导入。", "The entry waits for a decision.")]
    if found is not None and found.organ.code != value.provider.code:
        return [Text("资源代码属于其他部门。", "The code belongs to another organ.")]
    if found is not None:
        mine = access.allowed(call.actor, "edit", found)
    else:
        probe = writing.department(value.provider.code)
        mine = access.visible(call.actor, type(probe), verb="catalogue").filter(pk=probe.pk).exists()
    return [] if mine else [Text("不是您部门的条目。", "The entry is not your organ's.")]


def _kept(before: Text, after: Text) -> Text:
    """A sheet has Chinese only: the English of an unchanged text stays."""
    return before if before.zh == after.zh else after


def _with_english(before: Item | None, after: Item) -> Item:
    return after if before is None else replace(after, name=_kept(before.name, after.name))


def _all(group: list[sheets.Line], faults: Mapping[int, list[Text]]) -> list[RowRefused]:
    other = Text(
        "同一条目的其他行有误，整条未导入。", "Another row of the entry is wrong; the entry was not taken."
    )
    return [sheets.refusal(line, faults.get(place, [other])) for place, line in enumerate(group)]


def _named(place: str, text: Text) -> Text:
    return Text(f"{place}：{text.zh}", f"{place}: {text.en}")


def _texts(error: InvalidInput | CatalogueError) -> list[Text]:
    if isinstance(error, CatalogueError):
        return [_named(one.field, one.text) for one in error.findings]
    return [_named(place, text) for place, text in error.fields.items()]
