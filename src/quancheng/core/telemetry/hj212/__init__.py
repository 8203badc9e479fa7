"""HJ 212 污染物自动监测数据传输 (2005, 2017, 2025): frames in, readings out, and answers.

Read from public implementations and their tests; the standards' own text was not at hand, see
:mod:`.tables`. 2025 as far as public sources tell: version bits, RF, heartbeat 9015, ST 44/45, 2013
raw data and SM4 encryption are here; the multimedia transfer of 附录H and the full list of new data
and state marks are not.
"""

from __future__ import annotations

from .answers import (
    Execution,
    Request,
    answer,
    data_answer,
    notice_answer,
    pack_time,
    request_answer,
    result,
    set_time,
)
from .codec import SEGMENT_LIMIT, FrameBuffer, decode, encode
from .crc import crc16
from .factors import FACTORS, Factor, factor
from .frame import Frame, Groups, Item
from .packets import PacketTimes, split
from .readings import DATA_COMMANDS, readings, unpack_time
from .tables import COMMANDS, MARKS, SYSTEMS, Command, Mark, Version

__all__ = [
    "COMMANDS",
    "DATA_COMMANDS",
    "FACTORS",
    "MARKS",
    "SEGMENT_LIMIT",
    "SYSTEMS",
    "Command",
    "Execution",
    "Factor",
    "Frame",
    "FrameBuffer",
    "Groups",
    "Item",
    "Mark",
    "PacketTimes",
    "Request",
    "Version",
    "answer",
    "crc16",
    "data_answer",
    "decode",
    "encode",
    "factor",
    "notice_answer",
    "pack_time",
    "readings",
    "request_answer",
    "result",
    "set_time",
    "split",
    "unpack_time",
]
