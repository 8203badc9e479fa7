"""What pages show of items: kinds of tags, rows, stages, masked facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from quancheng.capabilities.internal import clocks
from quancheng.capabilities.internal import spec as specs
from quancheng.capabilities.internal.forms import say
from quancheng.capabilities.internal.models import Item, WorkItem
from quancheng.capabilities.internal.models.items import NO_DUE
from quancheng.capabilities.internal.spec import ItemSpec
from quancheng.capabilities.internal.values import ItemState, Outcome, WorkState
from quancheng.capabilities.internal.wording import role_text
from quancheng.core.identity import mask, mask_phone, mask_resident_id
from quancheng.core.text import Text
from quancheng.kernel import access, clock
from quancheng.kernel.actor import Actor

__all__ = [
    "answer_rows", "fact_rows", "hidden", "may_withdraw", "person", "say", "source_rows", "stage_of", "stages", "state_kind",
    "timeline", "today", "work_row",
]  # fmt: skip

_KINDS = {
    ItemState.RUNNING: "info", ItemState.LINKED: "info", ItemState.CORRECTION: "warn",
    ItemState.COMPLETED: "ok", ItemState.REFUSED: "bad", ItemState.WITHDRAWN: "",
}  # fmt: skip
_OUTCOMES = {Outcome.AGREE: "ok", Outcome.RETURN: "warn", Outcome.REFUSE: "bad"}


def today() -> date:
    """By the one clock."""
    return clock.today()


def state_kind(state: str) -> str:
    """Tag of an item's state."""
    return _KINDS[ItemState(state)]


def work_row(work: WorkItem) -> dict[str, Any]:
    """One step: who, until when, what came of it."""
    over = work.state != WorkState.OPEN
    outcome = Outcome(work.outcome) if work.outcome else None
    due = None if work.due_on == NO_DUE else work.due_on
    return {
        "work": work, "role": role_text(work.role), "over": over, "due": due,
        "left": clocks.remaining(due, clock.today()) if due and not over else None,
        "tag": outcome.text if outcome else work.state_text,
        "kind": _OUTCOMES.get(outcome, "") if outcome else ("info" if not over else ""),
        "result": Text.of(work.result) if work.result else None,
        "late": bool(over and due and work.done_at and clock.day_of(work.done_at) > due),
    }  # fmt: skip


def fact_rows(facts: Mapping[str, Mapping[str, Any]], *, reveal: bool = False) -> list[dict[str, Any]]:
    """Facts of the dossier with where they come from, in its order."""
    return [
        {
            "key": row.key, "label": row.label.text,
            "value": row.shown(hidden(row.key, facts[row.key]["value"], row.sensitive and not reveal)),
            "source": Text.of(facts[row.key]["source"]), "as_of": date.fromisoformat(facts[row.key]["as_of"]),
        }
        for row in specs.dossier_keys() if row.key in facts
    ]  # fmt: skip


def hidden(key: str, value: Any, sensitive: bool) -> Any:
    """A sensitive value as lists show it."""
    if not sensitive:
        return value
    text = str(value)
    if key == "id_number":
        return mask_resident_id(text)
    return mask_phone(text) if key == "phone" else mask(text, 2, 2)


def source_rows(spec: ItemSpec, initial: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Prefilled answers and where they come from."""
    return [
        {
            "label": row.label.text, "value": row.shown(initial[row.key]["value"]),
            "source": Text.of(initial[row.key]["source"]),
        }
        for row in spec.field if row.key in initial
    ]  # fmt: skip


def answer_rows(spec: ItemSpec, item: Item) -> list[dict[str, Any]]:
    """Answers of the form, and whether somebody typed them."""
    rows = []
    for row in spec.field:
        if (value := item.form.get(row.key)) in (None, ""):
            continue
        fact = item.provenance.get(row.key)
        value = hidden(row.key, value, row.kind in {"id_number", "phone"})
        taken = fact is not None and not fact.get("changed")
        source = Text.of(fact["source"]) if fact and taken else Text("申报时填写", "Entered when filed")
        rows.append({"label": row.label.text, "value": row.shown(value), "source": source})
    return rows


def stages(item: Item, works: Sequence[WorkItem]) -> list[Text]:
    """The big steps of an item for the stepper."""
    if item.group == "personnel":
        return [
            Text("申报", "Filed"), Text("单位审签", "Unit"), Text("主管部门", "Supervisor"),
            Text("人社审批", "Approval"), Text("并行联办", "Linked services"), Text("结果文书", "Result pack"),
        ]  # fmt: skip
    return [
        Text("申报", "Filed"), Text("国资委审核", "Review"), Text("并行核对", "Linked checks"),
        Text("国资委审批", "Decision"), Text("批复", "Approval"),
    ]  # fmt: skip


_STAGE = {
    "personnel": {"head": 2, "supervisor": 3, "hrss": 4, "correct": 1},
    "enterprise": {"review": 2, "decide": 4, "correct": 1, "again": 1},
}


def stage_of(item: Item, works: Sequence[WorkItem]) -> int:
    """Which of the big steps it is at, from 1."""
    last = len(stages(item, works))
    if item.state == ItemState.COMPLETED:
        return last + 1
    waiting = [one.element for one in works if one.state == WorkState.OPEN]
    known = _STAGE[item.group]
    if waiting:
        return min(known.get(one, 5 if item.group == "personnel" else 3) for one in waiting)
    return last if item.decided_at is not None else 2


def timeline(item: Item) -> list[dict[str, Any]]:
    """History for the timeline tag, the newest first."""
    kinds = {"returned": "warn", "return": "warn", "refuse": "bad", "completed": "ok", "recorded": "ok"}
    return [
        {
            "when": one.at, "title": Text.of(one.text), "text": one.data.get("reason", ""), "who": person(one.actor_name),
            "kind": kinds.get(one.kind, ""),
        }
        for one in reversed(list(item.history.all()))
    ]  # fmt: skip


def person(name: str) -> Text | str:
    """Who did it; the platform itself is not shown by its technical name."""
    return Text("系统自动", "The platform") if name.startswith("system:") else name


def may_withdraw(actor: Actor, item: Item) -> bool:
    """Whether the asker may still withdraw it."""
    return not item.over and item.decided_at is None and access.allowed(actor, "withdraw", item)
