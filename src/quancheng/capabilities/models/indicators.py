"""Figures of the platform of models."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from quancheng.capabilities.models.models import Use
from quancheng.capabilities.models.values import Outcome
from quancheng.kernel import clock


def answered() -> dict[str, Any]:
    """Per cent of the calls of 30 days that were answered; calls with bad input do not count."""
    rows = Use.objects.filter(at__gte=clock.now() - timedelta(days=30)).exclude(outcome=str(Outcome.REFUSED))
    total = rows.count()
    done = rows.filter(outcome=str(Outcome.DONE)).count()
    return {"value": 100 * done / total if total else None, "evidence": "/work/models/uses/"}
