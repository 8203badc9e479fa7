"""分帧: cut a byte stream into frames, name what was bad and find the next start by itself.

A frame may be swallowed by a damaged length before it until as many bytes have come; call
:meth:`FrameBuffer.flush` when a line falls silent or closes. How the stream is cut into chunks does
not change which frames come out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .codec import BODY_LIMIT, HEADER, MARK, TAIL, body_length, decode
from .errors import Fault, FrameError
from .frame import Frame

__all__ = ["BadFrame", "FrameBuffer"]

_NOISE_LIMIT = HEADER + BODY_LIMIT + TAIL


@dataclass(frozen=True, slots=True)
class BadFrame:
    """坏帧: bytes that made no frame, and the first reason."""

    reason: Fault
    raw: bytes
    detail: str = ""


class FrameBuffer:
    """Feed bytes, take frames and bad frames in order; never more than two frames held."""

    __slots__ = ("_buffer", "_noise")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._noise = bytearray()

    @property
    def held(self) -> int:
        """How many bytes wait for more."""
        return len(self._buffer) + len(self._noise)

    def feed(self, chunk: bytes) -> list[Frame | BadFrame]:
        """Add a chunk of any size and return what it completed."""
        found: list[Frame | BadFrame] = []
        for at in range(0, len(chunk), _NOISE_LIMIT):
            self._buffer += chunk[at : at + _NOISE_LIMIT]
            found.extend(self._scan(final=False))
        return found

    def flush(self) -> list[Frame | BadFrame]:
        """Nothing more will come: return the rest, frames behind a truncated head included."""
        found = list(self._scan(final=True))
        found.extend(self._take_noise())
        return found

    def _scan(self, *, final: bool) -> Iterator[Frame | BadFrame]:
        buffer = self._buffer
        while buffer:
            start = buffer.find(MARK)
            if start:
                yield from self._drop(self._before(start, final))
                if start < 0:
                    return
                continue
            size, error = self._measure(final)
            if size < 0:
                return
            if error is None:
                raw = bytes(buffer[:size])
                try:
                    frame = decode(raw)
                except FrameError as refused:
                    error = refused
                else:
                    yield from self._take_noise()
                    yield frame
                    del buffer[:size]
                    continue
            yield from self._refuse(size, error, final)

    def _before(self, start: int, final: bool) -> int:
        """How many bytes before the next start are surely noise; a last 7E may begin a start."""
        if start > 0:
            return start
        size = len(self._buffer)
        return size - 1 if self._buffer[-1] == MARK[0] and not final else size

    def _measure(self, final: bool) -> tuple[int, FrameError | None]:
        """The length of the frame at the start of the buffer; −1 to wait, or why it is none."""
        held = len(self._buffer)
        if held < HEADER:
            short = FrameError(Fault.TRUNCATED, f"{held} bytes")
            return (held, short) if final else (-1, None)
        try:
            size = HEADER + body_length(bytes(self._buffer[:HEADER])) + TAIL
        except FrameError as refused:
            return 1, refused
        if held < size:
            short = FrameError(Fault.TRUNCATED, f"{held} of {size} bytes")
            return (held, short) if final else (-1, None)
        return size, None

    def _refuse(self, size: int, error: FrameError, final: bool) -> Iterator[BadFrame]:
        """Drop a refused frame up to the next start inside it, which may be a good frame."""
        if size == 1:
            yield from self._drop(1)
            return
        inner = self._buffer.find(MARK, 1, size)
        if inner < 0:
            more = not final or size < len(self._buffer)
            inner = size - 1 if more and self._buffer[size - 1] == MARK[0] else size
        yield from self._take_noise()
        yield BadFrame(error.reason, bytes(self._buffer[:inner]), error.detail)
        del self._buffer[:inner]

    def _drop(self, count: int) -> Iterator[BadFrame]:
        self._noise += self._buffer[:count]
        del self._buffer[:count]
        if len(self._noise) > _NOISE_LIMIT:
            yield from self._take_noise()

    def _take_noise(self) -> Iterator[BadFrame]:
        if self._noise:
            yield BadFrame(Fault.NOISE, bytes(self._noise))
            self._noise.clear()
