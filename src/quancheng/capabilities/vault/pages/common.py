"""What the pages share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import get_language

from quancheng.capabilities.vault import queries
from quancheng.capabilities.vault.models import DataRequest, Objection
from quancheng.capabilities.vault.wording import MODES, MOVES, OBJECTIONS, STATES
from quancheng.core.vault import Mode
from quancheng.core.vault.objection import ObjectionState
from quancheng.kernel import clock, refusals
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict, InvalidInput


def language() -> str:
    """The reader's language."""
    return get_language() or "zh-hans"


def person(request: HttpRequest) -> Actor:
    """The signed-in person with a verified name."""
    return queries.require_person(request.call().actor)  # type: ignore[attr-defined]


def desk(request: HttpRequest) -> Actor:
    """The officer at the desk."""
    return queries.require_desk(request.call().actor)  # type: ignore[attr-defined]


def tried(form: forms.Form, deed: Callable[[], Any]) -> bool:
    """Whether a valid form's deed was done; what was refused stands at its field."""
    if not form.is_valid():
        return False
    try:
        deed()
    except (InvalidInput, Conflict) as refused:
        refusals.mark(form, refused, {"until": "days"})
    return form.is_valid()


def request_row(row: DataRequest) -> dict[str, Any]:
    """A request as lists show it."""
    text, kind = STATES[row.state]
    return {
        "row": row, "who": row.recipient.text, "state": row.state.value, "text": text, "kind": kind,
        "items": row.items_text, "mode": MODES[Mode(row.mode)],
    }  # fmt: skip


def objection_row(row: Objection) -> dict[str, Any]:
    """An objection as lists show it."""
    state = ObjectionState(row.state)
    text, kind = OBJECTIONS[state]
    late = state is ObjectionState.FILED and row.due_on < clock.today()
    moves = [
        {"when": one["at"], "title": MOVES[ObjectionState(one["state"])], "said": one["said"]}
        for one in row.moves
        if one["state"] != ObjectionState.TOLD.value
    ]
    return {"row": row, "item": row.item.text, "text": text, "kind": kind, "late": late, "moves": moves}
