"""Figures of city sensing 感知指标: mappings as ``capabilities.indicators`` reads them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Count, Q, Sum

from quancheng.capabilities.things import coverage
from quancheng.capabilities.things.models import Alarm, IngestBatch, Station, Status, StreamDay
from quancheng.kernel import clock


def online_rate() -> dict[str, Any]:
    """Stations online, of those that should be (planned and retired ones are not counted)."""
    figures = Station.objects.filter(status__in=[Status.ONLINE, Status.SILENT, Status.FAULTY]).aggregate(
        online=Count("pk", filter=Q(status=Status.ONLINE)), total=Count("pk")
    )
    return {
        "numerator": figures["online"],
        "denominator": figures["total"],
        "evidence": "/work/things/?status=silent",
        "note": {
            "zh": "在线站点 ÷ 在线、静默和故障站点",
            "en": "Online ÷ online, silent and faulty stations",
        },
    }


def rejection_rate() -> dict[str, Any]:
    """Frames refused, of those received in the last 24 hours."""
    since = clock.now() - timedelta(hours=24)
    figures = IngestBatch.objects.filter(exercise="", received_at__gte=since).aggregate(
        refused=Sum("rejected"), received=Sum("received")
    )
    return {
        "numerator": figures["refused"] or 0,
        "denominator": figures["received"] or 0,
        "evidence": "/work/things/rejected/",
        "note": {"zh": "近24小时拒收帧 ÷ 收到帧", "en": "Frames refused ÷ received, last 24 hours"},
    }


def open_alarms() -> dict[str, Any]:
    """Alarms raised or acknowledged and not closed."""
    number = Alarm.objects.filter(exercise="").exclude(state=Alarm.State.CLOSED).count()
    return {
        "value": number,
        "evidence": "/work/things/alarms/?state=open",
        "note": {"zh": "尚未关闭的告警，不含演练", "en": "Alarms not closed yet, exercises left out"},
    }


def rain_coverage() -> dict[str, Any]:
    """Area within reach of a rain gauge."""
    return _coverage(coverage.rain())


def video_coverage() -> dict[str, Any]:
    """Key sites with a camera near."""
    return _coverage(coverage.video())


def connected_rate() -> dict[str, Any]:
    """Cameras on line."""
    return _coverage(coverage.connected())


def _coverage(found: coverage.Indicator) -> dict[str, Any]:
    return {
        "numerator": found.total.part,
        "denominator": found.total.whole,
        "evidence": "/work/things/coverage/",
        "note": found.meaning.to_dict(),
    }


def arrival_rate() -> dict[str, Any]:
    """Values that arrived yesterday, of those expected."""
    day = clock.today() - timedelta(days=1)
    figures = StreamDay.objects.filter(day=day).aggregate(arrived=Sum("arrived"), expected=Sum("expected"))
    expected = figures["expected"] or 0
    return {
        "numerator": min(figures["arrived"] or 0, expected),
        "denominator": expected,
        "evidence": "/work/things/quality/",
        "note": {"zh": "昨日实到读数 ÷ 应到读数", "en": "Readings that came ÷ expected, yesterday"},
    }
