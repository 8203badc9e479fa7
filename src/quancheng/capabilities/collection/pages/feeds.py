"""Pages of feeds: the list, one feed with its runs and uploads."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from quancheng.capabilities.collection import actions, forms, queries, rawfiles
from quancheng.capabilities.collection.models import Feed
from quancheng.capabilities.collection.pages.common import desk, language
from quancheng.capabilities.collection.values import Connector
from quancheng.kernel import access, pagination
from quancheng.kernel.errors import QuanchengError
from quancheng.kernel.middleware import new_key
from quancheng.kernel.refusals import mark

LATE_KINDS = {"fresh": "ok", "late": "warn", "silent": "bad", "never": "bad", "none": ""}
STATE_KINDS = {"active": "ok", "draft": "info", "paused": "", "tripped": "bad", "retired": ""}


def shown(feed: Feed) -> dict[str, Any]:
    """A feed with the colours of its tags."""
    return {"feed": feed, "late": LATE_KINDS[feed.lateness], "kind": STATE_KINDS[feed.state]}


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """归集任务: the list."""
    actor = desk(request)
    form = forms.FeedFilterForm(request.GET)
    wanted = form.wanted()
    page = pagination.page(queries.feeds(actor, **wanted), ("code",), request.GET)
    context = {
        "form": form, "page": page, "rows": [shown(one) for one in page], "counts": queries.counts(actor),
        "bureau": "collection.bureau" in actor.role_ids, "may_configure": access.allowed(actor, "configure", Feed),
    }  # fmt: skip
    return render(request, "collection/index.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def feed(request: HttpRequest, code: str) -> HttpResponse:
    """一个归集任务: state, source, columns, runs; a file may be delivered here."""
    actor = desk(request)
    found = queries.feed(actor, code)
    upload = forms.UploadForm()
    status = 200
    if request.method == "POST":
        if request.POST.get("what") == "run":
            run = actions.start_run(request.call(), code=code)  # type: ignore[attr-defined]
            return redirect(run.get_absolute_url())
        upload = forms.UploadForm(request.POST, request.FILES)
        if upload.is_valid():
            try:
                return redirect(_delivered(request, code, upload).get_absolute_url())
            except QuanchengError as refused:
                mark(upload, refused)
        status = 422
    context = {
        **shown(found),
        "upload": upload,
        "runs": queries.runs(actor, feed=code).order_by("-began_at", "-id")[:15],
        "uploads": found.connector == Connector.UPLOAD.value,
        "may_run": access.allowed(actor, "run", found) and found.state in ("active", "tripped"),
        "may_configure": access.allowed(actor, "configure", found),
        "mapping": [(source, name) for source, name in found.plan_of_columns.columns.items()],
        "trial_failed": found.trial.get("state") == "failed",
        "key": new_key(),
    }
    return render(request, "collection/feed.html", context, status=status)


def _delivered(request: HttpRequest, code: str, form: forms.UploadForm) -> Any:
    file = form.cleaned_data["file"]
    access.require(request.call().actor, "run", queries.feed(request.call().actor, code))  # type: ignore[attr-defined]
    raw = rawfiles.keep(file.chunks(rawfiles.CHUNK))
    return actions.deliver(
        request.call(),
        code=code,
        digest=raw.digest,
        name=file.name,
        supplement=form.cleaned_data["supplement"],  # type: ignore[attr-defined]
    )


@require_POST
def state(request: HttpRequest, code: str) -> HttpResponse:
    """启用、暂停、停用."""
    desk(request)
    try:
        actions.set_state(
            request.call(),
            code=code,
            state=request.POST.get("state", ""),
            note=request.POST.get("note", ""),  # type: ignore[attr-defined]
        )
        messages.success(request, _("任务状态已更新。"))
    except QuanchengError as refused:
        messages.error(request, refused.detail.pick(language()))
    return redirect("collection:feed", code=code)
