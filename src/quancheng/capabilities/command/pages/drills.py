"""Drills 演练: what can be rehearsed, start and stop, progress."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from quancheng.capabilities.command import actions, drilling, queries
from quancheng.capabilities.command.models import Exercise
from quancheng.capabilities.command.pages.common import asker, attempt, decimal_of
from quancheng.kernel import access, registry
from quancheng.kernel.middleware import new_key


@require_safe
def drills(request: HttpRequest) -> HttpResponse:
    """演练台."""
    actor = asker(request)
    offered = [(owner, row, _extra(owner.name)) for owner, row in registry.items("drill")]
    past = access.visible(actor, Exercise).order_by("-id")[:10]
    context: dict[str, Any] = {
        "offered": offered,
        "jobs": drilling.running_jobs(),
        "run": queries.running_exercise(actor),
        "past": past,
        "speeds": (1, 10, 60, 120, 600),
        "key": new_key(),
    }
    return render(request, "command/drills.html", context)


def _extra(module: str) -> str:
    """The module's own part of the panel, if it has one."""
    name = f"command/drills/{module}.html"
    try:
        get_template(name)
    except TemplateDoesNotExist:
        return ""
    return name


@require_POST
def start(request: HttpRequest, drill: str) -> HttpResponse:
    """启动演练."""
    asker(request)
    speed = decimal_of(request.POST.get("speed"), "speed") or 60.0
    seats = request.POST.get("seats", "auto")
    call = request.call()  # type: ignore[attr-defined]
    attempt(
        request,
        lambda: actions.start_drill(call, drill=drill, speed=speed, seats=seats),
        _("演练已排入后台，很快开始。"),
    )
    return redirect("command:drills")


@require_POST
def stop(request: HttpRequest) -> HttpResponse:
    """停止演练."""
    asker(request)
    call, job = request.call(), request.POST.get("job", "")[:60]  # type: ignore[attr-defined]
    code = request.POST.get("code", "")[:40]
    if code:
        attempt(request, lambda: actions.close_exercise(call, code=code, state="stopped"), _("已记录。"))
    else:
        attempt(request, lambda: actions.stop_drill(call, job=job), _("已要求停止，演练将在下一步结束。"))
    return redirect("command:drills")


urlpatterns = [
    path("screen/drills/", drills, name="drills"),
    path("screen/drills/stop/", stop, name="drill_stop"),
    path("screen/drills/<str:drill>/start/", start, name="drill_start"),
]
