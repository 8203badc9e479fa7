"""报文: the packets of MQTT 3.1.1 and 5.0 as values. Properties are empty in 3.1.1.

They are :class:`msgspec.Struct` (frozen, compared by content): a gateway makes tens of thousands a second.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec

from quancheng.core.mqtt.properties import NOTHING, Properties

__all__ = [
    "Ack", "Auth", "Connack", "Connect", "Disconnect", "Packet", "Pingreq", "Pingresp", "Publish", "Suback",
    "Subscribe", "Subscription", "Type", "Unsuback", "Unsubscribe", "Version", "Will",
]  # fmt: skip


class Version(IntEnum):
    """Protocol level."""

    V311 = 4
    V5 = 5


class Type(IntEnum):
    """Control packet types (§2.1.2)."""

    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    PUBREC = 5
    PUBREL = 6
    PUBCOMP = 7
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14
    AUTH = 15


class Will(msgspec.Struct, frozen=True):
    """遗嘱: what is published for a client that goes without a word (§3.1.2.5)."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    properties: Properties = NOTHING


class Connect(msgspec.Struct, frozen=True):
    """CONNECT (§3.1). ``clean`` is clean session in 3.1.1, clean start in 5."""

    client_id: str
    version: Version = Version.V311
    clean: bool = True
    keep_alive: int = 0
    username: str | None = None
    password: bytes | None = None
    will: Will | None = None
    properties: Properties = NOTHING


class Connack(msgspec.Struct, frozen=True):
    """CONNACK (§3.2). ``code``: reason code in 5, return code in 3.1.1."""

    code: int
    present: bool = False
    properties: Properties = NOTHING


class Publish(msgspec.Struct, frozen=True, gc=False):
    """PUBLISH (§3.3). ``packet_id`` is 0 with QoS 0; ``topic`` may be empty in 5 when an alias stands for it."""

    topic: str
    payload: bytes
    qos: int = 0
    packet_id: int = 0
    retain: bool = False
    dup: bool = False
    properties: Properties = NOTHING


class Ack(msgspec.Struct, frozen=True, gc=False):
    """PUBACK, PUBREC, PUBREL or PUBCOMP (§3.4–3.7)."""

    type: Type
    packet_id: int
    reason: int = 0
    properties: Properties = NOTHING


class Subscription(msgspec.Struct, frozen=True):
    """A topic filter and its options (§3.8.3.1); ``qos`` only in 3.1.1."""

    filter: str
    qos: int = 0
    no_local: bool = False
    retain_as_published: bool = False
    retain_handling: int = 0


class Subscribe(msgspec.Struct, frozen=True):
    """SUBSCRIBE (§3.8)."""

    packet_id: int
    subscriptions: tuple[Subscription, ...]
    properties: Properties = NOTHING


class Suback(msgspec.Struct, frozen=True):
    """SUBACK (§3.9): one code for each filter."""

    packet_id: int
    codes: tuple[int, ...]
    properties: Properties = NOTHING


class Unsubscribe(msgspec.Struct, frozen=True):
    """UNSUBSCRIBE (§3.10)."""

    packet_id: int
    filters: tuple[str, ...]
    properties: Properties = NOTHING


class Unsuback(msgspec.Struct, frozen=True):
    """UNSUBACK (§3.11); no codes in 3.1.1."""

    packet_id: int
    codes: tuple[int, ...] = ()
    properties: Properties = NOTHING


class Pingreq(msgspec.Struct, frozen=True):
    """PINGREQ (§3.12)."""


class Pingresp(msgspec.Struct, frozen=True):
    """PINGRESP (§3.13)."""


class Disconnect(msgspec.Struct, frozen=True):
    """DISCONNECT (§3.14); 3.1.1 knows neither reason nor properties."""

    reason: int = 0
    properties: Properties = NOTHING


class Auth(msgspec.Struct, frozen=True):
    """AUTH (§3.15), only in 5."""

    reason: int = 0
    properties: Properties = NOTHING


Packet = (
    Connect | Connack | Publish | Ack | Subscribe | Suback | Unsubscribe | Unsuback | Pingreq | Pingresp
    | Disconnect | Auth
)  # fmt: skip
