"""Pages of trial runs, checking, publishing, versions and migration."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from quancheng.capabilities.designer import actions, content, diffing, queries, trials
from quancheng.capabilities.designer.desk import page
from quancheng.capabilities.designer.models import MatterDraft, Migration
from quancheng.capabilities.designer.values import SAMPLES, Sample, sample_of
from quancheng.capabilities.services import queries as matters
from quancheng.capabilities.services.values import State, definition_of, export_matter, export_zip
from quancheng.core import forms
from quancheng.core.forms import Kind
from quancheng.core.text import Text
from quancheng.kernel import access, clock
from quancheng.kernel.errors import InvalidInput, NotFound, QuanchengError
from quancheng.kernel.middleware import new_key

__all__ = ["check", "export", "migrate", "publish", "trial", "versions"]


@require_GET
@never_cache
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """检查: all problems with links to the place."""
    draft = queries.draft(request.actor, pk)  # type: ignore[attr-defined]
    return page(request, "check", draft, "check")


# -- trial runs ----------------------------------------------------------------------------------------
@require_http_methods(["GET", "POST"])
@never_cache
def trial(request: HttpRequest, pk: int) -> HttpResponse:
    """试运行: sample, answers and steps travel in the form; each button adds one step and plays all anew."""
    draft = queries.draft(request.actor, pk)  # type: ignore[attr-defined]
    given = request.POST
    sample, answers, steps = _sample(given), _answers(given, draft), _steps(given)
    start = given.get("start", "") or clock.today().isoformat()
    problem, found = None, None
    try:
        if given.get("do") == "keep":
            actions.keep_scenario(
                request.call(), draft=draft, name=given.get("name", ""), sample=sample.to_json(),  # type: ignore[attr-defined]
                answers=answers, steps=steps, start=start,
            )  # fmt: skip
            messages.success(request, _("场景已保存。"))
            return redirect("designer:trial", pk)
        if given.get("do") == "forget":
            known = queries.scenarios(request.actor, draft.code)  # type: ignore[attr-defined]
            scenario = known.filter(pk=_number(given.get("scenario"))).first()
            if scenario is None:
                raise NotFound()
            actions.drop_scenario(request.call(), scenario=scenario)  # type: ignore[attr-defined]
            return redirect("designer:trial", pk)
        if request.method == "POST" and given.get("do") != "again":
            found = trials.run(draft.content, sample, answers, steps, start)
    except QuanchengError as wrong:
        problem = wrong
    kept = queries.scenarios(request.actor, draft.code)  # type: ignore[attr-defined]
    failed = _failures(draft, kept)
    return page(
        request, "trial", draft, "trial", problem.status if problem else 200, problem=problem, trial=found,
        samples=SAMPLES, sample=sample, asked=_asked(draft, answers), start=start, scenarios=[(one, failed.get(one.name)) for one in kept],
        hidden={"sample": json.dumps(sample.to_json(), ensure_ascii=False), "answers": json.dumps(answers, ensure_ascii=False),
                "steps": json.dumps(steps), "start": start},
        choices=[(json.dumps(one.step), one) for one in found.choices] if found else (),
    )  # fmt: skip


def _sample(given: Mapping[str, str]) -> Sample:
    if given.get("sample", "").startswith("{"):
        return Sample.from_json(_json(given["sample"], dict))
    if given.get("sample") == "own":
        return Sample(
            "own", Text("自定申请人", "Own applicant"), kind="firm" if given.get("own_kind") == "firm" else "person", name="模拟申请人",
            sex=given.get("own_sex", ""), birth_date=given.get("own_birth", ""),
            residence=given.get("own_residence", "")[:12], household=given.get("own_residence", "")[:12],
        )  # fmt: skip
    return sample_of(given.get("sample", ""))


def _answers(given: Mapping[str, str], draft: MatterDraft) -> dict[str, Any]:
    if given.get("answers"):
        return dict(_json(given["answers"], dict))
    found: dict[str, Any] = {}
    for one in _fields(draft):
        name = f"a_{one.key}"
        if one.kind is Kind.MULTI and hasattr(given, "getlist"):
            found[one.key] = given.getlist(name)
        elif given.get(name):
            found[one.key] = given[name]
    return found


def _steps(given: Mapping[str, str]) -> list[Mapping[str, Any]]:
    steps = _json(given.get("steps") or "[]", list)
    if given.get("step"):
        steps.append(_json(given["step"], dict))
    if given.get("do") == "undo":
        steps = steps[:-1]
    if given.get("do") == "wait":
        steps.append({"do": "wait", "days": _number(given.get("days"))})
    return [one for one in steps if isinstance(one, dict)]


def _json(text: str, kind: type) -> Any:
    try:
        found = json.loads(text[:200_000])
    except (ValueError, RecursionError) as wrong:
        raise InvalidInput(Text("试运行的内容读不了。", "The trial run cannot be read.")) from wrong
    if not isinstance(found, kind):
        raise InvalidInput(Text("试运行的内容读不了。", "The trial run cannot be read."))
    return found


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _fields(draft: MatterDraft) -> list[forms.Field]:
    spec, _wrong = content.definition(draft.content)
    if spec is None:
        return []
    try:
        return [one for one in definition_of(spec).fields if not one.locked and not one.kind.outside]
    except (forms.FormError, ValueError, KeyError, TypeError, AttributeError):
        return []


def _asked(draft: MatterDraft, answers: Mapping[str, Any]) -> list[tuple[forms.Field, Any]]:
    return [(one, answers.get(one.key, "")) for one in _fields(draft)]


def _failures(draft: MatterDraft, kept: Any) -> dict[str, list[Text]]:
    try:
        return dict(trials.failures(draft.content, kept))
    except QuanchengError as wrong:
        return {one.name: [wrong.detail] for one in kept}


# -- publishing ----------------------------------------------------------------------------------------
@require_http_methods(["GET", "POST"])
@never_cache
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    """发布: the difference to the version in force in words; one proposes, another publishes."""
    draft = queries.draft(request.actor, pk)  # type: ignore[attr-defined]
    problem = None
    if request.method == "POST":
        try:
            return _step(request, draft)
        except QuanchengError as wrong:
            problem = wrong
    kept = queries.scenarios(request.actor, draft.code)  # type: ignore[attr-defined]
    return page(
        request, "publish", draft, "publish", problem.status if problem else 200, problem=problem,
        lines=queries.difference(request.actor, draft), failed=_failures(draft, kept), scenarios=len(kept),  # type: ignore[attr-defined]
        running=queries.running_content(request.actor, draft.code)[0], changes=queries.changes_of(draft),  # type: ignore[attr-defined]
    )  # fmt: skip


def _step(request: HttpRequest, draft: MatterDraft) -> HttpResponse:
    call, given = request.call(), request.POST  # type: ignore[attr-defined]
    revision = _number(given.get("revision")) or draft.revision
    match given.get("do"):
        case "propose":
            actions.propose_draft(call, draft=draft, revision=revision, note=given.get("note", ""))
            messages.success(request, _("已提请发布，请另一位发布人员审核。"))
        case "return":
            actions.return_draft(call, draft=draft, revision=revision, reason=given.get("reason", ""))
            messages.success(request, _("已退回修改。"))
        case "publish":
            made = actions.publish_draft(call, draft=draft, revision=revision)
            messages.success(
                request, _("已发布为版本%(n)s，新申请按新版本办理。") % {"n": made.published_version}
            )
    return redirect("designer:publish", draft.pk)


@require_GET
@never_cache
def export(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """导出 a draft as one file."""
    draft = queries.draft(request.actor, pk)  # type: ignore[attr-defined]
    data = export_zip(_Exported(draft)) if kind == "zip" else export_matter(_Exported(draft))
    answer = HttpResponse(data, content_type="application/zip" if kind == "zip" else "application/json")
    answer["Content-Disposition"] = f'attachment; filename="{draft.code}.{kind}"'
    return answer


class _Exported:
    """A draft as ``services.exchange`` exports it."""

    def __init__(self, draft: MatterDraft) -> None:
        self.content: Mapping[str, Any] = draft.content
        self.number: int = draft.base_version or 0


# -- versions and migration --------------------------------------------------------------------------
@require_GET
@never_cache
def versions(request: HttpRequest, code: str) -> HttpResponse:
    """版本: all of a matter, the difference of any two, and the way back."""
    actor = request.actor  # type: ignore[attr-defined]
    rows = queries.versions(actor, code)
    if not rows:
        raise NotFound()
    by_number = {one.number: one for one in rows}
    newer = by_number.get(_number(request.GET.get("new"))) or rows[0]
    older = by_number.get(_number(request.GET.get("old"))) or (rows[1] if len(rows) > 1 else rows[0])
    return render(
        request, "designer/versions.html",
        {
            "matter": matters.matter_named(actor, code), "rows": rows, "newer": newer, "older": older, "key": new_key(),
            "lines": diffing.changes(older.content, newer.content), "may_begin": access.allowed(actor, "begin", MatterDraft),
        },
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
@never_cache
def migrate(request: HttpRequest, code: str) -> HttpResponse:
    """迁移: which running cases would move, which cannot and why; then a job moves them."""
    actor = request.actor  # type: ignore[attr-defined]
    problem = None
    if request.method == "POST":
        queries.require_designer(actor)
        try:
            actions.start_migration(request.call(), code=code)  # type: ignore[attr-defined]
            messages.success(request, _("迁移已开始，可以离开本页。"))
            return redirect("designer:migrate", code)
        except QuanchengError as wrong:
            problem = wrong
    rows, found = queries.preview(actor, code, request.GET)
    done = queries.migrations(actor, code)
    return render(
        request, "designer/migrate.html",
        {
            "matter": matters.matter_named(actor, code), "page": found, "problem": problem, "done": done, "key": new_key(),
            "rows": [one | {"state_text": State(one["state"]).text} for one in rows],
            "ready": sum(1 for one in rows if one["ok"]), "held": sum(1 for one in rows if not one["ok"]),
            "running": any(one.ended_at is None for one in done), "may_start": _may_start(actor, code),
        },
        status=problem.status if problem else 200,
    )  # fmt: skip


def _may_start(actor: Any, code: str) -> bool:
    return access.allowed(actor, "start", Migration)
