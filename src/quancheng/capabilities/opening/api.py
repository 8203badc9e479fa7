"""HTTP interface of opening, below ``/api/v1/opening/``; rows are asked through CKAN's DataStore."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja import Query, Router, Schema

from quancheng.capabilities.opening import queries
from quancheng.capabilities.opening.models import Dataset, State
from quancheng.kernel import pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound

router = Router()


class OpeningFilter(Schema):
    """Filters of the list."""

    q: str = ""
    organ: str = ""
    theme: str = ""
    cycle: str = ""
    cursor: str = ""
    size: str = ""


@router.get("/datasets", summary="开放数据集 Opened datasets", auth=None)
def datasets(request: HttpRequest, asked: Query[OpeningFilter]) -> dict[str, Any]:
    """What is open, last updated first; for everybody."""
    found = queries.datasets(
        Actor.anonymous(),
        q=asked.q,
        organ=asked.organ,
        theme=asked.theme,
        cycle=asked.cycle,
        state=State.PUBLISHED,
    )
    page = pagination.page(found, ("-copied_at", "-id"), {"cursor": asked.cursor, "size": asked.size})
    return {"items": [_said(one) for one in page], "next": page.next}


@router.get("/datasets/{name}", summary="一个开放数据集 An opened dataset", auth=None)
def dataset(request: HttpRequest, name: str) -> dict[str, Any]:
    """One by its name; a withdrawn one says so and why."""
    found = queries.opened(name)
    if found is None:
        raise NotFound()
    return _said(found) | ({} if found.live else {"reason": {"zh": found.why.zh, "en": found.why.en}})


def _said(one: Dataset) -> dict[str, Any]:
    return {
        "name": one.name, "zh": one.zh, "en": one.en, "organ": one.organ.code, "theme": one.theme, "cycle": one.cycle,
        "state": one.state, "resource_id": str(one.table_id), "fields": one.fields, "rows": one.rows,
        "updated_at": one.copied_at, "simulated": one.simulated,
        "page": f"{settings.PUBLIC_URL}/open/dataset/{one.name}/",
    }  # fmt: skip
