"""怎样显示: rows and timelines for pages, sensitive values masked unless asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from quancheng.capabilities.services.checks import Outcome
from quancheng.capabilities.services.forms import display
from quancheng.capabilities.services.models import Case, CaseEvent
from quancheng.capabilities.services.spec import FieldSpec, MatterSpec
from quancheng.core.identity import mask, mask_resident_id
from quancheng.core.text import Text

__all__ = ["KINDS", "answer_rows", "masked", "outcome_kind", "state_kind", "timeline_of", "written"]

KINDS = {
    "submitted": "info", "accepted": "info", "correction": "warn", "approved": "ok", "completed": "ok",
    "refused": "bad", "withdrawn": "",
}  # fmt: skip
_OUTCOMES = {Outcome.PASS: "ok", Outcome.FAIL: "bad", Outcome.PERSON: "warn"}
_TIMELINE = {"approved": "ok", "refused": "bad", "returned": "warn"}


def written(value: Any) -> SafeString:
    """What people wrote or are called, marked as Chinese for readers of English pages."""
    return format_html('<span lang="zh">{}</span>', value)


def state_kind(state: str) -> str:
    """Tag kind of a state."""
    return KINDS.get(state, "")


def outcome_kind(outcome: str) -> str:
    """Tag kind of a check's outcome."""
    return _OUTCOMES.get(Outcome(outcome), "")


def masked(row: FieldSpec, value: Any) -> str:
    """A sensitive value as it is shown by default."""
    text = str(value)
    if not row.sensitive:
        return text
    return mask_resident_id(text) if len(text) == 18 else mask(text, 6, 0)


def answer_rows(
    spec: MatterSpec, values: Mapping[str, Any], provenance: Mapping[str, Any], *, reveal: bool = False
) -> list[dict[str, Any]]:
    """Answers with label, shown value and where each comes from."""
    rows = []
    for row, value in display(spec, values):
        origin = provenance.get(row.key)
        shown = value if reveal or not row.sensitive else masked(row, value)
        rows.append(
            {
                "key": row.key,
                "label": row.label.text,
                "value": shown if isinstance(shown, Text) else written(shown),
                "plain": shown.zh if isinstance(shown, Text) else str(shown),
                "locked": row.locked,
                "sensitive": row.sensitive,
                "origin": _origin(origin),
            }
        )
    return rows


def timeline_of(case: Case, events: list[CaseEvent], *, office: bool = False) -> list[dict[str, Any]]:
    """History for ``{% timeline %}``; applicants see public steps and the office, not the clerk."""
    items = []
    for event in reversed(events):
        if not (event.public or office):
            continue
        by_applicant = event.kind in {"submitted", "corrected", "withdrawn"}
        named = office or by_applicant
        said = event.data.get("reason") or event.data.get("text") or event.data.get("opinion")
        items.append(
            {
                "when": event.at,
                "title": Text.of(event.text),
                "who": written(event.actor_name) if named else case.department.text,
                "text": written(said) if said else "",
                "kind": _TIMELINE.get(event.kind, ""),
            }
        )
    return items


def _origin(origin: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not origin:
        return None
    return {
        "source": Text.of(origin["source"]),
        "as_of": origin.get("as_of", ""),
        "simulated": origin.get("simulated", False),
        "changed": origin.get("changed", False),
    }
