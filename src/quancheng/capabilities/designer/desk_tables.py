"""Pages of a draft's decision tables (决策表) and process (流程)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from quancheng.capabilities.designer import decisions, outline, queries
from quancheng.capabilities.designer.desk import change, page
from quancheng.capabilities.designer.models import MatterDraft
from quancheng.capabilities.designer.values import Part
from quancheng.capabilities.services.values import OUTCOMES, SERVICES, State, standard_process
from quancheng.core import feel
from quancheng.core.feel.dmn.document import DecisionTable, Document, Literal
from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput, QuanchengError

__all__ = ["diagram", "names_of", "process", "tables"]
PATTERNS_FOLDER = Path(__file__).parent / "resources" / "patterns"
PATTERNS = {
    "standard": Text("标准：受理、审查、补正、复核", "Standard: accept, decide, correct, review"),
    "review": Text("两个部门并联会办后决定", "Two offices consulted at once, then decided"),
    "visit": Text("现场核查，不合格整改再查", "Site visit, put right, visit again"),
    "decision": Text("先按决策表分流，再核验", "Routed by a table, then verified"),
    "joint": Text("分流、并联会办、现场核查", "Routed, consulted, visited"),
}
POLICIES = (
    ("UNIQUE", Text("唯一：只能有一条规则符合", "Unique: one rule fits")),
    ("FIRST", Text("首条：按顺序第一条符合的", "First: the first that fits")),
    ("ANY", Text("任一：符合的结论都相同", "Any: all that fit agree")),
    ("COLLECT", Text("收集：全部符合的结论", "Collect: all that fit")),
    ("RULE_ORDER", Text("按规则顺序列出", "Rule order: all, in order")),
    ("OUTPUT_ORDER", Text("按结论次序列出", "Output order")),
    ("PRIORITY", Text("按结论优先级", "Priority")),
)


def names_of(draft: MatterDraft) -> list[str]:
    """Names of the decisions of a draft; none while the file cannot be read."""
    try:
        return [one.name for one in decisions.tables(_document(draft.content))]
    except QuanchengError:
        return []


def _document(made: Mapping[str, Any]) -> Document:
    return decisions.opened(str(made.get("dmn") or ""), str(made.get("code") or "matter"))


@require_http_methods(["GET", "POST"])
@never_cache
def tables(request: HttpRequest, pk: int) -> HttpResponse:
    """决策表: an accessible editor of every table; what overlaps or is missing stands beside it."""
    draft = queries.draft(request.actor, pk)  # type: ignore[attr-defined]
    wanted = request.POST.get("table", request.GET.get("table", ""))
    problem, tried = None, None
    if request.method == "POST":
        if request.POST.get("do") == "try":
            tried, problem = _tried(draft, wanted, request.POST)
        else:
            problem = change(request, draft, Part.TABLES, lambda made: _changed(made, request.POST))
            if problem is None:
                added = request.POST.get("do") == "add"
                name = (
                    request.POST.get("name", "")
                    if added
                    else ""
                    if request.POST.get("do") == "drop"
                    else wanted
                )
                return redirect(f"/work/designer/{pk}/tables/" + (f"?table={name}" if name else ""))
    try:
        document = _document(draft.content)
    except InvalidInput as wrong:
        return page(request, "tables", draft, "tables", 422, problem=wrong, decisions=(), shown=None)
    rows = list(decisions.tables(document))
    shown = next((one for one in rows if wanted in (one.id, one.name)), rows[0] if rows else None)
    return page(
        request, "tables", draft, "tables", problem.status if problem else 200, problem=problem, decisions=rows,
        shown=shown, table=_view(shown, request.POST if problem or tried else {}), policies=POLICIES, tried=tried,
        notes=_notes(draft, shown), values=[request.POST.get(f"try{n}", "") for n in range(decisions.MAX_COLUMNS)],
    )  # fmt: skip


def _view(decision: Any, given: Mapping[str, str]) -> dict[str, Any] | None:
    if decision is None:
        return None
    expression = decision.expression
    if isinstance(expression, Literal):
        return {"literal": given.get("literal", expression.text)}
    if not isinstance(expression, DecisionTable):
        return {"other": True}
    return {
        "policy": expression.hit_policy.name,
        "inputs": [(n, one, given.get(f"in{n}", one.expression), given.get(f"try{n}", "")) for n, one in enumerate(expression.inputs)],
        "outputs": [(n, given.get(f"out{n}", one.name)) for n, one in enumerate(expression.outputs)],
        "rules": [
            (r, [(n, given.get(f"r{r}i{n}", one)) for n, one in enumerate(rule.inputs)],
             [(n, given.get(f"r{r}o{n}", one.text)) for n, one in enumerate(rule.outputs)])
            for r, rule in enumerate(expression.rules)
        ],
    }  # fmt: skip


def _notes(draft: MatterDraft, decision: Any) -> list[Any]:
    """What the linter says of this decision, warnings too."""
    if decision is None:
        return []
    from quancheng.capabilities.designer.checking import troubles

    return [
        one
        for one in troubles(draft.content)
        if one.part is Part.TABLES and one.element in {decision.id, decision.name, ""}
    ]


def _changed(made: dict[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    step = given.get("do", "")
    if step == "text":
        return made | {"dmn": given.get("dmn", "")}
    document = _document(made)
    if step == "add":
        document = decisions.add(
            document, given.get("name", "").strip(), given.get("expression", "").strip() or "applicant.age"
        )
    elif step == "drop":
        document = decisions.removed(document, given.get("table", ""))
    else:
        document = decisions.edited(document, given.get("table", ""), given)
    return made | {"dmn": decisions.written(document)}


def _tried(
    draft: MatterDraft, wanted: str, given: Mapping[str, str]
) -> tuple[dict[str, Any] | None, QuanchengError | None]:
    try:
        document = decisions.edited(
            _document(draft.content), wanted, {name: given[name] for name in given} | {"do": ""}
        )
        table = decisions.element_of(document, wanted).expression
        if not isinstance(table, DecisionTable):
            raise InvalidInput(Text("只有决策表可以试。", "Only a table can be tried."))
        outcome = decisions.tried(table, [given.get(f"try{n}", "") for n in range(len(table.inputs))])
    except QuanchengError as wrong:
        return None, wrong
    return {
        "value": feel.display(outcome.value), "warnings": outcome.warnings,
        "rules": [hit.rule for use in outcome.explanation.tables() for hit in use.hits],
    }, None  # fmt: skip


# -- the process ---------------------------------------------------------------------------------------
@require_http_methods(["GET", "POST"])
@never_cache
def process(request: HttpRequest, pk: int) -> HttpResponse:
    """流程: the outline of all steps and arrows, and the diagram; both write the same file."""
    draft = queries.draft(request.actor, pk)  # type: ignore[attr-defined]
    problem = None
    if request.method == "POST":
        problem = change(request, draft, Part.FLOW, lambda made: _flowed(made, request.POST))
        if problem is None:
            return redirect("designer:part", pk, "flow")
    text = str(draft.content.get("bpmn") or "")
    steps: list[outline.Step] = []
    try:
        steps = outline.outline(text or standard_process())
    except InvalidInput as wrong:
        problem = problem or wrong
    wanted = request.GET.get("edit", "")
    said = {one.element: one for one in queries_troubles(draft) if one.part is Part.FLOW}
    return page(
        request, "flow", draft, "flow", problem.status if problem else 200, problem=problem, own=bool(text),
        steps=[(one, said.get(one.id)) for one in steps],
        editing=next((one for one in steps if one.id == wanted), None),
        arrow=next((a for one in steps for a in one.arrows if a.id == wanted), None),
        arrows=[(a, one) for one in steps for a in one.arrows], patterns=PATTERNS.items(), new_kinds=outline.NEW.items(),
        sides=OUTCOMES.keys(), statuses=[(one.value, one.text) for one in State], offered=sorted(SERVICES), decisions=names_of(draft),
        raw=text,
    )  # fmt: skip


def queries_troubles(draft: MatterDraft) -> list[Any]:
    """Problems of a draft (one place for tests to look at)."""
    from quancheng.capabilities.designer.checking import troubles

    return troubles(draft.content)


def _flowed(made: dict[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    step, key = given.get("do", ""), given.get("element", "")
    if step == "pattern":
        name = given.get("pattern", "")
        if name not in PATTERNS:
            raise InvalidInput(Text("没有这个模板。", "There is no such pattern."))
        return made | {"bpmn": (PATTERNS_FOLDER / f"{name}.bpmn").read_text(encoding="utf-8")}
    if step == "standard":
        return {name: value for name, value in made.items() if name != "bpmn"}
    if step == "text":
        outline.parsed(given.get("bpmn", ""))
        return made | {"bpmn": given.get("bpmn", "")}
    text = str(made.get("bpmn") or "") or standard_process()
    if step == "insert":
        text = outline.inserted(text, key, given.get("kind", ""), given.get("name", "").strip())
    elif step == "drop":
        text = outline.removed_step(text, key)
    else:
        named = {name: given[name] for name in ("name", "condition", *outline.ATTRIBUTES) if name in given}
        text = outline.updated(text, key, named)
    return made | {"bpmn": text}


@require_http_methods(["GET", "POST"])
@never_cache
def diagram(request: HttpRequest, pk: int) -> HttpResponse:
    """流程图: the BPMN diagram editor; without script the outline has the same content."""
    draft = queries.draft(request.actor, pk)  # type: ignore[attr-defined]
    problem = None
    if request.method == "POST":
        problem = change(
            request,
            draft,
            Part.FLOW,
            lambda made: _flowed(made, {"do": "text", "bpmn": request.POST.get("bpmn", "")}),
        )
        if problem is None:
            return redirect("designer:diagram", pk)
    text = (
        request.POST.get("bpmn", "")
        if problem
        else str(draft.content.get("bpmn") or "") or standard_process()
    )
    config = {
        "xml": text, "field": "bpmn-text", "statuses": [[one.value, one.text.zh, one.text.en] for one in State],
        "sides": list(OUTCOMES), "services": sorted(SERVICES), "decisions": names_of(draft), "editable": draft.open,
    }  # fmt: skip
    return page(
        request,
        "diagram",
        draft,
        "flow",
        problem.status if problem else 200,
        problem=problem,
        config=config,
        text=text,
    )
