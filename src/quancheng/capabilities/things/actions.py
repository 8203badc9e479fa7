"""The only writers of things: stations, frames, alarms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from quancheng.capabilities.things import ingest, raising
from quancheng.capabilities.things.models import (
    EXERCISE_LENGTH,
    Alarm,
    AlarmRule,
    Datastream,
    DeadLetter,
    IngestBatch,
    Kind,
    Latest,
    RecentReading,
    Station,
    Status,
)
from quancheng.capabilities.things.properties import MAIN, VOLTAGE
from quancheng.capabilities.things.values import IngestReport, ReceivedFrame
from quancheng.capabilities.things.window_cache import cache
from quancheng.core.telemetry.sl651 import FrameError
from quancheng.core.telemetry.sl651.times import pack_station
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput, TooLarge

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{1,39}")
FRAMES_LIMIT = 5000
_RESERVED = {"alarms", "rejected", "new", "batches"}
_FIELDS = ("code", "zh", "en", "kind", "lon", "lat", "region", "department")


# -- frames -----------------------------------------------------------------------------------
@action("things.ingest", idempotent=False)
def ingest_frames(
    call: Call, *, frames: Sequence[ReceivedFrame], channel: str, exercise: str = ""
) -> IngestReport:
    """接收报文: all of a batch or nothing; sending the same again changes nothing.

    Raises Forbidden, TooLarge (more than 5000 frames) and InvalidInput (exercise code too long).
    """
    access.require(call.actor, "ingest", Station)
    if len(frames) > FRAMES_LIMIT:
        raise TooLarge(Text(f"一批最多{FRAMES_LIMIT}帧。", f"A batch has {FRAMES_LIMIT} frames at most."))
    _check_exercise(exercise)
    try:
        report = ingest.ingest(frames, channel[:40], exercise)
    except BaseException:
        cache.forget()
        raise
    audit.note(
        run=report.run, channel=channel, exercise=exercise, received=report.received, accepted=report.accepted,
        duplicate=report.duplicate, rejected=report.rejected, alarms=len(report.alarms),
    )  # fmt: skip
    return report


@action("things.clear_exercise", idempotent=False)
def clear_exercise(call: Call, *, exercise: str) -> dict[str, int]:
    """清除演练数据: remove readings, alarms and ledger rows of one exercise (the store keeps its copy)."""
    access.require(call.actor, "clear_exercise", Station)
    if not exercise:
        raise InvalidInput(Text("必须写明演练编号。", "Name the exercise."))
    _check_exercise(exercise)
    removed = {}
    for model in (Alarm, Latest, RecentReading, DeadLetter, IngestBatch):
        removed[model._meta.model_name or ""] = model.objects.filter(exercise=exercise).delete()[0]
    cache.forget()
    audit.note(exercise=exercise, **removed)
    return removed


@action("things.prune", idempotent=False)
def prune(call: Call, *, keep_hours: int = 48, keep_days: int = 90) -> dict[str, int]:
    """清理: readings older than the windows and old ledger rows of the real city leave the tables."""
    access.require(call.actor, "prune", Station)
    old = call.at - timedelta(hours=keep_hours)
    very_old = call.at - timedelta(days=keep_days)
    newest = IngestBatch.objects.order_by("-pk").values_list("pk", flat=True).first()
    removed = {
        "readings": RecentReading.objects.filter(exercise="", time__lt=old).delete()[0],
        "letters": DeadLetter.objects.filter(exercise="", received_at__lt=very_old).delete()[0],
        "batches": IngestBatch.objects.filter(exercise="", received_at__lt=very_old)
        .exclude(pk=newest)
        .delete()[0],
    }
    audit.note(**removed)
    return removed


def _check_exercise(exercise: str) -> None:
    if len(exercise) > EXERCISE_LENGTH:
        raise InvalidInput(
            Text(
                f"演练编号最多{EXERCISE_LENGTH}字。",
                f"An exercise code has {EXERCISE_LENGTH} characters at most.",
            )
        )


# -- register ---------------------------------------------------------------------------------
@action("things.register_station")
def register_station(call: Call, **facts: Any) -> Station:
    """登记站点: code, zh, en, kind, lon, lat, region, department; address, simulated, status optional.

    Raises InvalidInput with the fields at fault, Conflict for a code or address already used.
    """
    access.require(call.actor, "register", Station)
    return _register(call, [facts])[0]


@action("things.register_stations", idempotent=False)
def register_stations(call: Call, *, rows: Sequence[Mapping[str, Any]]) -> list[Station]:
    """批量登记: as :func:`register_station`, all or none."""
    access.require(call.actor, "register", Station)
    made = _register(call, rows)
    audit.note(stations=len(made))
    return made


def _register(call: Call, rows: Sequence[Mapping[str, Any]]) -> list[Station]:
    stations = [_station(call, row) for row in rows]
    codes = [station.code for station in stations]
    addresses = [station.address for station in stations if station.address]
    taken = set(Station.objects.filter(code__in=codes).values_list("code", flat=True))
    used = set(Station.objects.filter(address__in=addresses).values_list("address", flat=True))
    if taken or used or len(set(codes)) < len(codes) or len(set(addresses)) < len(addresses):
        which = "、".join(sorted(taken | used)[:5])
        raise Conflict(
            Text(f"站码或遥测站地址已被使用:{which}", f"The code or address is taken: {which}"),
            todo=Text("请换一个站码或地址。", "Choose another code or address."),
        )
    made = Station.objects.bulk_create(stations, batch_size=500)
    streams = [
        Datastream.of(station, prop)
        for station in made
        for prop in (MAIN[station.kind], *([VOLTAGE] if station.address else []))
    ]
    Datastream.objects.bulk_create(streams, batch_size=500)
    for station in made:
        events.emit(
            "things.station.registered",
            station.code,
            {"code": station.code, "kind": station.kind, "region": station.region, "status": station.status,
             "before": ""},
        )  # fmt: skip
    return list(made)


def _station(call: Call, row: Mapping[str, Any]) -> Station:
    wrong = _wrong_fields(row)
    if wrong:
        raise InvalidInput(fields=wrong)
    station = Station(**{name: row[name] for name in _FIELDS})
    station.zh, station.en = station.zh.strip(), station.en.strip()
    station.lon, station.lat = float(row["lon"]), float(row["lat"])
    station.address = (row.get("address") or "").upper() or None
    station.simulated = bool(row.get("simulated", False))
    station.status = row.get("status", Status.PLANNED)
    station.note = str(row.get("note", ""))[:300]
    station.changed_at = call.at
    return station


def _wrong_fields(row: Mapping[str, Any]) -> dict[str, Text]:
    wrong: dict[str, Text] = {}
    code = str(row.get("code", ""))
    if not CODE.fullmatch(code) or code in _RESERVED:
        wrong["code"] = Text("2–40位字母、数字或连字符", "2 to 40 letters, digits or hyphens")
    for name, limit in (("zh", 80), ("en", 120), ("region", 12), ("department", 60)):
        if not 0 < len(str(row.get(name, "")).strip()) <= limit:
            wrong[name] = Text(f"必填，最多{limit}字", f"Required, {limit} characters at most")
    if row.get("kind") not in Kind.values:
        wrong["kind"] = Text("请选择站类", "Choose a kind")
    if not str(row.get("region", "")).isdigit():
        wrong["region"] = Text("请选择区县", "Choose a district")
    for name, least, most in (("lon", 73.0, 136.0), ("lat", 3.0, 54.0)):
        if not _between(row.get(name), least, most):
            wrong[name] = Text(f"应在{least:g}到{most:g}之间", f"Must be {least:g} to {most:g}")
    address = str(row.get("address") or "").upper()
    if address and not _is_address(address):
        wrong["address"] = Text("10位站址，如 0037010201", "Ten digits, such as 0037010201")
    return wrong


def _between(raw: Any, least: float, most: float) -> bool:
    try:
        return least <= float(raw) <= most
    except (TypeError, ValueError):
        return False


def _is_address(address: str) -> bool:
    try:
        pack_station(address)
    except FrameError:
        return False
    return True


@action("things.update_status")
def update_status(call: Call, *, code: str, status: str, note: str = "") -> Station:
    """变更状态: a person says what state a station is in. Raises NotFound, Forbidden, InvalidInput, Conflict."""
    station = _locked(call, code, "manage")
    if status not in Status.values or status == Status.RETIRED:
        raise InvalidInput(
            fields={"status": Text("请选择状态；退役请用“退役”", "Choose a state; to retire use retire")}
        )
    return _change(call, station, Status(status), note)


@action("things.retire")
def retire(call: Call, *, code: str, note: str) -> Station:
    """退役: the station's frames are refused from now on; its data stay."""
    station = _locked(call, code, "manage")
    if not note.strip():
        raise InvalidInput(fields={"note": Text("请写明退役原因", "Say why it is retired")})
    return _change(call, station, Status.RETIRED, note)


def _locked(call: Call, code: str, verb: str) -> Station:
    from quancheng.capabilities.things.queries import station

    found = station(call.actor, code)
    access.require(call.actor, verb, found)
    return Station.objects.select_for_update().get(pk=found.pk)


def _change(call: Call, station: Station, status: Status, note: str) -> Station:
    if station.status == status:
        raise Conflict(Text("站点已是这个状态。", "The station is in this state already."))
    raising.tell_status(station, status)
    audit.note(code=station.code, before=station.status, status=status.value, note=note)
    station.status, station.note, station.changed_at = status, note.strip()[:300], call.at
    station.save(update_fields=["status", "note", "changed_at"])
    return station


@action("things.mark_silent", idempotent=False)
def mark_silent(call: Call, *, minutes: int) -> int:
    """静默检测: online stations not heard for so long become silent; returns how many."""
    access.require(call.actor, "prune", Station)
    limit = call.at - timedelta(minutes=minutes)
    quiet = list(Station.objects.filter(status=Status.ONLINE, last_seen__lt=limit, address__isnull=False))
    for station in quiet:
        raising.tell_status(station, Status.SILENT)
    Station.objects.filter(pk__in=[one.pk for one in quiet]).update(status=Status.SILENT, changed_at=call.at)
    audit.note(silent=len(quiet))
    return len(quiet)


# -- alarms -----------------------------------------------------------------------------------
@action("things.acknowledge_alarm")
def acknowledge_alarm(call: Call, *, alarm: int, note: str = "") -> Alarm:
    """确认告警: somebody has seen it. Raises NotFound, Forbidden, Conflict."""
    found = _alarm(call, alarm)
    if found.state != Alarm.State.RAISED:
        raise Conflict(Text("告警已被确认或关闭。", "The alarm was acknowledged or closed already."))
    found.state, found.acknowledged_at = Alarm.State.ACKNOWLEDGED, call.at
    found.acknowledged_by, found.note = str(call.actor)[:120], note.strip()[:500]
    found.save(update_fields=["state", "acknowledged_at", "acknowledged_by", "note"])
    raising.tell_handled(found, "acknowledged", found.acknowledged_by, found.note)
    audit.note(alarm=found.pk, station=found.station.code)
    return found


@action("things.close_alarm")
def close_alarm(call: Call, *, alarm: int, note: str) -> Alarm:
    """关闭告警: it is over or was false, with the reason. Raises NotFound, Forbidden, Conflict, InvalidInput."""
    found = _alarm(call, alarm)
    if not note.strip():
        raise InvalidInput(fields={"note": Text("请写明关闭原因", "Say why it is closed")})
    if found.state == Alarm.State.CLOSED:
        raise Conflict(Text("告警已关闭。", "The alarm was closed already."))
    found.state, found.closed_at = Alarm.State.CLOSED, call.at
    found.closed_by, found.note = str(call.actor)[:120], note.strip()[:500]
    found.save(update_fields=["state", "closed_at", "closed_by", "note"])
    raising.tell_handled(found, "closed", found.closed_by, found.note)
    audit.note(alarm=found.pk, station=found.station.code, note=found.note)
    return found


def _alarm(call: Call, alarm: int) -> Alarm:
    from quancheng.capabilities.things.queries import alarm as visible_alarm

    found = visible_alarm(call.actor, alarm)
    access.require(call.actor, "handle", found)
    return Alarm.objects.select_for_update(of=("self",)).select_related("station", "rule").get(pk=found.pk)


# -- rules ------------------------------------------------------------------------------------
@action("things.sync_rules", idempotent=False)
def sync_rules(call: Call, *, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, str]:
    """规则入库: each ``(module, row)`` becomes a version when it is new or changed; absent ones end."""
    access.require(call.actor, "sync", AlarmRule)
    from quancheng.capabilities.things.rules import rule_of

    active = {rule.code: rule for rule in AlarmRule.objects.filter(active=True)}
    versions: dict[str, int] = {}
    for code, version in AlarmRule.objects.values_list("code", "version"):
        versions[code] = max(versions.get(code, 0), version)
    done: dict[str, str] = {}
    for module, row in rows:
        rule = rule_of(module, row)
        before = active.pop(rule.code, None)
        if before is not None and before.digest == rule.digest:
            done[rule.code] = "unchanged"
            continue
        if before is not None:
            before.active = False
            before.save(update_fields=["active"])
        rule.version = versions.get(rule.code, 0) + 1
        rule.save()
        done[rule.code] = "created" if before is None else "changed"
    AlarmRule.objects.filter(pk__in=[rule.pk for rule in active.values()]).update(active=False)
    audit.note(rules=done, ended=sorted(active), at=clock.today().isoformat())
    return done
