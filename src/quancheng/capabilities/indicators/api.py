"""HTTP interface of indicators, below ``/api/v1/indicators/``."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router
from ninja.security import django_auth

from quancheng.capabilities.indicators import computing, queries
from quancheng.kernel.middleware import call_of

router = Router()


@router.get("/", summary="指标 Indicators", auth=django_auth)
def indicators(request: HttpRequest, module: str = "") -> dict[str, Any]:
    """All indicators with their newest value."""
    return {"items": [_row(one) for one in queries.cards(call_of(request).actor, module=module)]}


@router.get("/{ident}", summary="一项指标 One indicator", auth=django_auth)
def indicator(request: HttpRequest, ident: str) -> dict[str, Any]:
    """One indicator with a year of daily values."""
    found = queries.card(call_of(request).actor, ident)
    history = [{"day": one.day, "value": one.value} for one in found.history]
    return _row(found) | {"history": history}


@router.post("/compute", summary="立即计算 Compute now", auth=django_auth)
def compute(request: HttpRequest) -> dict[str, Any]:
    """Compute all indicators now."""
    return computing.compute(call_of(request).with_key(None))


def _row(found: queries.Card) -> dict[str, Any]:
    one, latest = found.definition, found.latest
    return {
        "id": one.id, "name": one.text.to_dict(), "unit": one.unit, "module": one.module, "target": one.target,
        "direction": one.direction, "value": latest.value if latest else None,
        "numerator": latest.numerator if latest else None, "denominator": latest.denominator if latest else None,
        "evidence": latest.evidence if latest else one.evidence, "as_of": latest.as_of if latest else None,
        "note": latest.note if latest else {}, "error": latest.error if latest else "", "reached": found.reached,
    }  # fmt: skip
