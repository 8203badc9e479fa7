"""What every action of weather does: guarded steps, numbers, the log, checks. Inside actions only."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from quancheng.core.cap import CapError, from_xml, to_xml
from quancheng.core.text import Text
from quancheng.kernel import audit, clock, events
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict, InvalidInput
from quancheng.scenarios.weather import areas, flow, message, signing, wording
from quancheng.scenarios.weather.flow import State
from quancheng.scenarios.weather.models import Warning, WarningEvent

RAINSTORM = "rainstorm"
LIMITS = {"headline": 120, "description": 1200, "instruction": 1200}
TRIES = 5
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_silent: ContextVar[bool] = ContextVar("weather_silent", default=False)


@dataclass(frozen=True, slots=True)
class Draft:
    """What a draft says; levels 1 (worst) to 4."""

    level: int
    districts: Sequence[str]
    words: wording.Words
    basis: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    crossed_at: datetime | None = None
    event_type: str = RAINSTORM


@contextmanager
def history() -> Iterator[None]:
    """Inside, warnings of the past are written to the books without telling anybody to act on them."""
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)


# -- who --------------------------------------------------------------------------------------
def identity(actor: Actor) -> str:
    """Who it is beyond namesakes, for "who drafts does not approve"."""
    return f"user:{actor.user_id}" if actor.user_id is not None else shown(actor)


def shown(actor: Actor) -> str:
    """The name kept with a step."""
    return str(actor)[:100]


def has_hand_in(actor: Actor, warning: Warning) -> bool:
    """Whether the actor drafted, edited or submitted the warning."""
    verbs = ("draft", "edit", "submit")
    return bool(warning.log.filter(verb__in=verbs, identity=identity(actor)).exists())


# -- steps ------------------------------------------------------------------------------------
def locked(warning: Warning) -> Warning:
    """The warning as it is now, its row locked until the action ends."""
    return Warning.objects.select_for_update().get(pk=warning.pk)  # type: ignore[no-any-return]


def move(warning: Warning, allowed: Collection[State], at: datetime, **changes: Any) -> Warning:
    """Change a warning only from the states it may be changed from; Conflict when someone was first."""
    target = changes.get("state")
    fitting = [state for state in allowed if target in (None, state) or flow.may_become(state, State(target))]
    done = Warning.objects.filter(pk=warning.pk, state__in=fitting).update(changed_at=at, **changes)
    warning.refresh_from_db()
    if not done:
        raise changed(warning)
    return warning


def changed(warning: Warning) -> Conflict:
    """Somebody was quicker: who, and what the warning is now."""
    last = warning.log.last()
    who = last.actor if last else "-"
    return Conflict(
        Text(
            f"预警 {warning.number} 现为“{warning.state_text.zh}”，最近由 {who} 处理。",
            f"Warning {warning.number} is now '{warning.state_text.en}', last handled by {who}.",
        ),
        extra={"state": warning.state},
    )


def supersede(warning: Warning, call: Call, at: datetime) -> None:
    """End the warning an update replaces; one that ran out meanwhile is followed up all the same."""
    before = warning.previous
    if before is None:
        return
    done = Warning.objects.filter(pk=before.pk, state=State.PUBLISHED)
    if done.update(state=State.SUPERSEDED, ended_at=at, changed_at=at):
        before.refresh_from_db()
        text = Text(f"由 {warning.number} 更新", f"Superseded by {warning.number}")
        log(before, call, at, "supersede", text)
    elif Warning.objects.get(pk=before.pk).state != State.EXPIRED:
        raise changed(Warning.objects.get(pk=before.pk))
    drop_drafts(before, call, at)


def drop_drafts(ended: Warning, call: Call, at: datetime) -> None:
    """Withdraw the other drafts that would follow a warning that is over."""
    for waiting in Warning.objects.filter(previous=ended, state__in=flow.UNPUBLISHED):
        move(waiting, flow.UNPUBLISHED, at, state=State.WITHDRAWN, ended_at=at)
        log(waiting, call, at, "withdraw", Text("原预警已结束，自动撤回", "Withdrawn: its warning is over"))


def after(before: Warning | None, at: datetime) -> datetime:
    """``at``, or a second after the message before: a chain is read in the order of whole seconds."""
    if before is None or before.published_at is None:
        return at
    return max(at, before.published_at.replace(microsecond=0) + timedelta(seconds=1))


def create(at: datetime, exercise: str, **columns: Any) -> Warning:
    """A new row under the next free number, also when two are drafted at once."""
    for turn in range(TRIES):
        try:
            with transaction.atomic():
                number = _number(at, exercise, turn)
                return Warning.objects.create(  # type: ignore[no-any-return]
                    number=number, exercise=exercise, drafted_at=at, changed_at=at, **columns
                )
        except IntegrityError:
            if turn == TRIES - 1:
                raise
    raise AssertionError("unreachable")


def _number(at: datetime, exercise: str, ahead: int) -> str:
    """``JN-W-20260718-003``; exercises have their code in it."""
    day = f"{at.astimezone(clock.LOCAL):%Y%m%d}"
    stem = f"YL-{exercise}" if exercise else f"JN-W-{day}"
    taken = Warning.objects.filter(exercise=exercise, number__startswith=f"{stem}-").count()
    return f"{stem}-{taken + 1 + ahead:03d}"


# -- telling ----------------------------------------------------------------------------------
def send(warning: Warning, call: Call, at: datetime) -> Warning:
    """Make the message, check it against the standard, sign it, keep its bytes, tell the city."""
    before = warning.previous
    refers = from_xml(bytes(before.xml)) if before is not None and before.xml else None
    try:
        document = to_xml(message.build(warning, refers, f"{settings.PUBLIC_URL}/warnings/"))
    except CapError as broken:
        told = broken.problems[0]
        raise InvalidInput(told.text, extra={"path": told.path}) from broken
    warning.xml, warning.xml_sha256 = document, hashlib.sha256(document).hexdigest()
    warning.signature = signing.sign(document)
    warning.save(update_fields=["xml", "xml_sha256", "signature"])
    log(warning, call, at, "publish", Text.of(warning.headline))
    audit.note(number=warning.number, sha256=warning.xml_sha256, msg_type=warning.msg_type)
    tell("published", warning, at)
    return warning


def log(warning: Warning, call: Call, at: datetime, verb: str, text: Text) -> None:
    """One line of a warning's log."""
    WarningEvent.objects.create(
        warning=warning, at=at, actor=shown(call.actor), identity=identity(call.actor)[:100], verb=verb,
        zh=text.zh[:300], en=text.en[:400],
    )  # fmt: skip


def tell(what: str, warning: Warning, at: datetime) -> None:
    """Emit ``weather.warning.<what>``."""
    if _silent.get():
        return
    events.emit(
        f"weather.warning.{what}",
        subject=warning.exercise or warning.event_type,
        data={
            "number": warning.number,
            "event_type": warning.event_type,
            "colour": flow.COLOURS[warning.level].value.lower(),
            "level": warning.level,
            "msg_type": str(warning.msg_type),
            "headline": warning.headline,
            "districts": warning.districts,
            "published_at": at.isoformat() if what == "published" else None,
            "crossed_at": warning.crossed_at.isoformat() if warning.crossed_at else None,
            "expires": warning.expires.isoformat() if warning.expires else None,
            "exercise": warning.exercise,
            "simulated": warning.simulated,
            "evidence": warning.path,
        },
    )


# -- values from outside ----------------------------------------------------------------------
def checked(draft: Draft) -> dict[str, Any]:
    """The draft as columns. Raises InvalidInput naming every field at fault."""
    fields: dict[str, Text] = {}
    if isinstance(draft.level, bool) or draft.level not in flow.COLOURS:
        fields["level"] = Text("请选择预警级别。", "Choose a warning level.")
    if not draft.districts or not all(areas.known(code) for code in draft.districts):
        fields["districts"] = Text("请选择影响区县。", "Choose the affected districts.")
    columns: dict[str, Any] = {}
    for name, most in LIMITS.items():
        told: Text = getattr(draft.words, name)
        both = Text(*(_ILLEGAL.sub("", part).strip() for part in (told.zh, told.en)))
        if not both.zh or not both.en:
            fields[name] = Text("请填写中文和英文。", "Fill in both Chinese and English.")
        elif len(both.zh) > most or len(both.en) > 2 * most:
            fields[name] = Text(f"中文最多{most}字。", f"At most {2 * most} characters in English.")
        columns[name] = both.to_dict()
    if fields:
        raise InvalidInput(fields=fields)
    return columns | {"level": int(draft.level), "districts": sorted(set(draft.districts))}


def reason_of(reason: str) -> str:
    """A reason, not empty and not endless. Raises InvalidInput."""
    reason = _ILLEGAL.sub("", reason).strip()[:200]
    if not reason:
        told = Text("请填写理由。", "Give a reason.")
        raise InvalidInput(told, fields={"reason": told})
    return reason
