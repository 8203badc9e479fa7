"""Events 事件: CloudEvents 1.0 in an outbox, delivered at least once, effects exactly once.

``emit`` writes a row in the caller's transaction. A dispatcher numbers committed rows without
gaps, makes one delivery for each subscriber and runs the handlers; a handler's effects and the
mark "done" are one transaction. The outbox is the truth; NATS JetStream, when configured, is
only a transport.
"""

from __future__ import annotations

from quancheng.kernel.events.envelope import Event, validate
from quancheng.kernel.events.outbox import (
    DrainResult,
    HandlerFailed,
    OutsideTransaction,
    drain,
    emit,
    last_sequence,
    prune,
    redeliver,
    revive,
    tail,
)
from quancheng.kernel.events.registry import Subscription, subscribe, subscriptions

__all__ = [
    "DrainResult",
    "Event",
    "HandlerFailed",
    "OutsideTransaction",
    "Subscription",
    "drain",
    "emit",
    "last_sequence",
    "prune",
    "redeliver",
    "revive",
    "subscribe",
    "subscriptions",
    "tail",
    "validate",
]
