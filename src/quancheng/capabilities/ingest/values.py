"""Values that ingest speaks in: what a device is, what it said, what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Protocol(StrEnum):
    """接入协议: how a device reaches us."""

    MQTT = "mqtt"
    HTTP = "http"
    HJ212 = "hj212"
    GB26875 = "gb26875"
    JT808 = "jt808"
    SL651 = "sl651"
    NBIOT = "nbiot"


class Reason(StrEnum):
    """死信原因: why something a device said was not taken."""

    MALFORMED = "malformed"
    UNKNOWN_FORMAT = "unknown-format"
    UNKNOWN_ELEMENT = "unknown-element"
    AHEAD = "ahead"
    TOO_OLD = "too-old"
    IMPOSSIBLE = "impossible"
    TOO_MANY = "too-many-readings"
    UNKNOWN_DEVICE = "unknown-device"
    TOPIC = "topic"


@dataclass(frozen=True, slots=True)
class ChannelSpec:
    """通道: an element of a device's messages and the stream it becomes: ``result = value · scale + offset``."""

    element: str
    stream: int
    scale: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    """One device to register, as in :func:`ingest.actions.register_device`."""

    code: str
    protocol: str
    address: str = ""
    payload: str = "json"
    thing: str = ""
    channels: Sequence[ChannelSpec] = ()
    rate: float = 0.0
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Secret:
    """凭据: shown once, when it is made; we keep a hash only. Never logged: its text form hides it."""

    device: int
    code: str
    secret: str = field(repr=False)

    def __str__(self) -> str:
        return f"secret of {self.code}"


@dataclass(frozen=True, slots=True)
class DeviceRef:
    """A device as the gateways hold it in memory.

    ``streams``: element → (stream, scale, offset). ``rate``: readings a second it may send on average.
    ``secret_hash``, ``fingerprints``: see :mod:`ingest.credentials`.
    """

    id: int
    code: str
    protocol: str
    address: str
    payload: str
    thing: str
    streams: Mapping[str, tuple[int, float, float]]
    rate: float
    revision: int
    secret_hash: str = field(default="", repr=False)
    fingerprints: frozenset[str] = frozenset()
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the readings of one message. It is durable when the caller sees it.

    ``stored``: new rows. ``changed``: same device, stream and time with another value. ``duplicate``: known
    already. ``refused``: reason → how many; each left a dead letter (or was counted, past the bound).
    """

    stored: int = 0
    changed: int = 0
    duplicate: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)

    @property
    def taken(self) -> int:
        """Readings that are in the store now because of this message or an earlier copy of it."""
        return self.stored + self.changed + self.duplicate
