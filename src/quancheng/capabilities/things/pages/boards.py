"""Boards: quality of data by class and owner, coverage against the plan."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.things import coverage as plan
from quancheng.capabilities.things import desk_forms, judging, refusals
from quancheng.capabilities.things import quality as judged
from quancheng.capabilities.things.models import Kind, Station
from quancheng.capabilities.things.pages.common import desk, language, owner
from quancheng.kernel import clock

_FIRST = date(2016, 1, 1)
"""GB 3095-2012 is in force since: no day before can be judged by it."""


@require_safe
def quality(request: HttpRequest) -> HttpResponse:
    """数据质量: by class and owner; narrowed to one of them, station by station."""
    actor = desk(request)
    form, wanted = _wanted(request)
    drill = bool(wanted.get("kind") and wanted.get("department"))
    narrow = {name: value for name, value in wanted.items() if name != "region"}
    rows = judged.board(actor, **wanted)
    context = {
        "form": form,
        "day": wanted["day"],
        "rows": [_named(row) for row in rows],
        "stations": judged.by_station(actor, **wanted) if drill else [],
        "refusals": [
            (reason, judging.reason_text(reason), number)
            for reason, number in judged.refusals(actor, **narrow)
        ],
        "ingest": [
            {"owner": owner(one.department) if one.department else "", "row": one}
            for one in refusals.by_owner(actor, **wanted)
        ],
        "total": judged.figures(_sum(rows)),
        "valid_minutes": judged.Terms.on(wanted["day"]).valid_minutes,
    }
    return render(request, "things/quality.html", context)


def _wanted(request: HttpRequest) -> tuple[desk_forms.QualityFilterForm, dict[str, Any]]:
    form = desk_forms.QualityFilterForm(request.GET, language=language())
    wanted = form.wanted()
    day = wanted.get("day")
    if day is None or not _FIRST <= day <= clock.today():
        wanted["day"] = clock.today() - timedelta(days=1)
    return form, wanted


def _named(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"kind_label": Kind(row["kind"]).label, "owner": owner(row["department"])}


def _sum(rows: list[dict[str, Any]]) -> dict[str, Any]:
    names = (
        "streams",
        "expected",
        "arrived",
        "due_hours",
        "valid_hours",
        "late",
        "stuck_hours",
        "impossible",
    )
    return {name: sum(row[name] for row in rows) for name in names}


@require_safe
def quality_csv(request: HttpRequest) -> HttpResponse:
    """数据质量导出: the rows of the board as CSV; Chinese for spreadsheets."""
    actor = desk(request)
    _form, wanted = _wanted(request)
    names = {
        "kind": _("类别"), "department": _("管理单位"), "streams": _("数据流"), "expected": _("应到"),
        "arrived": _("实到"), "arrival": _("到报率（％）"), "due_hours": _("应有小时"), "valid_hours": _("有效小时"),
        "valid": _("有效率（％）"), "late": _("迟到"), "stuck_hours": _("不变小时"), "impossible": _("不可能值"),
    }  # fmt: skip
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([_("日期"), *names.values()])
    for row in judged.board(actor, **wanted):
        writer.writerow([wanted["day"].isoformat(), *(row[name] for name in names)])
    answer = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="quality-{wanted["day"].isoformat()}.csv"'
    return answer


@require_safe
def coverage(request: HttpRequest) -> HttpResponse:
    """感知覆盖: the plan's figures as the register is now, by district."""
    desk(request)
    found = plan.indicators()
    codes = sorted({one.region for indicator in found for one in indicator.districts})
    figures = {indicator.id: {one.region: one for one in indicator.districts} for indicator in found}
    rows = [
        {
            "district": people.region_name(code),
            "figures": [figures[indicator.id].get(code) for indicator in found],
        }
        for code in codes
    ]
    cameras = Station.objects.filter(kind=Kind.CAMERA).exclude(status__in=["planned", "retired"]).count()
    context = {
        "indicators": found,
        "rows": rows,
        "cameras": cameras,
        "camera_target": plan.targets()["cameras"],
    }
    return render(request, "things/coverage.html", context)
