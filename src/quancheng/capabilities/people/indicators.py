"""指标: figures of the population base and of accounts."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.people.models import NaturalPerson, User
from quancheng.capabilities.people.queries import years_before
from quancheng.kernel import clock


def residents() -> dict[str, Any]:
    """人口基础库在世人数 Living people of the population base."""
    return {
        "value": float(NaturalPerson.objects.filter(alive=True).count()),
        "note": {"zh": "人口基础库在世人数", "en": "Living people of the population base"},
    }


def elder_share() -> dict[str, Any] | None:
    """65岁及以上占比 Share of people of 65 and over, per cent; None without residents."""
    alive = NaturalPerson.objects.filter(alive=True)
    total = alive.count()
    if not total:
        return None
    elders = alive.filter(birth_date__lte=years_before(clock.today(), 65)).count()
    return {
        "value": round(100 * elders / total, 2),
        "numerator": elders,
        "denominator": total,
        "note": {"zh": "65岁及以上人数 ÷ 在世人数", "en": "People of 65 and over ÷ living people"},
    }


def verified_accounts() -> dict[str, Any] | None:
    """实名账户率 Share of personal accounts with a verified name, per cent."""
    accounts = User.objects.filter(kind=User.Kind.PERSON, is_active=True)
    total = accounts.count()
    if not total:
        return None
    verified = accounts.exclude(verified_at=None).count()
    return {
        "value": round(100 * verified / total, 2),
        "numerator": verified,
        "denominator": total,
        "note": {
            "zh": "实名个人账户 ÷ 个人账户",
            "en": "Personal accounts with a verified name ÷ personal accounts",
        },
    }
