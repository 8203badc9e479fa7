"""主题库: the list, a new one, one theme."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from quancheng.capabilities.masters import actions, forms, queries, theming, viewing
from quancheng.capabilities.masters.pages.common import desk, language, tried
from quancheng.capabilities.masters.recipe import recipes
from quancheng.capabilities.people import queries as people
from quancheng.kernel import access, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict, InvalidInput
from quancheng.kernel.middleware import new_key

OWNERS = frozenset({"masters.steward", "masters.theme_owner"})


@require_safe
def themes(request: HttpRequest) -> HttpResponse:
    """主题库 one may see."""
    actor = desk(request, OWNERS)
    page = pagination.page(queries.themes(actor), ("code",), request.GET)
    return render(request, "masters/themes.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """建立主题库: the base in the URL, then fields, rows, owner, purpose."""
    actor = desk(request, OWNERS)
    steward = "masters.steward" in actor.role_ids
    bases = [
        (theming.MASTER + one.code, one.text.pick(language()))
        for one in recipes().values()
        if steward or not one.personal
    ]
    base = request.POST.get("base") or request.GET.get("base") or bases[0][0]
    base = base if base in {code for code, _name in bases} else bases[0][0]
    columns = [(one.name, one.text.pick(language())) for one in viewing.schema_of(base).columns]
    form = forms.ThemeForm(
        request.POST or None, bases=bases, owners=_owners(actor), columns=columns,
        initial={"base": base, "fields_": [name for name, _zh in columns]},
    )  # fmt: skip
    if request.method == "POST" and tried(form, lambda: _create(request, form)):
        return redirect("masters:theme", code=form.cleaned_data["code"])
    status = 422 if request.method == "POST" else 200
    context = {"form": form, "bases": bases, "base": base, "key": new_key()}
    return render(request, "masters/theme_new.html", context, status=status)


def _create(request: Any, form: Any) -> None:
    said = form.cleaned_data
    try:
        actions.create_theme(
            request.call(), code=said["code"], zh=said["zh"], en=said["en"], owner=said["owner"],
            purpose=said["purpose"], base=said["base"], fields=said["fields_"], condition=form.lines(),
            refresh=said["refresh"],
        )  # fmt: skip
    except InvalidInput as refused:
        names = {"fields": "fields_", "condition": "value1"}
        raise InvalidInput(
            refused.detail, fields={names.get(k, k): v for k, v in refused.fields.items()}
        ) from refused


def _owners(actor: Actor) -> list[tuple[str, str]]:
    found = people.subtree("jn")
    if "masters.steward" in actor.role_ids:
        found = found.filter(level="city")
    else:
        held = {
            one for grant in actor.grants if grant.role == "masters.theme_owner" for one in grant.departments
        }
        found = found.filter(pk__in=held)
    return [(one.code, one.text.pick(language())) for one in found]


@require_http_methods(["GET", "HEAD", "POST"])
def theme(request: HttpRequest, code: str) -> HttpResponse:
    """一个主题库: what it shows, where its rows come from, refresh."""
    actor = desk(request, OWNERS)
    found = queries.theme(actor, code)
    if request.method == "POST":
        call = request.call()  # type: ignore[attr-defined]
        try:
            if request.POST.get("what") == "retire":
                actions.retire_theme(call, theme=found, reason=request.POST.get("reason", ""))
            else:
                actions.refresh_theme(call, theme=found)
            messages.success(request, _("已完成。"))
        except (Conflict, InvalidInput) as refused:
            messages.error(request, refused.detail.pick(language()))
        return redirect(request.path)
    schema = viewing.schema_of(found.base)
    columns = [column for name in found.fields if (column := schema.column(name))]
    context = {
        "theme": found, "columns": columns, "may": found.active and access.allowed(actor, "refresh", found),
        "condition": _lines(found.condition, schema), "key": new_key(), "owner": people.department(found.owner).text,
        "base": viewing.name_of(found.base),
    }  # fmt: skip
    return render(request, "masters/theme.html", context)


def _lines(condition: Any, schema: Any) -> list[str]:
    """The condition in words."""
    if not condition:
        return []
    words = {code: str(label) for code, label in forms.TESTS}
    lines = []
    for one in condition.get("parts", [condition]):
        negated = one.get("op") == "not"
        part = one.get("part", one) if negated else one
        column = schema.column(part.get("field", ""))
        name = column.text.pick(language()) if column else part.get("field", "")
        value = next((part[key] for key in part if key not in ("op", "field")), "")
        test = words.get("known" if negated else part.get("op", ""), part.get("op", ""))
        lines.append(
            f"{name} {test} {value if not isinstance(value, list) else '、'.join(map(str, value))}".strip()
        )
    return lines
