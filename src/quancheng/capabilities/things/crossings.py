"""外部规则告警: what other modules' rules found becomes one open row a rule and place.

A bulk is read in a handful of queries, decided in :mod:`counting` and written with a few more, however
many crossings it has; a single one is a bulk of one.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from django.db import IntegrityError, connection, transaction

from quancheng.capabilities.things import raising
from quancheng.capabilities.things.counting import (
    Crossing,
    Identity,
    Outcome,
    Place,
    Span,
    Standing,
    Verdict,
    decide,
    silence,
)
from quancheng.capabilities.things.crossing_rows import alarm_of, occurrence_of, put, rule_of, standing_of
from quancheng.capabilities.things.models import (
    Alarm,
    AlarmMute,
    AlarmOccurrence,
    AlarmRule,
    AlarmStep,
    Level,
    Station,
)
from quancheng.core.text import Text
from quancheng.kernel import events
from quancheng.kernel.errors import InvalidInput

T = TypeVar("T")
CHUNK = 190
"""Asked for at once: five values each stay below 999, the fewest parameters an SQLite takes."""
_COUNTED = ["count", "level", "last_at", "raised_at", "ended_at"]
_BEGIN = (Outcome.RAISED, Outcome.MUTED)


def record(crossings: Sequence[Crossing]) -> list[tuple[int, Outcome]]:
    """Write them inside the running action, in order; the alarm's id and the outcome of each.

    Raises InvalidInput; nothing is written then.
    """
    for one in crossings:
        _check(one)
    _one_at_a_time(crossings)
    known = _known(crossings)
    fresh = [one for one in crossings if one.identity not in known]
    going = _going({one.place for one in fresh})
    mutes = _mutes([one for one in fresh if one.place not in going])
    standings = {place: (alarm.pk, standing_of(alarm)) for place, alarm in going.items()}
    verdicts = decide(crossings, known, standings, mutes)
    rows: dict[int, Alarm] = {alarm.pk: alarm for alarm in going.values()}
    rows |= _new([one for one in verdicts if one.outcome in _BEGIN], mutes)
    _write(verdicts, rows)
    return [(_id(one, rows), one.outcome) for one in verdicts]


def _id(verdict: Verdict, rows: dict[int, Alarm]) -> int:
    return verdict.alarm if verdict.alarm > 0 else int(rows[verdict.alarm].pk)


def _check(crossing: Crossing) -> None:
    wrong: dict[str, Text] = {}
    if not 0 < len(crossing.rule) <= 100 or "." not in crossing.rule:
        wrong["rule"] = Text("应为“模块.规则”，最多100字", "Must be module.rule, 100 characters at most")
    if not 0 < len(crossing.place_key) <= 120:
        wrong["key"] = Text("请写明站码或对象", "Name the station or thing")
    if crossing.level not in Level.values:
        wrong["level"] = Text("应为1至4", "Must be 1 to 4")
    if crossing.at.tzinfo is None or crossing.detected_at.tzinfo is None:
        wrong["at"] = Text("时间要带时区", "A time needs a zone")
    if wrong:
        raise InvalidInput(fields=wrong)


def _one_at_a_time(crossings: Sequence[Crossing]) -> None:
    """SQLite has one writer; on PostgreSQL raisers of the same rule and place wait for each other.

    Locks are taken in the order of their numbers, so that two bulks never wait for each other.
    """
    if connection.vendor == "postgresql":
        places = {f"{rule}|{key}".encode() for rule, key in (one.place for one in crossings)}
        numbers = sorted(int.from_bytes(hashlib.sha256(one).digest()[:7], "big") for one in places)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(n) FROM unnest(%s::bigint[]) AS n", [numbers])


# -- reading ----------------------------------------------------------------------------------
_KNOWN = """
WITH asked(number, rule, version, place, stream, at) AS (VALUES {rows})
SELECT asked.number, told.alarm_id FROM asked CROSS JOIN {table} told
WHERE told.rule = asked.rule AND told.version = asked.version AND told.key = asked.place
AND told.stream = asked.stream AND told.at = asked.at
"""
"""CROSS JOIN: SQLite then goes from what is asked to the unique index, never the other way."""


def _known(crossings: Sequence[Crossing]) -> dict[Identity, int]:
    """Alarms of the crossings that were told before."""
    asked = list({one.identity for one in crossings})
    adapt = connection.ops.adapt_datetimefield_value
    found: dict[Identity, int] = {}
    for part in _chunks(asked):
        rows = ", ".join(["(%s, %s, %s, %s, %s, %s)"] * len(part))
        told = [(n, *one[:4], adapt(one[4])) for n, one in enumerate(part)]
        sql = _KNOWN.format(rows=rows, table=AlarmOccurrence._meta.db_table)
        with connection.cursor() as cursor:
            cursor.execute(sql, [value for row in told for value in row])
            found |= {part[number]: int(alarm) for number, alarm in cursor.fetchall()}
    return found


def _going(places: Iterable[Place]) -> dict[Place, Alarm]:
    """The newest alarm of each place that is not closed, locked in the order of their ids."""
    wanted, ids = set(places), []
    for part in _chunks(sorted(wanted)):
        rules, keys = {rule for rule, _ in part}, {key for _, key in part}
        rows = Alarm.objects.filter(rule__code__in=rules, key__in=keys, exercise="")
        ids += list(rows.exclude(state=Alarm.State.CLOSED).values_list("pk", flat=True))
    locked = Alarm.objects.select_for_update(of=("self",)).select_related("rule", "station", "datastream")
    found: dict[Place, Alarm] = {}
    for some in _chunks(sorted(set(ids))):
        rows = locked.filter(pk__in=some).exclude(state=Alarm.State.CLOSED).order_by("pk")
        found |= {(one.rule.code, one.key): one for one in rows if (one.rule.code, one.key) in wanted}
    return found


def _mutes(crossings: Sequence[Crossing]) -> dict[Place, list[Span]]:
    """Mutes that may hold for them."""
    found: dict[Place, list[Span]] = defaultdict(list)
    for part in _chunks(crossings):
        since = min(one.detected_at for one in part)
        live = AlarmMute.objects.filter(
            rule__in={one.rule for one in part}, key__in={one.place_key for one in part}, until__gt=since
        )
        for rule, key, written, until in live.values_list("rule", "key", "created_at", "until"):
            found[rule, key].append((written, until))
    return found


def _stations(crossings: Sequence[Crossing]) -> dict[str, Station]:
    found: dict[str, Station] = {}
    for part in _chunks(crossings):
        rows = Station.objects.filter(code__in={one.place_key for one in part})
        found |= {one.code: one for one in rows}
    return found


def _chunks(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    return (rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK))


# -- writing ----------------------------------------------------------------------------------
def _new(verdicts: Sequence[Verdict], mutes: dict[Place, list[Span]]) -> dict[int, Alarm]:
    """Unsaved alarms by the numbers the verdicts gave them."""
    raised = [one.crossing for one in verdicts]
    rules, stations = _rules(raised), _stations(raised)
    made = {}
    for verdict in verdicts:
        one = verdict.crossing
        until = silence(mutes.get(one.place, ()), one.detected_at)
        made[verdict.alarm] = alarm_of(one, rules[one.rule, one.version], stations.get(one.place_key), until)
    return made


def _rules(crossings: Sequence[Crossing]) -> dict[tuple[str, int], AlarmRule]:
    """The versions they name, written when they are new (in one order, as two bulks may do it at once)."""
    found: dict[tuple[str, int], AlarmRule] = {}
    for part in _chunks(crossings):
        rows = AlarmRule.objects.filter(code__in={one.rule for one in part})
        found |= {(one.code, one.version): one for one in rows}
    first: dict[tuple[str, int], Crossing] = {}
    for one in crossings:
        if (one.rule, one.version) not in found:
            first.setdefault((one.rule, one.version), one)
    missing = [rule_of(first[name]) for name in sorted(first)]
    if missing:
        found |= {(one.code, one.version): one for one in _written(missing)}
    return found


def _written(rules: list[AlarmRule]) -> list[AlarmRule]:
    try:
        with transaction.atomic():
            made: list[AlarmRule] = AlarmRule.objects.bulk_create(rules)
            return made
    except IntegrityError:  # another process wrote one of them meanwhile
        return [_found_or_written(one) for one in rules]


def _found_or_written(rule: AlarmRule) -> AlarmRule:
    facts = {one.attname: getattr(rule, one.attname) for one in AlarmRule._meta.concrete_fields}
    code, version = facts.pop("code"), facts.pop("version")
    facts.pop("id")
    row, _made = AlarmRule.objects.get_or_create(code=code, version=version, defaults=facts)
    return row


def _write(verdicts: Sequence[Verdict], rows: dict[int, Alarm]) -> None:
    """Alarms as they stand at the end, every occurrence and step, and the events one by one."""
    last: dict[int, Standing] = {one.alarm: one.after for one in verdicts if one.after is not None}
    counted = {number: standing for number, standing in sorted(last.items()) if number > 0}
    changed = [
        name for name in _COUNTED if any(getattr(rows[n], name) != getattr(to, name) for n, to in counted.items())
    ]  # fmt: skip
    for number, standing in last.items():
        put(standing, rows[number])
    Alarm.objects.bulk_create([rows[number] for number in last if number < 0])
    if counted:
        Alarm.objects.bulk_update([rows[number] for number in counted], changed)
    told = [one for one in verdicts if one.after is not None]
    AlarmOccurrence.objects.bulk_create([occurrence_of(one.crossing, _id(one, rows)) for one in told])
    steps = (_step(one, _id(one, rows)) for one in told)
    AlarmStep.objects.bulk_create([one for one in steps if one is not None])
    for one in told:
        _tell(one, rows[one.alarm])


def _step(verdict: Verdict, alarm: int) -> AlarmStep | None:
    """Its raising, or the worse level; counting alone is no step."""
    one, before, after = verdict.crossing, verdict.before, verdict.after
    what, detail = AlarmStep.What.RAISED, {"version": one.version}
    if before is not None and after is not None:
        if after.level == before.level:
            return None
        what, detail = AlarmStep.What.REPEATED, {"before": before.level, "level": after.level}
    return AlarmStep(alarm_id=alarm, at=one.detected_at, what=what, by=one.rule, detail=detail)


def _tell(verdict: Verdict, alarm: Alarm) -> None:
    """The event, of the alarm as this crossing left it."""
    before, after = verdict.before, verdict.after
    if after is None or after.untold:
        return
    put(after, alarm)
    if before is None:
        events.emit("things.alarm.raised", alarm.key, payload(alarm))
    else:
        told = {"count": after.count, "level_before": before.level}
        events.emit("things.alarm.repeated", alarm.key, payload(alarm) | told)


def payload(alarm: Alarm) -> dict[str, Any]:
    """The event of an alarm, with the same names whoever found it."""
    station = raising.station_facts(alarm.station) if alarm.station is not None else dict(alarm.place)
    unit = alarm.finding.get("unit") or alarm.unit
    return {
        "alarm": alarm.pk,
        "rule": alarm.rule.code,
        "rule_version": alarm.rule.version,
        "name": alarm.rule.text.to_dict(),
        "level": alarm.level,
        "incident_type": alarm.rule.incident_type,
        "property": alarm.rule.prop,
        "window_minutes": alarm.rule.window_minutes,
        "amount": "" if alarm.amount is None else raising.plain(alarm.amount),
        "threshold": "" if alarm.threshold is None else raising.plain(alarm.threshold),
        "unit": str(unit),
        "coverage": alarm.coverage,
        "raised_at": raising.local(alarm.raised_at),
        "detected_at": raising.local(alarm.detected_at),
        "late": raising.late(alarm),
        "station": {"code": alarm.key, "kind": "", "zh": alarm.key, "en": alarm.key} | station,
        "finding": alarm.finding,
        "exercise": alarm.exercise,
        "simulated": alarm.is_simulated,
        "evidence": f"/work/things/alarms/{alarm.pk}/",
        "key": alarm.key,
        "stream": alarm.stream,
    }
