"""链路呼叫方: opens a link to a peer node, keeps its keys fresh, carries requests over it.

The order of trust: fetch a QKD key; without one go on at post-quantum strength *and say so*, unless
policy wants more; come back to full strength as soon as the key manager has keys again. Who listens
(``told``) hears of every session and every refusal.
"""

from __future__ import annotations

import socket
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from quancheng.capabilities.quantum import wire
from quancheng.capabilities.quantum.kme_client import KmeClient, KmeFailed, KmeReason
from quancheng.capabilities.quantum.values import Exchanged, SessionOpened
from quancheng.core.linkkey import (
    HEAD_BYTES,
    Identity,
    Initiator,
    LinkFault,
    LinkReason,
    QkdKey,
    Refusal,
    RekeyPolicy,
    Session,
    Strength,
)
from quancheng.core.text import Text
from quancheng.kernel.errors import PartnerFailed

__all__ = ["CallerSettings", "LinkCaller", "LinkDown"]


_SILENT = Text("对方没有应答", "the other side does not answer")


class LinkDown(PartnerFailed):
    """The link carries nothing now (链路不通). ``reason``: of ``LinkReason``, or UNREACHABLE, TIMEOUT, BROKEN."""

    code = "link-down"

    def __init__(self, link: str = "—", reason: str = "UNREACHABLE", why: Text = _SILENT) -> None:
        self.reason = reason
        super().__init__(
            Text(f"链路 {link} 不通：{why.zh}。", f"Link {link} is down: {why.en}."),
            todo=Text(
                "内容没有以明文发出。请稍后重试，或由量子安全值班员检查链路。",
                "Nothing was sent in the clear. Try again, or have the link checked.",
            ),
        )


@dataclass(frozen=True, slots=True)
class CallerSettings:
    """How a link is kept: ``restore``: how often to try for full strength again after a fallback."""

    policy: RekeyPolicy
    seconds: float = 5.0
    restore: timedelta = timedelta(seconds=30)
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))


class LinkCaller:
    """One link of this process; safe for several threads, one exchange at a time."""

    def __init__(
        self,
        identity: Identity,
        address: tuple[str, int],
        kme: KmeClient | None,
        settings: CallerSettings,
        told: Callable[[SessionOpened], None] = lambda _: None,
        away: str = str(KmeReason.NO_LINE),
    ) -> None:
        """``away``: what to say when there is no ``kme``."""
        self._away = away
        self._me, self._address, self._kme = identity, address, kme
        self._settings, self._told = settings, told
        self._lock = threading.RLock()
        self._line: socket.socket | None = None
        self._session: Session | None = None
        self._since = self._tried = settings.now()
        self._pause = settings.restore

    @property
    def strength(self) -> Strength | None:
        """Of the session in use; None when there is none."""
        return self._session.strength if self._session else None

    @property
    def since(self) -> datetime | None:
        """When the session in use began."""
        return self._since if self._session else None

    def exchange(self, request: bytes) -> Exchanged:
        """Carry a request to the peer and bring its answer, with the strength that protected both.

        A request is sent once and never repeated here. Raises LinkDown.
        """
        with self._lock:
            session, line = self._ready()
            try:
                wire.send(line, wire.Frame.RECORD, session.seal(request))
                answer = session.open(_record(wire.receive(line)))
            except (OSError, LinkFault) as error:
                self.drop()
                raise _down(self._me.link, error) from error
            return Exchanged(answer, session.strength, session.away, session.name.hex())

    def rekey(self, reason: str = "ASKED") -> Session:
        """New keys now. Raises LinkDown."""
        with self._lock:
            return self._shake(reason)

    def drop(self) -> None:
        """Forget the keys and close the line."""
        with self._lock:
            if self._session is not None:
                self._session.erase()
                self._session = None
            if self._line is not None:
                self._line.close()
                self._line = None

    def _ready(self) -> tuple[Session, socket.socket]:
        session = self._session
        if session is None:
            session = self._shake("OPEN")
        elif due := self._settings.policy.due(session, self._since, self._settings.now()):
            session = self.rekey(str(due))
        elif session.strength is not Strength.FULL and self._retry_due():
            session = self._restored(session)
        if self._line is None:
            raise LinkDown(self._me.link, "BROKEN", Text("连接已断开", "the line is closed"))
        return session, self._line

    def _retry_due(self) -> bool:
        return self._kme is not None and self._settings.now() - self._tried >= self._pause

    def _restored(self, session: Session) -> Session:
        """Full strength, if our key manager has a key; the session as it is, if not.

        When the *peer* cannot have the key, each try burns one: the pause doubles until it succeeds.
        """
        self._tried = self._settings.now()
        qkd, away = self._quantum()
        if qkd is None:
            return session
        made = self._shake("RESTORE", (qkd, away))
        if made.strength is not Strength.FULL:
            self._pause = min(max(self._pause, timedelta(seconds=1)) * 2, self._settings.policy.age)
        return made

    def _quantum(self) -> tuple[QkdKey | None, str]:
        """A quantum key, or why there is none."""
        if self._kme is None:
            return None, self._away
        try:
            key = self._kme.enc_keys()[0]
        except KmeFailed as failed:
            return None, str(failed.reason)
        return QkdKey(key.key_id, key.key), ""

    def _shake(self, reason: str, quantum: tuple[QkdKey | None, str] | None = None) -> Session:
        """A whole handshake on a new line. The old session is forgotten first: never two at once.

        A quantum key is fetched only when the peer is there: a dead peer burns none.
        """
        self.drop()
        self._tried = self._settings.now()
        began = time.perf_counter()
        try:
            line = socket.create_connection(self._address, self._settings.seconds)
            self._line = line
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            initiator = Initiator(self._me, *(quantum or self._quantum()))
            wire.send(line, wire.Frame.HANDSHAKE, initiator.hello)
            last, session = initiator.finish(_handshake(wire.receive(line)))
            wire.send(line, wire.Frame.HANDSHAKE, last)
            session.open(_record(wire.receive(line)))  # the responder has accepted us
        except (OSError, LinkFault) as error:
            self.drop()
            raise _down(self._me.link, error) from error
        self._session, self._since = session, self._settings.now()
        if session.strength is Strength.FULL:
            self._pause = self._settings.restore
        seconds = time.perf_counter() - began
        try:
            self._told(opened(self._me.link, session, self._since, reason, seconds))
        except Exception:  # what cannot be booked is not used
            self.drop()
            raise
        return session


def opened(link: str, session: Session, at: datetime, reason: str, seconds: float = 0.0) -> SessionOpened:
    """What others may know of a session."""
    key: uuid.UUID | None = session.qkd
    return SessionOpened(
        link, session.name.hex(), session.strength, session.away, key, session.suite, reason, at, seconds
    )


def _record(frame: tuple[wire.Frame, bytes]) -> bytes:
    kind, body = frame
    if kind is wire.Frame.RECORD and len(body) >= HEAD_BYTES:
        return body
    raise _said(kind, body)


def _handshake(frame: tuple[wire.Frame, bytes]) -> bytes:
    kind, body = frame
    if kind is wire.Frame.HANDSHAKE:
        return body
    raise _said(kind, body)


def _said(kind: wire.Frame, body: bytes) -> LinkFault:
    if kind is wire.Frame.REFUSAL:
        return LinkFault(Refusal.from_bytes(body).reason, "peer")
    return LinkFault(LinkReason.STEP)


def _down(link: str, error: Exception) -> LinkDown:
    if isinstance(error, LinkFault):
        return LinkDown(link, str(error.reason), error.text)
    if isinstance(error, TimeoutError):
        return LinkDown(link, "TIMEOUT", Text("对方超时未答", "the peer did not answer in time"))
    if isinstance(error, ConnectionRefusedError | socket.gaierror):
        return LinkDown(link, "UNREACHABLE", Text("对方无法连接", "the peer cannot be reached"))
    return LinkDown(link, "BROKEN", Text("连接中断", "the line broke"))
