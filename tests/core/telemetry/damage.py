"""What every codec must refuse: each single flipped bit, and each cut tail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, settings

from quancheng.core.telemetry.refusal import FrameRefused

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For machines that trace every line."""


def flips(raw: bytes, start: int = 0) -> Iterator[bytes]:
    """Every frame that differs from ``raw`` in one bit at or behind ``start``."""
    for bit in range(8 * start, 8 * len(raw)):
        spoilt = bytearray(raw)
        spoilt[bit // 8] ^= 1 << bit % 8
        yield bytes(spoilt)


def refuses_damage(decode: Callable[[bytes], object], raw: bytes, start: int = 0) -> None:
    """The frame is read; no copy of it with one bit flipped or its tail cut is."""
    decode(raw)
    for spoilt in flips(raw, start):
        with pytest.raises(FrameRefused):
            decode(spoilt)
    for size in range(start, len(raw)):
        with pytest.raises(FrameRefused):
            decode(raw[:size])


def only_refuses(decode: Callable[[bytes], object], raw: bytes) -> None:
    """Arbitrary bytes are read or refused in two languages; nothing else is raised."""
    with suppress(FrameRefused):
        decode(raw)
        return
    with pytest.raises(FrameRefused) as refused:
        decode(raw)
    assert refused.value.message.zh and refused.value.message.en
