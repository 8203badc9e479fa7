"""GB/T 26875.3-2011 城市消防远程监控系统: what fire user devices send, read as values, and answers.

Read from public implementations that agree with each other; the standard's own text was not at hand.
"""

from __future__ import annotations

from .answers import confirm, deny, inspect, set_clock
from .codec import PAYLOAD_LIMIT, FrameBuffer, decode, encode, pack_time, unpack_time
from .frame import Body, Frame
from .objects import LAYOUTS, bodies, pack
from .readings import owner, readings
from .tables import (
    ANALOGUES,
    COMPONENT_BITS,
    COMPONENTS,
    DEVICE_BITS,
    OPERATION_BITS,
    SYSTEM_BITS,
    SYSTEMS,
    Analogue,
    Bit,
    Command,
    TypeFlag,
)

__all__ = [
    "ANALOGUES",
    "COMPONENTS",
    "COMPONENT_BITS",
    "DEVICE_BITS",
    "LAYOUTS",
    "OPERATION_BITS",
    "PAYLOAD_LIMIT",
    "SYSTEMS",
    "SYSTEM_BITS",
    "Analogue",
    "Bit",
    "Body",
    "Command",
    "Frame",
    "FrameBuffer",
    "TypeFlag",
    "bodies",
    "confirm",
    "decode",
    "deny",
    "encode",
    "inspect",
    "owner",
    "pack",
    "pack_time",
    "readings",
    "set_clock",
    "unpack_time",
]
