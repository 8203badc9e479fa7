"""The editors' pages: corrections, unanswered questions, synonyms, articles, canned answers."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from quancheng.capabilities.guide import actions, forms, knowledge, queries
from quancheng.capabilities.guide.models import Article, CannedAnswer, Correction
from quancheng.capabilities.guide.pages.common import actor_of, language, refuse
from quancheng.kernel import access, clock
from quancheng.kernel.errors import Conflict, InvalidInput
from quancheng.kernel.middleware import new_key


@require_http_methods(["GET", "HEAD", "POST"])
def wrong(request: HttpRequest, pk: int) -> HttpResponse:
    """这个答案不对: the right one is …"""
    actor = actor_of(request)
    queries.require_desk(actor)
    found = queries.inquiry(actor, pk)
    form = forms.CorrectionForm(
        request.POST or None,
        choices=queries.choices(),
        language=language(),
        initial={"phrase": found.text[:30]},
    )
    if request.method == "POST" and form.is_valid():
        try:
            actions.propose_correction(request.call(), inquiry=found, **form.cleaned_data)  # type: ignore[attr-defined]
            messages.success(request, _("更正已提交，复核后生效。"))
            held = found.conversation
            if held is not None and held.agent_id == actor.user_id:
                return redirect("guide:conversation", held.number)
            return redirect("guide:corrections")
        except InvalidInput as refused:
            refuse(form, refused)
    given = [knowledge.title(key) for key in found.keys]
    status = 422 if request.method == "POST" else 200
    context = {"row": found, "given": given, "form": form, "key": new_key()}
    return render(request, "guide/wrong.html", context, status=status)


@require_safe
def corrections(request: HttpRequest) -> HttpResponse:
    """答案更正."""
    page = queries.corrections(actor_of(request), request.GET)
    rows = [
        {
            "one": row,
            "given": knowledge.title(row.given) if row.given else None,
            "right": knowledge.title(row.right) if row.right else None,
        }
        for row in page.items
    ]
    form = forms.CorrectionFilterForm(request.GET)
    return render(request, "guide/corrections.html", {"page": page, "rows": rows, "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """复核一条更正."""
    actor = actor_of(request)
    queries.require_desk(actor)
    found = queries.correction(actor, pk)
    problem = None
    if request.method == "POST":
        try:
            actions.review_correction(
                request.call(),  # type: ignore[attr-defined]
                correction=found,
                accept=request.POST.get("accept") == "1",
                phrase=request.POST.get("phrase", "")[:60],
            )
            messages.success(request, _("已复核。"))
            return redirect("guide:corrections")
        except (InvalidInput, Conflict) as refused:
            problem = refused.detail
    context = {
        "row": found,
        "given": knowledge.title(found.given) if found.given else None,
        "right": knowledge.title(found.right) if found.right else None,
        "problem": problem,
        "may_review": found.state == Correction.State.PROPOSED and access.allowed(actor, "review", found),
        "key": new_key(),
    }
    return render(request, "guide/review.html", context, status=422 if problem else 200)


@require_safe
def unanswered(request: HttpRequest) -> HttpResponse:
    """没答好的问题: unsure or reported wrong."""
    actor = actor_of(request)
    queries.require_desk(actor)
    return render(request, "guide/unanswered.html", {"page": queries.unanswered(actor, request.GET)})


@require_safe
def synonyms(request: HttpRequest) -> HttpResponse:
    """学到的说法."""
    actor = actor_of(request)
    queries.require_desk(actor)
    page = queries.synonyms(actor, request.GET)
    rows = [{"one": row, "target": knowledge.title(row.target)} for row in page.items]
    context = {"page": page, "rows": rows, "form": forms.SearchForm(request.GET), "key": new_key()}
    return render(request, "guide/synonyms.html", context)


@require_POST
def retire(request: HttpRequest, pk: int) -> HttpResponse:
    """停用一个说法."""
    found = queries.synonym(actor_of(request), pk)
    actions.retire_synonym(request.call(), synonym=found)  # type: ignore[attr-defined]
    messages.success(request, _("已停用。"))
    return redirect("guide:synonyms")


@require_safe
def articles(request: HttpRequest) -> HttpResponse:
    """知识条目."""
    actor = actor_of(request)
    queries.require_desk(actor)
    page = queries.articles(actor, request.GET)
    today = clock.today()
    rows = [{"one": row, "stale": row.current.stale(today)} for row in page.items if row.current]
    context = {
        "page": page,
        "rows": rows,
        "form": forms.SearchForm(request.GET),
        "may_publish": access.allowed(actor, "publish", Article),
    }
    return render(request, "guide/articles.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def article(request: HttpRequest, code: str = "") -> HttpResponse:
    """写或改一条知识; what is published is a new version."""
    actor = actor_of(request)
    queries.require_desk(actor)
    access.require(actor, "publish", Article)
    found = queries.article(actor, code) if code else None
    initial = forms.ArticleForm.initial_of(found.current.content) if found and found.current else {}
    form = forms.ArticleForm(request.POST or None, initial=initial)
    if found is not None:
        form.fields["code"].disabled = True
    if request.method == "POST" and form.is_valid():
        try:
            actions.publish_article(request.call(), content=form.content())  # type: ignore[attr-defined]
            messages.success(request, _("已发布，下一个问题起生效。"))
            return redirect("guide:articles")
        except InvalidInput as refused:
            refuse(form, refused)
    versions = list(found.versions.order_by("-number")[:10]) if found else []
    status = 422 if request.method == "POST" else 200
    context = {"row": found, "form": form, "versions": versions}
    return render(request, "guide/article.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def canned(request: HttpRequest) -> HttpResponse:
    """常用语."""
    actor = actor_of(request)
    queries.require_desk(actor)
    form = forms.CannedForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.save_canned(request.call(), **form.cleaned_data)  # type: ignore[attr-defined]
            messages.success(request, _("已保存。"))
            return redirect("guide:canned")
        except InvalidInput as refused:
            refuse(form, refused)
    rows = list(access.visible(actor, CannedAnswer).order_by("code"))
    status = 422 if request.method == "POST" else 200
    context = {"rows": rows, "form": form, "may_save": access.allowed(actor, "save", CannedAnswer)}
    return render(request, "guide/canned.html", context, status=status)
