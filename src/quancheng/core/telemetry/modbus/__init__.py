"""Modbus 应用协议 V1.1b3 (RTU 与 TCP): requests and answers, and register maps as data.

Functions 1–6, 15 and 16 with their exceptions; a :class:`RegisterMap` turns the answer to a read
into readings. Sources: *MODBUS Application Protocol Specification V1.1b3* (2012), *MODBUS over
Serial Line V1.02* §2.5.1 (RTU, CRC-16) and *MODBUS Messaging on TCP/IP V1.0b* §3.1.3 (MBAP).
"""

from __future__ import annotations

from .adu import Adu, split_rtu, unwrap_rtu, unwrap_tcp, wrap_rtu, wrap_tcp
from .pdu import (
    EXCEPTIONS,
    Answer,
    Failure,
    Function,
    Request,
    decode_answer,
    decode_request,
    encode_answer,
    encode_request,
)
from .registers import Order, Register, RegisterMap, Table, Type, merge

__all__ = [
    "EXCEPTIONS",
    "Adu",
    "Answer",
    "Failure",
    "Function",
    "Order",
    "Register",
    "RegisterMap",
    "Request",
    "Table",
    "Type",
    "decode_answer",
    "decode_request",
    "encode_answer",
    "encode_request",
    "merge",
    "split_rtu",
    "unwrap_rtu",
    "unwrap_tcp",
    "wrap_rtu",
    "wrap_tcp",
]
