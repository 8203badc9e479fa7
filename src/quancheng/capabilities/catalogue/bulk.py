"""批量编辑计划: which entries, which edits, and what would come of it; nothing is written here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from quancheng.capabilities.catalogue import facets, queries
from quancheng.capabilities.catalogue import standards as city
from quancheng.capabilities.catalogue.models import Entry, State
from quancheng.capabilities.catalogue.values import Filters
from quancheng.core.catalogue import (
    CatalogueError,
    Edit,
    Finding,
    Operation,
    Plan,
    Reason,
    Resource,
    Step,
    apply,
    plain,
    plan,
)
from quancheng.core.text import Text
from quancheng.kernel import access
from quancheng.kernel.actor import Actor

MOST = 5000
WAITING = {State.SUBMITTED, State.APPROVED}


@dataclass(frozen=True, slots=True)
class Preview:
    """计划预览: the plan, with names for reading; ``locked`` are entries that wait for a decision."""

    plan: Plan
    names: dict[str, str]
    chosen: int

    @property
    def examples(self) -> tuple[Step, ...]:
        """The first steps, for the eye."""
        return self.plan.steps[:20]


def chosen(actor: Actor, text: str, wanted: Filters) -> list[int]:
    """Ids of entries that a filter picks, of those the actor may edit."""
    if text.strip():
        hits: list[int] = []
        found = queries.search(actor, text, wanted, size=MOST)
        ids = [hit.entry.entry_id for hit in found.hits]
        for start in range(0, len(ids), 500):
            part = access.visible(actor, Entry, verb="edit").filter(entry_id__in=ids[start : start + 500])
            hits += part.values_list("pk", flat=True)
        return hits
    known, _ = facets.rows_for(actor)
    fits = facets.fitting(known, wanted) & known.mask(facets.ids_for(actor, "edit"))
    chosen: list[int] = known.pks[fits][:MOST].tolist()
    return chosen


def preview(actor: Actor, ids: Sequence[int], edits: Iterable[Edit]) -> Preview:
    """The plan for the entries: what would change, what is refused and why."""
    return preview_of(rows(actor, ids), edits)


def preview_of(entries: Sequence[Entry], edits: Iterable[Edit]) -> Preview:
    """As :func:`preview`, of rows at hand."""
    open_ones = {one.code: one.draft for one in entries if one.state not in WAITING}
    found = plan(open_ones, list(edits), city.standards())
    waiting = tuple(
        Finding(one.code, "code", Reason.STALE, Text("条目正在审核，不能编辑。", "It waits for a decision."))
        for one in entries
        if one.state in WAITING
    )
    whole = Plan(found.steps, (*found.refused, *waiting), found.unchanged)
    return Preview(whole, {one.code: one.name for one in entries}, len(entries))


def rows(actor: Actor, ids: Sequence[int]) -> list[Entry]:
    """The rows of ids the actor may edit, by code."""
    found: list[Entry] = []
    for start in range(0, len(ids), 500):
        part = access.visible(actor, Entry, verb="edit").select_related("organ")
        found += part.filter(pk__in=ids[start : start + 500])
    return sorted(found, key=lambda one: one.code)


def stored(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """Steps as JSON values."""
    return [
        {"code": one.code, "path": list(one.path), "before": one.before, "after": one.after,
         "had": one.had, "has": one.has}
        for one in steps
    ]  # fmt: skip


def restored(steps: Iterable[dict[str, Any]]) -> Plan:
    """The plan of stored steps."""
    return Plan(
        tuple(
            Step(one["code"], tuple(one["path"]), one["before"], one["after"], one["had"], one["has"])
            for one in steps
        )
    )


def carried_out(resources: dict[str, Resource], found: Plan) -> tuple[dict[str, Any], Plan]:
    """Working copies after a plan as JSON values, and the plan back. Raises CatalogueError (stale places)."""
    done = apply(resources, found)
    return {code: plain(done.resources[code]) for code in found.codes}, done.undo


def read_edit(field: str, operation: str, value: str, other: str = "") -> Edit:
    """An edit from a form. Raises CatalogueError."""
    try:
        kind = Operation(operation)
    except ValueError:
        raise CatalogueError(
            [Finding("", "operation", Reason.UNKNOWN, Text("没有这种编辑方式。", "There is no such way."))]
        ) from None
    path = tuple(field.split(".")) if field in FIELDS else ()
    if not path:
        raise CatalogueError(
            [Finding("", "field", Reason.UNKNOWN, Text("不能批量编辑该项。", "Not in bulk."))]
        )
    if kind is Operation.REPLACE:
        return Edit(path, kind, [value, other])
    whole = field in TEXTS and kind is Operation.SET
    if field in LISTS and kind is Operation.SET:
        return Edit(path, kind, [part for part in value.replace("，", ",").split(",") if part.strip()])
    if field.startswith("items.") and not value:
        return Edit(path, kind, None)
    return Edit(path, kind, {"zh": value, "en": value} if whole else value)


FIELDS = {
    "share": Text("共享类型", "Share type"),
    "share_condition": Text("共享条件", "Condition of sharing"),
    "share_basis": Text("不予共享依据", "Basis for not sharing"),
    "share_modes": Text("共享方式", "Modes of sharing"),
    "openness": Text("开放属性", "Openness"),
    "open_condition": Text("开放条件", "Condition of opening"),
    "level": Text("数据级别", "Level"),
    "cycle": Text("更新周期", "Update cycle"),
    "keywords": Text("关键词", "Keywords"),
    "formats": Text("信息资源格式", "Formats"),
    "classes": Text("信息资源分类", "Classes"),
    "name": Text("信息资源名称", "Name"),
    "abstract": Text("信息资源摘要", "Abstract"),
    "items.*.share": Text("全部信息项的共享类型", "Share type of all items"),
    "items.*.openness": Text("全部信息项的开放属性", "Openness of all items"),
    "items.*.level": Text("全部信息项的数据级别", "Level of all items"),
}
TEXTS = frozenset({"name", "abstract"})
LISTS = frozenset({"share_modes", "keywords", "formats", "classes"})
