"""链路帧: what travels between two nodes over TCP: a kind, a length, a body.

Bodies are handshake messages, records, or a refusal (a hint: it is not authenticated).
"""

from __future__ import annotations

import socket
from enum import IntEnum

from quancheng.core.linkkey import HEAD_BYTES, MESSAGE_BYTES, RECORD_BYTES, LinkFault, LinkReason, Refusal

__all__ = ["Frame", "receive", "refuse", "send"]

_MOST_RECORD = HEAD_BYTES + RECORD_BYTES + 16


class Frame(IntEnum):
    """Kinds of frames."""

    HANDSHAKE = 1
    RECORD = 2
    REFUSAL = 3


def send(line: socket.socket, kind: Frame, body: bytes) -> None:
    """Raises OSError."""
    head = bytes([kind]) + len(body).to_bytes(4, "big")
    line.sendall(head + body if len(body) < 65536 else head)
    if len(body) >= 65536:
        line.sendall(body)


def receive(line: socket.socket) -> tuple[Frame, bytes]:
    """The next frame. Raises OSError (EOFError when the other side is gone), LinkFault."""
    head = _exactly(line, 5)
    if head[0] not in tuple(Frame):
        raise LinkFault(LinkReason.MESSAGE, "frame")
    kind, length = Frame(head[0]), int.from_bytes(head[1:], "big")
    if length > (_MOST_RECORD if kind is Frame.RECORD else MESSAGE_BYTES):
        raise LinkFault(LinkReason.TOO_LARGE)
    return kind, _exactly(line, length)


def refuse(line: socket.socket, reason: LinkReason) -> None:
    """Tell why, as far as the line still carries."""
    try:
        send(line, Frame.REFUSAL, Refusal(reason).to_bytes())
    except OSError:
        return


def _exactly(line: socket.socket, size: int) -> bytes:
    data = bytearray(size)
    view, place = memoryview(data), 0
    while place < size:
        got = line.recv_into(view[place:])
        if not got:
            raise ConnectionResetError("the other side closed the line")
        place += got
    return bytes(data)
