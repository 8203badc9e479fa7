"""MQTT 3.1.1 与 5.0: packets, topics and session rules as values and pure functions; no sockets, no clock.

Sources: OASIS Standard MQTT Version 5.0 (2019-03-07) and MQTT Version 3.1.1 (2014-10-29).
"""

from __future__ import annotations

from .connection import Connection
from .decoding import decode
from .encoding import encode, puback
from .hub import Hub
from .packets import (
    Ack,
    Auth,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    Publish,
    Suback,
    Subscribe,
    Subscription,
    Type,
    Unsuback,
    Unsubscribe,
    Version,
    Will,
)
from .parser import Parser
from .reasons import CONNECT_RETURN, Malformed, MqttError, ProtocolError, Reason
from .session import FOREVER, Message, Session
from .topics import Tree, is_filter, is_name, matches, shared

__all__ = [
    "CONNECT_RETURN", "FOREVER", "Ack", "Auth", "Connack", "Connect", "Connection", "Disconnect", "Hub",
    "Malformed", "Message", "MqttError", "Packet", "Parser", "Pingreq", "Pingresp", "ProtocolError", "Publish",
    "Reason", "Session", "Suback", "Subscribe", "Subscription", "Tree", "Type", "Unsuback", "Unsubscribe",
    "Version", "Will", "decode", "encode", "is_filter", "is_name", "matches", "puback", "shared",
]  # fmt: skip
