"""The drill's books balance, and they do not balance when something is wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.telemetry import Fate, FaultPlan, Sent, disturb
from quancheng.scenarios.water.rehearsal.ledger import Ledger

START = datetime(2026, 7, 18, 7, tzinfo=UTC)


def sent(count: int) -> list[Sent]:
    return [
        Sent(
            f"G-{n % 5}@{(START + timedelta(minutes=5 * n)).isoformat()}",
            START + timedelta(minutes=5 * n),
            b"x" * 40,
        )
        for n in range(count)
    ]


def channel(frames: list[Sent], seed: int, share: float) -> Any:
    minutes = timedelta(minutes=1)
    return disturb(frames, FaultPlan(seed, share, 2, 2, 1, 6 * minutes, 40 * minutes))


def answers(deliveries: Any, *, accept_corrupt: bool = False) -> Any:
    outcomes = []
    for each in deliveries:
        bad = each.fate is Fate.CORRUPT and not accept_corrupt
        outcomes.append(
            SimpleNamespace(status="rejected" if bad else "accepted", reason="crc" if bad else "")
        )
    return SimpleNamespace(outcomes=tuple(outcomes))


@given(st.integers(1, 120), st.integers(0, 1000), st.floats(0, 0.5))
def test_an_honest_city_balances_and_names_every_gap(count: int, seed: int, share: float) -> None:
    frames = sent(count)
    outcome = channel(frames, seed, share)
    ledger = Ledger.open(count, outcome)
    ledger.enter(outcome.deliveries, answers(outcome.deliveries))
    assert ledger.balances
    assert not ledger.corrupt_accepted
    assert not ledger.good_rejected
    gaps = sum(len(slots) for slots in ledger.missing(each.id for each in frames).values())
    assert gaps == ledger.channel["lost"] + sum(ledger.rejected.values())


def test_an_accepted_corrupt_frame_is_found() -> None:
    frames = sent(100)
    outcome = channel(frames, 1, 0.5)
    ledger = Ledger.open(100, outcome)
    ledger.enter(outcome.deliveries, answers(outcome.deliveries, accept_corrupt=True))
    assert ledger.corrupt_accepted
    assert ledger.to_dict()["corrupt_accepted"] == ledger.channel["corrupt"]


def test_a_frame_that_vanished_breaks_the_balance() -> None:
    frames = sent(20)
    outcome = channel(frames, 1, 0.2)
    ledger = Ledger.open(20, outcome)
    kept = outcome.deliveries[:-1]
    ledger.enter(kept, answers(kept))
    assert not ledger.balances
