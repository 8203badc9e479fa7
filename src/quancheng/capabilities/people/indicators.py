"""指标: figures of the population base and of accounts."""

from __future__ import annotations

from quancheng.capabilities.people.models import NaturalPerson, User
from quancheng.capabilities.people.queries import years_before
from quancheng.kernel import clock


def residents() -> float:
    """人口基础库人数 (alive)."""
    return float(NaturalPerson.objects.filter(alive=True).count())


def elder_share() -> float | None:
    """65岁及以上占比, per cent; None without residents."""
    alive = NaturalPerson.objects.filter(alive=True)
    total = alive.count()
    if not total:
        return None
    elders = alive.filter(birth_date__lte=years_before(clock.today(), 65)).count()
    return round(100 * elders / total, 2)


def verified_accounts() -> float | None:
    """实名账户率, per cent of personal accounts."""
    accounts = User.objects.filter(kind=User.Kind.PERSON, is_active=True)
    total = accounts.count()
    if not total:
        return None
    return round(100 * accounts.exclude(verified_at=None).count() / total, 2)
