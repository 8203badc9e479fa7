"""Figures of ingest 接入指标: mappings as ``capabilities.indicators`` reads them."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q

from quancheng.capabilities.ingest.models import DeadLetter, Device, Protocol, Status


def connected_rate() -> dict[str, Any]:
    """MQTT devices with a line now, of those that may have one."""
    figures = Device.objects.filter(protocol=Protocol.MQTT, status=Status.ACTIVE).aggregate(
        connected=Count("pk", filter=Q(connected=True)), total=Count("pk")
    )
    return {
        "numerator": figures["connected"],
        "denominator": figures["total"],
        "evidence": "/work/ingest/devices/?connected=no",
        "note": {"zh": "在线MQTT设备 ÷ 正常状态的MQTT设备", "en": "Connected ÷ active MQTT devices"},
    }


def open_letters() -> dict[str, Any]:
    """Dead letters nobody has handled."""
    return {
        "value": DeadLetter.objects.filter(state=DeadLetter.State.OPEN).count(),
        "evidence": "/work/ingest/dead-letters/",
        "note": {"zh": "待处理的死信", "en": "Dead letters waiting to be handled"},
    }
