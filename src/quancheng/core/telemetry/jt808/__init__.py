"""JT/T 808 道路运输车辆卫星定位终端 (2011, 2013, 2019): frames in, positions and readings out, answers.

Read from public implementations and their tests; the standard's own text was not at hand.
"""

from __future__ import annotations

from .answers import answer, register_answer, resend, time_answer
from .bodies import (
    authentication,
    locations,
    pack_bulk,
    pack_location,
    pack_time,
    registration,
    unpack_time,
)
from .codec import BODY_LIMIT, FrameBuffer, decode, encode
from .frame import Authentication, Frame, Location, Packet, Registration
from .packets import Assembler, Whole, split
from .readings import readings
from .tables import ALARM_BITS, EXTRAS, STATUS_BITS, Extra, Message, RegisterResult, Result

__all__ = [
    "ALARM_BITS",
    "BODY_LIMIT",
    "EXTRAS",
    "STATUS_BITS",
    "Assembler",
    "Authentication",
    "Extra",
    "Frame",
    "FrameBuffer",
    "Location",
    "Message",
    "Packet",
    "RegisterResult",
    "Registration",
    "Result",
    "Whole",
    "answer",
    "authentication",
    "decode",
    "encode",
    "locations",
    "pack_bulk",
    "pack_location",
    "pack_time",
    "readings",
    "register_answer",
    "registration",
    "resend",
    "split",
    "time_answer",
    "unpack_time",
]
