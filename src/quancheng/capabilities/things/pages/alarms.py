"""The alarm desk: list, one alarm with its reasons and everything done about it; refused frames."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from quancheng.capabilities.things import actions, charts, desk_forms, forms, judging, queries, rules
from quancheng.capabilities.things.models import Alarm, AlarmOccurrence, AlarmStep, DeadLetter, Level, Result
from quancheng.capabilities.things.pages.common import blame, call_of, desk, language, owner
from quancheng.kernel import access, pagination
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import InvalidInput
from quancheng.kernel.middleware import new_key

_FORMS: dict[str, type[Form]] = {
    "acknowledge": forms.NoteForm,
    "close": desk_forms.CloseForm,
    "mute": desk_forms.MuteForm,
    "downgrade": desk_forms.DowngradeForm,
    "escalate": desk_forms.EscalateForm,
}


@require_http_methods(["GET", "HEAD", "POST"])
def alarms(request: HttpRequest) -> HttpResponse:
    """监测告警: the list, newest first; several acknowledged at once."""
    actor = desk(request)
    if request.method == "POST":
        return _acknowledge_many(request)
    names = [(code, text.pick(language())) for code, text in queries.alarm_rules(actor)]
    form = desk_forms.AlarmDeskForm(
        request.GET, exercises=queries.exercises(actor), rules=names, language=language()
    )
    wanted = form.wanted()
    page = pagination.page(queries.alarms(actor, **wanted), ("-raised_at", "-id"), request.GET)
    context = {
        "form": form,
        "page": page,
        "exercise": wanted.get("exercise", ""),
        "not_working": rules.not_working(),
        "may_handle": access.allowed(actor, "handle", Alarm),
        "key": new_key(),
    }
    return render(request, "things/alarms.html", context)


def _acknowledge_many(request: HttpRequest) -> HttpResponse:
    wanted = [int(one) for one in request.POST.getlist("alarm") if one.isdigit() and len(one) < 19]
    done = actions.acknowledge_alarms(call_of(request), alarms=wanted)
    facts = {"done": len(done["acknowledged"]), "skipped": len(done["skipped"])}
    messages.success(request, _("已确认%(done)d条，跳过%(skipped)d条。") % facts)
    there = request.POST.get("back", "")
    return redirect(
        there if there.startswith("/work/things/alarms/") and "\\" not in there else "things:alarms"
    )


@require_http_methods(["GET", "HEAD", "POST"])
def alarm(request: HttpRequest, pk: int) -> HttpResponse:
    """一条告警: what it was based on; acknowledge, mute, escalate, downgrade, close."""
    actor = desk(request)
    found = queries.alarm(actor, pk)
    what = request.POST.get("what", "")
    made = {
        # ids of their own: the page has several fields of one name
        name: make(request.POST if name == what else None, auto_id=f"{name}-%s")
        for name, make in _FORMS.items()
    }
    made["acknowledge"].fields["note"].required = False
    status = 200
    if request.method == "POST":
        try:
            if what == "unmute" or (what in made and made[what].is_valid()):
                messages.success(request, _act(call_of(request), found, what, made))
                return redirect(request.path)
        except InvalidInput as refused:
            blame(made[what], refused)
        status = 422
    return render(request, "things/alarm.html", _context(actor, found, what, made), status=status)


def _act(call: Call, found: Alarm, what: str, made: dict[str, Form]) -> str:
    """Do it; what to tell the person."""
    facts = made[what].cleaned_data if what in made else {}
    match what:
        case "acknowledge":
            actions.acknowledge_alarm(call, alarm=found.pk, note=facts["note"])
            return _("告警已确认。")
        case "close":
            actions.close_alarm(
                call, alarm=found.pk, note=facts["note"], result=facts["result"] or Result.REAL
            )
            return _("告警已关闭。")
        case "mute":
            until = call.at + timedelta(minutes=facts["minutes"])
            actions.mute_alarm(call, alarm=found.pk, until=until, reason=facts["reason"])
            return _("告警已静音。")
        case "unmute":
            actions.unmute_alarm(call, alarm=found.pk)
            return _("已取消静音。")
        case "downgrade":
            actions.downgrade_alarm(call, alarm=found.pk, level=facts["level"], note=facts["reason"])
            return _("告警已降级。")
        case _:
            actions.escalate_alarm(call, alarm=found.pk, note=facts["reason"])
            return _("告警已升级。")


def _context(actor: Actor, found: Alarm, what: str, made: dict[str, Form]) -> dict[str, Any]:
    explain = found.finding.get("rule")
    may = found.state != Alarm.State.CLOSED and access.allowed(actor, "handle", found)
    lower = [(value, label) for value, label in Level.choices if value > found.level]
    made["downgrade"].fields["level"].choices = lower  # type: ignore[attr-defined]
    times = access.visible(actor, AlarmOccurrence).filter(alarm=found)
    return {
        "alarm": found,
        "forms": made,
        "tried": made.get(what),
        "chart": charts.evidence_chart(found),
        "explain": explain if isinstance(explain, dict) else None,
        "condition": found.finding.get("condition"),
        "owner": owner(found.department) if found.department else "",
        "steps": [
            _step(one) for one in access.visible(actor, AlarmStep).filter(alarm=found).order_by("at", "id")
        ],
        "times": list(times.order_by("-at")[:20]),
        "may_handle": may,
        "may_downgrade": may and bool(lower),
        "may_repair": found.station is not None and access.allowed(actor, "manage", found.station),
        "key": new_key(),
    }


def _step(one: AlarmStep) -> dict[str, Any]:
    words = [one.note] if one.note and one.by != "system:things" else []
    if "level" in one.detail and "before" in one.detail:
        words.append(f"{Level(one.detail['before']).label} → {Level(one.detail['level']).label}")
    if one.detail.get("result") in Result.values:
        words.append(str(Result(one.detail["result"]).label))
    if one.to_role:
        told = one.detail.get("told", 0)
        words.append(
            _("通知%(role)s %(office)s，%(told)d人")
            % {"role": one.to_role, "office": one.to_department, "told": told}
        )
    kind = {"raised": "bad", "repeated": "bad", "escalated": "warn", "closed": "ok"}.get(one.what, "")
    return {
        "when": one.at,
        "title": one.get_what_display(),
        "text": " · ".join(words),
        "who": one.by,
        "kind": kind,
    }


# -- refusals ---------------------------------------------------------------------------------
@require_safe
def rejected(request: HttpRequest) -> HttpResponse:
    """拒收报文: what was refused and why, with the bytes."""
    actor = desk(request)
    access.require(actor, "view", DeadLetter)
    exercise = request.GET.get("exercise", "")[:40]
    counts = queries.refusal_counts(actor, exercise=exercise)
    reasons = [(reason, judging.reason_text(reason).pick(language())) for reason in counts]
    form = forms.LetterFilterForm(request.GET, exercises=queries.exercises(actor), reasons=reasons)
    page = pagination.page(queries.dead_letters(actor, **form.wanted()), ("-received_at", "-id"), request.GET)
    context = {
        "form": form,
        "page": page,
        "counts": [{"reason": reason, "label": label, "number": counts[reason]} for reason, label in reasons],
    }
    return render(request, "things/rejected.html", context)
