"""事项目录: matters as the public sees them: zones, lists, search, one matter with its version."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from quancheng.capabilities.services.models import Matter
from quancheng.capabilities.services.search import Document, Index
from quancheng.capabilities.services.spec import MatterSpec
from quancheng.core.text import Text
from quancheng.kernel import access, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound

ORDER = ("order", "id")
_ZONES = Path(__file__).parent / "resources" / "zones.toml"
_index: tuple[tuple[Any, ...], Index] | None = None


@dataclass(frozen=True, slots=True)
class Zone:
    """专区: an entry by stage of life or need."""

    code: str
    text: Text
    icon: str


@cache
def zones() -> tuple[Zone, ...]:
    """All zones, in order."""
    rows = tomllib.loads(_ZONES.read_text(encoding="utf-8"))["zone"]
    return tuple(Zone(row["code"], Text(row["zh"], row["en"]), row["icon"]) for row in rows)


def zone(code: str) -> Zone:
    """One zone; raises NotFound."""
    found = next((one for one in zones() if one.code == code), None)
    if found is None:
        raise NotFound()
    return found


def matters(actor: Actor, params: Mapping[str, Any], zone_code: str = "") -> pagination.Page[Matter]:
    """A page of matters; ``zone``, ``online=1``, ``applicant`` filter it."""
    found = access.visible(actor, Matter).select_related("current")
    if code := zone_code or str(params.get("zone", "")):
        known = [row.pk for row in access.visible(actor, Matter).only("id", "zones") if code in row.zones]
        found = found.filter(pk__in=known)
    if params.get("online") == "1":
        found = found.filter(online=True)
    return pagination.page(found, ORDER, params)


def matter(actor: Actor, code: str) -> Matter:
    """One matter with its current version; raises NotFound."""
    found: Matter | None = access.visible(actor, Matter).select_related("current").filter(code=code).first()
    if found is None or found.current is None:
        raise NotFound()
    return found


def search(actor: Actor, query: str, limit: int = 20) -> list[Matter]:
    """Matters that speak of the query, best first."""
    visible = access.visible(actor, Matter)
    hits = index().search(query, limit)
    found = (
        visible.filter(code__in=[hit.key for hit in hits])
        .select_related("current")
        .in_bulk(field_name="code")
    )
    return [found[hit.key] for hit in hits if hit.key in found]


def index() -> Index:
    """The index over all enabled matters, rebuilt when a version changed."""
    global _index
    rows = list(Matter.objects.filter(enabled=True).order_by("id").values_list("id", "current_id"))
    key = tuple(rows)
    if _index is None or _index[0] != key:
        current = Matter.objects.filter(pk__in=[row[0] for row in rows]).select_related("current")
        _index = (key, Index(_document(one.current.spec) for one in current if one.current))
    return _index[1]


def _document(spec: MatterSpec) -> Document:
    words = [spec.summary.zh, spec.summary.en]
    words += [part for row in spec.condition for part in (row.text.zh, row.text.en)]
    words += [part for row in spec.material for part in (row.name.zh, row.name.en)]
    words += [part for row in spec.faq for part in (row.q.zh, row.q.en, row.a.zh)]
    return Document(spec.code, (spec.name.zh, spec.name.en), spec.keywords, " ".join(words))
