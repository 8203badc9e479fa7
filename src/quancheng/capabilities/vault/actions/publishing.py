"""Sources and items as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quancheng.capabilities.vault.models import Item, Source
from quancheng.kernel import access, audit
from quancheng.kernel.actions import Call, action


@action("vault.source.publish")
def publish_source(
    call: Call,
    *,
    code: str,
    name: Mapping[str, str],
    department_id: int,
    reader: str,
    order: int,
    items: Sequence[Mapping[str, Any]],
) -> Source:
    """登记数据来源 and its items; items no longer listed are closed, never deleted. Raises Forbidden."""
    access.require(call.actor, "publish", Source)
    kept, _made = Source.objects.update_or_create(
        code=code,
        defaults={
            "name": dict(name), "department_id": department_id, "reader": reader, "order": order, "active": True,
        },
    )  # fmt: skip
    for place, one in enumerate(items):
        Item.objects.update_or_create(
            code=one["code"],
            defaults={
                "source": kept, "name": dict(one["name"]), "field": one["field"],
                "mask": one.get("mask", Item.Mask.NONE), "order": place, "active": True,
            },
        )  # fmt: skip
    kept.items.exclude(code__in=[one["code"] for one in items]).update(active=False)
    audit.note(source=code, items=len(items))
    return kept  # type: ignore[no-any-return]
