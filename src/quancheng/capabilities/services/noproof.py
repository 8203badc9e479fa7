"""无证明城市: every material of every matter by rung, with the share that people need not bring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from quancheng.capabilities.services import ladder, queries
from quancheng.capabilities.services.elements import ISSUERS, Material, Rung
from quancheng.capabilities.services.forms import say
from quancheng.capabilities.services.models import Case, Matter, MatterVersion
from quancheng.capabilities.services.spec import MatterSpec
from quancheng.core.text import Text
from quancheng.kernel import access, rulebook
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import InvalidInput

__all__ = ["Entry", "Slice", "entries", "lived", "no_proof", "page_of", "rates"]

SIZE, MOST = 25, 200
TARGET = "services.without_proof_target"
"""Dated parameter, per cent (规划四(一)4)."""
LIVED = 500
_specs: dict[int, MatterSpec] = {}


@dataclass(frozen=True, slots=True)
class Entry:
    """One material of one matter and its first rung (材料清单的一行)."""

    matter: str
    name: Text
    material: Material
    rung: Rung
    trust: ladder.Trust | None
    ladder: tuple[Rung, ...]
    counts: bool

    @property
    def cursor(self) -> str:
        return f"{self.matter}~{self.material.key}"

    @property
    def issuer(self) -> Text:
        return ISSUERS[self.material.issuer]


@dataclass(frozen=True, slots=True)
class Slice:
    """A page of entries and the cursors of its neighbours."""

    items: tuple[Entry, ...]
    next: str | None
    previous: str | None
    size: int

    def __len__(self) -> int:
        return len(self.items)


def current_specs(actor: Actor | None = None) -> list[MatterSpec]:
    """Definitions in force of the matters the asker may see (all enabled ones without an asker)."""
    rows = access.visible(actor, Matter) if actor is not None else Matter.objects.filter(enabled=True)
    wanted = list(rows.exclude(current=None).order_by("order", "id").values_list("current_id", flat=True))
    missing = set(wanted) - _specs.keys()
    for stale in set(_specs) - set(wanted):
        _specs.pop(stale, None)
    _specs.update({one.pk: one.spec for one in MatterVersion.objects.filter(pk__in=missing)})
    return [_specs[pk] for pk in wanted if pk in _specs]


def rates(actor: Actor | None = None) -> ladder.Rates:
    """The live rate of each matter and of all."""
    return ladder.rate(current_specs(actor))


def entries(actor: Actor, params: Mapping[str, Any]) -> list[Entry]:
    """All materials that fit ``q``, ``rung``, ``issuer``, ``matter``, in the order of matters."""
    words = str(params.get("q") or "").replace("\x00", "").strip().lower()[:60]
    found = [
        _entry(spec, row)
        for spec in current_specs(actor)
        if params.get("matter") in (None, "", spec.code)
        for row in spec.material
    ]
    return [
        one
        for one in found
        if params.get("rung") in (None, "", one.rung.value)
        and params.get("issuer") in (None, "", one.material.issuer)
        and (not words or words in _words(one))
    ]


def page_of(found: list[Entry], params: Mapping[str, Any]) -> Slice:
    """A page by cursor: stable while matters are published. Raises InvalidInput for a strange one."""
    size = _size(params.get("size"))
    cursor = str(params.get("cursor") or "")
    start = 0
    if cursor:
        places = {one.cursor: place for place, one in enumerate(found)}
        if cursor not in places:
            raise InvalidInput(
                Text("翻页标记已失效，请从第一页看起。", "The page mark is stale; start again.")
            )
        start = places[cursor]
    shown = tuple(found[start : start + size])
    following = found[start + size].cursor if start + size < len(found) else None
    before = found[max(0, start - size)].cursor if start else None
    return Slice(shown, following, before, size)


def lived() -> tuple[int, int]:
    """Materials of the latest cases: (not brought, all), by the resolutions the cases keep."""
    kept = Case.objects.order_by("-submitted_at").values_list("provenance", flat=True)[:LIVED]
    spared = total = 0
    for provenance in kept:
        for one in (provenance.get("materials") or {}).values():
            total += 1
            spared += one["rung"] is not None and Rung(one["rung"]).spared
    return spared, total


@require_GET
@never_cache
def no_proof(request: HttpRequest) -> HttpResponse:
    """无证明材料清单: the drill-down of the indicator."""
    actor = request.actor  # type: ignore[attr-defined]
    queries.require_desk(actor)
    found = entries(actor, request.GET)
    now = rates(actor)
    spared, total = lived()
    goal = rulebook.find(TARGET, region=rulebook.city_region()).number()
    return render(
        request,
        "services/no_proof.html",
        {
            "page": page_of(found, request.GET),
            "found": len(found),
            "filter": NoProofFilter(request.GET),
            "rate": now.percent,
            "spared": now.spared,
            "total": now.total,
            "target": goal,
            "lived": round(100 * spared / total, 1) if total else None,
            "lived_total": total,
            "below": _below(now, goal, {spec.code: spec.name.text for spec in current_specs(actor)}),
        },
    )


def _below(now: ladder.Rates, goal: float, names: Mapping[str, Text]) -> list[dict[str, Any]]:
    """The ten matters furthest below the target."""
    rows = [(one.percent, one) for one in now.matters if one.percent is not None and one.percent < goal]
    rows.sort(key=lambda row: (row[0], row[1].code))
    return [{"rate": one, "name": names.get(one.code)} for _percent, one in rows[:10]]


class NoProofFilter(forms.Form):
    """Filters of the list; the state lives in the URL."""

    q = forms.CharField(label=_("材料或事项名称"), required=False, max_length=60)
    rung = forms.ChoiceField(
        label=_("取得方式"),
        required=False,
        choices=[("", _("全部")), *((rung.value, say(rung.text)) for rung in Rung)],
    )
    issuer = forms.ChoiceField(
        label=_("由谁出具"),
        required=False,
        choices=[("", _("全部")), *((code, say(text)) for code, text in ISSUERS.items())],
    )


def _entry(spec: MatterSpec, row: Material) -> Entry:
    first = ladder.resolve(row, None)
    return Entry(
        matter=spec.code,
        name=spec.name.text,
        material=row,
        rung=first.rung or Rung.ONLINE,
        trust=first.trust,
        ladder=tuple(way.rung for way in row.ladder),
        counts=ladder.counts_for_rate(row),
    )


def _words(one: Entry) -> str:
    name = one.material.name
    return f"{name.zh} {name.en} {one.name.zh} {one.name.en} {one.matter}".lower()


def _size(raw: Any) -> int:
    text = str(raw or SIZE)
    if not (text.isascii() and text.isdecimal() and len(text) < 4 and 1 <= int(text) <= MOST):
        raise InvalidInput(Text(f"每页1到{MOST}条。", f"1 to {MOST} a page."))
    return int(text)
