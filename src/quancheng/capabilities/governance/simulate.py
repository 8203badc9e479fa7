"""模拟: the months before this one frozen, so that the board has a past."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from quancheng.capabilities.governance import actions
from quancheng.capabilities.governance.models import Month
from quancheng.kernel import clock
from quancheng.kernel.actions import Call

MONTHS = 3


def seed(city: Any, random: Any) -> str | None:
    """Freezes the last months; nothing when any is frozen. Parts without a past count as they stand."""
    if Month.objects.exists():
        return None
    firsts = [clock.today().replace(day=1)]
    while len(firsts) < MONTHS:
        firsts.append((firsts[-1] - timedelta(days=1)).replace(day=1))
    for first in reversed(firsts):
        with clock.at(datetime.combine(first, time(0, 20), clock.LOCAL)):
            call = Call.system("governance", simulated=True)
            actions.freeze_month(call, month=f"{first - timedelta(days=1):%Y-%m}")
    return f"{MONTHS} 个冻结月份 frozen months"
