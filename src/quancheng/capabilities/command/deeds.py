"""What every action of command does: time, numbers, guarded steps, the log. Inside actions only."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from quancheng.capabilities.command import flow, naming
from quancheng.capabilities.command.models import (
    Counter,
    Exercise,
    Incident,
    IncidentEvent,
    PlanActivation,
    Task,
)
from quancheng.core.rules import NoRuleInForce, RuleError
from quancheng.core.text import Text
from quancheng.kernel import clock, rulebook
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound

Row = TypeVar("Row", Incident, PlanActivation, Task)
_REGION = re.compile(r"\d{6}(\d{3}){0,2}")
_EXERCISE = re.compile(r"[\w.:+-]{0,40}")


# -- time -------------------------------------------------------------------------------------
def moment(call: Call, exercise: str) -> datetime:
    """The time of a deed: the exercise's own clock when a person acts during a drill."""
    if not exercise or clock.is_virtual():
        return call.at
    row = Exercise.objects.filter(code=exercise).first()
    return call.at if row is None else virtual_now(row, call.at)


def virtual_now(row: Exercise, real: datetime) -> datetime:
    """The exercise's clock at a real moment: the last tick, extrapolated a little at its speed."""
    if row.state != "running" or not row.speed or real <= row.ticked_at:
        return row.virtual_at
    cap = amount("command.clock_cap_seconds", clock.today())
    passed = min((real - row.ticked_at).total_seconds(), cap)
    return row.virtual_at + timedelta(seconds=passed * row.speed)


def amount(name: str, on: date, *, region: str | None = None, exercise: str = "") -> float:
    """A dated amount; in an exercise the newest value when none was in force on the day."""
    try:
        return rulebook.find(name, on, region).number()
    except NoRuleInForce:
        if not exercise:
            raise
        newest = max((rule.valid_from for rule in rulebook.rules().rules(name)), default=None)
        if newest is None:
            raise
        return rulebook.find(name, max(newest, on), region).number()


def amount_for(name: str, kind: str, on: date, *, exercise: str) -> float:
    """The amount for one incident type, or the general one."""
    try:
        return amount(f"{name}.{kind}", on, exercise=exercise)
    except RuleError:
        return amount(name, on, exercise=exercise)


# -- who --------------------------------------------------------------------------------------
def display(actor: Actor) -> str:
    """The name shown to others: citizens are not named on the screen."""
    if actor.kind in {ActorKind.PERSON, ActorKind.ANONYMOUS}:
        return naming.CITIZEN
    return str(actor)[:100]


def identity(actor: Actor) -> str:
    """Who it is, for "handler is not verifier"."""
    return f"user:{actor.user_id}" if actor.user_id is not None else str(actor)


# -- numbers ----------------------------------------------------------------------------------
def locked(series: str) -> Counter:
    """The counter of a series, its row locked: writers of one series take turns."""
    Counter.objects.get_or_create(series=series)
    return Counter.objects.select_for_update().get(series=series)  # type: ignore[no-any-return]


def next_number(kind: str, at: datetime, exercise: str) -> str:
    """``SJ20260601-0001`` (incident), ``RW…`` (task); in exercises ``YL…`` and ``YR…``."""
    prefix = {"incident": ("SJ", "YL"), "task": ("RW", "YR")}[kind][bool(exercise)]
    counter = locked(f"{prefix}{at.astimezone(clock.LOCAL):%Y%m%d}")
    counter.value += 1
    counter.save(update_fields=["value"])
    return f"{counter.series}-{counter.value:04d}"


# -- steps ------------------------------------------------------------------------------------
def fetch(model: type[Row], ref: Any) -> Row:
    """The row meant by an instance, a number or a primary key, locked; raises NotFound."""
    found = None
    rows = model.objects.select_for_update()
    if isinstance(ref, model):
        found = rows.filter(pk=ref.pk).first()
    elif isinstance(ref, int):
        found = rows.filter(pk=ref).first()
    elif isinstance(ref, str) and model is not PlanActivation:
        found = rows.filter(number=ref[:40]).first()
    if found is None:
        raise NotFound()
    return found  # type: ignore[no-any-return]


def advance(machine: flow.Machine, row: Row, verb: str, call: Call, at: datetime, **fields: Any) -> str:
    """Take a step in the statement that checks it; returns the state before. Raises Conflict."""
    before = row.state
    try:
        target = flow.step(machine, before, verb)
    except flow.NotAllowed as refused:
        raise Conflict(_who_did(machine, row, refused.text), extra={"state": row.state}) from refused
    change(row, call, at, state=target, **fields)
    return before


def change(row: Row, call: Call, at: datetime, **fields: Any) -> None:
    """Write fields if the row still is as it was read; raises Conflict."""
    fields |= {"changed_at": at, "changed_by": display(call.actor)}
    unchanged = type(row).objects.filter(pk=row.pk, state=row.state, changed_at=row.changed_at)
    if not unchanged.update(**fields):
        row.refresh_from_db()
        machine = {Incident: flow.INCIDENT, Task: flow.TASK, PlanActivation: flow.ACTIVATION}[type(row)]
        raise Conflict(_who_did(machine, row, Text("", "")), extra={"state": row.state})
    for name, value in fields.items():
        setattr(row, name, value)


def _who_did(machine: flow.Machine, row: Row, why: Text) -> Text:
    when = row.changed_at.astimezone(clock.LOCAL).strftime("%H:%M")
    past = next((one.past for one in machine.steps if one.target == row.state), machine.label(row.state))
    return Text(
        f"{row.changed_by} 于 {when} {past.zh}。{why.zh}",
        f"{row.changed_by} {past.en} it at {when}. {why.en}".strip(),
    )


# -- the log ----------------------------------------------------------------------------------
def log(
    call: Call,
    at: datetime,
    verb: str,
    text: Text,
    *,
    incident: Incident | None = None,
    activation: PlanActivation | None = None,
    task: Task | None = None,
    evidence: str = "",
) -> IncidentEvent:
    """One line of the log of an incident, activation or task."""
    anchor = task or activation or incident
    if task is not None:
        incident, activation = task.incident, task.activation
    if incident is None and activation is not None:
        incident = activation.incident
    return IncidentEvent.objects.create(  # type: ignore[no-any-return]
        incident=incident,
        activation=activation,
        task=task,
        exercise=anchor.exercise if anchor is not None else "",
        at=at,
        actor=display(call.actor),
        verb=verb,
        zh=text.zh[:600],
        en=text.en[:900],
        evidence=evidence or (anchor.path if anchor is not None else ""),
    )


# -- values from outside ----------------------------------------------------------------------
def refuse(name: str, zh: str, en: str) -> InvalidInput:
    """A refusal of one field."""
    return InvalidInput(Text(zh, en), fields={name: Text(zh, en)})


def clean_place(lon: Any, lat: Any) -> tuple[float, float]:
    """A point on earth; raises InvalidInput."""
    try:
        x, y = float(lon), float(lat)
    except (TypeError, ValueError):
        x = y = math.nan
    if not (math.isfinite(x) and math.isfinite(y) and -180 <= x <= 180 and -90 <= y <= 90):
        raise refuse("lon", "经纬度不对，请在地图上选点。", "The longitude or latitude is not valid.")
    return round(x, 6), round(y, 6)


def clean_level(level: Any) -> int:
    """A level 1–4; raises InvalidInput."""
    if isinstance(level, bool) or level not in (1, 2, 3, 4):
        raise refuse("level", "级别应为Ⅰ–Ⅳ级(1–4)。", "The level is I to IV (1 to 4).")
    return int(level)


def clean_region(region: Any, *, empty: bool = False) -> str:
    """A region code of 6, 9 or 12 digits; raises InvalidInput."""
    text = str(region or "").strip()
    if (empty and not text) or (text.isascii() and _REGION.fullmatch(text)):
        return text
    raise refuse("region", "区划代码应为6、9或12位数字。", "A region code has 6, 9 or 12 digits.")


def clean_exercise(exercise: Any) -> str:
    """A code of an exercise, empty for the real city; raises InvalidInput."""
    text = str(exercise or "")
    if not _EXERCISE.fullmatch(text):
        raise refuse(
            "exercise",
            "演练编号最多40字，不含空格。",
            "An exercise code has at most 40 characters, no spaces.",
        )
    return text


def clean_text(name: str, value: Any, limit: int, *, empty: bool = False) -> str:
    """A text that is not too long and, unless allowed, not empty; raises InvalidInput."""
    text = str(value or "").replace("\x00", "").strip()
    if len(text) > limit:
        raise refuse(name, f"最多{limit}个字。", f"At most {limit} characters.")
    if not text and not empty:
        raise refuse(name, "请填写说明。", "Please say something here.")
    return text


def clean_title(value: Text | Mapping[str, Any] | str) -> Text:
    """A title in both languages; raises InvalidInput."""
    try:
        title = Text.of(value)
    except (TypeError, ValueError) as wrong:
        raise refuse("title", "标题应为文字。", "The title must be a text.") from wrong
    return Text(clean_text("title", title.zh, 120), clean_text("title", title.en, 160))
