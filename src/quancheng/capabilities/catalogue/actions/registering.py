"""Entries that programs register: seeds, collection, masters; idempotent by code."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from django.conf import settings

from quancheng.capabilities.catalogue import queries, writing
from quancheng.capabilities.catalogue import standards as city
from quancheng.capabilities.catalogue.models import Entry, State
from quancheng.core.catalogue import (
    Distribution,
    DistributionKind,
    Resource,
    changes,
    check,
    errors_of,
    plain,
    read_resource,
)
from quancheng.core.text import Text
from quancheng.kernel import access, audit
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict


@action("catalogue.entry.register")
def register_entry(
    call: Call,
    *,
    resource: Resource,
    table_id: str | UUID | None = None,
    publish: bool = True,
    simulated: bool = False,
) -> Entry:
    """登记并发布: by rule, without a second person; for the platform's own modules and the data bureau.

    ``resource.provider.code`` is a department's code. Without ``resource.code`` an entry of the same organ and
    name is the same entry, else it gets the next code. The same content again changes nothing, other content
    becomes the next version. ``table_id`` is hung on as a distribution. Raises InvalidInput, Forbidden,
    Conflict while somebody is editing the entry.
    """
    access.require(call.actor, "register", Entry)
    organ = writing.organ_of(resource.provider.code)
    found = _known(resource)
    code = found.code if found is not None else resource.code or writing.free_code(resource)
    value = replace(resource, code=code, provider=organ)
    value = _with_known_tables(value, found)
    if table_id is not None:
        value = with_table(value, str(table_id))
    if found is None:
        found = Entry(
            code=code, organ=writing.department(organ.code), created_at=call.at, changed_at=call.at,
            working=plain(value), edited_by=call.actor.user_id, simulated=simulated,
        )  # fmt: skip
        writing.refuse(errors_of(check(value, city.standards())))
        writing.save([found])
        writing.note(call, found, "create")
        if publish:
            writing.publish(call, found)
    elif _news(found, value):
        same = not changes(found.draft, value)
        if found.state not in {State.PUBLISHED, State.WITHDRAWN, State.DRAFT} or (
            found.revising and not same
        ):
            raise Conflict(Text("该条目正在修订，暂不能登记。", "The entry is being revised by somebody."))
        writing.refuse(errors_of(check(value, city.standards())))
        found.working, found.revision = plain(replace(value, version=found.draft.version)), found.revision + 1
        found.changed_at = call.at
        if publish or found.live:
            writing.publish(call, found)
        else:
            writing.save([found])
    if table_id is not None:
        writing.link(found, _of_table(str(table_id)), str(table_id))
    audit.note(code=code, version=found.number)
    return found


@action("catalogue.entry.link_table")
def link_table(call: Call, *, entry: str | UUID, table_id: str | UUID) -> Entry:
    """挂接数据表: a distribution of kind table; on a published entry it becomes an additive version."""
    seen = queries.row(call.actor, entry)
    found: Entry = Entry.objects.select_for_update().select_related("organ").get(pk=seen.pk)
    access.require(call.actor, "edit", found)
    if found.state in {State.SUBMITTED, State.APPROVED}:
        raise Conflict(Text("条目正在审核，暂不能挂接。", "The entry waits for a decision."))
    value = with_table(found.draft, str(table_id))
    writing.link(found, _of_table(str(table_id)), str(table_id))
    if value != found.draft:
        found.working, found.revision, found.changed_at = plain(value), found.revision + 1, call.at
        if found.live and not found.revising:
            writing.publish(call, found)
        else:
            writing.save([found])
            writing.tell("edited", found)
    audit.note(code=found.code, table=str(table_id))
    return found


def with_table(value: Resource, table_id: str) -> Resource:
    """The entry with a distribution for the table; the address leads to the entry's page."""
    name = _of_table(table_id)
    if any(one.id == name for one in value.distributions):
        return value
    own = _addressed(value)
    made = Distribution(name, DistributionKind.TABLE, Text("数据表", "Data table"), "CSV", own)
    return replace(value, distributions=(*value.distributions, made))


def _with_known_tables(value: Resource, found: Entry | None) -> Resource:
    """Tables hung on before stay, though who registers need not know them."""
    if found is None:
        return value
    for table_id in found.links.order_by("id").values_list("table_id", flat=True):
        value = with_table(value, table_id)
    return value


def _addressed(value: Resource) -> str:
    return f"{settings.PUBLIC_URL}/open/dataset/{value.code.replace('/', '-')}/"


def _of_table(table_id: str) -> str:
    return f"table-{table_id}"


def _known(resource: Resource) -> Entry | None:
    rows = Entry.objects.select_for_update(of=("self",)).select_related("organ")
    if resource.code:
        found: Entry | None = rows.filter(code=resource.code).first()
        return found
    same: Entry | None = rows.filter(organ__code=resource.provider.code, name=resource.name.zh).first()
    return same


def _news(found: Entry, value: Resource) -> bool:
    """Whether the content differs; dates of publication are the catalogue's own."""
    before = read_resource(found.published or found.working)
    merged = replace(value, issued=before.issued)
    return bool(changes(before, merged)) or not found.live
