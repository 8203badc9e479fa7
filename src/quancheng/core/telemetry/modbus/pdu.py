"""协议数据单元 PDU: the function code and its data (V1.1b3 §6), strict both ways."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

from quancheng.core.text import Text

from ..refusal import FrameRefused, Reason, byte_count

__all__ = [
    "EXCEPTIONS",
    "Answer",
    "Failure",
    "Function",
    "Request",
    "decode_answer",
    "decode_request",
    "encode_answer",
    "encode_request",
]


class Function(IntEnum):
    """功能码 (§6.1–§6.12): bits and registers, read and written."""

    READ_COILS = 1
    READ_DISCRETE_INPUTS = 2
    READ_HOLDING_REGISTERS = 3
    READ_INPUT_REGISTERS = 4
    WRITE_COIL = 5
    WRITE_REGISTER = 6
    WRITE_COILS = 15
    WRITE_REGISTERS = 16

    @property
    def bits(self) -> bool:
        """Whether it is about bits, and not about 16-bit registers."""
        return self in _BITS

    @property
    def reads(self) -> bool:
        """Whether it reads, and does not write."""
        return self <= Function.READ_INPUT_REGISTERS


_BITS = frozenset(
    {Function.READ_COILS, Function.READ_DISCRETE_INPUTS, Function.WRITE_COIL, Function.WRITE_COILS}
)
_MOST = MappingProxyType(
    {
        Function.READ_COILS: 2000,
        Function.READ_DISCRETE_INPUTS: 2000,
        Function.READ_HOLDING_REGISTERS: 125,
        Function.READ_INPUT_REGISTERS: 125,
        Function.WRITE_COIL: 1,
        Function.WRITE_REGISTER: 1,
        Function.WRITE_COILS: 1968,
        Function.WRITE_REGISTERS: 123,
    }
)
_FUNCTIONS = {int(function): function for function in Function}
_ON, _OFF = 0xFF00, 0x0000
_FAILED = 0x80
_ADDRESSES = 0x10000

EXCEPTIONS: MappingProxyType[int, Text] = MappingProxyType(
    {
        1: Text("非法功能", "Illegal function"),
        2: Text("非法数据地址", "Illegal data address"),
        3: Text("非法数据值", "Illegal data value"),
        4: Text("从站设备故障", "Server device failure"),
        5: Text("确认：请求处理中", "Acknowledge: still working"),
        6: Text("从站设备忙", "Server device busy"),
        8: Text("存储奇偶差错", "Memory parity error"),
        10: Text("网关路径不可用", "Gateway path unavailable"),
        11: Text("网关目标设备未响应", "Gateway target did not respond"),
    }
)
"""异常码 (§7): what an exception answer says."""


@dataclass(frozen=True, slots=True)
class Request:
    """请求: what is read (``count`` from ``address``) or written (``values`` from ``address``).

    Values are 0 and 1 for bits and 0–65535 for registers.
    """

    function: Function
    address: int
    count: int
    values: tuple[int, ...] = ()

    @classmethod
    def read(cls, function: Function, address: int, count: int) -> Request:
        """A request to read ``count`` bits or registers."""
        return cls(function, address, count)

    @classmethod
    def write(cls, function: Function, address: int, values: tuple[int, ...]) -> Request:
        """A request to write ``values``."""
        return cls(function, address, len(values), values)


@dataclass(frozen=True, slots=True)
class Answer:
    """应答: the values read, or the address and count written.

    An answer to a read of bits has whole bytes: the bits behind those asked for are zero padding,
    which :func:`decode_answer` cuts when it is given the request.
    """

    function: Function
    values: tuple[int, ...] = ()
    address: int | None = None
    count: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """异常应答: the device refused, with the code of :data:`EXCEPTIONS`."""

    function: Function
    code: int

    @property
    def text(self) -> Text:
        """What the device says."""
        return EXCEPTIONS[self.code]


def _function(code: int) -> Function:
    function = _FUNCTIONS.get(code)
    if function is None:
        raise FrameRefused(Reason.FUNCTION, f"{code:02X}")
    return function


def _range(function: Function, address: int, count: int) -> None:
    if not 1 <= count <= _MOST[function]:
        raise FrameRefused(Reason.VALUE, f"{function.name}: {count} > {_MOST[function]}")
    if not (address >= 0 and address + count <= _ADDRESSES):
        raise FrameRefused(Reason.VALUE, f"{function.name}: {address}+{count}")


def _unpack_bits(raw: bytes) -> tuple[int, ...]:
    return tuple(byte >> bit & 1 for byte in raw for bit in range(8))


def _pack_bits(values: tuple[int, ...]) -> bytes:
    packed = bytearray((len(values) + 7) // 8)
    for at, value in enumerate(values):
        if value not in (0, 1):
            raise FrameRefused(Reason.VALUE, f"[{at}]: {value}")
        packed[at // 8] |= value << at % 8
    return bytes(packed)


def _unpack_registers(raw: bytes) -> tuple[int, ...]:
    return tuple(raw[at] << 8 | raw[at + 1] for at in range(0, len(raw), 2))


def _pack_registers(values: tuple[int, ...]) -> bytes:
    for at, value in enumerate(values):
        if not 0 <= value <= 0xFFFF:
            raise FrameRefused(Reason.VALUE, f"[{at}]: {value}")
    return b"".join(value.to_bytes(2) for value in values)


def _pack(function: Function, values: tuple[int, ...]) -> bytes:
    return _pack_bits(values) if function.bits else _pack_registers(values)


def _coil(raw: bytes) -> int:
    word = int.from_bytes(raw)
    if word not in (_ON, _OFF):
        raise FrameRefused(Reason.VALUE, f"{word:04X}")
    return int(word == _ON)


def _single(function: Function, raw: bytes) -> tuple[int, ...]:
    return (_coil(raw),) if function is Function.WRITE_COIL else (int.from_bytes(raw),)


def _padding(values: tuple[int, ...], count: int) -> tuple[int, ...]:
    """Cut the bits behind ``count``; they must be zero (§6.1)."""
    if any(values[count:]):
        raise FrameRefused(Reason.VALUE, Text("填充位不为零", "bits of padding are not zero"))
    return values[:count]


def decode_request(pdu: bytes) -> Request:
    """Read a request; anything else raises :class:`FrameRefused`."""
    if len(pdu) < 5:
        raise FrameRefused(Reason.TRUNCATED, byte_count(len(pdu)))
    function, address, word = _function(pdu[0]), int.from_bytes(pdu[1:3]), pdu[3:5]
    if function in (Function.WRITE_COILS, Function.WRITE_REGISTERS):
        count, size, data = int.from_bytes(word), pdu[5:6], pdu[6:]
        _range(function, address, count)
        wanted = (count + 7) // 8 if function.bits else 2 * count
        if size != bytes((wanted,)) or len(data) != wanted:
            raise FrameRefused(Reason.LENGTH, byte_count(len(data), wanted))
        values = _unpack_bits(data) if function.bits else _unpack_registers(data)
        return Request(function, address, count, _padding(values, count))
    if len(pdu) != 5:
        raise FrameRefused(Reason.LENGTH, byte_count(len(pdu)))
    if function.reads:
        count = int.from_bytes(word)
        _range(function, address, count)
        return Request(function, address, count)
    return Request(function, address, 1, _single(function, word))


def encode_request(request: Request) -> bytes:
    """Write a request, refusing whatever :func:`decode_request` would not read back."""
    function = request.function
    _range(function, request.address, request.count)
    if len(request.values) != (0 if function.reads else request.count):
        raise FrameRefused(Reason.LENGTH, f"{len(request.values)} values")
    head = bytes((function,)) + request.address.to_bytes(2)
    if function.reads:
        return head + request.count.to_bytes(2)
    data = _pack(function, request.values)
    if function is Function.WRITE_COIL:
        return head + (_ON if request.values[0] else _OFF).to_bytes(2)
    if function is Function.WRITE_REGISTER:
        return head + data
    return head + request.count.to_bytes(2) + bytes((len(data),)) + data


def decode_answer(pdu: bytes, request: Request | None = None) -> Answer | Failure:
    """Read an answer; with the request it answers, that it fits it too."""
    if len(pdu) < 2:
        raise FrameRefused(Reason.TRUNCATED, byte_count(len(pdu)))
    function = _function(pdu[0] & ~_FAILED)
    if request is not None and request.function is not function:
        raise FrameRefused(
            Reason.FUNCTION,
            Text(
                f"以 {function.name} 应答 {request.function.name}",
                f"{function.name} answers {request.function.name}",
            ),
        )
    if pdu[0] & _FAILED:
        if len(pdu) != 2 or pdu[1] not in EXCEPTIONS:
            raise FrameRefused(Reason.FUNCTION, pdu.hex())
        return Failure(function, pdu[1])
    return _read_answer(function, pdu, request) if function.reads else _written(function, pdu, request)


def _read_answer(function: Function, pdu: bytes, request: Request | None) -> Answer:
    data = pdu[2:]
    if len(data) != pdu[1] or not data or (not function.bits and len(data) % 2):
        raise FrameRefused(Reason.LENGTH, byte_count(len(data), pdu[1]))
    values = _unpack_bits(data) if function.bits else _unpack_registers(data)
    if len(values) > _MOST[function] + (function.bits and 7):
        raise FrameRefused(Reason.LENGTH, f"{len(values)} values")
    if request is None:
        return Answer(function, values)
    wanted = (request.count + 7) // 8 if function.bits else 2 * request.count
    if len(data) != wanted:
        raise FrameRefused(Reason.LENGTH, byte_count(len(data), wanted))
    return Answer(function, _padding(values, request.count), request.address, request.count)


def _written(function: Function, pdu: bytes, request: Request | None) -> Answer:
    if len(pdu) != 5:
        raise FrameRefused(Reason.LENGTH, byte_count(len(pdu)))
    address, word = int.from_bytes(pdu[1:3]), pdu[3:5]
    if function in (Function.WRITE_COIL, Function.WRITE_REGISTER):
        answer = Answer(function, _single(function, word), address, 1)
    else:
        answer = Answer(function, (), address, int.from_bytes(word))
        _range(function, address, answer.count)
    if request is not None and _echo(request) != answer:
        raise FrameRefused(
            Reason.VALUE, Text(f"{pdu.hex()} 与请求不符", f"{pdu.hex()} does not echo the request")
        )
    return answer


def _echo(request: Request) -> Answer:
    single = request.function in (Function.WRITE_COIL, Function.WRITE_REGISTER)
    return Answer(request.function, request.values if single else (), request.address, request.count)


def encode_answer(answer: Answer | Failure) -> bytes:
    """Write an answer, as a device would."""
    if isinstance(answer, Failure):
        if answer.code not in EXCEPTIONS:
            raise FrameRefused(Reason.FUNCTION, f"exception {answer.code}")
        return bytes((answer.function | _FAILED, answer.code))
    function = answer.function
    if function.reads:
        data = _pack(function, answer.values)
        if not 1 <= len(answer.values) <= _MOST[function] + (function.bits and 7):
            raise FrameRefused(Reason.LENGTH, f"{len(answer.values)} values")
        return bytes((function, len(data))) + data
    if answer.address is None:
        raise FrameRefused(Reason.FIELD, "address")
    # the answer to a write is the request without what was written
    if answer.values:
        return encode_request(Request(function, answer.address, answer.count, answer.values))[:5]
    _range(function, answer.address, answer.count)
    return bytes((function,)) + answer.address.to_bytes(2) + answer.count.to_bytes(2)
