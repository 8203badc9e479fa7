"""Pages of the citizen: finding a matter, its guide, one's cases."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from quancheng.capabilities.services import actions, catalogue, queries, resolving, showing, worklists
from quancheng.capabilities.services.files import blob_answer
from quancheng.capabilities.services.flow import State
from quancheng.capabilities.services.forms import RatingForm
from quancheng.capabilities.services.models import Case
from quancheng.capabilities.services.panels import panels
from quancheng.core.text import Text
from quancheng.kernel import clock, rulebook
from quancheng.kernel.errors import NotSignedIn
from quancheng.kernel.middleware import new_key


def signed_in(request: HttpRequest) -> Any:
    """The actor of a signed-in request; raises NotSignedIn."""
    actor = request.actor  # type: ignore[attr-defined]
    if not actor.is_authenticated:
        raise NotSignedIn()
    return actor


@require_GET
def matters(request: HttpRequest) -> HttpResponse:
    """办事: search, zones, list."""
    actor = request.actor  # type: ignore[attr-defined]
    query = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    return render(
        request,
        "services/matters.html",
        {
            "query": query,
            "hits": queries.search(actor, query) if query else [],
            "zones": catalogue.zones(),
            "page": None if query else catalogue.matters(actor, request.GET),
            "drafts": queries.drafts(actor),
            "online_only": request.GET.get("online") == "1",
        },
    )


@require_GET
def zone(request: HttpRequest, code: str) -> HttpResponse:
    """专区."""
    found = catalogue.zone(code)
    page = catalogue.matters(request.actor, request.GET, zone_code=code)  # type: ignore[attr-defined]
    return render(request, "services/zone.html", {"zone": found, "page": page})


@require_GET
def guide(request: HttpRequest, code: str) -> HttpResponse:
    """办事指南: who may have it, and whether I may."""
    actor = request.actor  # type: ignore[attr-defined]
    matter = catalogue.matter(actor, code)
    spec = matter.current.spec
    judged = queries.eligibility(actor, matter)
    findings = {one.condition: one for one in judged.findings}
    conditions = [
        {
            "row": row,
            "finding": findings.get(row.id),
            "kind": showing.outcome_kind(findings[row.id].outcome) if row.id in findings else "",
        }
        for row in spec.condition
    ]
    return render(
        request,
        "services/guide.html",
        {
            "matter": matter,
            "spec": spec,
            "judged": judged,
            "held": queries.held_already(actor, judged),
            "conditions": conditions,
            "materials": resolving.guide_rows(actor, spec),
            "elements": resolving.elements_of(spec),
            "periods": queries.periods(matter),
            "draft": queries.draft(actor, matter),
            "zones": [one for one in catalogue.zones() if one.code in spec.zones],
        },
    )


@require_GET
def cases(request: HttpRequest) -> HttpResponse:
    """我的办件."""
    actor = signed_in(request)
    page = queries.my_cases(actor, request.GET)
    return render(
        request,
        "services/cases.html",
        {
            "page": page,
            "drafts": queries.drafts(actor),
            "state": request.GET.get("state", ""),
            "rows": [{"case": one, "kind": showing.state_kind(one.state)} for one in page.items],
        },
    )


@require_GET
@never_cache
def case(request: HttpRequest, receipt: str) -> HttpResponse:
    """办件进度."""
    actor = signed_in(request)
    return case_page(request, queries.my_case(actor, receipt))


def case_page(
    request: HttpRequest, found: Case, *, rating: RatingForm | None = None, status: int = 200
) -> HttpResponse:
    """The page of one's own case."""
    history = list(found.history.all())
    actor = request.actor  # type: ignore[attr-defined]
    verbs = queries.applicant_steps(found)
    reveal = request.GET.get("reveal") == "1"
    return render(
        request,
        "services/case.html",
        {
            "case": found,
            "spec": found.spec,
            "kind": showing.state_kind(found.state),
            "reading": queries.clock_of(found),
            "timeline": showing.timeline_of(found, history),
            "answers": showing.answer_rows(found.spec, found.form, found.provenance, reveal=reveal),
            "files": named_files(found),
            "verbs": verbs,
            "reveal": reveal,
            "new": request.GET.get("new") == "1",
            "returned": next((one for one in reversed(history) if one.kind == "returned"), None),
            "correct_by": found.clock.get("correct_by"),
            "may_rate": _may_rate(found),
            "rating": rating or RatingForm(),
            "key": new_key(),
            "refusal": refusal_of(found),
            "documents": worklists.documents(actor, found),
            "charges": worklists.charges(actor, found),
            "visits": [
                {"task": one, "at": datetime.fromisoformat(one.data["visit"])}
                for one in worklists.my_visits(actor, found)
            ],
            "panels": panels(request, found, citizen=True),
        },
        status=status,
    )


def named_files(found: Case) -> list[dict[str, Any]]:
    """Current files with the names of their materials."""
    return [
        {"file": one, "name": showing.file_name(found.spec, one.material)} for one in queries.files(found)
    ]


def refusal_of(found: Case) -> dict[str, Any] | None:
    made = found.decision
    if made.get("kind") != "refused":
        return None
    return {
        "reason": made["reason"],
        "ground": Text.of(made["ground_text"]),
        "basis": Text.of(made["basis"]),
        "appeal": Text.of(made["appeal"]),
    }


def _may_rate(found: Case) -> bool:
    if found.rating is not None or found.decided_at is None or found.state == State.WITHDRAWN:
        return False
    days = rulebook.find("services.rating_days").integer()
    return (clock.now() - found.decided_at).days <= days


@require_POST
def withdraw(request: HttpRequest, receipt: str) -> HttpResponse:
    """撤回."""
    found = queries.my_case(signed_in(request), receipt)
    actions.withdraw_case(request.call(), case=found, reason=request.POST.get("reason", ""))  # type: ignore[attr-defined]
    return redirect("services:case", receipt=receipt)


@require_POST
def rate(request: HttpRequest, receipt: str) -> HttpResponse:
    """好差评."""
    found = queries.my_case(signed_in(request), receipt)
    form = RatingForm(request.POST)
    if not form.is_valid():
        return case_page(request, found, rating=form, status=422)
    actions.rate_case(
        request.call(),
        case=found,
        score=form.cleaned_data["score"],
        text=form.cleaned_data["text"],  # type: ignore[attr-defined]
    )
    return redirect("services:case", receipt=receipt)


@require_GET
@never_cache
def file(request: HttpRequest, pk: int) -> HttpResponse:
    """材料文件, for those who may see its case or draft."""
    found = queries.case_file(signed_in(request), pk)
    return blob_answer(found.digest, found.media_type)
