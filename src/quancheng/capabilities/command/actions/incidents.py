"""Writers of incidents 突发事件: report (merging), verify, respond, control, close, log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from quancheng.capabilities.command import deeds, flow, telling
from quancheng.capabilities.command.merging import Candidate, Sighting, Window, best_match
from quancheng.capabilities.command.models import Incident, IncidentEvent, IncidentReport
from quancheng.capabilities.people import queries as people
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, events, photos, registry
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, NotFound

SOURCES = ("sensor", "person", "camera", "system", "hotline")


@action("command.incident.report")
def report_incident(
    call: Call,
    *,
    type: str,
    level: int,
    lon: float,
    lat: float,
    region: str,
    title: Text | Mapping[str, Any] | str,
    occurred_at: datetime,
    source_kind: str,
    source_ref: str,
    text: str = "",
    evidence: Mapping[str, Any] | None = None,
    exercise: str = "",
    place: str = "",
    photo: Any = None,
    located: bool = True,
    simulated: bool = False,
) -> Incident:
    """接报: joins the open incident it belongs to, or opens one. Raises InvalidInput, Forbidden."""
    access.require(call.actor, "report", Incident)
    kind = _type_row(type)
    lon, lat = deeds.clean_place(lon, lat)
    level, region = deeds.clean_level(level), deeds.clean_region(region)
    exercise, title = deeds.clean_exercise(exercise), deeds.clean_title(title)
    text = deeds.clean_text("text", text, 500, empty=True)
    place = deeds.clean_text("place", place, 120, empty=True)
    source_ref = deeds.clean_text("source_ref", source_ref, 120)
    if source_kind not in SOURCES:
        raise deeds.refuse("source_kind", "没有这种来源。", "There is no such kind of source.")
    at = deeds.moment(call, exercise)
    if exercise and occurred_at.tzinfo is not None:
        at = max(at, occurred_at)  # the drill's clock is told of in steps and may lag behind
    if occurred_at.tzinfo is None or occurred_at > at + timedelta(minutes=10):
        raise deeds.refuse("occurred_at", "发生时间不能在将来。", "It cannot have happened in the future.")
    photos.check(photo)
    deeds.locked(f"merge:{type}:{exercise}")
    known = IncidentReport.objects.filter(exercise=exercise, source_kind=source_kind, source_ref=source_ref)
    if (earlier := known.select_related("incident__lead").first()) is not None:
        audit.note(number=earlier.incident.number, repeated=True)
        return earlier.incident  # type: ignore[no-any-return]
    facts: dict[str, Any] = {
        "exercise": exercise,
        "source_kind": source_kind,
        "source_ref": source_ref,
        "text": text,
        "evidence": dict(evidence or {}),
        "lon": lon,
        "lat": lat,
        "level": level,
        "at": occurred_at,
        "photo": photo or "",
        "reporter_id": call.actor.user_id,
    }
    incident = _find_same(type, lon, lat, occurred_at, exercise) if located else None
    if incident is not None:
        return _join(call, at, incident, facts)
    incident = Incident.objects.create(
        number=deeds.next_number("incident", at, exercise),
        type=type,
        zh=title.zh,
        en=title.en,
        level=level,
        lon=lon,
        lat=lat,
        region=region,
        place=place,
        located=located,
        lead=_lead(kind),
        source=source_kind,
        exercise=exercise,
        occurred_at=occurred_at,
        last_report_at=occurred_at,
        opened_at=at,
        changed_at=at,
        changed_by=deeds.display(call.actor),
        simulated=simulated or bool(exercise) or call.actor.simulated,
    )
    IncidentReport.objects.create(incident=incident, **facts)
    level_text = flow.LEVELS[level]
    said = Text(f"接报:{title.zh}({level_text.zh})", f"Reported: {title.en} ({level_text.en})")
    deeds.log(call, at, "report", said, incident=incident, evidence=_link(evidence))
    events.emit("command.incident.opened", incident.number, telling.of_incident(call, at, incident))
    audit.note(number=incident.number)
    return incident  # type: ignore[no-any-return]


def _type_row(type: str) -> Any:
    for _, row in registry.items("incident_type"):
        if row.id == type:
            return row
    raise deeds.refuse("type", f"没有事件类别 {type[:60]}。", f"There is no incident type {type[:60]}.")


def _lead(kind: Any) -> Any:
    try:
        return people.department(kind.lead)
    except NotFound:
        return None


def _link(evidence: Mapping[str, Any] | None) -> str:
    link = str((evidence or {}).get("link", ""))
    return link[:300] if link.startswith("/") and not link.startswith("//") else ""


def _find_same(type: str, lon: float, lat: float, at: datetime, exercise: str) -> Incident | None:
    day = at.astimezone(clock.LOCAL).date()
    window = Window(
        deeds.amount_for("command.merge.metres", type, day, exercise=exercise),
        deeds.amount_for("command.merge.minutes", type, day, exercise=exercise),
    )
    slack, span = timedelta(minutes=window.minutes), window.metres / 60_000
    rows = Incident.objects.filter(
        exercise=exercise,
        type=type,
        located=True,
        state__in=flow.INCIDENT.open,
        last_report_at__gte=at - slack,
        occurred_at__lte=at + slack,
        lat__range=(lat - span, lat + span),
    )
    found = best_match(
        Sighting(type, lon, lat, at),
        [Candidate(r.pk, r.type, r.lon, r.lat, r.occurred_at, r.last_report_at) for r in rows],
        window,
    )
    return None if found is None else deeds.fetch(Incident, found.id)


def _join(call: Call, at: datetime, incident: Incident, facts: dict[str, Any]) -> Incident:
    IncidentReport.objects.create(incident=incident, **facts)
    before, level = incident.level, flow.worse(incident.level, facts["level"])
    Incident.objects.filter(pk=incident.pk).update(
        reports_count=F("reports_count") + 1,
        level=level,
        last_report_at=max(incident.last_report_at, facts["at"]),
        occurred_at=min(incident.occurred_at, facts["at"]),
    )
    incident.refresh_from_db()
    source = f"{facts['source_kind']}:{facts['source_ref']}"
    said = Text(
        f"并入第{incident.reports_count}次接报:{facts['text'] or source}",
        f"Report no. {incident.reports_count} joined: {_english(facts) or source}",
    )
    deeds.log(call, at, "merge_report", said, incident=incident, evidence=_link(facts["evidence"]))
    payload = telling.of_incident(call, at, incident, merged_report=source)
    events.emit("command.incident.merged", incident.number, payload)
    if level != before:
        _tell_level(call, at, incident, before, said)
    audit.note(number=incident.number, merged=True)
    return incident


def _english(facts: dict[str, Any]) -> str:
    """What a report says in English: machines give both languages, people write one."""
    return str(facts["evidence"].get("en") or facts["text"])


def _tell_level(call: Call, at: datetime, incident: Incident, before: int, reason: Text) -> None:
    old, new = flow.LEVELS[before], flow.LEVELS[incident.level]
    said = Text(f"级别由{old.zh}调整为{new.zh}:{reason.zh}", f"{old.en} changed to {new.en}: {reason.en}")
    deeds.log(call, at, "level", said, incident=incident)
    payload = telling.of_incident(call, at, incident, before=before, reason=reason.to_dict())
    events.emit("command.incident.level_changed", incident.number, payload)


def _simple(
    call: Call, ref: Any, verb: str, note: str, *, note_needed: bool = False, **fields: Any
) -> Incident:
    incident = deeds.fetch(Incident, ref)
    access.require(call.actor, verb, incident)
    note = deeds.clean_text("note", note, 300, empty=not note_needed)
    at = deeds.moment(call, incident.exercise)
    deeds.advance(flow.INCIDENT, incident, verb, call, at, **dict.fromkeys(fields, at))
    past = flow.INCIDENT.find(verb).past
    tail = Text(f":{note}", f": {note}") if note else Text("", "")
    deeds.log(call, at, verb, Text(past.zh + tail.zh, past.en.capitalize() + tail.en), incident=incident)
    audit.note(number=incident.number, note=note)
    return incident


@action("command.incident.verify")
def verify_incident(call: Call, *, incident: Incident | str, note: str = "") -> Incident:
    """核实. Raises Conflict, Forbidden."""
    access.require(call.actor, "verify", Incident)
    return _simple(call, incident, "verify", note)


@action("command.incident.respond")
def respond_incident(call: Call, *, incident: Incident | str, note: str = "") -> Incident:
    """转处置. Raises Conflict, Forbidden."""
    access.require(call.actor, "respond", Incident)
    return _simple(call, incident, "respond", note)


@action("command.incident.control")
def control_incident(call: Call, *, incident: Incident | str, note: str = "") -> Incident:
    """已控制. Raises Conflict, Forbidden."""
    access.require(call.actor, "control", Incident)
    return _simple(call, incident, "control", note)


@action("command.incident.reject")
def reject_incident(call: Call, *, incident: Incident | str, reason: str) -> Incident:
    """不属实，排除. Raises Conflict, InvalidInput, Forbidden."""
    access.require(call.actor, "reject", Incident)
    return _simple(call, incident, "reject", reason, note_needed=True, closed_at=True)


@action("command.incident.level")
def change_level(call: Call, *, incident: Incident | str, level: int, reason: str) -> Incident:
    """调整级别. Raises Conflict, InvalidInput, Forbidden."""
    row = deeds.fetch(Incident, incident)
    access.require(call.actor, "change_level", row)
    level, reason = deeds.clean_level(level), deeds.clean_text("reason", reason, 300)
    at = deeds.moment(call, row.exercise)
    _still_open(row)
    before = row.level
    if level == before:
        raise deeds.refuse("level", "级别没有变化。", "That is the level already.")
    deeds.change(row, call, at, level=level)
    _tell_level(call, at, row, before, Text(reason, reason))
    audit.note(number=row.number, before=before, level=level, reason=reason)
    return row


def _still_open(row: Incident) -> None:
    if not row.is_open:
        said = Text(f"事件{row.state_text.zh}。", f"The incident is {row.state_text.en}.")
        raise Conflict(said, extra={"state": row.state})


@action("command.incident.merge")
def merge_incidents(call: Call, *, source: Incident | str, target: Incident | str, reason: str) -> Incident:
    """并案: ``source`` becomes part of ``target``. Raises InvalidInput, Conflict, Forbidden."""
    gone, kept = deeds.fetch(Incident, source), deeds.fetch(Incident, target)
    access.require(call.actor, "merge", gone)
    access.require(call.actor, "merge", kept)
    if gone.pk == kept.pk or gone.exercise != kept.exercise or gone.type != kept.type:
        raise deeds.refuse(
            "target", "只能并入同类别的另一起事件。", "Only another incident of the same type will do."
        )
    reason = deeds.clean_text("reason", reason, 300)
    _still_open(kept)
    at = deeds.moment(call, gone.exercise)
    deeds.advance(flow.INCIDENT, gone, "merge", call, at, merged_into=kept, closed_at=at)
    gone.reports.update(incident=kept)
    gone.tasks.update(incident=kept)
    gone.activations.update(incident=kept)
    deeds.change(
        kept,
        call,
        at,
        reports_count=kept.reports_count + gone.reports_count,
        level=flow.worse(kept.level, gone.level),
        occurred_at=min(kept.occurred_at, gone.occurred_at),
        last_report_at=max(kept.last_report_at, gone.last_report_at),
    )
    said = Text(f"并入{kept.number}:{reason}", f"Merged into {kept.number}: {reason}")
    deeds.log(call, at, "merge", said, incident=gone, evidence=kept.path)
    said = Text(f"并案{gone.number}:{reason}", f"{gone.number} merged in: {reason}")
    deeds.log(call, at, "merge", said, incident=kept, evidence=gone.path)
    payload = telling.of_incident(call, at, kept, merged_number=gone.number)
    events.emit("command.incident.merged", kept.number, payload)
    audit.note(number=kept.number, merged=gone.number, reason=reason)
    return kept


@action("command.incident.log")
def add_log(
    call: Call,
    *,
    incident: Incident | str,
    text: Text | Mapping[str, Any] | str,
    evidence: str = "",
    verb: str = "note",
) -> IncidentEvent:
    """记一笔. Raises InvalidInput, Forbidden."""
    row = deeds.fetch(Incident, incident)
    access.require(call.actor, "log", row)
    try:
        said = Text.of(text)
    except (TypeError, ValueError) as wrong:
        raise deeds.refuse("text", "应为文字。", "It must be a text.") from wrong
    said = Text(deeds.clean_text("text", said.zh, 600), deeds.clean_text("text", said.en, 900))
    link = _link({"link": evidence}) if evidence else ""
    verb = deeds.clean_text("verb", verb, 30)
    audit.note(number=row.number)
    return deeds.log(call, deeds.moment(call, row.exercise), verb, said, incident=row, evidence=link)


@action("command.incident.close")
def close_incident(call: Call, *, incident: Incident | str, note: str) -> Incident:
    """结案: refused while tasks are open, and says which. Raises Conflict, InvalidInput, Forbidden."""
    row = deeds.fetch(Incident, incident)
    access.require(call.actor, "close", row)
    note = deeds.clean_text("note", note, 300)
    waiting = list(
        row.tasks.filter(state__in=flow.TASK.open).order_by("id").values_list("number", "zh", "en")
    )
    if waiting:
        zh = "、".join(f"{number} {name}" for number, name, _ in waiting[:10])
        en = ", ".join(f"{number} {name}" for number, _, name in waiting[:10])
        raise Conflict(
            Text(f"还有{len(waiting)}项任务未办结:{zh}。", f"{len(waiting)} tasks are still open: {en}."),
            todo=Text("请先核验或撤销这些任务。", "Check or withdraw these tasks first."),
            extra={"open_tasks": [number for number, _, _ in waiting]},
        )
    at = deeds.moment(call, row.exercise)
    deeds.advance(flow.INCIDENT, row, "close", call, at, closed_at=at)
    deeds.log(call, at, "close", Text(f"结案:{note}", f"Closed: {note}"), incident=row)
    minutes = round((at - row.occurred_at).total_seconds() / 60, 1)
    events.emit("command.incident.closed", row.number, telling.of_incident(call, at, row, minutes=minutes))
    audit.note(number=row.number, note=note)
    return row
