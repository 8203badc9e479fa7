"""SL 651-2014 水文监测数据通信规约, HEX/BCD 编码: frames in, readings out, and back.

Clause and table numbers are those of the standard as quoted by public implementations and audits
of it; the standard's own text was not at hand when this was written.
"""

from __future__ import annotations

from .codec import decode, encode
from .elements import reading
from .errors import Fault, FrameError
from .frame import Direction, End, Frame, Packet, Quality, Reading, Report, Start, acknowledge
from .plausibility import Doubt, Limits, doubts
from .stream import BadFrame, FrameBuffer
from .tables import (
    BEIJING,
    ELEMENTS,
    FUNCTIONS,
    STATION_CLASSES,
    Element,
    Function,
    Kind,
    element,
    function_name,
)

__all__ = [
    "BEIJING",
    "ELEMENTS",
    "FUNCTIONS",
    "STATION_CLASSES",
    "BadFrame",
    "Direction",
    "Doubt",
    "Element",
    "End",
    "Fault",
    "Frame",
    "FrameBuffer",
    "FrameError",
    "Function",
    "Kind",
    "Limits",
    "Packet",
    "Quality",
    "Reading",
    "Report",
    "Start",
    "acknowledge",
    "decode",
    "doubts",
    "element",
    "encode",
    "function_name",
    "reading",
]
