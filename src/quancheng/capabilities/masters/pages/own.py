"""我的画像: what is held about oneself, from where and why, who looked, what one agreed to."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from quancheng.capabilities.masters import actions, forms, profile, queries
from quancheng.capabilities.masters.models import Golden
from quancheng.capabilities.masters.pages.common import language, person, tried
from quancheng.capabilities.masters.recipe import recipe
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound
from quancheng.kernel.middleware import new_key


@require_http_methods(["GET", "HEAD", "POST"])
def profile_page(request: HttpRequest) -> HttpResponse:
    """我的画像."""
    actor = person(request)
    mine = queries.mine(actor)
    form = _form(mine, request.POST if request.POST.get("what") == "correct" else None)
    status = 200
    if request.method == "POST":
        if _done(request, mine, form):
            return redirect(request.path)
        status = 422
    facts = profile.facts(mine, None) if mine else ()
    context = {
        "mine": mine, "facts": facts, "tags": profile.tags(mine) if mine else (),
        "offered": list(profile.offered(mine, "self")) if mine else [],
        "licences": profile.related(mine, "licence")[:50] if mine else (),
        "looks": queries.looks(mine) if mine else [], "consents": queries.consents(actor),
        "corrections": queries.corrections(actor).filter(user=actor.user_id).order_by("-id")[:20],
        "form": form, "key": new_key(),
    }  # fmt: skip
    return render(request, "masters/own.html", context, status=status)


def _form(mine: Golden | None, data: Any) -> forms.CorrectionForm:
    fields = []
    if mine is not None:
        specs = recipe(mine.master.code).fields
        fields = [(one.name, one.text.pick(language())) for one in specs if mine.values.get(one.name)]
    return forms.CorrectionForm(data, fields=fields)


def _done(request: Any, mine: Golden | None, form: forms.CorrectionForm) -> bool:
    what, purpose = request.POST.get("what"), request.POST.get("purpose", "")
    if what == "correct":
        if mine is None:
            raise NotFound()
        if not tried(form, lambda: actions.ask_correction(request.call(), golden=mine, **form.cleaned_data)):
            return False
        messages.success(request, _("已转来源部门核实。"))
        return True
    deed = {"give": actions.give_consent, "withdraw": actions.withdraw_consent}.get(what)
    if deed is None:
        raise InvalidInput()
    try:
        deed(request.call(), purpose=purpose)
        messages.success(request, _("已保存。"))
    except Conflict as refused:
        messages.error(request, refused.detail.pick(language()))
    return True
