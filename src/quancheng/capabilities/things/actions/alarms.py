"""告警: raised, ended, acknowledged, muted, escalated, downgraded, closed; each step is kept and told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from quancheng.capabilities.things import crossings, raising
from quancheng.capabilities.things.counting import Crossing
from quancheng.capabilities.things.models import Alarm, AlarmMute, AlarmStep, Level, Result
from quancheng.core.text import Text
from quancheng.kernel import access, audit
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound, QuanchengError, TooLarge

BULK_LIMIT = 500
_WHAT = AlarmStep.What


# -- by rules ---------------------------------------------------------------------------------
@action("things.raise_alarm", idempotent=False)
def raise_alarm(
    call: Call,
    *,
    rule: str,
    rule_version: int,
    name: Text | Mapping[str, Any],
    level: int,
    key: str,
    stream: int | None,
    at: datetime,
    detected_at: datetime,
    readings: Sequence[tuple[int, int, float]],
    finding: Mapping[str, Any],
    incident_type: str,
    simulated: bool,
) -> int:
    """发出告警: a rule came true at a stream; returns the alarm's id.

    ``key`` is a station code or a thing key (``things:<code>`` is the station), ``stream`` the id of a
    SensorThings stream, ``readings`` rows of (stream, µs since the epoch UTC, value) it was based on.
    The same rule, version, key, stream and ``at`` give the same alarm. While an alarm of the rule at the
    key is not closed, the next one is counted there instead of making a row. Of ``finding`` the desk
    understands ``amount threshold unit property window_minutes condition citation rule place``; ``place``
    (``zh en lon lat region department``) says where a thing without a station is.

    Raises Forbidden, InvalidInput (level not 1–4, nameless key or rule, a time without zone).
    """
    access.require(call.actor, "raise", Alarm)
    crossing = Crossing(
        rule=rule, version=rule_version, name=Text.of(name), level=level, key=key, stream=stream, at=at,
        detected_at=detected_at, readings=tuple(readings), finding=dict(finding), incident_type=incident_type,
        simulated=simulated,
    )  # fmt: skip
    [(alarm, outcome)] = crossings.record([crossing])
    audit.note(alarm=alarm, outcome=outcome, rule=f"{rule} v{rule_version}", key=key)
    return alarm


@action("things.raise_alarms", idempotent=False)
def raise_alarms(call: Call, *, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """批量发出: each row as the arguments of :func:`raise_alarm`; one transaction, one audit entry.

    Raises as :func:`raise_alarm`; TooLarge for more than 500 rows. Nothing is raised when one is wrong.
    """
    access.require(call.actor, "raise", Alarm)
    if len(rows) > BULK_LIMIT:
        raise TooLarge(_most(BULK_LIMIT))
    made = [alarm for alarm, _outcome in crossings.record([_crossing(row) for row in rows])]
    audit.note(alarms=len(made), distinct=len(set(made)))
    return made


@action("things.end_alarm", idempotent=False)
def end_alarm(call: Call, *, alarm: int, at: datetime) -> Alarm:
    """告警恢复: what the rule watched is over; people still close it with a result.

    Ending twice or ending a closed alarm changes nothing. Raises NotFound, Forbidden, InvalidInput.
    """
    found, _ended = _end(call, [(alarm, at)])
    audit.note(alarm=alarm, at=at.isoformat())
    return found[alarm]


@action("things.end_alarms", idempotent=False)
def end_alarms(call: Call, *, rows: Sequence[tuple[int, datetime]]) -> list[int]:
    """批量恢复: (alarm, at) each, as :func:`end_alarm`; one transaction, one audit entry.

    Returns the ids of those that went on until now. Raises as :func:`end_alarm`; TooLarge for more than
    500 rows. Nothing is ended when one is wrong.
    """
    if len(rows) > BULK_LIMIT:
        raise TooLarge(_most(BULK_LIMIT))
    _found, ended = _end(call, rows)
    audit.note(alarms=len(rows), ended=ended)
    return ended


# -- by people --------------------------------------------------------------------------------
@action("things.acknowledge_alarm")
def acknowledge_alarm(call: Call, *, alarm: int, note: str = "") -> Alarm:
    """确认告警: somebody has seen it. Raises NotFound, Forbidden, Conflict."""
    found = _alarm(call, alarm)
    if found.state != Alarm.State.RAISED:
        raise Conflict(Text("告警已被确认或关闭。", "The alarm was acknowledged or closed already."))
    return _acknowledge(call, found, note)


@action("things.acknowledge_alarms")
def acknowledge_alarms(call: Call, *, alarms: Sequence[int], note: str = "") -> dict[str, Any]:
    """批量确认: those not acknowledged yet; the others are named as skipped, with the reason.

    Raises Forbidden when the caller may handle none, TooLarge for more than 500.
    """
    access.require(call.actor, "handle", Alarm)
    if len(alarms) > BULK_LIMIT:
        raise TooLarge(_most(BULK_LIMIT))
    done, skipped = [], {}
    for pk in dict.fromkeys(alarms):
        try:
            found = _alarm(call, pk)
        except QuanchengError as refused:
            skipped[str(pk)] = refused.detail.to_dict()
            continue
        if found.state != Alarm.State.RAISED:
            skipped[str(pk)] = Text("已被确认或关闭", "Acknowledged or closed already").to_dict()
            continue
        _acknowledge(call, found, note)
        done.append(pk)
    audit.note(alarms=done, skipped=sorted(skipped))
    return {"acknowledged": done, "skipped": skipped}


@action("things.close_alarm")
def close_alarm(call: Call, *, alarm: int, note: str, result: str = Result.REAL) -> Alarm:
    """关闭告警: what it turned out to be, with the reason. Raises NotFound, Forbidden, Conflict, InvalidInput."""
    found = _alarm(call, alarm)
    if not note.strip():
        raise InvalidInput(fields={"note": Text("请写明关闭原因", "Say why it is closed")})
    if result not in Result.values:
        raise InvalidInput(fields={"result": Text("请选择结论", "Choose a result")})
    if found.state == Alarm.State.CLOSED:
        raise Conflict(Text("告警已关闭。", "The alarm was closed already."))
    found.state, found.closed_at, found.result = Alarm.State.CLOSED, call.at, result
    found.closed_by, found.note = str(call.actor)[:120], note.strip()[:500]
    found.save(update_fields=["state", "closed_at", "closed_by", "note", "result"])
    _step(call, found, _WHAT.CLOSED, found.note, result=result)
    raising.tell_handled(found, "closed", found.closed_by, found.note)
    audit.note(alarm=found.pk, station=found.key, note=found.note, result=result)
    return found


@action("things.mute_alarm")
def mute_alarm(call: Call, *, alarm: int, until: datetime, reason: str) -> AlarmMute:
    """静音: this rule at this place tells nobody until a moment; alarms are still recorded.

    Raises NotFound, Forbidden, InvalidInput (past, longer than 30 days, no reason).
    """
    found = _alarm(call, alarm)
    if found.exercise:
        raise Conflict(Text("演练的告警不静音。", "Alarms of an exercise are not muted."))
    wrong: dict[str, Text] = {}
    if not reason.strip():
        wrong["reason"] = Text("请写明静音原因", "Say why it is muted")
    if until.tzinfo is None or not call.at < until <= call.at + raising.LONGEST_MUTE:
        wrong["until"] = Text("应在今后30天以内", "Must lie in the next 30 days")
    if wrong:
        raise InvalidInput(fields=wrong)
    made = AlarmMute.objects.create(
        rule=found.rule.code, key=found.key, until=until, reason=reason.strip()[:300],
        by=str(call.actor)[:120], created_at=call.at,
    )  # fmt: skip
    same = Alarm.objects.filter(rule__code=found.rule.code, key=found.key, exercise=found.exercise)
    same.exclude(state=Alarm.State.CLOSED).update(muted_until=until)
    found.muted_until = until
    _step(call, found, _WHAT.MUTED, made.reason, until=until.isoformat())
    raising.tell_handled(found, "muted", made.by, made.reason)
    audit.note(alarm=found.pk, rule=made.rule, key=made.key, until=until.isoformat(), reason=made.reason)
    return made


@action("things.unmute_alarm")
def unmute_alarm(call: Call, *, alarm: int) -> Alarm:
    """取消静音: the mutes of this rule at this place end now. Raises NotFound, Forbidden, Conflict."""
    found = _alarm(call, alarm)
    live = AlarmMute.objects.filter(rule=found.rule.code, key=found.key, until__gt=call.at)
    if not live.update(until=call.at):
        raise Conflict(Text("告警没有被静音。", "The alarm is not muted."))
    Alarm.objects.filter(rule__code=found.rule.code, key=found.key).update(muted_until=None)
    audit.note(alarm=found.pk)
    return found.refresh()


@action("things.downgrade_alarm")
def downgrade_alarm(call: Call, *, alarm: int, level: int, note: str) -> Alarm:
    """降级: a person judges it less severe. Raises NotFound, Forbidden, Conflict, InvalidInput."""
    found = _alarm(call, alarm)
    if found.state == Alarm.State.CLOSED:
        raise Conflict(Text("告警已关闭。", "The alarm was closed already."))
    wrong: dict[str, Text] = {}
    if level not in Level.values or level <= found.level:
        wrong["level"] = Text("应低于现在的级别", "Must be below the present level")
    if not note.strip():
        wrong["note"] = Text("请写明降级原因", "Say why it is downgraded")
    if wrong:
        raise InvalidInput(fields=wrong)
    before, found.level = found.level, level
    found.save(update_fields=["level"])
    _step(call, found, _WHAT.DOWNGRADED, note.strip(), before=before, level=level)
    raising.tell_handled(found, "downgraded", str(call.actor)[:120], note.strip()[:500])
    audit.note(alarm=found.pk, before=before, level=level, note=note)
    return found


@action("things.escalate_alarm")
def escalate_alarm(call: Call, *, alarm: int, note: str) -> Alarm:
    """人工升级: the next ones above are told now. Raises NotFound, Forbidden, Conflict, InvalidInput."""
    found = _alarm(call, alarm)
    if not note.strip():
        raise InvalidInput(fields={"note": Text("请写明升级原因", "Say why it is escalated")})
    if found.state == Alarm.State.CLOSED:
        raise Conflict(Text("告警已关闭。", "The alarm was closed already."))
    from quancheng.capabilities.things import escalation

    if not escalation.escalate(found, call.at, str(call.actor)[:120], note.strip()[:500]):
        raise Conflict(Text("已升级到最高一级。", "It was escalated to the top already."))
    audit.note(alarm=found.pk, step=found.step)
    return found


@action("things.escalate_due", idempotent=False)
def escalate_due(call: Call) -> dict[str, int]:
    """到时升级: alarms nobody acknowledged in the minutes of their level; mutes that are over; ended ones closed."""
    access.require(call.actor, "raise", Alarm)
    from quancheng.capabilities.things import escalation

    done = {
        "told": escalation.end_mutes(call.at),
        "escalated": escalation.escalate_all(call.at),
        "closed": escalation.close_ended(call.at),
    }
    audit.note(**done)
    return done


# -- helpers ----------------------------------------------------------------------------------
def _crossing(row: Mapping[str, Any]) -> Crossing:
    facts = dict(row)
    return Crossing(
        version=facts.pop("rule_version"), name=Text.of(facts.pop("name")),
        readings=tuple(facts.pop("readings")), finding=dict(facts.pop("finding")), **facts,
    )  # fmt: skip


def _end(call: Call, rows: Sequence[tuple[int, datetime]]) -> tuple[dict[int, Alarm], list[int]]:
    """The alarms, and the ids of those that ended: the first moment told of an alarm is its end."""
    asked = list(dict.fromkeys(alarm for alarm, _at in rows))
    found = _alarms(call, asked)
    if any(at.tzinfo is None for _alarm, at in rows):
        raise InvalidInput(Text("时间要带时区。", "A time needs a zone."))
    ended = []
    for pk, at in rows:
        if found[pk].ended_at is None and found[pk].state != Alarm.State.CLOSED:
            found[pk].ended_at = at
            ended.append(found[pk])
    by = str(call.actor)[:120]
    Alarm.objects.bulk_update(ended, ["ended_at"])
    AlarmStep.objects.bulk_create(
        [AlarmStep(alarm=one, at=call.at, what=_WHAT.ENDED, by=by) for one in ended]
    )
    for one in ended:
        raising.tell_handled(one, "ended", by, "")
    return found, [one.pk for one in ended]


def _alarms(call: Call, asked: Sequence[int]) -> dict[int, Alarm]:
    """Alarms the caller may end, locked in the order of their ids, without what only pages show."""
    seen = set(access.visible(call.actor, Alarm).filter(pk__in=asked).values_list("pk", flat=True))
    if unseen := [pk for pk in asked if pk not in seen]:
        raise NotFound(Text(f"没有告警 {unseen[0]}。", f"There is no alarm {unseen[0]}."))
    theirs = access.visible(call.actor, Alarm, verb="raise").filter(pk__in=asked)
    open_to = set(theirs.values_list("pk", flat=True))
    if closed_to := [pk for pk in asked if pk not in open_to]:
        access.require(call.actor, "raise", Alarm.objects.get(pk=closed_to[0]))
    access.require(call.actor, "raise", Alarm)
    rows = Alarm.objects.select_for_update(of=("self",)).select_related("rule").filter(pk__in=asked)
    return {one.pk: one for one in rows.defer("finding", "evidence", "place").order_by("pk")}


def _acknowledge(call: Call, found: Alarm, note: str) -> Alarm:
    found.state, found.acknowledged_at = Alarm.State.ACKNOWLEDGED, call.at
    found.acknowledged_by, found.note = str(call.actor)[:120], note.strip()[:500]
    found.save(update_fields=["state", "acknowledged_at", "acknowledged_by", "note"])
    _step(call, found, _WHAT.ACKNOWLEDGED, found.note)
    raising.tell_handled(found, "acknowledged", found.acknowledged_by, found.note)
    audit.note(alarm=found.pk, station=found.key)
    return found


def _step(call: Call, alarm: Alarm, what: AlarmStep.What, note: str, **detail: Any) -> None:
    AlarmStep.objects.create(
        alarm=alarm, at=call.at, what=what, by=str(call.actor)[:120], note=note[:500], detail=detail
    )


def _alarm(call: Call, alarm: int, verb: str = "handle") -> Alarm:
    from quancheng.capabilities.things.queries import alarm as visible_alarm

    found = visible_alarm(call.actor, alarm)
    access.require(call.actor, verb, found)
    rows: Iterable[Alarm] = Alarm.objects.select_for_update(of=("self",)).select_related(
        "station", "rule", "datastream"
    )
    return rows.get(pk=found.pk)  # type: ignore[attr-defined, no-any-return]


def _most(limit: int) -> Text:
    return Text(f"一次最多{limit}条。", f"At most {limit} at once.")
