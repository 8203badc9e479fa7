"""Sparkplug B 3.0 (Eclipse, 2022): the payload of edge nodes, and what a host keeps of each node.

:func:`decode` and :func:`encode` read and write the one protobuf message (``org.eclipse.tahu``
``sparkplug_b.proto``) without a protobuf runtime. :func:`receive` is the host's side of a session as
a pure function: state and message in, state and effect out (births with aliases, sequence numbers,
deaths that belong to an older session, when to ask for a rebirth).
"""

from __future__ import annotations

from .payload import DataType, Metric, Payload, decode, encode
from .session import (
    REBIRTH,
    Effect,
    Kind,
    Known,
    Node,
    Topic,
    guess,
    parse_topic,
    readings,
    rebirth_command,
    receive,
)

__all__ = [
    "REBIRTH",
    "DataType",
    "Effect",
    "Kind",
    "Known",
    "Metric",
    "Node",
    "Payload",
    "Topic",
    "decode",
    "encode",
    "guess",
    "parse_topic",
    "readings",
    "rebirth_command",
    "receive",
]
