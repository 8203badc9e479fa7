"""取用: one object by its number from what the asker may see, or NotFound; shared by actions."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import models

from quancheng.capabilities.ledgers.models import Book, Row, State
from quancheng.core.text import Text
from quancheng.kernel import access
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict, NotFound

M = TypeVar("M", bound=models.Model)


def get(call: Call, model: type[M], verb: str, **lookup: Any) -> M:
    """The object, locked, after the right ``verb`` was asked; what may not be seen does not exist."""
    found: M | None = model._default_manager.select_for_update(of=("self",)).filter(**lookup).first()
    if found is None or not access.allowed(call.actor, "view", found):
        access.require(call.actor, verb, model)
        raise NotFound()
    access.require(call.actor, verb, found)
    return found


def must_be(book: Book, *states: State) -> None:
    """Raise Conflict unless the book is in one of the states."""
    if book.state not in states:
        said = book.get_state_display()
        raise Conflict(
            Text(f"台账现在是“{said}”，不能这样做。", f"The ledger is {book.state}; this cannot be done.")
        )


def row_dict(row: Row) -> dict[str, Any]:
    """A row as phones and APIs read it."""
    return {
        "id": row.pk, "number": row.number, "key": row.key, "region": row.region_code,
        "base": row.base, "cells": row.cells, "state": row.state, "standing": row.standing,
        "note": row.note, "revision": row.revision, "client_id": row.client_id,
        "changed_at": row.changed_at.isoformat(), "changed_by": row.changed_by,
    }  # fmt: skip
