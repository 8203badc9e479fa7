"""遥测进程: hands what the channel delivers to the city, minute by minute."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from quancheng.capabilities.things import actions as things
from quancheng.capabilities.things.values import ReceivedFrame
from quancheng.core.telemetry import Delivery
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.scenarios.water.rehearsal.ledger import Ledger

CHANNEL = "sl651"


def deliver(deliveries: Sequence[Delivery], ledger: Ledger, exercise: str) -> Iterator[timedelta]:
    """Ingest every frame in the minute it arrives; one batch is one acknowledged transaction."""
    waiting = list(deliveries)
    position = 0
    while position < len(waiting):
        now = clock.now()
        end = position
        while end < len(waiting) and waiting[end].at <= now:
            end += 1
        if end > position:
            _ingest(waiting[position:end], ledger, exercise)
        position = end
        yield timedelta(minutes=1)


def _ingest(batch: Sequence[Delivery], ledger: Ledger, exercise: str) -> None:
    call = Call(Actor.system("water", simulated=True))
    received = [ReceivedFrame(raw=each.raw, received_at=each.at) for each in batch]
    report = things.ingest_frames(call, frames=received, channel=CHANNEL, exercise=exercise)
    ledger.enter(batch, report)
