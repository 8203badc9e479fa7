"""Pages of the assistant at the desk: list, one case, pictures and cut-outs, judging."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from quancheng.capabilities.assistant import actions, queries, showing
from quancheng.capabilities.assistant.forms import JudgeForm, ReadingFilter
from quancheng.capabilities.trust import queries as trust
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound
from quancheng.kernel.middleware import new_key


@require_GET
@never_cache
def inbox(request: HttpRequest) -> HttpResponse:
    """材料读取 of the asker's departments."""
    actor = request.actor  # type: ignore[attr-defined]
    page = queries.page(actor, request.GET)
    return render(
        request,
        "assistant/list.html",
        {
            "page": page,
            "filter": ReadingFilter(request.GET),
            "counts": queries.counts(actor),
            "rows": [
                {
                    "row": one,
                    "kind": showing.STATES.get(one.state, "ok"),
                    "worst_kind": showing.OUTCOMES.get(one.worst, ""),
                }
                for one in page.items
            ],
            "accuracy": queries.accuracy(actor),
            "key": new_key(),
        },
    )


@require_GET
@never_cache
def case(request: HttpRequest, receipt: str) -> HttpResponse:
    """一个办件的审查要点."""
    return _page(request, receipt)


def _page(
    request: HttpRequest, receipt: str, *, point: int = 0, problem: Any = None, status: int = 200
) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.case_of(actor, receipt)
    rows = [showing.reading_row(one) for one in queries.readings(actor, receipt)]
    context = {"case": found, "rows": rows, "key": new_key(), "problem": problem, "opened": point}
    return render(request, "assistant/case.html", context, status=status)


@require_POST
def judge(request: HttpRequest, pk: int) -> HttpResponse:
    """接受或更正一个要点."""
    found = queries.point(request.actor, pk)  # type: ignore[attr-defined]
    receipt = found.reading.receipt
    form = JudgeForm(request.POST)
    values = {name: str(form.data.get(name, "")) for name in ("outcome", "reason")}
    try:
        actions.judge_point(request.call(), point=found, **values)  # type: ignore[attr-defined]
    except InvalidInput as wrong:
        return _page(request, receipt, point=pk, problem=wrong, status=wrong.status)
    messages.success(request, _("已记下您的判断。"))
    return redirect("assistant:case", receipt=receipt)


@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """重新读取."""
    found = queries.reading(request.actor, pk)  # type: ignore[attr-defined]
    try:
        actions.retry_reading(request.call(), reading=found)  # type: ignore[attr-defined]
    except Conflict as conflict:
        return _page(request, found.receipt, problem=conflict, status=conflict.status)
    messages.success(request, _("已重新排队读取。"))
    return redirect("assistant:case", receipt=found.receipt)


@require_GET
def picture(request: HttpRequest, pk: int) -> FileResponse:
    """The uploaded picture, for who may see the reading."""
    found = queries.reading(request.actor, pk)  # type: ignore[attr-defined]
    return _blob(found.digest)


@require_GET
def cut(request: HttpRequest, pk: int) -> FileResponse:
    """The cut-out of a point, for who may see the reading."""
    found = queries.point(request.actor, pk)  # type: ignore[attr-defined]
    return _blob(found.cut)


def _blob(digest: str) -> FileResponse:
    if not trust.digest_like(digest) or not (place := trust.blob_path(digest)).exists():
        raise NotFound()
    with place.open("rb") as stream:
        head = stream.read(8)
    kind = {b"\xff\xd8\xff": "image/jpeg", b"\x89PN": "image/png"}.get(head[:3])
    if kind is None:  # never serve as a picture what is none
        raise NotFound()
    answer = FileResponse(place.open("rb"), content_type=kind)
    answer["Cache-Control"] = "private, max-age=600"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


urlpatterns = [
    path("work/assistant/", inbox, name="list"),
    path("work/assistant/points/<int:pk>/judge/", judge, name="judge"),
    path("work/assistant/points/<int:pk>/cut/", cut, name="cut"),
    path("work/assistant/readings/<int:pk>/retry/", retry, name="retry"),
    path("work/assistant/readings/<int:pk>/picture/", picture, name="picture"),
    path("work/assistant/<str:receipt>/", case, name="case"),
]
