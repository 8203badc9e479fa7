"""用户中心 `/me/`: own details, real name, firms, security."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from quancheng.capabilities.people import accounts, queries
from quancheng.capabilities.people.actions import add_agent, end_agent, update_contact
from quancheng.capabilities.people.forms import AgentForm, ContactForm, RealNameForm, refuse
from quancheng.capabilities.people.models import Firm, FirmAgent, NaturalPerson
from quancheng.capabilities.people.pages.common import actor_of, signed_in, user_of
from quancheng.core.text import Text
from quancheng.kernel import access
from quancheng.kernel.actor import Actor, Assurance
from quancheng.kernel.errors import InvalidInput, NotFound, QuanchengError
from quancheng.kernel.middleware import call_of, new_key

LEVELS = (
    (
        Assurance.PASSWORD,
        Text("密码登录", "Password"),
        Text("查指南、看公开信息、提一般诉求", "Guides, public information, simple requests"),
    ),
    (
        Assurance.STRONG,
        Text("第二重验证或通行密钥", "Second factor or passkey"),
        Text("查看个人资料、办件进度、工作台操作", "Own records, case progress, desk work"),
    ),
    (
        Assurance.REAL_NAME,
        Text("实名并使用第二重验证", "Verified real name with a second factor"),
        Text("申请证照、亮码、授权使用个人数据", "Apply for licences, show the code, authorise data use"),
    ),
)


@require_GET
@signed_in
def me(request: HttpRequest) -> HttpResponse:
    """我的: profile, household, firms, way to security."""
    actor = actor_of(request)
    user = user_of(request)
    mine = queries.me(actor)
    members = [one for one in queries.household_members(actor) if mine and one.pk != mine.pk]
    return render(
        request,
        "people/me.html",
        {
            "user_row": user,
            "mine": mine,
            "facts": _facts(mine) if mine else [],
            "household": [
                {"name": one.name, "relation": one.get_relation_display(),
                 "age": queries.age_of(one.birth_date), "id": one.masked_id}
                for one in members
            ],
            "firms": queries.firms_of(actor.person_id),
            "acting": _acting(actor),
            "assurance": int(actor.assurance),
            "level": _level(actor),
            "uses": queries.uses_of_me(actor),
            "posts": queries.posts_of(user.pk),
            "roles": _roles(actor),
        },
    )  # fmt: skip


def _facts(mine: NaturalPerson) -> list[tuple[Any, ...]]:
    place = queries.region_name(mine.region_code, full=True)
    return [
        (_("姓名"), mine.name),
        (_("身份证号"), mine.masked_id),
        (_("性别"), mine.get_sex_display()),
        (_("年龄"), _("%(age)s周岁") % {"age": queries.age_of(mine.birth_date)}),
        (_("居住地区"), place),
        (_("现住址"), mine.address, "/me/contact/"),
        (_("手机号"), mine.masked_phone, "/me/contact/"),
    ]


def _roles(actor: Actor) -> list[Text]:
    known = queries.known_roles()
    return [known.get(role, Text(role, role)) for role in sorted(actor.role_ids)]


def _level(actor: Actor) -> Text:
    found = [name for level, name, _use in LEVELS if level == actor.assurance]
    return found[0] if found else Text("未登录", "Not signed in")


def _acting(actor: Actor) -> Firm | None:
    return Firm.objects.filter(pk=actor.firm_id).first() if actor.firm_id else None


@require_http_methods(["GET", "POST"])
@signed_in
def contact(request: HttpRequest) -> HttpResponse:
    """修改联系方式."""
    mine = queries.me(actor_of(request))
    if mine is None:
        return redirect("people:verify")
    start = {"phone": mine.phone, "address": mine.address}
    form = ContactForm(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid():
        try:
            update_contact(call_of(request), person=mine, **form.cleaned_data)
        except InvalidInput as wrong:
            refuse(form, wrong)
        else:
            messages.success(request, _("联系方式已更新。"))
            return redirect("people:me")
    return _form_page(request, form, "contact")


@require_http_methods(["GET", "POST"])
@signed_in
def verify(request: HttpRequest) -> HttpResponse:
    """实名核验."""
    user = user_of(request)
    if user.verified_at is not None:
        return redirect("people:me")
    form = RealNameForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            accounts.verify_real_name(call_of(request), user=user, **form.cleaned_data)
        except QuanchengError as wrong:
            refuse(form, wrong)
        else:
            messages.success(request, _("实名核验通过。"))
            return redirect("people:me")
    return _form_page(request, form, "verify")


def _form_page(request: HttpRequest, form: Any, kind: str) -> HttpResponse:
    status = 422 if form.is_bound and form.errors else 200
    context = {"form": form, "kind": kind, "key": new_key()}
    return render(request, "people/me_form.html", context, status=status)


@require_GET
@signed_in
def firms(request: HttpRequest) -> HttpResponse:
    """我代办的企业."""
    actor = actor_of(request)
    rows = [
        {"firm": one, "leads": one.legal_person_id == actor.person_id,
         "acting": one.pk == actor.firm_id}
        for one in queries.firms_of(actor.person_id)
    ]  # fmt: skip
    context = {"rows": rows, "acting": _acting(actor), "verified": actor.person_id is not None}
    return render(request, "people/my_firms.html", context)


@require_http_methods(["GET", "POST"])
@signed_in
def firm(request: HttpRequest, pk: int) -> HttpResponse:
    """一家企业的经办人: the legal representative adds and ends agents."""
    actor = actor_of(request)
    found = queries.firms_of(actor.person_id).filter(pk=pk).first()
    if found is None:
        raise NotFound()
    may_add = access.allowed(actor, "add_agent", found)
    form = AgentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            add_agent(call_of(request), firm=found, **form.cleaned_data)
        except InvalidInput as wrong:
            refuse(form, wrong)
        else:
            messages.success(request, _("经办人已授权。"))
            return redirect("people:my-firm", pk=found.pk)
    agents = access.visible(actor, FirmAgent).filter(firm=found).select_related("person")
    context = {
        "firm": found,
        "place": queries.region_name(found.region_code, full=True),
        "agents": agents.order_by("-valid_from", "id"),
        "may_add": may_add,
        "form": form,
        "key": new_key(),
    }
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "people/my_firm.html", context, status=status)


@require_POST
@signed_in
def end_agency(request: HttpRequest, pk: int) -> HttpResponse:
    """终止一项经办授权."""
    call = call_of(request)
    agent = access.visible(call.actor, FirmAgent, verb="end").filter(pk=pk).first()
    if agent is None:
        raise NotFound()
    end_agent(call, agent=agent)
    messages.success(request, _("授权已终止。"))
    return redirect("people:my-firm", pk=agent.firm_id)


@require_POST
@signed_in
def act_as(request: HttpRequest) -> HttpResponse:
    """切换办事身份: oneself or a firm."""
    raw = request.POST.get("firm", "")
    chosen = accounts.act_as(request, user_of(request), int(raw) if raw.isdecimal() else None)
    said = _("现在以“%(firm)s”办事。") % {"firm": chosen.name} if chosen else _("现在以个人身份办事。")
    messages.success(request, said)
    return redirect("people:my-firms")


@require_GET
@signed_in
def security(request: HttpRequest) -> HttpResponse:
    """登录安全: what the levels mean and how to reach the next one."""
    actor = actor_of(request)
    user = user_of(request)
    keys = Authenticator.objects.filter(user=user)
    levels = [
        {"number": int(level), "name": name, "use": use, "reached": actor.assurance >= level}
        for level, name, use in LEVELS
    ]
    context = {
        "levels": levels,
        "user_row": user,
        "has_password": user.has_usable_password(),
        "passkeys": keys.filter(type="webauthn").count(),
        "has_totp": keys.filter(type="totp").exists(),
        "ends": request.session.get_expiry_date(),
        "agent": request.headers.get("User-Agent", "")[:160],
    }
    return render(request, "people/security.html", context)
