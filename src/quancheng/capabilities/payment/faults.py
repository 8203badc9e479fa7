"""出错说明: the core's refusals as errors of the platform."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from quancheng.core.payment import PaymentError, PaymentReason
from quancheng.kernel.errors import Conflict, InvalidInput

_CHANGED = {
    PaymentReason.STATE,
    PaymentReason.EXPIRED,
    PaymentReason.NOT_EXPIRED,
    PaymentReason.ALREADY,
    PaymentReason.EVENT_REUSED,
    PaymentReason.DISPUTED,
    PaymentReason.CLAIM_IMPOSSIBLE,
    PaymentReason.PERIOD_CLOSED,
}


@contextmanager
def plainly() -> Iterator[None]:
    """What the core refuses becomes Conflict (the situation) or InvalidInput (what was sent)."""
    try:
        yield
    except PaymentError as error:
        kind = Conflict if error.reason in _CHANGED else InvalidInput
        raise kind(error.text) from error
