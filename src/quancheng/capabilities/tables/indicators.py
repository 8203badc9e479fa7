"""Figures of tables: mappings as ``capabilities.indicators`` reads them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Sum

from quancheng.capabilities.tables.models import DataTable
from quancheng.kernel import clock


def rows_held() -> dict[str, Any]:
    """Rows of all tables in use."""
    held = DataTable.objects.filter(dropped_at=None)
    return {
        "value": held.aggregate(total=Sum("rows"))["total"] or 0,
        "evidence": "/work/tables/",
        "note": {"zh": f"{held.count()} 张数据表的行数之和", "en": f"Rows of {held.count()} tables"},
    }


def fresh_tables() -> dict[str, Any]:
    """Tables that changed within a month, of those in use."""
    held = DataTable.objects.filter(dropped_at=None)
    return {
        "numerator": held.filter(updated_at__gte=clock.now() - timedelta(days=30)).count(),
        "denominator": held.count(),
        "evidence": "/work/tables/?sort=updated_at",
        "note": {"zh": "近30天有变更的表 ÷ 全部表", "en": "Changed within 30 days ÷ all tables"},
    }
