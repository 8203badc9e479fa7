"""Shared steps of the item actions: the engine's turns become work items, history and events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from quancheng.capabilities.internal import clocks, dossiers, running
from quancheng.capabilities.internal.models import (
    Dossier,
    Item,
    ItemEvent,
    ItemModel,
    WorkItem,
)
from quancheng.capabilities.internal.spec import ItemSpec, read_spec
from quancheng.capabilities.internal.values import ItemState, WorkState
from quancheng.capabilities.people import queries as people
from quancheng.core.text import Text
from quancheng.kernel import clock, events, jobs, rulebook
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict

MAX_TEXT = 500
REFUSED_ENDS = frozenset({"refused", "declined"})


def spec_of(item: Item) -> ItemSpec:
    """The definition this item runs by."""
    return read_spec(item.model.content)


def current_model(code: str) -> ItemModel | None:
    """The newest published version of an item."""
    found: ItemModel | None = ItemModel.objects.filter(code=code).order_by("-number").first()
    return found


def lock(item: Item, revision: int | None) -> Item:
    """Lock the item for one change; Conflict tells who changed it since ``revision`` was read."""
    held: Item = (
        Item.objects.select_for_update(of=("self",))
        .select_related("model", "unit", "dossier")
        .get(pk=item.pk)
    )
    if revision is not None and held.revision != revision:
        last = held.history.last()
        who = last.actor_name if last else ""
        what = Text.of(last.text) if last else held.state_text
        raise Conflict(
            Text(
                f"{who}已先办理了这个事项（{what.zh}），现在是“{held.state_text.zh}”。您的操作没有生效。",
                f"{who} was first ({what.en}); it is now “{held.state_text.en}”. Your step was not carried out.",
            ),
            extra={"state": str(held.state), "revision": held.revision, "by": who},
        )
    return held


def remember(call: Call, item: Item, kind: str, text: Text, **data: Any) -> ItemEvent:
    """Append to the history."""
    made: ItemEvent = ItemEvent.objects.create(
        item=item, at=call.at, kind=kind, actor_name=str(call.actor)[:120], user_id=call.actor.user_id,
        text=text.to_dict(), data=data,
    )  # fmt: skip
    return made


def tell(item: Item, what: str, **data: Any) -> None:
    """Emit ``internal.item.<what>`` with what every listener needs."""
    events.emit(
        f"internal.item.{what}",
        item.number,
        {
            "number": item.number, "code": item.code, "name": item.name, "unit_id": item.unit_id,
            "state": str(item.state), "user_id": item.filed_by_id, "simulated": item.simulated, **data,
        },
    )  # fmt: skip


def carry_out(call: Call, item: Item, turn: running.Turn) -> None:
    """Make the engine's turn true: work items opened and closed, services performed, state kept."""
    while True:
        _close(item, turn.cancelled)
        for opened in turn.opened:
            _open(call, item, opened)
        pending = _perform(call, item, turn)
        item.flow = turn.state
        if pending is None:
            break
        turn = pending
    _settle(call, item, turn)
    item.revision += 1
    item.save()


def _open(call: Call, item: Item, opened: running.Opened) -> WorkItem:
    extra = opened.extra
    today, rule = clock.today(), extra.get("days", "")
    due = clocks.due_after(today, clocks.days_of(rule, today)) if rule else item.due_on
    made: WorkItem = WorkItem.objects.create(
        item=item, task=opened.task, element=opened.element, kind=extra.get("step", "approve"),
        name=element_name(opened), department=_department(item, extra["department"]), role=extra["role"],
        state=WorkState.OPEN.value, opened_at=call.at, due_on=due, rule=rule,
    )  # fmt: skip
    events.emit(
        "internal.work.opened", item.number,
        {"number": item.number, "department_id": made.department_id, "role": made.role,
         "element": made.element, "simulated": item.simulated},
    )  # fmt: skip
    return made


def element_name(opened: running.Opened) -> dict[str, str]:
    """A step's name; the models are drawn in Chinese, English comes from the vocabulary."""
    from quancheng.capabilities.internal.wording import step_name

    return step_name(opened.element, opened.name).to_dict()


def _department(item: Item, code: str) -> Any:
    if code == "$unit":
        return item.unit
    if code == "$supervisor":
        return item.unit.parent or item.unit
    return people.department(code)


def _close(item: Item, tasks: tuple[str, ...]) -> None:
    if tasks:
        WorkItem.objects.filter(item=item, task__in=tasks, state=WorkState.OPEN).update(
            state=WorkState.CANCELLED.value
        )


def _perform(call: Call, item: Item, turn: running.Turn) -> running.Turn | None:
    """Services of the model: what is done at once gives the next turn, the rest goes to a job."""
    following: running.Turn | None = None
    for service in turn.services:
        match service.extra.get("service"):
            case "record":
                record(call, item)
                following = running.answer(item.model.bpmn, turn.state, service.task, {}, call.at)
            case "pack":
                jobs.enqueue(
                    "internal.pack",
                    {"item": item.pk, "task": service.task},
                    key=f"{item.number}:{service.task}",
                )
            case other:
                raise LookupError(f"the model asks for an unknown service {other!r}")
    return following


def _settle(call: Call, item: Item, turn: running.Turn) -> None:
    """What the item's own state is after a turn."""
    waiting = set(WorkItem.objects.filter(item=item, state=WorkState.OPEN).values_list("kind", flat=True))
    if turn.finished:
        refused = bool(turn.ends & REFUSED_ENDS)
        item.state = (ItemState.REFUSED if refused else ItemState.COMPLETED).value
        item.ended_at = call.at
    elif waiting == {"correct"}:
        item.state = ItemState.CORRECTION.value
    elif item.decided_at is not None or waiting & {"service"}:
        item.state = ItemState.LINKED.value
    else:
        item.state = ItemState.RUNNING.value


def record(call: Call, item: Item) -> None:
    """The decision writes the dossier (记入档案): entries of the definition, appended."""
    spec = spec_of(item)
    values = {row.key: item.form.get(row.field) if row.field else row.value for row in spec.entry}
    on = date.fromisoformat(item.form[spec.effective])
    source = Text(f"{spec.name.zh}（{item.number}）", f"{spec.name.en} ({item.number})")
    dossier = item.dossier or _new_dossier(call, item)
    if spec.needs == "none":
        parsed = dossiers.derived(item.form["id_number"], item.form["post_kind"])
        # a new member of staff is on file from today: insurance and wages are prepared ahead of the day
        values, on = values | parsed, min(on, clock.today())
    dossiers.append(call, dossier, values, source, on=on, item=item)
    if item.dossier_id != dossier.pk:
        item.dossier = dossier
    item.decided_at = call.at
    item.decision = {"by": str(call.actor), "entries": sorted(key for key, value in values.items() if value)}
    remember(call, item, "recorded", Text("审批通过，已记入档案", "Approved; written into the dossier"))
    tell(item, "decided")


def _new_dossier(call: Call, item: Item) -> Dossier:
    earlier = known_dossier(item.form["id_number"])
    if earlier is not None:
        earlier.unit, earlier.status = item.unit, "active"
        earlier.save()
        return earlier
    serial = dossiers.next_number("dossier")
    made: Dossier = Dossier.objects.create(
        number=f"RS{serial:08d}", kind=Dossier.Kind.STAFF, name=item.subject_name, unit=item.unit,
        status="active", opened_at=call.at, simulated=item.simulated,
    )  # fmt: skip
    return made


def known_dossier(id_number: str) -> Dossier | None:
    """The dossier of a person by identity number, whatever its status."""
    found: Dossier | None = (
        Dossier.objects.filter(kind=Dossier.Kind.STAFF, identity=id_number).order_by("id").first()
    )
    return found


def item_number(on: date) -> str:
    """NB-20260601-0001: one series a day."""
    serial = dossiers.next_number(f"item:{on:%Y%m%d}")
    return f"NB-{on:%Y%m%d}-{serial:04d}"


def item_due(spec: ItemSpec, on: date) -> date:
    """The day by which the whole item should be done."""
    return clocks.due_after(on, rulebook.find(spec.period, on=on, region=rulebook.city_region()).integer())


def answers(values: Mapping[str, Any]) -> dict[str, Any]:
    """Answers as they are kept."""
    return {str(key): value for key, value in values.items()}
