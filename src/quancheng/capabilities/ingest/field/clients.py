"""参考设备: what the three reference devices share: a socket, a splitter, answers in the order they come."""

from __future__ import annotations

import socket
import time
from types import TracebackType
from typing import Generic, Self, TypeVar

from quancheng.core.telemetry.framing import BadFrame, Splitter

F = TypeVar("F")


class FieldClient(Generic[F]):
    """A device's end of a line. Blocking; ``with`` closes it."""

    def __init__(self, buffer: Splitter[F], host: str, port: int, timeout: float = 10.0) -> None:
        self._buffer = buffer
        self._found: list[F] = []
        self.socket = socket.create_connection((host, port), timeout=timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self.socket.close()

    def send_bytes(self, raw: bytes) -> None:
        """Send bytes as they are, whole frames or not."""
        self.socket.sendall(raw)

    def receive(self, timeout: float = 10.0) -> F | None:
        """The next frame of the platform, ``None`` when none came in time or the line was hung up."""
        until = time.monotonic() + timeout
        while not self._found:
            left = until - time.monotonic()
            if left <= 0:
                return None
            self.socket.settimeout(left)
            try:
                chunk = self.socket.recv(16_384)
            except TimeoutError:
                return None
            except ConnectionError:
                return None
            if not chunk:
                return None
            self._found += [one for one in self._buffer.feed(chunk) if not isinstance(one, BadFrame)]
        return self._found.pop(0)

    def hung_up(self, timeout: float = 10.0) -> bool:
        """Whether the platform hangs up within so many seconds, whatever it says before."""
        until = time.monotonic() + timeout
        while (left := until - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                if not self.socket.recv(16_384):
                    return True
            except TimeoutError:
                return False
            except ConnectionError:
                return True
        return False
