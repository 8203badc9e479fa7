"""授权行与授权值: a row of ``Grant`` as the core's value, and its limits."""

from __future__ import annotations

import hashlib
import hmac
from datetime import time, timedelta
from typing import Any

from quancheng.capabilities.exchange import keyring
from quancheng.capabilities.exchange.models import Counter, Grant, Party
from quancheng.core import exchange as core
from quancheng.kernel import clock

DAY = timedelta(days=1)


def party_of(row: Party) -> core.Party:
    """A party as messages name it."""
    return core.Party(row.code, row.text)


def value_of(row: Grant) -> core.Grant:
    """The grant that ``core.decide`` looks at."""
    return core.Grant(
        row.number,
        party_of(row.consumer),
        party_of(row.provider),
        row.resource,
        row.purpose,
        core.LegalBasis(row.basis_title, row.basis_clause),
        {name: core.Mask(way) for name, way in row.fields.items()},
        quota_of(row),
        row.valid_from,
        row.valid_until,
        condition_of(row.condition),
        frozenset(row.search),
        frozenset(core.Mode(mode) for mode in row.modes),
        tuple(_hours(one) for one in row.hours),
        row.case_required,
        core.GrantStatus(row.status),
    )


def condition_of(kept: Any) -> core.Condition:
    """A kept row condition; none covers all rows."""
    return core.AllOf(()) if kept is None else core.condition_from_json(kept)


def quota_of(row: Grant) -> core.Quota:
    """Limits of a day, counted from the grant's beginning."""
    return core.Quota(DAY, row.calls_per_day, row.rows_per_day, row.rows_per_call)


def rate_of(row: Grant) -> core.RateLimit:
    """Calls a second with bursts of two seconds."""
    burst = max(1, round(2 * row.rate_per_second))
    return core.RateLimit(timedelta(seconds=1 / row.rate_per_second), burst)


def used_of(row: Counter) -> core.QuotaUse:
    """What is used up."""
    return core.QuotaUse(row.window, row.calls, row.rows)


def hash_key(number: str) -> bytes:
    """The grant's own secret for keyed hashes of fields (``Mask.HASH``)."""
    return hmac.new(keyring.secret(), f"mask:{number}".encode(), hashlib.sha256).digest()


def person_digest(id_number: str) -> str:
    """Keyed hash of a resident number, the same in every exchange of this city."""
    return hmac.new(keyring.secret(), f"person:{id_number}".encode(), hashlib.sha256).hexdigest()


def _hours(kept: list[Any]) -> core.Hours:
    since, until, weekdays = kept
    return core.Hours(time.fromisoformat(since), time.fromisoformat(until), clock.LOCAL, frozenset(weekdays))
