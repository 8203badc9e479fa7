"""重放: the readings of one kept frame, for dead letters that are tried again.

A frame that made a dead letter was whole; what was wrong were its content, the device's channels or its
registration. Packets of JT/T 808 and HJ 212 packets without a time need their line and cannot be replayed.
"""

from __future__ import annotations

from collections.abc import Sequence

from quancheng.capabilities.ingest.field.speech import mapped
from quancheng.capabilities.ingest.values import DeviceRef
from quancheng.core.telemetry import gb26875, hj212, jt808
from quancheng.core.telemetry.reading import Reading
from quancheng.core.telemetry.refusal import FrameRefused, Reason

__all__ = ["PROTOCOLS", "readings_of"]

PROTOCOLS = frozenset({"hj212", "gb26875", "jt808"})


def readings_of(device: DeviceRef, raw: bytes) -> Sequence[Reading]:
    """Readings of one frame of the device's protocol. Raises FrameRefused: ADDRESS when it is another's."""
    if device.protocol == "hj212":
        logger = hj212.decode(raw)
        _mine(device, logger.mn)
        return hj212.readings(logger)
    if device.protocol == "gb26875":
        panel = gb26875.decode(raw)
        _mine(device, panel.address)
        return mapped(device, gb26875.readings(panel))
    terminal = jt808.decode(raw)
    _mine(device, terminal.terminal)
    if terminal.packet is not None:
        raise FrameRefused(Reason.SEQUENCE, "a packet of a longer message")
    return mapped(device, jt808.readings(terminal))


def _mine(device: DeviceRef, address: str) -> None:
    if address != device.address:
        raise FrameRefused(Reason.ADDRESS, address)
