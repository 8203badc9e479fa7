"""短信客户端: a CMPP session on a real socket, made again when it is lost; for programs and the component."""

from __future__ import annotations

import select
import socket
import time
from datetime import datetime

from quancheng.core.cmpp import Account, Closed, Event, Phase, Session, Submit, Timing

__all__ = ["SmsClient"]

READ = 65_536


class SmsClient:
    """One connection to a gateway. Not for two threads at once."""

    def __init__(self, host: str, port: int, account: Account, timing: Timing | None = None) -> None:
        self._place, self._account, self._timing = (host, port), account, timing
        self._socket: socket.socket | None = None
        self._session = Session(account, timing)
        self._first = 1

    @property
    def ready(self) -> bool:
        """Whether texts can be handed over now."""
        return self._session.phase is Phase.OPEN and self._socket is not None

    @property
    def busy(self) -> bool:
        """Whether there is a connection, logged in or about to."""
        return self._socket is not None

    @property
    def room(self) -> int:
        """How many may go out before the next answer."""
        return self._session.room if self._socket is not None else 0

    def connect(self, at: datetime, seconds: float = 5.0) -> None:
        """Make the connection and begin to log in. Raises OSError."""
        self.close()
        made = socket.create_connection(self._place, timeout=seconds)
        made.setblocking(False)
        self._socket = made
        self._session = Session(self._account, self._timing, first=self._first)
        self._session.open(at, time.monotonic())

    def submit(self, message: Submit) -> int:
        """Hand over one message; returns its sequence number."""
        number = self._session.submit(message, time.monotonic())
        self._first = number + 1
        return number

    def step(self, seconds: float) -> list[Event]:
        """Send what waits, hear what came, for at most so long."""
        if self._socket is None:
            return []
        try:
            self._flush()
            readable, _, _ = select.select([self._socket], [], [], seconds)
            events: list[Event] = []
            if readable:
                data = self._socket.recv(READ)
                if not data:
                    return [self._gone("the gateway closed the connection")]
                events += self._session.feed(data, time.monotonic())
            events += self._session.tick(time.monotonic())
            self._flush()
        except OSError as error:
            return [self._gone(str(error))]
        if self._session.phase is Phase.CLOSED:
            self._drop()
        return events

    def close(self) -> None:
        """Say goodbye and leave."""
        if self._socket is not None:
            self._session.end()
            try:
                self._flush()
            except OSError:
                self._session.outgoing.clear()  # it is gone: nothing more can be said
            self._drop()

    def _flush(self) -> None:
        assert self._socket is not None
        while self._session.outgoing:
            data = self._session.outgoing[0]
            select.select([], [self._socket], [], 5.0)
            sent = self._socket.send(data)
            if sent == len(data):
                self._session.outgoing.popleft()
            else:
                self._session.outgoing[0] = data[sent:]

    def _gone(self, why: str) -> Closed:
        self._drop()
        return self._session.close(why)

    def _drop(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
