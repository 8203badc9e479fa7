"""会话: what a protocol's session makes of a frame: whose it is, its readings, and the answers to choose from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from quancheng.capabilities.ingest.values import DeviceRef
from quancheng.core.telemetry.framing import BadFrame
from quancheng.core.telemetry.reading import Reading

F = TypeVar("F")
FrameIn = TypeVar("FrameIn", contravariant=True)
FrameOut = TypeVar("FrameOut", covariant=True)
Read = Callable[[DeviceRef], Sequence[Reading]]


def nothing(device: DeviceRef) -> Sequence[Reading]:
    """A frame without readings."""
    return ()


@dataclass(frozen=True, slots=True)
class Deed:
    """What a frame asks of the platform.

    ``address``: what the device calls itself. ``read`` makes its readings and raises FrameRefused where it
    cannot. Answers (empty = none): ``kept`` after everything is durable, ``unknown`` when no such device is
    registered (then the line is hung up), ``wrong`` when the content cannot be read, ``failed`` when nothing
    could be written. ``denied``: why this frame is not let in at all (sent: ``unknown``); empty = let in.
    """

    address: str
    read: Read = nothing
    kept: bytes = b""
    unknown: bytes = b""
    wrong: bytes = b""
    failed: bytes = b""
    denied: str = ""
    hang_up: bool = False
    """Hang up after ``kept``: the device said goodbye."""


class Session(Protocol[FrameIn]):
    """One line's memory of its protocol; never blocks, never touches a database."""

    def take(self, frame: FrameIn, now: int) -> Deed | None:
        """What ``frame`` asks (``None``: nothing yet); ``now`` is µs UTC. Raises FrameRefused."""

    def wrong(self, frame: FrameIn, now: int) -> bytes:
        """The answer to a frame that :meth:`take` refused."""


class Buffer(Protocol[FrameOut]):
    """A splitter of the core, see :class:`quancheng.core.telemetry.framing.Splitter`."""

    @property
    def held(self) -> int:
        """Bytes that wait for more."""

    def take(self, chunk: bytes) -> Sequence[tuple[FrameOut | BadFrame, bytes]]:
        """Frames and bad frames a chunk completed, with their bytes."""

    def take_rest(self) -> Sequence[tuple[FrameOut | BadFrame, bytes]]:
        """What is left."""


@dataclass(frozen=True, slots=True)
class Dialect(Generic[F]):
    """A protocol as the listener sees it: its name in the registry, its splitter and its session."""

    protocol: str
    buffer: Callable[[], Buffer[F]]
    session: Callable[[], Session[F]]


def mapped(device: DeviceRef, found: Sequence[Reading]) -> Sequence[Reading]:
    """Of readings that one frame gives by the dozen (state bits), those the device has channels for.

    When it has none for any, all of them: the dead letter then shows the owner what is not set up.
    """
    kept = [one for one in found if one.element in device.streams]
    return kept or found
