"""HTTP interface of watch, below ``/api/v1/watch/``. Writes take an ``Idempotency-Key`` header."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.security import django_auth

from quancheng.capabilities.watch import actions, compiling, queries, wording
from quancheng.capabilities.watch.models import Episode, RuleVersion, Trial
from quancheng.capabilities.watch.values import Draft, Scope, spec_of
from quancheng.core.text import Text
from quancheng.kernel import pagination
from quancheng.kernel.errors import InvalidInput
from quancheng.kernel.middleware import call_of

router = Router(auth=django_auth)


class WatchRuleFilter(Schema):
    """Which rules."""

    text: str = ""
    state: str = ""
    kind: str = ""
    level: int | None = None
    cursor: str = ""
    size: str = ""


class WatchDraftIn(Schema):
    """A version: ``spec`` and ``scope`` as docs/modules/watch.md lists them."""

    spec: dict[str, Any]
    scope: dict[str, Any]
    level: int
    incident_type: str
    parameter: str = ""
    source: str = ""
    note: str = ""


class WatchRuleIn(WatchDraftIn):
    """A new rule with its first version."""

    code: str
    zh: str
    en: str


class WatchTrialIn(Schema):
    """How far back."""

    days: int = 31


class WatchApproveIn(Schema):
    """From when; now by default."""

    valid_from: datetime | None = None
    note: str = ""


class WatchNoteIn(Schema):
    """Why."""

    note: str


def _draft(body: WatchDraftIn) -> Draft:
    for name in ("incident_type", "parameter", "source", "note"):
        _plain(getattr(body, name), 500)
    return Draft(
        spec=spec_of(body.spec), scope=Scope.of(body.scope), level=body.level, incident_type=body.incident_type,
        parameter=body.parameter, source=body.source, note=body.note,
    )  # fmt: skip


def _plain(text: str, longest: int = 100) -> str:
    """A text as typed: no NUL (PostgreSQL refuses it), not endless."""
    if "\x00" in text or len(text) > longest:
        raise InvalidInput(Text("参数无效。", "A parameter is not valid."))
    return text


@router.get("/rules", summary="监测规则 Rules")
def rules(request: HttpRequest, filters: Query[WatchRuleFilter]) -> dict[str, Any]:
    """Each rule with its newest version, last changed first."""
    found = queries.versions(
        call_of(request).actor, newest=True, state=_plain(filters.state), kind=_plain(filters.kind),
        level=filters.level, text=_plain(filters.text),
    )  # fmt: skip
    page = pagination.page(found, ("-changed_at", "-id"), filters.dict())
    return {"items": [version_row(one) for one in page], "next": page.next, "previous": page.previous}


@router.post("/rules", summary="起草规则 Write a rule")
def write(request: HttpRequest, body: WatchRuleIn) -> dict[str, Any]:
    """A new rule; its first version is a draft."""
    call = call_of(request)
    made = actions.write_rule(
        call, code=_plain(body.code), zh=_plain(body.zh, 200), en=_plain(body.en, 200), draft=_draft(body)
    )
    return version_row(made)


@router.post("/preview", summary="白话预览 Preview in words")
def preview(request: HttpRequest, body: WatchDraftIn) -> dict[str, Any]:
    """The draft in both languages, and how many streams it covers. Nothing is kept."""
    draft, actor = _draft(body), call_of(request).actor
    return {"words": wording.sentence(draft).to_dict(), "streams": queries.covered(actor, draft.scope)}


@router.get("/rules/{code}", summary="一条规则 One rule")
def one_rule(request: HttpRequest, code: str) -> dict[str, Any]:
    """All versions and the trials of the newest."""
    actor = call_of(request).actor
    version = queries.version(actor, _plain(code))
    return version_row(version) | {
        "versions": [version_row(one) for one in queries.history(actor, code)],
        "trials": [trial_row(one) for one in queries.trials(actor, version)[:20]],
    }


@router.post("/rules/{code}/versions", summary="起草新版本 Write a version")
def new_version(request: HttpRequest, code: str, body: WatchDraftIn) -> dict[str, Any]:
    """A new draft; the version in force goes on until the draft is approved."""
    return version_row(actions.write_version(call_of(request), code=_plain(code), draft=_draft(body)))


@router.post("/rules/{code}/trials", summary="试算 Try on the past")
def try_on_past(request: HttpRequest, code: str, body: WatchTrialIn) -> dict[str, Any]:
    """How often the newest version would have fired."""
    return trial_row(actions.simulate(call_of(request), code=_plain(code), days=body.days))


@router.post("/rules/{code}/approve", summary="批准 Approve")
def put_in_force(request: HttpRequest, code: str, body: WatchApproveIn) -> dict[str, Any]:
    """Put the tried version in force; by another person than its writer."""
    made = actions.approve(
        call_of(request), code=_plain(code), valid_from=body.valid_from, note=_plain(body.note, 500)
    )
    return version_row(made)


@router.post("/rules/{code}/retire", summary="停用 Retire")
def take_out(request: HttpRequest, code: str, body: WatchNoteIn) -> dict[str, Any]:
    """The version in force watches no more."""
    return version_row(actions.retire(call_of(request), code=_plain(code), note=_plain(body.note, 500)))


@router.get("/episodes", summary="触发过程 Episodes")
def episodes(
    request: HttpRequest, rule: str = "", state: str = "", cursor: str = "", size: str = ""
) -> dict[str, Any]:
    """What rules in force found, newest first; ``state=open``: going on."""
    found = queries.episodes(call_of(request).actor, code=_plain(rule), open_only=state == "open")
    page = pagination.page(found, ("-began", "-id"), {"cursor": cursor, "size": size})
    return {"items": [episode_row(one) for one in page], "next": page.next, "previous": page.previous}


# -- rows -------------------------------------------------------------------------------------
def version_row(one: RuleVersion) -> dict[str, Any]:
    """A version as the API says it."""
    return {
        "code": one.rule.code, "name": one.rule.text.to_dict(), "pack": one.rule.pack, "version": one.number,
        "state": one.state, "kind": one.kind, "spec": one.spec, "scope": one.scope, "parameter": one.parameter,
        "source": one.source, "level": one.level, "incident_type": one.incident_type, "note": one.note,
        "words": wording.sentence(compiling.draft_of(one)).to_dict(), "written_by": one.written_by,
        "written_at": one.written_at, "approved_by": one.approved_by, "approved_at": one.approved_at,
        "valid_from": one.valid_from, "valid_to": one.valid_to, "simulated": one.rule.simulated,
    }  # fmt: skip


def trial_row(one: Trial) -> dict[str, Any]:
    """A trial as the API says it."""
    return {
        "since": one.since, "until": one.until, "streams": one.streams, "readings": one.readings,
        "firings": one.firings, "by_day": one.by_day, "episodes": one.episodes, "by": one.by, "at": one.at,
        "milliseconds": one.milliseconds,
    }  # fmt: skip


def episode_row(one: Episode) -> dict[str, Any]:
    """An episode as the API says it."""
    return {
        "id": one.pk, "rule": one.version.rule.code, "version": one.version.number, "stream": one.stream,
        "key": one.key, "began": one.began_at, "ended": one.ended_at, "value": one.value, "limit": one.limit,
        "late": one.late, "alarm": one.alarm, "detected_at": one.detected_at, "readings": one.readings,
    }  # fmt: skip
