"""演示数据: none of its own: a credential is in a person's own wallet, and nobody's wallet is simulated here.

What can be seen: ``/wallet/credentials/`` of the demo citizens, empty with the way to the first one, and the
desk's questions.
"""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.credentials import actions
from quancheng.capabilities.credentials.models import Question
from quancheng.capabilities.people import queries as people
from quancheng.kernel.actions import Call


def seed(city: Any, random: Any) -> str:
    """One question of an office, asked and not answered, so that the desk's list is not empty."""
    if Question.objects.exists():
        return "-"
    actions.ask(
        Call.system("credentials", simulated=True), department_id=people.department("jn-lixia-civil").pk,
        type_code="social-security-card", claims=["name"], purpose="核对参保人姓名（模拟）",
    )  # fmt: skip
    return "1个出示请求"
