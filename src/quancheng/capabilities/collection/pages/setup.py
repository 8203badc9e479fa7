"""Setting a feed up: source, sample, then the columns as an officer corrects and agrees them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from quancheng.capabilities.collection import actions, forms, queries, rawfiles
from quancheng.capabilities.collection.models import CONNECTORS, Feed
from quancheng.capabilities.collection.pages.common import desk, language, organs
from quancheng.capabilities.collection.proposing import Proposal, agreed, propose
from quancheng.capabilities.collection.values import Connector
from quancheng.core.tabular import Kind, TableError
from quancheng.kernel import access
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import QuanchengError
from quancheng.kernel.middleware import new_key
from quancheng.kernel.refusals import mark

ICONS = {
    "upload": "upload", "folder": "folder", "http": "api", "postgres": "database", "mysql": "database",
    "sftp": "server-2", "s3": "cloud-storage", "own": "apps", "robot": "robot",
}  # fmt: skip
KINDS = [
    (Kind.TEXT.value, gettext_lazy("文本")), (Kind.INTEGER.value, gettext_lazy("整数")),
    (Kind.DECIMAL.value, gettext_lazy("小数")), (Kind.DATE.value, gettext_lazy("日期")),
    (Kind.DATETIME.value, gettext_lazy("日期时间")), (Kind.BOOLEAN.value, gettext_lazy("是否")),
    (Kind.RESIDENT_ID.value, gettext_lazy("公民身份号码")), (Kind.USCC.value, gettext_lazy("统一社会信用代码")),
    (Kind.PHONE.value, gettext_lazy("电话")),
]  # fmt: skip
DOUBLES = [
    ("refuse", gettext_lazy("全部拒收")), ("first", gettext_lazy("保留第一行")), ("last", gettext_lazy("保留最后一行")),
]  # fmt: skip
FORMULAS = [
    ("saved", gettext_lazy("用保存的结果，待重算的拒收")), ("trust", gettext_lazy("用保存的结果")), ("refuse", gettext_lazy("一律拒收")),
]  # fmt: skip


def _datasets() -> list[tuple[str, str]]:
    return [
        (name, f"{one.zh if language().startswith('zh') else one.en} ({name})")
        for name, one in queries.datasets().items()
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """新建归集任务: first how the source is reached, then the rest."""
    actor = desk(request)
    access.require(actor, "configure", Feed)
    connector = request.GET.get("connector", "")
    if connector not in {one.value for one in Connector}:
        entries = [
            {"path": f"?connector={value}", "label": label, "icon": ICONS[value]}
            for value, label in CONNECTORS
        ]
        return render(request, "collection/choose.html", {"entries": entries})
    data = request.POST or None
    form = forms.FeedForm(data, organs=organs(actor))
    settings = forms.SettingsForm(connector, data, datasets=_datasets(), prefix="s")
    status = 200
    if request.method == "POST":
        if form.is_valid() & settings.is_valid():
            values, secrets = settings.split()
            try:
                feed = actions.create_feed(
                    request.call(),
                    connector=connector,
                    settings=values,
                    secrets=secrets,
                    **form.cleaned_data,  # type: ignore[attr-defined]
                )
                return redirect("collection:columns", code=feed.code)
            except QuanchengError as refused:
                _share(form, settings, refused)
        status = 422
    context = {"form": form, "settings": settings, "connector": dict(CONNECTORS)[connector], "key": new_key()}
    return render(request, "collection/new.html", context, status=status)


def _share(form: Any, settings: Any, refused: QuanchengError) -> None:
    """Faults of settings at their fields, the others at those of the feed."""
    text = {name: one.pick(language()) for name, one in refused.fields.items()}
    for name, said in text.items():
        if name in settings.fields:
            settings.add_error(name, said)
        else:
            form.add_error(name if name in form.fields else None, said)
    if not text:
        form.add_error(None, refused.detail.pick(language()))


@require_http_methods(["GET", "HEAD", "POST"])
def source(request: HttpRequest, code: str) -> HttpResponse:
    """修改来源: settings, secrets, times."""
    actor = desk(request)
    found = queries.feed(actor, code)
    access.require(actor, "configure", found)
    first = {
        "code": found.code, "zh": found.zh, "en": found.en, "organ": found.organ.code, "mode": found.mode,
        "period_minutes": str(found.period_minutes), "sla_minutes": str(found.sla_minutes), "entry": found.entry,
    }  # fmt: skip
    data = request.POST or None
    form = forms.FeedForm(data, organs=[(found.organ.code, found.organ.text.pick(language()))], initial=first)
    for name in ("code", "organ", "mode"):
        form.fields[name].disabled = True
    settings = forms.SettingsForm(
        found.connector, data, datasets=_datasets(), prefix="s", initial=forms.settings_shown(found)
    )
    status = 200
    if request.method == "POST":
        if form.is_valid() & settings.is_valid():
            values, secrets = settings.split()
            facts = {
                name: form.cleaned_data[name]
                for name in ("zh", "en", "period_minutes", "sla_minutes", "entry")
            }
            try:
                actions.change_feed(request.call(), code=code, settings=values, secrets=secrets, **facts)  # type: ignore[attr-defined]
                messages.success(request, _("来源已更新。"))
                return redirect("collection:feed", code=code)
            except QuanchengError as refused:
                _share(form, settings, refused)
        status = 422
    context = {
        "form": form, "settings": settings, "connector": found.get_connector_display(), "feed": found, "key": new_key(),
    }  # fmt: skip
    return render(request, "collection/new.html", context, status=status)


@require_POST
def sample(request: HttpRequest, code: str) -> HttpResponse:
    """样例: an uploaded file, or a trial of the source."""
    actor = desk(request)
    found = queries.feed(actor, code)
    access.require(actor, "configure", found)
    if request.POST.get("what") == "trial":
        actions.start_trial(request.call(), code=code)  # type: ignore[attr-defined]
        return redirect("collection:columns", code=code)
    form = forms.SampleForm(request.POST, request.FILES)
    if form.is_valid():
        file = form.cleaned_data["sample"]
        try:
            raw = rawfiles.keep(file.chunks(rawfiles.CHUNK))
            actions.set_sample(request.call(), code=code, digest=raw.digest, name=file.name)  # type: ignore[attr-defined]
            return redirect("collection:columns", code=code)
        except QuanchengError as refused:
            mark(form, refused)
    return _columns_page(request, actor, found, sample_form=form, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
def columns(request: HttpRequest, code: str) -> HttpResponse:
    """识别与约定: head, columns, kinds and key as found in the sample, corrected here."""
    actor = desk(request)
    found = queries.feed(actor, code)
    access.require(actor, "configure", found)
    if request.method != "POST":
        return _columns_page(request, actor, found)
    rows, key, layout = agreed(request.POST)
    try:
        actions.agree_layout(request.call(), code=code, columns=rows, key=key, layout=layout)  # type: ignore[attr-defined]
        messages.success(request, _("信息项已约定，任务已启用。"))
        return redirect("collection:feed", code=code)
    except QuanchengError as refused:
        faults = [text.pick(language()) for text in refused.fields.values()] or [
            refused.detail.pick(language())
        ]
        return _columns_page(request, actor, found, faults=faults, status=422)


def _columns_page(
    request: HttpRequest,
    actor: Actor,
    found: Feed,
    *,
    sample_form: Any = None,
    faults: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    proposal: Proposal | None = None
    unread = ""
    try:
        proposal = propose(found, request.GET, request.POST if request.POST.get("what") == "agree" else None)
    except TableError as refused:
        unread = refused.text.pick(language())
    except QuanchengError as gone:
        unread = gone.detail.pick(language())
    context = {
        "feed": found, "proposal": proposal, "unread": unread, "faults": faults or [], "kinds": KINDS, "doubles": DOUBLES, "formulas": FORMULAS,
        "sample_form": sample_form or forms.SampleForm(), "key": new_key(),
        "uploads": found.connector == Connector.UPLOAD.value, "own": found.connector == Connector.OWN.value,
        "trying": found.trial.get("state") == "running",
    }  # fmt: skip
    return render(request, "collection/columns.html", context, status=status)
