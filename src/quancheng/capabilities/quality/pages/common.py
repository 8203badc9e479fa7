"""What the pages of quality share."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language

from quancheng.core.tabular import safe_cell
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Forbidden, InvalidInput, NotSignedIn
from quancheng.kernel.middleware import call_of

ROLES = {"quality.officer", "quality.bureau"}
STATE_TAGS = {
    "found": "warn", "ordered": "warn", "repairing": "info", "checking": "info", "passed": "ok",
    "failed_again": "bad", "disputed": "warn", "withdrawn": "", "accepted": "",
    "proposed": "info", "draft": "", "submitted": "warn", "active": "ok", "refused": "bad", "replaced": "", "retired": "",
}  # fmt: skip
"""Kind of tag for each state of issues and rules."""
SEVERITY_TAGS = {"error": "bad", "warning": "warn", "note": "info"}


def language() -> str:
    return get_language() or "zh-hans"


def desk(request: HttpRequest) -> Actor:
    """The official at the desk; raises NotSignedIn or Forbidden."""
    actor = call_of(request).actor
    if not actor.is_authenticated:
        raise NotSignedIn()
    if not actor.role_ids & ROLES:
        raise Forbidden()
    return actor


def mark(form: Any, refused: InvalidInput, place: Any = None) -> int:
    """Put what was refused at its fields; the status to answer with."""
    if not refused.fields:
        form.add_error(None, refused.detail.pick(language()))
    for name, text in refused.fields.items():
        field = place(name) if place is not None else name
        known = field if field in form.fields else None
        form.add_error(known, text.pick(language()))
    return 422


def csv_answer(name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """A CSV that Excel opens in Chinese, safe from formulas."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(head)
    for row in rows:
        writer.writerow([safe_cell("" if cell is None else str(cell)) for cell in row])
    response = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def percent(value: Any, digits: int = 1) -> str:
    """A share as people read it: 97.5; a dash for none. Never rounded up to 100."""
    if value is None:
        return "—"
    number = float(value) * 100
    shown = f"{number:.{digits}f}"
    if number < 100 and float(shown) >= 100:
        shown = f"{100 - 10**-digits:.{digits}f}"
    return shown
