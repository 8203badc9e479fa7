"""入库: sources and items of ``resources/items.toml``."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.vault.actions import publish_source
from quancheng.capabilities.vault.models import Source
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import NotFound
from quancheng.kernel.registry import SyncReport

FILE = Path(__file__).parent / "resources" / "items.toml"


def sync() -> SyncReport:
    """Publish sources that are new or changed; a department the city does not have is left out and said."""
    report = SyncReport()
    for place, row in enumerate(tomllib.loads(FILE.read_text(encoding="utf-8"))["source"]):
        try:
            unit = people.department(row["department"])
        except NotFound:
            report.note("unchanged", f"vault source {row['code']}: no department {row['department']}")
            continue
        wanted = _wanted(row, place)
        before = Source.objects.filter(code=row["code"]).first()
        same = before is not None and before.department_id == unit.pk and _kept(before) == wanted
        if not same:
            publish_source(Call.system("vault"), department_id=unit.pk, **wanted)
        report.note(
            "unchanged" if same else "changed" if before else "created", f"vault source {row['code']}"
        )
    return report


def _wanted(row: dict[str, Any], place: int) -> dict[str, Any]:
    return {
        "code": row["code"], "name": {"zh": row["zh"], "en": row["en"]}, "reader": row["reader"], "order": place,
        "items": [
            {"code": one["code"], "name": {"zh": one["zh"], "en": one["en"]}, "field": one["field"],
             "mask": one.get("mask", "none")} for one in row["item"]
        ],
    }  # fmt: skip


def _kept(source: Source) -> dict[str, Any]:
    items = source.items.filter(active=True).order_by("order")
    return {
        "code": source.code, "name": source.name, "reader": source.reader, "order": source.order,
        "items": [
            {"code": one.code, "name": one.name, "field": one.field, "mask": one.mask} for one in items
        ],
    }  # fmt: skip
