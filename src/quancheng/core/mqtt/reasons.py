"""原因码: reason codes of MQTT 5.0 §2.4 and the return codes of MQTT 3.1.1 §3.2.2.3."""

from __future__ import annotations

from enum import IntEnum
from types import MappingProxyType

__all__ = ["CONNECT_RETURN", "Malformed", "MqttError", "ProtocolError", "Reason"]


class Reason(IntEnum):
    """MQTT 5.0 table 2-6."""

    SUCCESS = 0x00
    GRANTED_QOS_1 = 0x01
    GRANTED_QOS_2 = 0x02
    DISCONNECT_WITH_WILL = 0x04
    NO_MATCHING_SUBSCRIBERS = 0x10
    NO_SUBSCRIPTION_EXISTED = 0x11
    UNSPECIFIED = 0x80
    MALFORMED_PACKET = 0x81
    PROTOCOL_ERROR = 0x82
    IMPLEMENTATION = 0x83
    UNSUPPORTED_VERSION = 0x84
    CLIENT_ID_NOT_VALID = 0x85
    BAD_USER_OR_PASSWORD = 0x86
    NOT_AUTHORIZED = 0x87
    SERVER_UNAVAILABLE = 0x88
    SERVER_BUSY = 0x89
    BANNED = 0x8A
    SERVER_SHUTTING_DOWN = 0x8B
    BAD_AUTHENTICATION_METHOD = 0x8C
    KEEP_ALIVE_TIMEOUT = 0x8D
    SESSION_TAKEN_OVER = 0x8E
    TOPIC_FILTER_INVALID = 0x8F
    TOPIC_NAME_INVALID = 0x90
    PACKET_ID_IN_USE = 0x91
    PACKET_ID_NOT_FOUND = 0x92
    RECEIVE_MAXIMUM_EXCEEDED = 0x93
    TOPIC_ALIAS_INVALID = 0x94
    PACKET_TOO_LARGE = 0x95
    MESSAGE_RATE_TOO_HIGH = 0x96
    QUOTA_EXCEEDED = 0x97
    ADMINISTRATIVE_ACTION = 0x98
    PAYLOAD_FORMAT_INVALID = 0x99
    RETAIN_NOT_SUPPORTED = 0x9A
    QOS_NOT_SUPPORTED = 0x9B
    SHARED_NOT_SUPPORTED = 0x9E
    CONNECTION_RATE_EXCEEDED = 0x9F
    SUBSCRIPTION_IDS_NOT_SUPPORTED = 0xA1
    WILDCARDS_NOT_SUPPORTED = 0xA2


CONNECT_RETURN = MappingProxyType(
    {
        Reason.SUCCESS: 0,
        Reason.UNSUPPORTED_VERSION: 1,
        Reason.CLIENT_ID_NOT_VALID: 2,
        Reason.SERVER_UNAVAILABLE: 3,
        Reason.SERVER_BUSY: 3,
        Reason.SERVER_SHUTTING_DOWN: 3,
        Reason.CONNECTION_RATE_EXCEEDED: 3,
        Reason.QUOTA_EXCEEDED: 3,
        Reason.BAD_USER_OR_PASSWORD: 4,
    }
)
"""Return code of CONNACK in 3.1.1; what is not here is 5 (not authorised)."""


class MqttError(Exception):
    """The other side broke the rules: the reason code to close with, and what was wrong (English, for logs)."""

    def __init__(self, reason: Reason, detail: str) -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason.name}: {detail}")


class Malformed(MqttError):
    """Bytes that are no packet of the specification (§4.13.1)."""

    def __init__(self, detail: str) -> None:
        super().__init__(Reason.MALFORMED_PACKET, detail)


class ProtocolError(MqttError):
    """A packet that must not come here or in this form (§4.13.1)."""

    def __init__(self, detail: str) -> None:
        super().__init__(Reason.PROTOCOL_ERROR, detail)
