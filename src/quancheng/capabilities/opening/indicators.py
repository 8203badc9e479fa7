"""Figures of opening."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.opening.models import Dataset, State


def datasets() -> dict[str, Any]:
    """Datasets the public reads now."""
    return {"value": Dataset.objects.filter(state=State.PUBLISHED).count(), "evidence": "/open/data/"}
