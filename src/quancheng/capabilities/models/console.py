"""公共算法: the open face's list of algorithms and a console for each."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from quancheng.capabilities.models import forms, ogc, serving
from quancheng.kernel.errors import QuanchengError
from quancheng.kernel.middleware import call_of
from quancheng.kernel.refusals import mark

_SHOWN = 20_000


@require_safe
@never_cache
def algorithms(request: HttpRequest) -> HttpResponse:
    """公共算法: what the asker may call."""
    found = {"rows": serving.processes(call_of(request).actor), "root": f"{settings.PUBLIC_URL}{ogc.ROOT}/"}
    return render(request, "models/algorithms.html", found)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def algorithm(request: HttpRequest, name: str) -> HttpResponse:
    """One algorithm: what goes in and out, and a try."""
    call = call_of(request)
    chosen = serving.process(call.actor, name)
    start = {"inputs": json.dumps(_sample(chosen), ensure_ascii=False, indent=1)}
    form = forms.ConsoleForm(request.POST or None, initial=start, has_purpose=not chosen.algorithm.public)
    answer = None
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        try:
            outputs = serving.execute(
                call, name, said["inputs"], purpose=said.get("purpose", ""),
                address=request.META.get("REMOTE_ADDR", ""),
            )  # fmt: skip
            answer = json.dumps(outputs, ensure_ascii=False, indent=1)[:_SHOWN]
        except QuanchengError as refused:
            mark(form, refused)
    place = f"{settings.PUBLIC_URL}{ogc.ROOT}/processes/{name}/execution"
    body = json.dumps({"inputs": _sample(chosen), "response": "document"}, ensure_ascii=False)
    found = {
        "one": chosen, "form": form, "answer": answer,
        "inputs": [
            (title, json.dumps(schema, ensure_ascii=False), title not in chosen.algorithm.optional)
            for title, schema in chosen.algorithm.inputs.items()
        ],
        "outputs": [
            (title, json.dumps(schema, ensure_ascii=False)) for title, schema in chosen.algorithm.outputs.items()
        ],
        "sample": f"curl -X POST {place} \\\n  -H 'Content-Type: application/json' \\\n  -d '{body}'",
    }  # fmt: skip
    status = 422 if form.is_bound and answer is None else 200
    return render(request, "models/algorithm.html", found, status=status)


def _sample(chosen: serving.Process) -> dict[str, Any]:
    """Inputs to begin with, made from the schemas."""
    return {name: _value(schema) for name, schema in chosen.algorithm.inputs.items()}


def _value(schema: Any) -> Any:
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    match kind:
        case "array":
            return [_value(schema.get("items", {}))] * max(1, min(int(schema.get("minItems", 1)), 3))
        case "integer":
            return max(5, int(schema.get("minimum", 0)))
        case "number":
            return max(1.5, float(schema.get("minimum", 0)))
        case "boolean":
            return True
        case "object":
            return {}
        case _:
            return "Jinan"
