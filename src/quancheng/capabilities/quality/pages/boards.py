"""看板, 受检表: the board of organs, the list of tables, one table."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from quancheng.capabilities.quality import actions, forms, queries, trials
from quancheng.capabilities.quality.models import Run, Sheet
from quancheng.capabilities.quality.pages.common import (
    SEVERITY_TAGS,
    STATE_TAGS,
    csv_answer,
    desk,
    language,
    mark,
    percent,
)
from quancheng.core import quality as core
from quancheng.core.text import Text
from quancheng.kernel import access, pagination
from quancheng.kernel.errors import InvalidInput, QuanchengError
from quancheng.kernel.middleware import call_of, new_key


def organs(actor: Any) -> list[tuple[str, str]]:
    """Organs with tables the asker may see, for filters."""
    rows = access.visible(actor, Sheet).order_by("organ__order", "organ_id")
    found = {row["organ__code"]: row for row in rows.values("organ__code", "organ__zh", "organ__en")}
    english = language() == "en"
    return [(code, row["organ__en"] if english else row["organ__zh"]) for code, row in found.items()]


def _dimensions() -> list[dict[str, Any]]:
    return [{"id": str(each), "label": each.text} for each in core.Dimension]


@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """数据质量看板: organs by dimensions, with open orders and the rate of the month."""
    actor = desk(request)
    month = queries.month_checked(request.GET.get("month", ""))
    lines = queries.board(actor, month)
    dimensions = _dimensions()
    rows = [
        {
            "line": line, "score": percent(line.score), "rate": percent(line.rate.rate),
            "cells": [_cell(each, line.scores.get(each["id"])) for each in dimensions],
        }
        for line in lines
    ]  # fmt: skip
    due, repaired = sum(len(line.rate.due) for line in lines), sum(len(line.rate.repaired) for line in lines)
    scores = [line.score for line in lines if line.score is not None]
    context = {
        "rows": rows, "dimensions": dimensions, "month": month, "tables": sum(line.tables for line in lines),
        "open": sum(line.open for line in lines), "overdue": sum(line.overdue for line in lines),
        "rate": percent(repaired / due if due else None), "due": due, "repaired": repaired,
        "mean": percent(sum(scores) / len(scores) if scores else None),
        "waiting": queries.waiting_rules(actor).count(),
    }  # fmt: skip
    return render(request, "quality/board.html", context)


def _cell(dimension: dict[str, Any], score: Any) -> dict[str, Any]:
    kind = "" if score is None else "ok" if score >= 0.98 else "warn" if score >= 0.9 else "bad"
    return {"label": dimension["label"], "score": percent(score), "kind": kind}


@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """导出看板."""
    actor = desk(request)
    month = queries.month_checked(request.GET.get("month", ""))
    dimensions = _dimensions()
    head = [_("来源单位"), _("受检表"), _("得分"), *(each["label"].pick(language()) for each in dimensions),
            _("未办结问题"), _("已逾期"), _("本月应整改"), _("本月已整改"), _("整改率（%）")]  # fmt: skip
    rows = [
        [line.name.pick(language()), line.tables, percent(line.score),
         *(percent(line.scores.get(each["id"])) for each in dimensions),
         line.open, line.overdue, len(line.rate.due), len(line.rate.repaired), percent(line.rate.rate)]
        for line in queries.board(actor, month)
    ]  # fmt: skip
    return csv_answer(f"quality-{month}", head, rows)


@require_safe
def sheets(request: HttpRequest) -> HttpResponse:
    """受检表: the list."""
    actor = desk(request)
    form = forms.SheetFilterForm(request.GET, organs=organs(actor))
    page = pagination.page(queries.sheets(actor, **form.wanted()), ("id",), request.GET)
    rows = [{"sheet": one, "score": percent(one.score)} for one in page]
    return render(request, "quality/sheets.html", {"form": form, "page": page, "rows": rows})


@require_safe
def sheet(request: HttpRequest, table: UUID) -> HttpResponse:
    """一张受检表: score, rules with what they found, history, profile and drift."""
    actor = desk(request)
    found = queries.sheet(actor, table)
    runs = queries.runs(actor, found)
    newest = runs[-1] if runs else None
    profile = queries.profile(actor, found)
    rules = queries.rules(actor, found)
    context = {
        "sheet": found, "score": percent(found.score), "run": newest,
        "dimensions": [_cell(each, _score(found, each["id"])) for each in _dimensions()],
        "rules": [_rule_row(rule, newest) for rule in rules if rule.state != "proposed"],
        "proposals": [{"rule": rule, "words": queries.words(rule)} for rule in rules if rule.state == "proposed"],
        "issues": queries.issues(actor, table=str(found.table_id), state="open").order_by("due_at", "id")[:20],
        "tags": STATE_TAGS, "chart": _chart(runs), "runs": runs[::-1][:12],
        "profile": profile, "columns": _columns(profile, trials.column_names(found)), "drifts": profile.drifts if profile else [],
        "may_manage": access.allowed(actor, "manage", found),
        "may_propose": access.allowed(actor, "propose", found),
        "may_check": access.allowed(actor, "check", found),
        "key": new_key(),
    }  # fmt: skip
    return render(request, "quality/sheet.html", context)


def _score(found: Sheet, side: str) -> Any:
    return float(found.scores[side]) if side in found.scores else None


def _rule_row(rule: Any, run: Run | None) -> dict[str, Any]:
    outcome = next((each for each in run.outcomes if each["code"] == rule.code), None) if run else None
    shown = outcome if rule.state == "active" else None
    rate = None
    if shown and shown.get("applicable"):
        rate = percent((shown["applicable"] - shown["failed"]) / shown["applicable"], 2)
    return {
        "rule": rule, "outcome": shown, "rate": rate, "tag": STATE_TAGS[rule.state],
        "severity": SEVERITY_TAGS[rule.severity], "fault": Text.of(shown["fault"]) if shown and "fault" in shown else None,
    }  # fmt: skip


def _chart(runs: list[Run]) -> dict[str, Any] | None:
    scored = [run for run in runs if run.score is not None]
    if len(scored) < 2:
        return None
    return {
        "kind": "line",
        "x": [f"v{run.version} {run.at.astimezone():%m-%d %H:%M}" for run in scored],
        "series": [{"name": _("得分"), "data": [round(float(run.score) * 100, 2) for run in scored]}],
        "unit": "",
    }


def _columns(profile: Any, names: dict[str, Text]) -> list[dict[str, Any]]:
    if profile is None:
        return []
    value = core.profile_from(profile.data)
    return [
        {"label": names.get(each.name, Text(each.name, each.name)).pick(language()), "sort": each.sort.text, "missing": each.missing,
         "share": percent(each.missing / value.rows if value.rows else None, 2), "distinct": each.distinct,
         "least": each.least, "most": each.most, "top": [str(found) for found, _count in each.top[:3]]}
        for each in value.columns
    ]  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest, table: UUID) -> HttpResponse:
    """监测设置."""
    actor = desk(request)
    found = queries.sheet(actor, table)
    first = {"watched": found.watched, "every_hours": found.every_hours, "four_eyes": found.four_eyes,
             "missing": "、".join(found.missing)}  # fmt: skip
    form, status = forms.WatchForm(request.POST or None, initial=first), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                actions.set_watch(call_of(request), sheet=found, **form.facts())
            except InvalidInput as refused:
                status = mark(form, refused)
            else:
                messages.success(request, _("监测设置已保存。"))
                return redirect(found)
    return render(request, "quality/settings.html", {"sheet": found, "form": form}, status=status)


@require_POST
def check(request: HttpRequest, table: UUID) -> HttpResponse:
    """立即检查."""
    actor = desk(request)
    found = queries.sheet(actor, table)
    try:
        run = actions.check_table(call_of(request), sheet=found)
        messages.success(
            request, _("已检查%(rows)s行，得分%(score)s。") % {"rows": run.rows, "score": percent(run.score)}
        )
    except QuanchengError as refused:
        if refused.status >= 500:
            raise
        messages.error(request, refused.detail.pick(language()))
    return redirect(found)


@require_POST
def baseline(request: HttpRequest, table: UUID) -> HttpResponse:
    """认定基线."""
    actor = desk(request)
    found = queries.sheet(actor, table)
    profile = queries.profile(actor, found)
    if profile is None:
        raise InvalidInput(Text("该表还没有概况。", "The table has no profile yet."))
    actions.accept_profile(call_of(request), profile=profile)
    messages.success(request, _("已认定为基线，今后的漂移与它比较。"))
    return redirect(found)
