"""怎样显示: readings as rows for pages and the case panel."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.assistant import normal
from quancheng.capabilities.assistant.kinds import kind
from quancheng.capabilities.assistant.models import Reading, ReviewPoint
from quancheng.capabilities.assistant.values import Outcome, ReadState
from quancheng.core.text import Text

__all__ = ["OUTCOMES", "STATES", "point_row", "reading_row"]

OUTCOMES = {Outcome.PASS.value: "ok", Outcome.FAIL.value: "bad", Outcome.PERSON.value: "warn"}
STATES = {ReadState.WAITING.value: "info", ReadState.READING.value: "info", ReadState.FAILED.value: "bad"}


def point_row(one: ReviewPoint) -> dict[str, Any]:
    """A review point for the page, with the kinds of its tags."""
    return {
        "one": one,
        "reason": Text.of(one.reason),
        "kind": OUTCOMES.get(one.outcome, ""),
        "decided_kind": OUTCOMES.get(one.decided, ""),
        "percent": round(one.confidence * 100),
        "rect": _rect(one.box),
    }


def reading_row(row: Reading) -> dict[str, Any]:
    """A reading for the page: its points, its fields (numbers masked), boxes to draw."""
    spec = kind(row.type)
    points = [point_row(one) for one in row.points.all()]
    fields = []
    for one in spec.fields if spec else ():
        found = row.fields.get(one.key)
        if found is None:
            continue
        value = str(found["value"])
        fields.append(
            {
                "label": one.name.text,
                "value": normal.masked(one.kind, value) if one.sensitive else value,
                "percent": round(float(found["score"]) * 100),
                "ok": found["ok"],
                "again": found["again"],
            }
        )
    return {
        "row": row,
        "name": Text.of(row.material_name),
        "kind": STATES.get(row.state, "ok"),
        "worst_kind": OUTCOMES.get(row.worst, ""),
        "type": spec.name.text if spec else None,
        "reason": Text.of(row.reason) if row.reason else None,
        "points": points,
        "fields": fields,
        "numbered": [(number, one) for number, one in enumerate(points, 1)],
        "stroke": max(row.width, row.height, 300) // 300,
        "letters": max(row.width, row.height, 400) // 32,
        "open": sum(one["one"].outcome == Outcome.PERSON and not one["one"].decided for one in points),
    }


def _rect(box: Any) -> dict[str, int] | None:
    """A box as an SVG rectangle with a little air."""
    if not box:
        return None
    left, top, right, bottom = (int(value) for value in box)
    air = max((bottom - top) // 8, 4)
    return {
        "x": left - air,
        "y": top - air,
        "width": right - left + 2 * air,
        "height": bottom - top + 2 * air,
    }
