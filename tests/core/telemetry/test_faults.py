"""The channel-fault model: deterministic, exact in number, and no damaged frame is accepted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from quancheng.core.telemetry import Damage, Fate, FaultPlan, Sent, disturb
from quancheng.core.telemetry.sl651 import Frame, FrameBuffer, FrameError, decode, encode

from .sl651.builders import AT, rain_frame

PLAN = FaultPlan(718, 0.3, 1, 1, 2, timedelta(minutes=5), timedelta(minutes=40))
SENT = [Sent(f"f{n}", AT + n * timedelta(seconds=1), encode(rain_frame(serial=n))) for n in range(1000)]


def test_the_same_seed_does_the_same_whatever_the_order() -> None:
    once = disturb(SENT, PLAN)
    assert once == disturb(SENT, PLAN)
    assert set(disturb(SENT[::-1], PLAN).ledger) == set(once.ledger)
    assert disturb(SENT, replace(PLAN, seed=719)) != once


def test_the_ledger_reconciles() -> None:
    outcome = disturb(SENT, PLAN)
    counts = outcome.counts
    assert sum(counts.values()) == 1000
    assert counts[Fate.DELIVERED] == 700
    assert min(counts.values()) > 0
    assert len(outcome.deliveries) == 1000 - counts[Fate.LOST]
    by_id = {entry.id: entry for entry in outcome.ledger}
    accepted = 0
    for delivery in outcome.deliveries:
        entry = by_id[delivery.id]
        assert entry.delivered_at == delivery.at
        assert entry.fate is delivery.fate
        if delivery.fate is Fate.CORRUPT:
            with pytest.raises(FrameError):
                decode(delivery.raw)
        else:
            accepted += 1
            decode(delivery.raw)
        if delivery.fate is Fate.LATE:
            assert PLAN.delay_least <= delivery.at - entry.sent_at <= PLAN.delay_most
    assert accepted == counts[Fate.DELIVERED] + counts[Fate.LATE]
    assert {entry.damage for entry in outcome.ledger} == {*Damage, None}
    times = [delivery.at for delivery in outcome.deliveries]
    assert times == sorted(times)


def test_through_one_stream_exactly_the_whole_frames_arrive() -> None:
    outcome = disturb(SENT, PLAN)
    buffer = FrameBuffer()
    found = []
    for delivery in outcome.deliveries:
        found += [item for item in buffer.feed(delivery.raw) if isinstance(item, Frame)]
    found += [item for item in buffer.flush() if isinstance(item, Frame)]
    whole = [d.raw for d in outcome.deliveries if d.fate is not Fate.CORRUPT]
    assert [encode(frame) for frame in found] == whole


def test_wrong_plans() -> None:
    for change in ({"fraction": 1.5}, {"lost": -1}, {"lost": 0, "late": 0, "corrupt": 0}):
        with pytest.raises(ValueError, match="fraction"):
            replace(PLAN, **change)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="delays"):
        replace(PLAN, delay_least=timedelta(hours=1))
    with pytest.raises(ValueError, match="own"):
        disturb([SENT[0], SENT[0]], PLAN)
