"""指标: how far the code reaches."""

from __future__ import annotations

from datetime import datetime, timedelta

from quancheng.capabilities.code.models import Device, Scan
from quancheng.kernel import clock


def phones() -> float:
    """使用中的泉城码手机."""
    return float(Device.objects.filter(state=Device.State.ACTIVE).count())


def scans_yesterday() -> float:
    """昨日扫码次数, those that held."""
    end = datetime.combine(clock.today(), datetime.min.time(), tzinfo=clock.LOCAL)
    rows = Scan.objects.filter(at__gte=end - timedelta(days=1), at__lt=end, finding=Scan.Finding.GOOD)
    return float(rows.count())
