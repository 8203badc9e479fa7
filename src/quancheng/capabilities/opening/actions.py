"""The life of an opened dataset: proposed → published by a second person → follows its source → withdrawn."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from quancheng.capabilities.opening import assessing
from quancheng.capabilities.opening.models import Dataset, State
from quancheng.capabilities.opening.numbering import ROW_ID, numbered
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.tables import actions as tables
from quancheng.capabilities.tables import queries as rows
from quancheng.capabilities.tables.values import ColumnSpec, TableSchema
from quancheng.core.tabular import Kind
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound

_GONE = Text("目录条目或数据表不再开放", "its entry or its table is no longer open")


@action("opening.dataset.propose", idempotent=True)
def propose_dataset(
    call: Call, *, table_id: str, fields: Sequence[str], quasi: Sequence[str] = (), simulated: bool = False
) -> Dataset:
    """申请开放 some columns of a data table whose entry of the catalogue is open.

    ``quasi`` are columns that together could tell who or what a row is about. Raises InvalidInput with what the
    disclosure test found, Conflict when the table is opened or proposed already, Forbidden.
    """
    info = rows.info(table_id)
    organ = people.department(info.owner)
    access.require(call.actor, "open_data", organ)
    made = Dataset(
        table_id=UUID(info.table_id), organ=organ, proposed_by=call.actor.user_id,
        proposed_at=call.at, fields=list(fields), quasi=list(quasi), simulated=simulated or info.simulated,
    )  # fmt: skip
    entry = assessing.public_entry_of(info.table_id)
    wrong = assessing.wrong_columns(entry, info.schema, fields, quasi)
    if wrong:
        raise InvalidInput(fields=wrong)
    made.entry_id = entry.entry_id
    assessing.describe(made, entry)
    if Dataset.objects.filter(table_id=made.table_id, state__in=[State.PROPOSED, State.PUBLISHED]).exists():
        raise Conflict(Text("这张表已开放或正在审核。", "It is opened already, or waits for a decision."))
    _tested(made)
    made.save()
    _tell("proposed", made)
    return made


@action("opening.dataset.approve", idempotent=True)
def approve_dataset(call: Call, *, dataset: int) -> Dataset:
    """审核通过并开放 by a second person: tested once more, then copied. Raises Forbidden, Conflict, InvalidInput."""
    found = _locked(call, dataset, "decide")
    _require_state(found, State.PROPOSED)
    if call.actor.user_id is not None and call.actor.user_id == found.proposed_by:
        raise Forbidden(Text("申请人不能审核自己的申请。", "Who proposed it cannot approve it."))
    entry = assessing.public_entry_of(str(found.table_id))
    view = rows.view(found.table_id)
    wrong = assessing.wrong_columns(entry, view.schema, found.fields, found.quasi)
    if wrong:
        raise InvalidInput(fields=wrong)
    _tested(found)
    assessing.describe(found, entry)
    found.state, found.decided_by, found.decided_at = State.PUBLISHED, call.actor.user_id, call.at
    _copy(call, found)
    found.save()
    _tell("published", found)
    return found


@action("opening.dataset.return", idempotent=True)
def return_dataset(call: Call, *, dataset: int, reason: str) -> Dataset:
    """退回申请 with the reason."""
    found = _locked(call, dataset, "decide")
    _require_state(found, State.PROPOSED)
    found.state, found.reason = State.RETURNED, _needed(reason)
    found.decided_by, found.decided_at = call.actor.user_id, call.at
    found.save()
    _tell("returned", found)
    return found


@action("opening.dataset.withdraw", idempotent=True)
def withdraw_dataset(call: Call, *, dataset: int, reason: str, reason_en: str = "") -> Dataset:
    """撤销开放: the copy is dropped at once, the page says that it was withdrawn and why."""
    found = _locked(call, dataset, "withdraw")
    _require_state(found, State.PUBLISHED)
    found.state, found.reason, found.decided_at = State.WITHDRAWN, _needed(reason), call.at
    found.reason_en = reason_en[:300]
    system = Call.system("opening", simulated=found.simulated)
    tables.drop_table(system, table_id=_copy_of(found), reason=found.reason)
    found.save()
    _tell("withdrawn", found)
    return found


@action("opening.dataset.follow", idempotent=False)
def follow_dataset(call: Call, *, dataset: int) -> bool:
    """随来源更新: rows of a newer version are tested, then copied; True when they were.

    When the test finds something the rows of before stay and the dataset says so; when its entry is no longer
    open, its table gone, or an opened column closed, the opening is withdrawn.
    """
    found = _locked(call, dataset, "follow")
    _require_state(found, State.PUBLISHED)
    try:
        entry = assessing.public_entry_of(str(found.table_id))
        view = rows.view(found.table_id)
    except (InvalidInput, NotFound):
        _withdraw(found, _GONE)
        return False
    wrong = assessing.wrong_columns(entry, view.schema, found.fields, found.quasi)
    if wrong:
        zh, en = "；".join(one.zh for one in wrong.values()), "; ".join(one.en for one in wrong.values())
        _withdraw(found, Text(zh, en))
        return False
    if view.version == found.tested_version:
        return False
    findings, found.smallest = assessing.assess(view, found.fields, found.quasi)
    found.tested_version = view.version
    found.findings = [{"field": one.field, "zh": one.text.zh, "en": one.text.en} for one in findings]
    if not findings:
        assessing.describe(found, entry)
        _copy(call, found)
    found.save()
    _tell("held" if findings else "updated", found)
    return not findings


def _withdraw(found: Dataset, why: Text) -> None:
    call = Call.system("opening", simulated=found.simulated)
    withdraw_dataset(call, dataset=found.pk, reason=why.zh, reason_en=why.en)


def _tested(made: Dataset) -> None:
    """Raises InvalidInput with all that stands against it."""
    findings, made.smallest = assessing.assess(rows.view(made.table_id), made.fields, made.quasi)
    if findings:
        fields = {one.field if one.field == "quasi" else f"fields.{one.field}": one.text for one in findings}
        raise InvalidInput(fields=fields)


def _copy(call: Call, found: Dataset) -> None:
    """The rows of the source's newest version into the copy, each with its lasting number."""
    system = Call.system("opening", simulated=found.simulated)
    source = rows.view(found.table_id)
    before = None
    if found.copy_id is None:
        chosen = tuple(one for one in source.schema.columns if one.name in found.fields)
        number = ColumnSpec(ROW_ID, Kind.INTEGER, "行号", "Row")
        made = tables.create_table(
            system, name=f"open.{found.name}.{found.pk}", zh=found.zh[:120], en=found.en[:120],
            schema=TableSchema((number, *chosen), (ROW_ID,)), owner=found.organ.code, simulated=found.simulated,
        )  # fmt: skip
        found.copy_id = UUID(made.table_id)
    else:
        before = rows.view(found.copy_id)
    names = [name for name in rows.info(found.copy_id).schema.names if name != ROW_ID]
    table, found.last_id = numbered(source, names, before, found.last_id)
    tables.replace_rows(system, table_id=found.copy_id, rows=table, run=f"{found.table_id}@{source.version}")
    found.rows = table.num_rows
    found.source_version = found.tested_version = source.version
    found.copied_at, found.findings = call.at, []


def _copy_of(found: Dataset) -> UUID:
    if found.copy_id is None:
        raise Conflict(Text("数据集没有开放副本。", "The dataset has no copy."))
    return found.copy_id


def _locked(call: Call, dataset: int, verb: str) -> Dataset:
    found: Dataset | None = (
        Dataset.objects.select_for_update(of=("self",)).select_related("organ").filter(pk=dataset).first()
    )
    if found is None:
        raise NotFound()
    access.require(call.actor, verb, found)
    return found


def _require_state(found: Dataset, wanted: State) -> None:
    if found.state != wanted:
        label = State(found.state).label
        raise Conflict(
            Text(
                f"数据集现在是“{label}”，不能这样办理。",
                f"The dataset is {found.state}; this cannot be done now.",
            )
        )


def _needed(reason: str) -> str:
    if not reason.strip():
        raise InvalidInput(fields={"reason": Text("请填写理由。", "Give the reason.")})
    return reason.strip()[:300]


def _tell(what: str, found: Dataset) -> None:
    audit.note(dataset=found.name, table=str(found.table_id))
    events.emit(
        f"opening.dataset.{what}",
        subject=found.name,
        data={"dataset": found.name, "version": found.source_version},
    )
