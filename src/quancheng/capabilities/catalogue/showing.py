"""How values of the catalogue stand on pages: words, rows and links."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from quancheng.capabilities.catalogue import standards as city
from quancheng.capabilities.catalogue.forms import language
from quancheng.capabilities.catalogue.models import Entry, Step
from quancheng.capabilities.catalogue.values import EntryInfo
from quancheng.capabilities.tables import queries as tables
from quancheng.core.catalogue import Openness, Resource, ShareType, Term, UpdateCycle, in_force
from quancheng.kernel import access
from quancheng.kernel.actor import Actor, ActorKind
from quancheng.kernel.errors import Forbidden, NotSignedIn, QuanchengError

log = structlog.get_logger(__name__)
_SHOWN = 8
Department: Any = Entry._meta.get_field("organ").related_model
_TERMS: dict[str, type[Term]] = {"share": ShareType, "openness": Openness, "cycle": UpdateCycle}


def official(request: HttpRequest) -> Actor:
    """The official at the desk; raises NotSignedIn or Forbidden."""
    actor: Actor = request.call().actor  # type: ignore[attr-defined]
    if not actor.is_authenticated:
        raise NotSignedIn()
    if actor.kind is not ActorKind.OFFICIAL:
        raise Forbidden()
    return actor


def own_organs(actor: Actor) -> list[tuple[str, str]]:
    """Departments whose catalogue the actor may write, by name."""
    rows = access.visible(actor, Department, verb="catalogue").filter(active=True).order_by("order", "code")
    return [(row.code, row.text.pick(language())) for row in rows[:500]]


def facet_rows(facets: Mapping[str, Iterable[tuple[str, int]]], params: QueryDict) -> list[dict[str, Any]]:
    """Facets with words and links; a chosen value leads back to all."""
    codes = [code for code, _count in facets.get("organ", ())]
    names = {row.code: row.text.pick(language()) for row in Department.objects.filter(code__in=codes)}
    return [
        {
            "label": label,
            "rows": [_choice(name, value, count, params, names) for value, count in list(facets[name])[:_SHOWN]],
        }
        for name, label in (
            ("organ", _("提供部门")), ("classes", _("分类")), ("share", _("共享类型")),
            ("openness", _("开放属性")), ("cycle", _("更新周期")), ("formats", _("格式")),
        )
        if facets.get(name)
    ]  # fmt: skip


def _choice(name: str, value: str, count: int, params: QueryDict, names: Mapping[str, str]) -> dict[str, Any]:
    chosen = params.get(name) == value
    link = params.copy()
    link.pop("cursor", None)
    link.pop(name, None)
    if not chosen:
        link[name] = value
    words = names.get(value, value)
    if name in _TERMS:
        words = _TERMS[name](value).label.pick(language())
    elif name == "classes":
        words = city.label_of(value).pick(language())
    return {"label": words, "count": count, "chosen": chosen, "href": f"?{link.urlencode()}"}


def summary(one: Resource) -> list[tuple[str, str]]:
    """The core metadata, those that say something."""
    picked = language()
    rows = [
        (_("信息资源代码"), one.code),
        (_("提供部门"), one.provider.name.pick(picked)),
        (_("分类"), "；".join(city.label_of(code).pick(picked) for code in one.classes)),
        (_("格式"), "、".join(one.formats)),
        (_("共享类型"), one.share.label.pick(picked)),
        (_("共享条件"), one.share_condition),
        (_("不予共享依据"), one.share_basis),
        (_("共享方式"), "、".join(mode.label.pick(picked) for mode in one.share_modes)),
        (_("开放属性"), one.openness.label.pick(picked)),
        (_("开放条件"), one.open_condition),
        (_("数据级别"), one.level.label.pick(picked)),
        (_("更新周期"), one.cycle.label.pick(picked)),
        (_("关键词"), "、".join(one.keywords)),
        (_("权责清单事项"), "、".join(one.duties)),
        (_("发布日期"), one.issued.isoformat()),
        (_("更新日期"), one.modified.isoformat()),
    ]
    return [(label, value) for label, value in rows if value]


def item_rows(one: Resource) -> list[dict[str, Any]]:
    """The items with what is in force for them."""
    picked = language()
    rows = []
    for item in one.items:
        held = in_force(one, item)
        rows.append(
            {
                "item": item,
                "name": item.name.pick(picked),
                "type": item.type.label.pick(picked),
                "share": held.share.label.pick(picked),
                "openness": held.openness.label.pick(picked),
                "level": held.level.label.pick(picked),
            }
        )
    return rows


def distribution_rows(info: EntryInfo, *, rows_too: bool) -> list[dict[str, Any]]:
    """In which forms the data can be had; whoever works on the entry sees the first rows of its tables."""
    found = []
    for one in info.resource.distributions:
        row: dict[str, Any] = {"one": one, "kind": one.kind.label.pick(language())}
        table_id = info.tables.get(one.id)
        if table_id is not None:
            row |= _table(table_id, rows_too)
        found.append(row)
    return found


def _table(table_id: str, rows_too: bool) -> dict[str, Any]:
    """Facts of a table and its first rows; a table that is gone or damaged must not take the page with it."""
    try:
        info = tables.info(table_id)
        row: dict[str, Any] = {"table": info, "columns": [], "rows": []}
        if rows_too and info.rows:
            columns = [column for column in info.schema.columns if not column.personal][:8]
            got = tables.view(table_id).search(None, "", [one.name for one in columns], limit=5)
            row["columns"] = [column.zh or column.name for column in columns]
            row["rows"] = [[one.get(column.name) for column in columns] for one in got.rows]
        return row
    except QuanchengError as gone:
        log.warning("table of an entry cannot be shown", table=table_id, why=str(gone))
        return {"missing": True}


def timeline(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """What happened, for the timeline component."""
    words = {
        "create": _("登记"), "edit": _("修改"), "submit": _("提交审核"), "approve": _("审核通过"),
        "return": _("退回"), "publish": _("发布"), "withdraw": _("撤销"), "import": _("导入"),
        "bulk": _("批量编辑"), "undo": _("撤回批量编辑"),
    }  # fmt: skip
    kinds = {"publish": "ok", "approve": "ok", "return": "warn", "withdraw": "bad"}
    return [
        {"when": one.at, "title": words.get(one.verb, one.verb), "text": one.note, "who": one.who,
         "kind": kinds.get(one.verb, "")}
        for one in steps
    ]  # fmt: skip
