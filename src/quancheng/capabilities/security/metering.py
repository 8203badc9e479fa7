"""配额: what a caller may use of a service in a day, and what it has used. Called inside actions."""

from __future__ import annotations

from datetime import date, datetime

from quancheng.capabilities.security import terms
from quancheng.capabilities.security.models import Quota, QuotaUse
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.errors import TooMany

__all__ = ["PUBLIC", "SERVICES", "day_of", "draw", "limit_of", "take", "uses_of", "usual"]

PUBLIC = "public"
"""The caller of those who did not sign in; they may ask for time stamps only."""
SERVICES = {
    "key": Text("内部签名", "Signatures of modules"),
    "sign": Text("签名服务", "Signing service"),
    "stamp": Text("时间戳", "Time stamps"),
    "seal": Text("用章服务", "Sealing service"),
}


def limit_of(caller: str, service: str) -> int:
    """Uses a day: the caller's own row, else the dated default."""
    row = Quota.objects.filter(caller=caller, service=service).values_list("per_day", flat=True).first()
    return usual(caller, service) if row is None else int(row)


def usual(caller: str, service: str) -> int:
    """Uses a day of a caller without a row of its own: the dated default."""
    if service == "key":
        return terms.amount("security.quota_module")
    if caller == PUBLIC:
        return terms.amount("security.quota_public_stamps") if service == "stamp" else 0
    return terms.amount("security.quota_client")


def day_of(at: datetime) -> date:
    """The day a use counts on: the city's, for quotas begin anew at its midnight."""
    return at.astimezone(clock.LOCAL).date()


def take(caller: str, service: str, day: date) -> None:
    """One use. Raises TooMany."""
    draw(caller, service, day, 1)


def draw(caller: str, service: str, day: date, wanted: int) -> int:
    """Up to ``wanted`` uses at once; how many. Raises TooMany when none is left today."""
    QuotaUse.objects.get_or_create(caller=caller, service=service, day=day)
    row = QuotaUse.objects.select_for_update().get(caller=caller, service=service, day=day)
    limit = limit_of(caller, service)
    given = min(wanted, limit - row.used)
    if given <= 0:
        said = SERVICES[service]
        raise TooMany(
            Text(
                f"{caller}今日的“{said.zh}”配额（{limit}次）已用完。",
                f"{caller} has used up today's quota of {said.en} ({limit}).",
            ),
            todo=Text(
                "明日零时恢复；确有需要请联系安全管理员调整配额。",
                "It begins anew at midnight; ask the security officer if you need more.",
            ),
            extra={"quota": limit, "service": service, "caller": caller},
        )
    row.used += given
    row.save(update_fields=["used"])
    return int(given)


def uses_of(caller: str, day: date) -> list[tuple[str, int, int]]:
    """Service, used today, quota: of the services a program may call."""
    used = dict(QuotaUse.objects.filter(caller=caller, day=day).values_list("service", "used"))
    return [(name, used.get(name, 0), limit_of(caller, name)) for name in ("sign", "stamp", "seal")]
