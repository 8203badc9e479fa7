"""HTTP interface of governance, below ``/api/v1/governance/``: rates, frozen months, what waits."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from quancheng.capabilities.governance import desk, queries
from quancheng.core.catalogue import Rate, RateName
from quancheng.kernel.actor import Actor
from quancheng.kernel.middleware import call_of

router = Router()


def _actor(request: HttpRequest) -> Actor:
    return queries.require_desk(call_of(request).actor)


def _rate(one: Rate) -> dict[str, Any]:
    goal = queries.target(one.name)
    return {
        "organ": one.organ, "name": one.name.value, "zh": one.name.label.zh, "en": one.name.label.en,
        "due": len(one.due), "done": len(one.done), "value": None if one.value is None else float(one.value),
        "target": None if goal is None else float(goal), "met": None if goal is None else one.meets(goal),
    }  # fmt: skip


@router.get("/rates", summary="规划指标 Rates of the plan")
def list_rates(request: HttpRequest, month: str = "") -> dict[str, Any]:
    """Rates of each organ the asker may see, live or of a frozen month, and their sums by ids."""
    found = queries.rates(_actor(request), month)
    return {
        "month": month or None,
        "items": [_rate(one) for one in found],
        "sums": [_rate(queries.summed(found, name, organ="all")) for name in queries.NAMES],
    }


@router.get("/rates/{name}/{organ}", summary="一项指标 One rate with its ids")
def show_rate(request: HttpRequest, name: RateName, organ: str, month: str = "") -> dict[str, Any]:
    """The ids behind one rate of an organ with what is below it; of a frozen month also what moved since."""
    actor = _actor(request)
    found = queries.organ_rate(actor, name.value, organ, month)
    moved = queries.moved(actor, name.value, organ, month) if month else {}
    return {
        **_rate(found), "organ": organ, "month": month or None,
        "due_ids": list(found.due), "done_ids": list(found.done),
        "moved": {key: list(ids) for key, ids in moved.items()},
    }  # fmt: skip


@router.get("/months", summary="冻结月份 Frozen months")
def list_months(request: HttpRequest) -> dict[str, Any]:
    """Frozen months, newest first, with the digests that chain them and the first that does not fit."""
    rows = queries.months(_actor(request))
    return {
        "items": [{"month": one.month, "digest": one.digest, "previous": one.previous,
                   "frozen_at": one.frozen_at.isoformat(), "frozen_by": one.frozen_by} for one in rows],
        "broken": queries.broken() or None,
    }  # fmt: skip


@router.get("/waiting", summary="待办 What waits")
def list_waiting(request: HttpRequest) -> dict[str, Any]:
    """What waits for the asker, by kind: whole counts, the first rows, where all are."""
    return {"items": [{"kind": one.id, "zh": one.text.zh, "en": one.text.en, "count": one.count, "url": one.url,
                       "rows": [{"title": row.title, "url": row.url, "due": row.due} for row in one.rows]}
                      for one in desk.kinds(_actor(request))]}  # fmt: skip
