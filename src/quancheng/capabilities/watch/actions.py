"""The only writers of watch: rules and their versions, trials, approval, what rules in force found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from quancheng.capabilities.things import actions as things
from quancheng.capabilities.watch import compiling, episodes, queries, simulating
from quancheng.capabilities.watch.models import Episode, Level, RuleVersion, State, Trial, WatchRule
from quancheng.capabilities.watch.values import Draft, Past, micros, moment, spec_to_dict
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput

CODE = re.compile(r"[a-z][a-z0-9-]{1,79}")
RESERVED = {"new", "episodes", "preview"}
TRIAL_DAYS = 31
BULK = 500
"""Alarms raised or ended at once."""


# -- writing ----------------------------------------------------------------------------------
@action("watch.write_rule")
def write_rule(
    call: Call, *, code: str, zh: str, en: str, draft: Draft, pack: str = "", simulated: bool = False
) -> RuleVersion:
    """起草规则: a new rule with its first version. Raises Forbidden, InvalidInput, Conflict (code taken)."""
    access.require(call.actor, "write", WatchRule)
    wrong: dict[str, Text] = {}
    if not CODE.fullmatch(code) or code in RESERVED:
        wrong["code"] = Text(
            "2–80位小写字母、数字或连字符，字母开头", "2 to 80 lower-case letters, digits or hyphens"
        )
    for name, text, limit in (("zh", zh, 100), ("en", en, 160)):
        if not 0 < len(text.strip()) <= limit:
            wrong[name] = Text(f"必填，最多{limit}字", f"Required, {limit} characters at most")
    if wrong:
        raise InvalidInput(fields=wrong)
    if WatchRule.objects.filter(code=code).exists():
        raise Conflict(Text(f"编号 {code} 已被使用。", f"The code {code} is taken."))
    rule = WatchRule.objects.create(
        code=code, zh=zh.strip(), en=en.strip(), pack=pack, created_at=call.at, simulated=simulated
    )
    return _version(call, rule, 1, draft)


@action("watch.write_version")
def write_version(call: Call, *, code: str, draft: Draft) -> RuleVersion:
    """起草新版本: the present version goes on until the new one is in force; one draft at a time.

    A draft that was not approved yet is replaced. Raises Forbidden, NotFound, InvalidInput.
    """
    rule = queries.rule(call.actor, code)
    access.require(call.actor, "write", rule)
    last = RuleVersion.objects.select_for_update().filter(rule=rule).order_by("-number").first()
    if last is not None and last.state in {State.DRAFT, State.SIMULATED}:
        last.trials.all().delete()
        return _fill(call, last, draft)
    return _version(call, rule, (last.number if last else 0) + 1, draft)


def _version(call: Call, rule: WatchRule, number: int, draft: Draft) -> RuleVersion:
    return _fill(call, RuleVersion(rule=rule, number=number), draft)


def _fill(call: Call, version: RuleVersion, draft: Draft) -> RuleVersion:
    _check(call, draft)
    version.state, version.kind = State.DRAFT, str(draft.spec.kind)
    version.spec, version.scope = spec_to_dict(draft.spec), draft.scope.to_dict()
    version.parameter, version.source = draft.parameter, draft.source.strip()[:300]
    version.level, version.incident_type = draft.level, draft.incident_type
    version.note = draft.note.strip()[:500]
    version.written_by, version.written_at = str(call.actor)[:120], call.at
    version.changed_at = call.at
    version.save()
    audit.note(rule=version.rule.code, version=version.number, spec=version.spec, scope=version.scope)
    return version


def _check(call: Call, draft: Draft) -> None:
    wrong = dict(draft.spec.faults())
    if draft.level not in Level.values:
        wrong["level"] = Text("请选择级别", "Choose a level")
    if not 0 < len(draft.incident_type) <= 100 or "." not in draft.incident_type:
        wrong["incident_type"] = Text("应为“模块.类别”", "Must be module.type")
    if not draft.parameter and not draft.source.strip():
        wrong["source"] = Text(
            "请写明阈值的依据，或选择参数", "Say where the limit comes from, or choose a parameter"
        )
    if not (draft.scope.property or draft.scope.streams):
        wrong["property"] = Text("请选择观测要素", "Choose an observed property")
    if wrong:
        raise InvalidInput(fields=wrong)
    compiling.found(draft.parameter)


# -- trying -----------------------------------------------------------------------------------
def _try(call: Call, *, code: str, days: int = TRIAL_DAYS, until: datetime | None = None) -> Past:
    """What the newest version would have found; read before the transaction."""
    version = queries.version(call.actor, code)
    if not 1 <= days <= 400:
        raise InvalidInput(fields={"days": Text("应为1到400天", "1 to 400 days")})
    end = until or call.at
    begin = micros(end - timedelta(days=days))
    compiled = compiling.compile_version(version, call.actor, since=begin)
    return simulating.run_past(compiled, since=begin, until=micros(end))


@action("watch.simulate", prepare=_try)
def simulate(
    call: Call,
    *,
    code: str,
    days: int = TRIAL_DAYS,
    until: datetime | None = None,
    prepared: Past | None = None,
) -> Trial:
    """试算: the newest version over the last ``days``; a draft becomes one that was tried.

    Raises Forbidden, NotFound, InvalidInput, TooLarge.
    """
    version = RuleVersion.objects.select_for_update().get(pk=queries.version(call.actor, code).pk)
    access.require(call.actor, "simulate", version)
    past = prepared if prepared is not None else _try(call, code=code, days=days, until=until)
    trial = Trial.objects.create(
        version=version, since=moment(past.since), until=moment(past.until), streams=past.streams,
        readings=past.readings, firings=past.firings, episodes=[one.to_dict() for one in past.episodes],
        by_day=dict(past.by_day), by=str(call.actor)[:120], at=call.at, milliseconds=past.milliseconds,
    )  # fmt: skip
    if version.state == State.DRAFT:
        version.state, version.changed_at = State.SIMULATED, call.at
        version.save(update_fields=["state", "changed_at"])
    audit.note(rule=code, version=version.number, firings=past.firings, readings=past.readings, days=days)
    return trial


# -- approving --------------------------------------------------------------------------------
@action("watch.approve")
def approve(call: Call, *, code: str, valid_from: datetime | None = None, note: str = "") -> RuleVersion:
    """批准: another person than the writer puts a tried version in force, now or from a later moment.

    Raises Forbidden (also for the writer), NotFound, Conflict (not tried, approved already), InvalidInput.
    """
    version = _locked(call, code, "approve")
    if version.state != State.SIMULATED:
        raise Conflict(
            Text(
                "只能批准已试算、尚未批准的版本。",
                "Only a version that was tried and not yet approved can be approved.",
            ),
            todo=Text("请先试算。", "Try it on the past first."),
        )
    if version.written_by == str(call.actor)[:120]:
        raise Forbidden(Text("起草人不能批准自己的规则。", "Nobody may approve a rule of their own."))
    begin = valid_from or call.at
    if begin.tzinfo is None or not call.at - timedelta(minutes=5) <= begin <= call.at + timedelta(days=366):
        raise InvalidInput(fields={"valid_from": Text("应在今后一年以内", "Must lie in the coming year")})
    version.approved_by, version.approved_at = str(call.actor)[:120], call.at
    version.valid_from, version.state, version.changed_at = begin, State.APPROVED, call.at
    version.save()
    audit.note(rule=code, version=version.number, valid_from=begin.isoformat(), note=note[:500])
    events.emit("watch.rule.approved", code, _told(version))
    if begin <= call.at:
        _enact(version, call.at)
    return version


@action("watch.enact_due", idempotent=False)
def enact_due(call: Call) -> int:
    """到期生效: approved versions whose day has come are in force; how many."""
    access.require(call.actor, "enact", RuleVersion)
    due = RuleVersion.objects.select_related("rule").filter(state=State.APPROVED, valid_from__lte=call.at)
    rows = list(due.order_by("number"))
    for version in rows:
        _enact(version, call.at)
    audit.note(enacted=[str(one) for one in rows])
    return len(rows)


def _enact(version: RuleVersion, at: datetime) -> None:
    for old in RuleVersion.objects.filter(rule=version.rule, state=State.IN_FORCE).exclude(pk=version.pk):
        old.state, old.valid_to, old.changed_at = State.RETIRED, at, at
        old.save(update_fields=["state", "valid_to", "changed_at"])
    version.state, version.changed_at = State.IN_FORCE, at
    version.save(update_fields=["state", "changed_at"])
    events.emit("watch.rule.in_force", version.rule.code, _told(version))


@action("watch.retire")
def retire(call: Call, *, code: str, note: str) -> RuleVersion:
    """停用: the version in force (or approved) watches no more. Raises Forbidden, NotFound, Conflict, InvalidInput."""
    rule = queries.rule(call.actor, code)
    running = RuleVersion.objects.select_for_update().select_related("rule")
    found = running.filter(rule=rule, state__in=[State.IN_FORCE, State.APPROVED]).order_by("-number")
    version: RuleVersion | None = next(iter(found[:1]), None)
    access.require(call.actor, "approve", version if version is not None else RuleVersion)
    if not note.strip():
        raise InvalidInput(fields={"note": Text("请写明停用原因", "Say why it is retired")})
    if version is None:
        raise Conflict(Text("规则没有生效的版本。", "The rule has no version in force."))
    version.state, version.valid_to, version.changed_at = State.RETIRED, call.at, call.at
    version.retired_by, version.note = str(call.actor)[:120], note.strip()[:500]
    version.save(update_fields=["state", "valid_to", "changed_at", "retired_by", "note"])
    audit.note(rule=code, version=version.number, note=version.note)
    events.emit("watch.rule.retired", code, _told(version))
    return version


def _locked(call: Call, code: str, verb: str) -> RuleVersion:
    found = queries.version(call.actor, code)
    access.require(call.actor, verb, found)
    rows = RuleVersion.objects.select_for_update(of=("self",)).select_related("rule")
    locked: RuleVersion = rows.get(pk=found.pk)
    return locked


def _told(version: RuleVersion) -> dict[str, Any]:
    return {
        "rule": version.rule.code, "version": version.number, "state": str(version.state), "level": version.level,
        "kind": version.kind, "name": version.rule.text.to_dict(),
        "valid_from": version.valid_from.isoformat() if version.valid_from else None,
    }  # fmt: skip


# -- what rules found -------------------------------------------------------------------------
@action("watch.record", idempotent=False)
def record(
    call: Call, *, firings: Sequence[Mapping[str, Any]], endings: Iterable[tuple[int, int, int, int]] = ()
) -> dict[str, int]:
    """记录触发: alarms and episodes of what rules in force found, all of it or nothing; twice changes nothing.

    ``firings``: ``alarm`` (arguments of ``things.raise_alarm``) and ``episode`` (columns of Episode).
    ``endings``: version, stream, began and ended (µs). Raises Forbidden.
    """
    access.require(call.actor, "record", Episode)
    fresh = _fresh(firings)
    for start in range(0, len(fresh), BULK):
        part = fresh[start : start + BULK]
        alarms = things.raise_alarms(call, rows=[one["alarm"] for one in part])
        Episode.objects.bulk_create(
            [Episode(alarm=alarm, **one["episode"]) for one, alarm in zip(part, alarms, strict=True)]
        )
    ended = _end(call, list(endings))
    audit.note(firings=len(fresh), known=len(firings) - len(fresh), endings=ended)
    return {"fired": len(fresh), "ended": ended}


def _fresh(firings: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those that were not written yet; one told twice counts once."""
    keys = [
        (one["episode"]["version_id"], one["episode"]["stream"], one["episode"]["began"]) for one in firings
    ]
    known = episodes.find(keys)
    first = {key: one for key, one in zip(reversed(keys), reversed(firings), strict=True) if key not in known}
    return [first.pop(key) for key in keys if key in first]


def _end(call: Call, endings: Sequence[tuple[int, int, int, int]]) -> int:
    """Episodes end; an alarm ends with the last of its episodes. How many endings changed something."""
    found = episodes.find([one[:3] for one in endings])
    done = episodes.settle(endings, found, episodes.going({one.alarm for one in found.values()}))
    Episode.objects.bulk_update([Episode(pk=pk, ended=at) for pk, at in done.ended.items()], ["ended"])
    for start in range(0, len(done.over), BULK):
        part = done.over[start : start + BULK]
        things.end_alarms(call, rows=[(alarm, moment(at)) for alarm, at in part])
    return done.changes
