"""Pages of the counter: today's queue and the reception wizard."""

from __future__ import annotations

from typing import Any

import segno
from django import forms as django_forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from quancheng.capabilities.counter import actions, queries, scans
from quancheng.capabilities.counter.forms import (
    FILE,
    IdentifyForm,
    MatterForm,
    PapersForm,
    initial_of,
    matter_form,
)
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.services import queries as services
from quancheng.core.text import Text
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound, QuanchengError
from quancheng.kernel.middleware import new_key

OPEN = "counter.reception"
"""Session key: who stands at the counter now {person, hall, purpose}."""


def steps() -> list[Text]:
    """Steps of the wizard."""
    return [
        Text("核对来人", "Who is here"),
        Text("选择事项", "Which matter"),
        Text("填表与材料", "Form and papers"),
        Text("收件凭证", "Receipt"),
    ]


def refuse(form: django_forms.Form, refused: QuanchengError) -> None:
    """Put an action's refusal where it belongs in the form."""
    language = get_language() or "zh"
    if not refused.fields:
        form.add_error(None, refused.detail.pick(language))
    for name, text in (refused.fields or {}).items():
        form.add_error(name if name in form.fields else None, text.pick(language))


@require_GET
@never_cache
def queue(request: HttpRequest) -> HttpResponse:
    """今日收件."""
    actor = request.call().actor  # type: ignore[attr-defined]
    page = queries.receptions(actor, request.GET)
    return render(
        request,
        "counter/queue.html",
        {
            "page": page, "rows": page.items, "q": request.GET.get("q", ""), "day": request.GET.get("day", ""),
            "halls": queries.my_halls(actor), "counts": queries.bag_counts(actor),
        },
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
@never_cache
def identify(request: HttpRequest) -> HttpResponse:
    """核对来人."""
    actor = request.call().actor  # type: ignore[attr-defined]
    halls = queries.my_halls(actor)
    form = IdentifyForm(request.POST or None, halls=halls)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            data = form.cleaned_data
            try:
                person = queries.identify(actor, data["id_number"], purpose=data["purpose"])
            except NotFound:
                form.add_error("id_number", _("人口库中没有这个号码，请核对证件"))
            except InvalidInput as wrong:
                refuse(form, wrong)
            else:
                request.session[OPEN] = {
                    "person": person.pk,
                    "hall": data["hall"],
                    "purpose": data["purpose"],
                }
                return redirect("counter:matter")
    return render(
        request, "counter/identify.html", {"form": form, "steps": steps(), "halls": halls}, status=status
    )


def _open(request: HttpRequest) -> dict[str, Any] | None:
    kept = request.session.get(OPEN)
    return kept if isinstance(kept, dict) and {"person", "hall", "purpose"} <= set(kept) else None


@require_GET
@never_cache
def matter(request: HttpRequest) -> HttpResponse:
    """选择事项."""
    actor = request.call().actor  # type: ignore[attr-defined]
    queries.require_counter(actor)
    kept = _open(request)
    if kept is None:
        return redirect("counter:identify")
    person = queries.received_person(actor, kept["person"])
    words = request.GET.get("q", "").replace("\x00", "").strip()[:60]
    found = services.search(actor, words) if words else services.desk_matters(actor)
    return render(
        request,
        "counter/matter.html",
        {
            "person": person, "home": people.region_name(person.region_code, full=True), "q": words,
            "matters": found, "firms": list(people.firms_of(person.pk)), "steps": steps(),
        },
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
@never_cache
def form(request: HttpRequest, code: str) -> HttpResponse:
    """填表与材料, by the clerk, in the applicant's presence."""
    actor = request.call().actor  # type: ignore[attr-defined]
    queries.require_counter(actor)
    kept = _open(request)
    if kept is None:
        return redirect("counter:identify")
    found = next((one for one in services.desk_matters(actor) if one.code == code), None)
    if found is None or found.current is None:
        raise NotFound()
    person, spec = queries.received_person(actor, kept["person"]), found.current.spec
    firm = _firm(request, spec, person.pk)
    known = queries.known_of(actor, person.pk, firm.pk if firm else None)
    kind = matter_form(spec)
    answers = kind(request.POST or None, request.FILES or None, initial=initial_of(spec, known))
    papers = PapersForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if answers.is_valid() & papers.is_valid():
            receipt = _received(request, kept, code, answers, papers, person.pk, firm.pk if firm else None)
            if receipt:
                request.session.pop(OPEN, None)
                return redirect("counter:slip", receipt=receipt)
    locked = [
        (row.label, known[row.prefill]["value"]) for row in spec.field if row.locked and row.prefill in known
    ]
    return render(
        request,
        "counter/form.html",
        {
            "matter": found, "person": person, "firm": firm, "form": answers, "papers": papers, "locked": locked,
            "steps": steps(), "key": new_key(), "home": people.region_name(person.region_code, full=True),
        },
        status=status,
    )  # fmt: skip


def _firm(request: HttpRequest, spec: Any, person_id: int) -> Any:
    """The firm a matter for firms is received for; the only one, or the one chosen."""
    if spec.applicant == "person":
        return None
    firms = list(people.firms_of(person_id))
    chosen = request.GET.get("firm") or request.POST.get("firm") or ""
    found = next((one for one in firms if str(one.pk) == chosen), None)
    if found is None and spec.applicant == "firm":
        if not firms:
            raise Conflict(Text("来人不是任何企业的法定代表人或经办人。", "This person acts for no firm."))
        found = firms[0]
    return found


def _received(
    request: HttpRequest, kept: dict[str, Any], code: str, answers: MatterForm, papers: PapersForm,
    person_id: int, firm_id: int | None,
) -> str:  # fmt: skip
    """Receive; the receipt number, or nothing with the reasons in the forms."""
    call = request.call()  # type: ignore[attr-defined]
    uploads, kept_scans = answers.uploads(), {}
    for material, upload in uploads.items():
        try:
            kept_scans[material] = scans.keep(upload)
        except QuanchengError as wrong:
            answers.add_error(f"{FILE}{material}", wrong.detail.pick(get_language() or "zh"))
    if answers.errors:
        return ""
    try:
        made = actions.receive_application(
            call, hall=queries.hall(call.actor, kept["hall"]), matter_code=code, form=answers.answers(),
            person_id=person_id, purpose=kept["purpose"], firm_id=firm_id, scans=kept_scans,
            names={material: str(upload.name)[-100:] for material, upload in uploads.items()},
            papers=papers.listed(), seal=papers.cleaned_data["seal"].strip().upper(),
            insist=papers.cleaned_data["insist"],
        )  # fmt: skip
    except (InvalidInput, Conflict) as wrong:
        for name in list(wrong.fields or {}):
            if name in papers.fields:
                papers.add_error(name, wrong.fields[name].pick(get_language() or "zh"))
        left = {name: text for name, text in (wrong.fields or {}).items() if name not in papers.fields}
        if left or not wrong.fields:
            refuse(answers, wrong)
        return ""
    messages.success(request, _("已收件，请打印收件凭证交给申请人。"))
    return str(made.case.receipt)


@require_GET
@never_cache
def slip(request: HttpRequest, receipt: str) -> HttpResponse:
    """收件凭证: who decides, by when, how to follow, how to complain."""
    actor = request.call().actor  # type: ignore[attr-defined]
    found = queries.reception(actor, receipt)
    return render(
        request,
        "counter/slip.html",
        {
            "reception": found, "case": found.case, "reading": services.clock_of(found.case),
            "bags": queries.bags_of(actor, found.case), "qr": _qr(f"{settings.PUBLIC_URL}/cases/{receipt}/"),
            "follow": f"{settings.PUBLIC_URL}/cases/{receipt}/", "steps": steps(),
        },
    )  # fmt: skip


def _qr(text: str) -> SafeString:
    drawn = segno.make(text, error="m").svg_inline(border=4, dark="#000", light="#fff", omitsize=True)
    return mark_safe(drawn)  # noqa: S308  drawn by segno from our own address
