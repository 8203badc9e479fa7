"""Figures of the SensorThings service: mappings as ``capabilities.indicators`` reads them."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.sensorthings.models import Stream


def open_rate() -> dict[str, Any]:
    """Streams open to everybody, of all."""
    return {
        "numerator": Stream.objects.filter(public=True).count(),
        "denominator": Stream.objects.count(),
        "evidence": "/open/sensors/",
        "note": {"zh": "公开数据流 ÷ 全部数据流", "en": "Public streams ÷ all streams"},
    }
