"""协议地址: OGC API - Processes at ``/ogc/processes-1/``."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from quancheng.capabilities.models import actions, ogc, queries, serving
from quancheng.capabilities.models.values import JobStatus
from quancheng.core.text import Text
from quancheng.kernel.errors import NotFound, NotSignedIn, QuanchengError, TooLarge, Unsupported, problem
from quancheng.kernel.middleware import call_of

_BODY = 20_000_000
_PROBLEM = "application/problem+json; charset=utf-8"
View = Callable[..., HttpResponse]


def _base() -> str:
    return f"{settings.PUBLIC_URL}{ogc.ROOT}"


def _language() -> str:
    return get_language() or "zh-hans"


def _said(kind: str = "") -> Callable[[View], View]:
    """Errors as problem details; ``kind`` is the standard's exception for what is not found."""

    def wrap(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                return view(request, *args, **kwargs)
            except QuanchengError as refused:
                body = problem(refused, instance=request.path, language=_language())
                if isinstance(refused, NotFound) and kind:
                    body["type"] = f"{ogc.EXCEPTION}{kind}"
                return JsonResponse(body, status=refused.status, content_type=_PROBLEM)

        return answer

    return wrap


def _json(body: Any, status: int = 200) -> JsonResponse:
    return JsonResponse(body, status=status, safe=False, json_dumps_params={"ensure_ascii": False})


@require_safe
def landing(_request: HttpRequest) -> HttpResponse:
    """The landing page."""
    return _json(ogc.landing(_base()))


@require_safe
def conformance(_request: HttpRequest) -> HttpResponse:
    """Conformance classes."""
    return _json({"conformsTo": list(ogc.CLASSES)})


@require_safe
@never_cache
@_said()
def processes(request: HttpRequest) -> HttpResponse:
    """Processes the asker may call; ``limit`` and ``offset``."""
    found = serving.processes(call_of(request).actor)
    limit, offset = _number(request, "limit", 100, 1), _number(request, "offset", 0, 0)
    shown = found[offset : offset + limit]
    links = [ogc.link(f"{_base()}/processes", "self")]
    if offset + limit < len(found):
        links.append(ogc.link(f"{_base()}/processes?limit={limit}&offset={offset + limit}", "next"))
    listed = [ogc.summary(one, _base(), _language()) for one in shown]
    return _json({"processes": listed, "links": links})


def _number(request: HttpRequest, name: str, usual: int, least: int) -> int:
    said = request.GET.get(name, "")
    return min(max(int(said), least), 1000) if said.isascii() and said.isdigit() and len(said) < 9 else usual


@require_safe
@never_cache
@_said("no-such-process")
def process(request: HttpRequest, name: str) -> HttpResponse:
    """One process with its inputs and outputs."""
    return _json(ogc.description(serving.process(call_of(request).actor, name), _base(), _language()))


# A form of another site cannot send JSON without asking first, so JSON takes the place of the form's token.
@csrf_exempt
@require_http_methods(["POST"])
@_said("no-such-process")
def execution(request: HttpRequest, name: str) -> HttpResponse:
    """Execute: at once, or as a job with ``Prefer: respond-async``."""
    call = call_of(request)
    chosen = serving.process(call.actor, name)
    if request.content_type != "application/json":
        raise Unsupported(Text("请用 application/json 提交。", "Send application/json."))
    if int(request.META.get("CONTENT_LENGTH") or 0) > _BODY:
        raise TooLarge(Text("请求正文过大。", "The request body is too large."))
    asked = ogc.read_execution(request.read(_BODY + 1), chosen)
    if "respond-async" in request.headers.get("Prefer", ""):
        return _later(call, chosen, asked)
    address = request.META.get("REMOTE_ADDR", "")
    outputs = serving.execute(call, name, asked.inputs, purpose=asked.purpose, address=address)
    if asked.is_document:
        return _json({one: outputs.get(one) for one in asked.outputs})
    if len(asked.outputs) == 1:
        return _json(outputs.get(asked.outputs[0]))
    boundary = uuid4().hex
    return HttpResponse(
        ogc.multipart(outputs, asked.outputs, boundary),
        content_type=f'multipart/related; boundary="{boundary}"; type="application/json"',
    )


def _later(call: Any, chosen: serving.Process, asked: ogc.Execution) -> HttpResponse:
    if call.actor.user_id is None:
        raise NotSignedIn
    serving.allowed(call.actor, chosen, asked.purpose, serving.caller_of(call.actor))
    serving.check(chosen, asked.inputs)
    task = actions.ask_task(call, process=chosen.id, inputs=asked.inputs, purpose=asked.purpose)
    answer = _json(ogc.status_info(task, _base()), 201)
    answer["Location"] = f"{_base()}/jobs/{task.code}"
    answer["Preference-Applied"] = "respond-async"
    return answer


@require_safe
@never_cache
@_said()
def jobs(request: HttpRequest) -> HttpResponse:
    """The asker's own jobs."""
    actor = call_of(request).actor
    if not actor.is_authenticated:
        raise NotSignedIn
    page = queries.tasks(
        actor, {"size": request.GET.get("limit", ""), "cursor": request.GET.get("cursor", "")}
    )
    links = [ogc.link(f"{_base()}/jobs", "self")]
    if page.next:
        links.append(ogc.link(f"{_base()}/jobs?cursor={page.next}", "next"))
    return _json({"jobs": [ogc.status_info(one, _base()) for one in page.items], "links": links})


@csrf_exempt
@require_http_methods(["GET", "HEAD", "DELETE"])
@never_cache
@_said("no-such-job")
def job(request: HttpRequest, code: str) -> HttpResponse:
    """Status of a job; DELETE dismisses it."""
    call = call_of(request)
    task = queries.task(call.actor, code)
    if request.method == "DELETE":
        task = actions.dismiss_task(call, code=str(task.code))
    return _json(ogc.status_info(task, _base()))


@require_safe
@never_cache
@_said("no-such-job")
def results(request: HttpRequest, code: str) -> HttpResponse:
    """Results of a job that has ended well."""
    task = queries.task(call_of(request).actor, code)
    status = JobStatus(task.status)
    if status is JobStatus.SUCCESSFUL:
        return _json(task.outputs)
    ended = status in (JobStatus.FAILED, JobStatus.DISMISSED)
    kind, code_ = ("job-failed", 500) if status is JobStatus.FAILED else ("result-not-ready", 404)
    said = task.message if ended and task.message else f"status: {task.status}"
    body = {"type": f"{ogc.EXCEPTION}{kind}", "title": kind, "status": code_, "detail": said}
    return JsonResponse(body, status=code_, content_type=_PROBLEM, json_dumps_params={"ensure_ascii": False})


urlpatterns = [
    path("ogc/processes-1/", landing),
    path("ogc/processes-1/conformance", conformance),
    path("ogc/processes-1/processes", processes),
    path("ogc/processes-1/processes/<str:name>", process),
    path("ogc/processes-1/processes/<str:name>/execution", execution),
    path("ogc/processes-1/jobs", jobs),
    path("ogc/processes-1/jobs/<str:code>", job),
    path("ogc/processes-1/jobs/<str:code>/results", results),
]
