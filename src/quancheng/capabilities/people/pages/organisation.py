"""机构与权限 `/work/organisation/`: the tree, posts, roles given and taken back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from quancheng.capabilities.people import queries
from quancheng.capabilities.people.actions import grant_role, revoke_role
from quancheng.capabilities.people.forms import GrantForm, ReasonForm, refuse
from quancheng.capabilities.people.models import Department, RoleGrant, User
from quancheng.capabilities.people.pages.common import actor_of, signed_in
from quancheng.capabilities.people.tree import ROOT
from quancheng.core.text import Text
from quancheng.kernel import access
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound, QuanchengError
from quancheng.kernel.middleware import call_of, new_key


@require_http_methods(["GET", "POST"])
@signed_in
def organisation(request: HttpRequest) -> HttpResponse:
    """One department: what it does, what lies below, who works there, who holds which role."""
    actor = actor_of(request)
    queries.ensure_official(actor)
    here = queries.department(request.GET.get("at", ROOT))
    may_grant = access.allowed(actor, "grant_role", here)
    form = GrantForm(request.POST or None, initial={"region": here.region_code[:6]})
    if request.method == "POST" and form.is_valid() and _grant(request, form, here):
        messages.success(request, _("角色已授予。"))
        return _back(here)
    words = request.GET.get("q", "").strip()
    context = {
        "here": here,
        "parents": _parents(here),
        "children": queries.departments(here.code),
        "found": Department.objects.filter(zh__contains=words, active=True)[:50] if words else [],
        "words": words,
        "posts": _posts(here),
        "grants": _grants(actor, here),
        "may_grant": may_grant,
        "form": form,
        "reason": ReasonForm(),
        "key": new_key(),
    }
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "people/organisation.html", context, status=status)


def _grant(request: HttpRequest, form: GrantForm, here: Department) -> bool:
    facts = form.cleaned_data
    user = User.objects.filter(username=facts["username"], is_active=True).first()
    if user is None:
        form.add_error("username", _("没有这个账户。"))
        return False
    try:
        grant_role(
            call_of(request),
            user=user,
            role=facts["role"],
            department=here,
            region_code=facts["region"],
            valid_to=facts["valid_to"],
            reason=facts["reason"],
        )
    except QuanchengError as wrong:
        refuse(form, wrong)
        return False
    return True


def _parents(here: Department) -> list[Department]:
    codes = [code for code in here.path.split("/") if code][:-1]
    return list(Department.objects.filter(code__in=codes).order_by("path"))


def _posts(here: Department) -> list[dict[str, Any]]:
    rows = here.posts.prefetch_related("appointments__user").order_by("id")
    return [
        {"text": post.text, "holders": [str(held.user) for held in post.appointments.all()]} for post in rows
    ]


def _grants(actor: Actor, here: Department) -> list[dict[str, Any]]:
    """Live grants at this department, for those who may see them."""
    known = queries.known_roles()
    rows = access.visible(actor, RoleGrant).filter(department=here, revoked_at=None)
    return [
        {
            "pk": row.pk,
            "who": str(row.user),
            "role": known.get(row.role, Text(row.role, row.role)),
            "region": queries.region_name(row.region_code) if row.region_code else "",
            "valid_from": row.valid_from,
            "valid_to": row.valid_to,
            "by": row.granted_by,
        }
        for row in rows.select_related("user").order_by("role", "id")
    ]


@require_POST
@signed_in
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """收回一项角色."""
    call = call_of(request)
    given = access.visible(call.actor, RoleGrant, verb="revoke").filter(pk=pk).first()
    if given is None:
        raise NotFound()
    form = ReasonForm(request.POST)
    if form.is_valid():
        revoke_role(call, grant=given, reason=form.cleaned_data["reason"])
        messages.success(request, _("角色已收回。"))
    else:
        messages.error(request, _("请写明收回的理由。"))
    return _back(given.department)


def _back(here: Department | None) -> HttpResponse:
    code = here.code if here else ROOT
    return redirect(f"{reverse('people:organisation')}?{urlencode({'at': code})}")
