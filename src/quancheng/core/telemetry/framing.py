"""分帧: cut a byte stream into the frames of one protocol, whatever the noise between them.

How the stream is cut into chunks never changes which frames come out: decisions look only at bytes
that are there, and waits when too few are. At most two frames' worth of bytes is held, so that a
line that sends rubbish costs no memory. A frame may be swallowed by a damaged length before it
until as many bytes have come; call :meth:`Splitter.flush` when a line falls silent or closes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from quancheng.core.text import Text

from .refusal import FrameRefused, Reason

__all__ = ["BadFrame", "Framing", "Splitter", "each", "only"]

F = TypeVar("F")
FrameOf = TypeVar("FrameOf", covariant=True)


Take = Callable[[bytes, int], tuple[F, int]]
"""Reads the frame that begins at a place; the frame, and where it ends."""


def only(take: Take[F], raw: bytes) -> F:
    """Exactly one frame; anything else raises FrameRefused."""
    frame, end = take(raw, 0)
    if end != len(raw):
        raise FrameRefused(
            Reason.LENGTH, Text(f"多出 {len(raw) - end} 字节", f"{len(raw) - end} bytes too many")
        )
    return frame


def each(take: Take[F], raw: bytes) -> list[F]:
    """Frames one behind the other to the end of ``raw``; raises FrameRefused."""
    found = []
    at = 0
    while at < len(raw):
        frame, at = take(raw, at)
        found.append(frame)
    return found


@dataclass(frozen=True, slots=True)
class BadFrame:
    """坏帧: bytes that made no frame, and the first reason."""

    reason: Reason
    raw: bytes
    detail: str = ""


class Framing(Protocol[FrameOf]):
    """How a protocol marks its frames. ``limit`` is the size in bytes of the longest frame."""

    mark: bytes
    limit: int

    def measure(self, held: bytearray) -> int | None:
        """Size of the frame that begins ``held``, ``None`` to wait for more bytes.

        Raises :class:`FrameRefused` when no frame can begin there.
        """

    def decode(self, raw: bytes) -> FrameOf:
        """Read exactly one frame or raise :class:`FrameRefused`."""


class Splitter(Generic[F]):
    """Feed bytes, take frames and bad frames in order."""

    __slots__ = ("_buffer", "_framing", "_noise")

    def __init__(self, framing: Framing[F]) -> None:
        self._framing = framing
        self._buffer = bytearray()
        self._noise = bytearray()

    @property
    def held(self) -> int:
        """How many bytes wait for more."""
        return len(self._buffer) + len(self._noise)

    def feed(self, chunk: bytes) -> list[F | BadFrame]:
        """Add a chunk of any size and return what it completed."""
        return [one for one, _ in self.take(chunk)]

    def take(self, chunk: bytes) -> list[tuple[F | BadFrame, bytes]]:
        """As :meth:`feed`, each with its bytes."""
        found: list[tuple[F | BadFrame, bytes]] = []
        step = self._framing.limit
        for at in range(0, len(chunk), step):
            self._buffer += chunk[at : at + step]
            found.extend(self._scan(final=False))
        return found

    def flush(self) -> list[F | BadFrame]:
        """Nothing more will come: return the rest, frames behind a truncated head included."""
        return [one for one, _ in self.take_rest()]

    def take_rest(self) -> list[tuple[F | BadFrame, bytes]]:
        """As :meth:`flush`, each with its bytes."""
        found = list(self._scan(final=True))
        found.extend((bad, bad.raw) for bad in self._take_noise())
        return found

    def _scan(self, *, final: bool) -> Iterator[tuple[F | BadFrame, bytes]]:
        buffer = self._buffer
        while buffer:
            start = buffer.find(self._framing.mark)
            if start:
                yield from _with_bytes(self._drop(self._before(start, final)))
                if start < 0:
                    return
                continue
            size, error = self._size(final)
            if size < 0:
                return
            frame, error = self._read(size) if error is None else (None, error)
            if frame is not None:
                yield from _with_bytes(self._take_noise())
                yield frame, bytes(buffer[:size])
                del buffer[:size]
            elif error is not None:
                yield from _with_bytes(self._refuse(size, error, final))

    def _before(self, start: int, final: bool) -> int:
        """How many bytes before the next start are surely noise; the last may begin a start."""
        if start > 0:
            return start
        mark = self._framing.mark
        half = 0 if final else len(mark) - 1
        while half and not self._buffer.endswith(mark[:half]):
            half -= 1
        return len(self._buffer) - half

    def _size(self, final: bool) -> tuple[int, FrameRefused | None]:
        """The length of the frame at the start of the buffer; −1 to wait, or why it is none."""
        held = len(self._buffer)
        try:
            size = self._framing.measure(self._buffer)
        except FrameRefused as refused:
            return 1, refused
        if size is None or held < size:
            short = FrameRefused(Reason.TRUNCATED, f"{held} bytes")
            return (held, short) if final else (-1, None)
        return size, None

    def _read(self, size: int) -> tuple[F | None, FrameRefused | None]:
        try:
            return self._framing.decode(bytes(self._buffer[:size])), None
        except FrameRefused as refused:
            return None, refused

    def _refuse(self, size: int, error: FrameRefused, final: bool) -> Iterator[BadFrame]:
        """Drop a refused frame up to the next start inside it, which may be a good frame."""
        if size == 1:
            yield from self._drop(1)
            return
        mark = self._framing.mark
        inner = self._buffer.find(mark, 1, size)
        if inner < 0:
            inner = size
            if not final or size < len(self._buffer):
                half = next((n for n in range(len(mark) - 1, 0, -1) if self._ends(size, mark[:n])), 0)
                inner = size - half
        yield from self._take_noise()
        yield BadFrame(error.reason, bytes(self._buffer[:inner]), error.detail)
        del self._buffer[:inner]

    def _ends(self, size: int, part: bytes) -> bool:
        return self._buffer.startswith(part, size - len(part))

    def _drop(self, count: int) -> Iterator[BadFrame]:
        self._noise += self._buffer[:count]
        del self._buffer[:count]
        if len(self._noise) > self._framing.limit:
            yield from self._take_noise()

    def _take_noise(self) -> Iterator[BadFrame]:
        if self._noise:
            yield BadFrame(Reason.START, bytes(self._noise), "noise")
            self._noise.clear()


def _with_bytes(found: Iterator[BadFrame]) -> Iterator[tuple[BadFrame, bytes]]:
    return ((bad, bad.raw) for bad in found)
