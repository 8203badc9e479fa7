"""Pages of a draft's materials and form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from quancheng.capabilities.designer import content, formbuild, queries
from quancheng.capabilities.designer.desk import change, page
from quancheng.capabilities.designer.values import Part
from quancheng.capabilities.services.values import ISSUERS, Rung, definition_of, form_source
from quancheng.core import feel, forms
from quancheng.core.forms import RuleKind
from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput

__all__ = ["feel_check", "form", "materials"]
LABEL = ("reason", "base", "purpose", "question", "text", "consequence", "helper")
NEEDS: Mapping[str, tuple[tuple[str, Text], ...]] = {
    "dropped": (("reason", Text("取消的理由", "Why it is asked for no more")),),
    "query": (("purpose", Text("查询用途", "Purpose of the query")), ("licence", Text("电子证照类型", "Type of licence")),
              ("fact", Text("登记库字段", "Register fact")), ("base", Text("资料库", "Outside base"))),
    "verify": (("department", Text("核验部门代码", "Code of the verifying department")), ("days", Text("核验时限参数", "Parameter of days")),
               ("question", Text("核验内容", "What is asked"))),
    "promise": (("text", Text("承诺内容", "Words declared")), ("consequence", Text("不实后果", "When untrue"))),
    "assist": (("helper", Text("由谁帮办", "Who helps")),),
    "online": (("limits", Text("上传限制参数", "Parameter of upload limits")),),
}  # fmt: skip


@require_http_methods(["GET", "POST"])
@never_cache
def materials(request: HttpRequest, pk: int) -> HttpResponse:
    """材料: each with the rungs of the no-certificate ladder it allows (无证明阶梯)."""
    draft = queries.draft(request.actor, pk)  # type: ignore[attr-defined]
    problem = None
    if request.method == "POST":
        problem = change(request, draft, Part.MATERIALS, lambda made: _materials(made, request.POST))
        if problem is None:
            return redirect("designer:part", pk, "materials")
    rows = list(draft.content.get("material") or ())
    wanted = request.GET.get("edit", "")
    editing = next((one for one in rows if one.get("key") == wanted), None)
    spec, _wrong = content.definition(draft.content)
    shown = {one.key: [way.rung.text for way in one.ladder] for one in spec.material} if spec else {}
    return page(
        request, "materials", draft, "materials", problem.status if problem else 200, problem=problem,
        rows=[(one, shown.get(one.get("key"), ())) for one in rows], editing=editing, rungs=_rungs(editing),
        issuers=ISSUERS.items(),
    )  # fmt: skip


def _rungs(editing: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    ways = {one.get("rung"): one for one in (editing or {}).get("ways") or ()}
    if editing and not ways:
        ways = {
            "online" if editing.get("source") == "upload" else str(editing.get("source")): _old_way(editing)
        }
    return [
        {
            "key": rung.value,
            "text": rung.text,
            "on": rung.value in ways,
            "fields": [
                (name, label, _line(ways.get(rung.value, {}).get(name))) for name, label in NEEDS[rung.value]
            ],
        }
        for rung in Rung
    ]


def _old_way(row: Mapping[str, Any]) -> dict[str, Any]:
    """The one rung of a material that has the older ``source`` only."""
    match row.get("source"):
        case "query":
            return {"base": row.get("how"), "purpose": row.get("name")}
        case "dropped":
            return {"reason": row.get("how")}
        case "promise":
            return {"text": row.get("how")}
    return {"limits": row.get("limits")}


def _line(value: Any) -> str:
    return (
        f"{value.get('zh', '')} | {value.get('en', '')}" if isinstance(value, Mapping) else str(value or "")
    )


def _materials(made: dict[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    rows = list(made.get("material") or ())
    step, key = given.get("do", "save"), given.get("key", "").strip()
    at = next((n for n, one in enumerate(rows) if one.get("key") == key), None)
    if step in {"drop", "up", "down"} and at is not None:
        row = rows.pop(at)
        if step != "drop":
            rows.insert(max(0, at + (1 if step == "down" else -1)), row)
        return made | {"material": rows}
    row = {
        "key": key, "issuer": given.get("issuer", "organ"), "required": bool(given.get("required")),
        "name": {"zh": given.get("zh", "").strip(), "en": given.get("en", "").strip()},
        "how": {"zh": given.get("how_zh", "").strip(), "en": given.get("how_en", "").strip()},
        "ways": [_way(rung.value, given) for rung in Rung if given.get(f"on_{rung.value}")],
    }  # fmt: skip
    if not row["ways"]:
        raise InvalidInput(Text("请至少选择一种取得方式。", "Choose at least one way to obtain it."))
    rows[at if at is not None else len(rows) : (at + 1) if at is not None else len(rows)] = [row]
    found = made | {"material": rows}
    wrong = [one for one in content.definition(found)[1] if one.part is Part.MATERIALS]
    if wrong:
        raise InvalidInput(wrong[0].text)
    return found


def _way(rung: str, given: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {"rung": rung}
    for name, _label in NEEDS[rung]:
        value = given.get(f"{rung}_{name}", "").strip()
        if value and name in LABEL:
            zh, _bar, en = (one.strip() for one in value.replace("｜", "|").partition("|"))
            found[name] = {"zh": zh, "en": en or zh}
        elif value:
            found[name] = value
    return found


# -- the form ------------------------------------------------------------------------------------------
@require_http_methods(["GET", "POST"])
@never_cache
def form(request: HttpRequest, pk: int) -> HttpResponse:
    """表单: pages, fields, FEEL rules; the preview is the form as an applicant meets it."""
    draft = queries.draft(request.actor, pk)  # type: ignore[attr-defined]
    problem = None
    if request.method == "POST":
        problem = change(request, draft, Part.FORM, lambda made: _formed(made, request.POST))
        if problem is None:
            return redirect(f"/work/designer/{pk}/form/")
    source = _source(draft.content)
    wanted = request.GET.get("edit", request.POST.get("key", "") if problem else "")
    shown, broken = _preview(draft.content)
    return page(
        request, "form", draft, "form", problem.status if problem else 200, problem=problem,
        fields=_rows(source), pages=source.get("pages") or (), editing=_editing(source, wanted),
        kinds=formbuild.KINDS.items(), rules=formbuild.RULES.items(), preview=shown, broken=broken,
    )  # fmt: skip


def _source(made: Mapping[str, Any]) -> dict[str, Any]:
    """The form as JSON; the author's own text where the rest of the draft cannot be read yet."""
    spec, _wrong = content.definition(made)
    try:
        found = form_source(spec) if spec is not None else json.loads(made.get("form_json") or "{}")
    except ValueError:
        found = {}
    if not isinstance(found, dict) or not isinstance(found.get("schema"), dict):
        return {"schema": {"type": "object", "properties": {}}, "ui": {}}
    return found


def _formed(made: dict[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    source, step, key = _source(made), given.get("do", ""), given.get("key", "").strip()
    match step:
        case "add":
            source = formbuild.add_field(
                source,
                key,
                given.get("kind", ""),
                given.get("zh", ""),
                given.get("en", ""),
                given.get("page", ""),
            )
        case "page":
            source = formbuild.add_page(source, given.get("zh", ""), given.get("en", ""))
        case "drop":
            source = formbuild.drop_field(source, key)
        case "up" | "down":
            source = formbuild.move(source, key, -1 if step == "up" else 1)
        case "save":
            source = formbuild.update_field(source, key, given)
        case "text":
            return made | {"form_json": given.get("form_json", ""), "field": []}
    return made | {"form_json": json.dumps(source, ensure_ascii=False, indent=1), "field": []}


def _rows(source: Mapping[str, Any]) -> list[dict[str, Any]]:
    properties, ui = source["schema"].get("properties", {}), source.get("ui", {})
    pages = source.get("pages") or ()
    order = [key for one in pages for key in one.get("fields", ()) if key in properties]
    order += [key for key in properties if key not in order]
    required = source["schema"].get("required", ())
    found = []
    for key in order:
        row = ui.get(key, {})
        rules = [one for one in source.get("rules", ()) if one.get("target") == key]
        found.append({
            "key": key, "label": row.get("label") or {"zh": key, "en": key}, "kind": row.get("widget", "text"),
            "required": key in required, "rules": rules,
            "page": next((one.get("title") for one in pages if key in one.get("fields", ())), None),
        })  # fmt: skip
    return found


def _editing(source: Mapping[str, Any], key: str) -> dict[str, Any] | None:
    schema = source["schema"].get("properties", {}).get(key)
    if schema is None:
        return None
    row = source.get("ui", {}).get(key, {})
    rules = {one.get("kind"): one for one in source.get("rules", ()) if one.get("target") == key}
    message = rules.get("valid", {}).get("message") or {}
    return {
        "key": key, "label": row.get("label") or {}, "hint": row.get("hint") or {}, "schema": schema,
        "required": key in source["schema"].get("required", ()), "kind": row.get("widget", "text"),
        "options": "\n".join(f"{one['value']} | {one['text']['zh']} | {one['text']['en']}" for one in row.get("options") or ()),
        "has_options": row.get("options") is not None, "message": message,
        "page": next((one.get("key") for one in source.get("pages") or () if key in one.get("fields", ())), ""),
        "rules": [
            (kind.value, text, rules.get(kind.value, {}).get("feel", "")) for kind, text in formbuild.RULES.items()
        ],
    }  # fmt: skip


def _preview(made: Mapping[str, Any]) -> tuple[list[dict[str, Any]], Text | None]:
    spec, _wrong = content.definition(made)
    if spec is None:
        return [], None
    try:
        definition = definition_of(spec)
    except forms.FormError as wrong:
        return [], wrong.text
    except (ValueError, KeyError, TypeError, AttributeError) as wrong:
        return [], Text(f"表单文件读不了：{wrong}", f"The form file cannot be read: {wrong}")
    by_key = {one.key: one for one in definition.fields}
    return [
        {
            "title": one.title,
            "fields": [
                {"field": by_key[key], "kind": formbuild.KINDS.get(by_key[key].kind, Text("文件", "File")),
                 "when": next((rule.feel for rule in definition.rules_of(key, RuleKind.VISIBLE)), "")}
                for key in one.fields if key in by_key
            ],
        }
        for one in definition.pages
    ], None  # fmt: skip


@require_POST
def feel_check(request: HttpRequest) -> HttpResponse:
    """立即检查: whether a FEEL text can be read, and what it gives for example answers."""
    queries.require_designer(request.actor)  # type: ignore[attr-defined]
    text = next(
        (
            str(value)
            for name, value in request.POST.items()
            if name.startswith(("rule_", "feel", "condition"))
        ),
        "",
    )
    found: dict[str, Any] = {"text": text}
    if text.strip():
        try:
            expression = feel.parse(text)
            found["names"] = sorted(expression.names)
            found["value"] = feel.display(expression.evaluate(feel.from_json(EXAMPLE)))
        except (feel.FeelSyntaxError, feel.FeelLimitError) as wrong:
            found["wrong"] = wrong.text
    return render(request, "designer/feel.html", found)


EXAMPLE: dict[str, Any] = {
    "applicant": {"kind": "person", "age": 67, "region": "370102", "district": "370102"},
    "form": {"delivery": "electronic", "number": 3}, "outcome": "approve",
}  # fmt: skip
"""Answers an expression is tried with at once (示例值)."""
