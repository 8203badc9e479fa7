"""代理: everything lines share: sign-in, rights, sessions, readings on their way to the store, deliveries."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Coroutine, Sequence
from typing import Any

import structlog

from quancheng.capabilities.ingest.accept import Acceptor
from quancheng.capabilities.ingest.limits import Limits
from quancheng.capabilities.ingest.mqtt.identity import (
    Identity,
    PersonCheck,
    ends_lines,
    identify,
    overlaps_sensorthings,
)
from quancheng.capabilities.ingest.mqtt.keeper import SessionKeeper
from quancheng.capabilities.ingest.mqtt.line import ROOM, Line
from quancheng.capabilities.ingest.mqtt.outside import Commands, Presence, SensorThings
from quancheng.capabilities.ingest.mqtt.publishing import Publishing, passed_on
from quancheng.capabilities.ingest.rates import Buckets
from quancheng.capabilities.ingest.registry import Registry
from quancheng.core.mqtt import (
    Connect,
    Hub,
    Message,
    Publish,
    Reason,
    Session,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
    Version,
    Will,
)

log = structlog.get_logger(__name__)


class Broker:
    """One gateway's MQTT side. Lives in one event loop."""

    def __init__(
        self,
        limits: Limits,
        acceptor: Acceptor,
        registry: Registry,
        keeper: SessionKeeper,
        *,
        commands: Commands,
        presence: Presence,
        sensorthings: SensorThings,
        person: PersonCheck | None = None,
    ) -> None:
        self.limits = limits
        self.loop = asyncio.get_running_loop()
        self.acceptor = acceptor
        self.registry = registry
        self.keeper = keeper
        self.commands = commands
        self.presence = presence
        self.sensorthings = sensorthings
        self.hub = Hub()
        self.lines: set[Line] = set()
        self.online: dict[str, Line] = {}
        self.faults: Counter[str] = Counter()
        self.received = self.refused_lines = 0
        self._person = person or PersonCheck()
        self._failures = Buckets()
        self._dirty: list[Line] = []
        self._publishing = Publishing(self)
        self._wills: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.ending = False
        for session, until in keeper.load(limits.session_messages):
            self.hub.restore(session)
            keeper.ends[session.client_id] = until

    def followed(self) -> list[str]:
        """Filters of SensorThings in sessions kept from before."""
        found = {one for session in self.hub.sessions.values() for one in session.subscriptions}
        return sorted(one for one in found if overlaps_sensorthings(one))

    # -- lines --------------------------------------------------------------------------------
    def came(self, line: Line) -> bool:
        """A socket was opened; False when there are too many."""
        if self.ending or len(self.lines) >= self.limits.connections:
            self.refused_lines += 1
            return False
        self.lines.add(line)
        return True

    def gone(self, line: Line) -> None:
        """A socket was closed, by whomever."""
        self.lines.discard(line)
        session = line.session
        if session is None or self.online.get(line.key) is not line:
            return
        del self.online[line.key]
        if line.identity.device is not None and not self.ending:
            reason = "goodbye" if line.polite else "lost"
            self.presence.went(line.identity.device.code, line.key, reason, self.loop.time())
        self.commands.line_gone(session, ends=not session.expiry)
        if not line.polite and line.connection.connect is not None:
            self._last_will(line, session, line.connection.connect.will)
        if session.expiry:
            self.keeper.keep(session)
        else:
            self.hub.end(line.key)
            self.keeper.drop(line.key)

    def _last_will(self, line: Line, session: Session, will: Will | None) -> None:
        if will is None or self.ending:
            return
        delay = min(will.properties.get("will_delay_interval", 0), session.expiry)
        identity = line.identity
        if delay:
            self._wills[line.key] = self.loop.call_later(delay, self._speak_will, line.key, identity, will)
        else:
            self._speak_will(line.key, identity, will)

    def _speak_will(self, key: str, identity: Identity, will: Will) -> None:
        self._wills.pop(key, None)
        if identity.device is not None and will.topic == identity.up:
            self._publishing.readings(identity.device, will.payload, lambda outcome, fault: None)
        message = Message(will.topic, will.payload, will.qos, will.retain, passed_on(will.properties))
        self.spread(message, key)

    # -- sign-in ------------------------------------------------------------------------------
    def sign_in(self, line: Line, packet: Connect) -> None:
        """CONNECT: asked aside, the line waits."""
        self.start(self._sign_in(line, packet))

    async def _sign_in(self, line: Line, packet: Connect) -> None:
        rate = self.limits.failures_per_minute / 60
        if self._failures.take(line.peer, 0, rate, self.limits.failures_per_minute, self.loop.time()):
            line.refuse(Reason.CONNECTION_RATE_EXCEEDED)
            return
        tls = line.transport.get_extra_info("ssl_object")
        certificate = tls.getpeercert(True) if tls is not None else None
        try:
            found = await identify(packet, certificate, self.registry, self._person)
        except Exception:
            log.exception("ingest.sign_in.failed")
            found = Reason.SERVER_UNAVAILABLE
        if line.closed:
            return
        if (
            isinstance(found, Identity)
            and packet.will is not None
            and not found.may_publish(packet.will.topic)
        ):
            found = Reason.NOT_AUTHORIZED
        if isinstance(found, Reason):
            if found is not Reason.SERVER_UNAVAILABLE:
                self._failures.take(line.peer, 1, rate, self.limits.failures_per_minute, self.loop.time())
            self.faults[found.name] += 1
            log.warning(
                "ingest.sign_in.refused", peer=line.peer, name=(packet.username or "")[:64], reason=found.name
            )
            line.refuse(found)
            return
        self._let_in(line, packet, found)

    def _let_in(self, line: Line, packet: Connect, identity: Identity) -> None:
        assigned = "" if packet.client_id else f"auto-{time.time_ns():x}-{id(line):x}"
        key = f"{identity.name}\n{packet.client_id or assigned}"
        other = self.online.pop(key, None)
        if other is not None:
            self._take_over(other, key)
        will = self._wills.pop(key, None)
        if will is not None:
            will.cancel()
        session, present = self._session(key, packet)
        line.identity, line.session, line.key = identity, session, key
        self.online[key] = line
        line.greet(packet, present, assigned)
        for again in session.resumed():
            line.send(again)
        line.deliver()
        if identity.device is not None:
            self.presence.came(identity.device.code, key)
            if identity.down in session.subscriptions:
                self.commands.want(identity.device.id)
        line.connection.signed_in()
        line.signed_in()

    def _take_over(self, other: Line, key: str) -> None:
        other.close(Reason.SESSION_TAKEN_OVER)
        if other.session is not None:
            self.commands.line_gone(other.session, ends=False)

    def _session(self, key: str, packet: Connect) -> tuple[Session, bool]:
        held = self.hub.sessions.get(key)
        if held is not None and (packet.clean or key in self.keeper.ended(time.time(), [key])):
            self.commands.line_gone(held, ends=True)
            self.hub.end(key)
            held = None
        most = self.limits.session_seconds
        if packet.version is Version.V5:
            expiry = min(packet.properties.get("session_expiry_interval", 0), most)
        else:
            expiry = 0 if packet.clean else most
        session = held or Session(key, most_waiting=self.limits.session_messages)
        session.expiry = expiry
        self.hub.sessions[key] = session
        self.keeper.ends.pop(key, None)
        return session, held is not None

    # -- publishing ---------------------------------------------------------------------------
    def publish(self, line: Line, packet: Publish) -> None:
        """PUBLISH of a client."""
        self.received += 1
        self._publishing.take(line, packet)

    def burst(self, line: Line, packets: Sequence[Publish]) -> None:
        """Readings of a device that came together."""
        self.received += len(packets)
        self._publishing.burst(line, packets)

    def spread(self, message: Message, origin: str = "") -> None:
        """Deliver to whoever subscribed, and keep it when it is to be retained."""
        if message.retain:
            self.hub.retain(message)
        for session, one in self.hub.route(message, origin, self.online.__contains__):
            line = self.online.get(session.client_id)
            if line is not None:
                session.offer(one)
                line.deliver()
            elif one.qos:
                session.offer(one)
                self.keeper.keep(session)

    def dirty(self, line: Line) -> None:
        """The line has acknowledgements to send; lines are flushed together."""
        if not self._dirty:
            self.loop.call_soon(self._flush)
        self._dirty.append(line)

    def _flush(self) -> None:
        waiting, self._dirty = self._dirty, []
        for line in waiting:
            line.flush()

    # -- subscribing --------------------------------------------------------------------------
    def subscribe(self, line: Line, packet: Subscribe) -> None:
        """SUBSCRIBE: answered when a session that is to last is on disk and changes are followed."""
        followed = [one.filter for one in packet.subscriptions if overlaps_sensorthings(one.filter)]
        if followed and line.identity.device is None:
            self.start(self._subscribe_later(line, packet, followed))
        else:
            self._subscribe(line, packet)

    async def _subscribe_later(self, line: Line, packet: Subscribe, filters: list[str]) -> None:
        try:
            await self.sensorthings.listen(filters)
        except Exception:
            log.exception("ingest.sensorthings.failed")
            line.close(Reason.SERVER_UNAVAILABLE)
            return
        if not line.closed:
            self._subscribe(line, packet)

    def _subscribe(self, line: Line, packet: Subscribe) -> None:
        session = line.session
        if session is None:
            return
        identifier = next(iter(packet.properties.get("subscription_identifier", ())), 0)
        codes: list[int] = []
        retained: list[Message] = []
        for one in packet.subscriptions:
            if not line.identity.may_subscribe(one.filter):
                codes.append(Reason.NOT_AUTHORIZED if line.connection.version is Version.V5 else 0x80)
                continue
            retained += self.hub.subscribe(session, one, identifier)
            codes.append(one.qos)
            if line.identity.device is not None:
                self.commands.want(line.identity.device.id)
        answer = Suback(packet.packet_id, tuple(int(code) for code in codes))
        if session.expiry:
            self.keeper.keep(session, lambda: self._subscribed(line, answer, retained))
        else:
            self._subscribed(line, answer, retained)

    @staticmethod
    def _subscribed(line: Line, answer: Suback, retained: list[Message]) -> None:
        line.send(answer)
        if line.session is not None:
            for one in retained:
                line.session.offer(one)
        line.deliver()

    def unsubscribe(self, line: Line, packet: Unsubscribe) -> None:
        """UNSUBSCRIBE."""
        session = line.session
        if session is None:
            return
        gone = [self.hub.unsubscribe(session, one) for one in packet.filters]
        codes = tuple(0 if one else int(Reason.NO_SUBSCRIPTION_EXISTED) for one in gone)
        answer = Unsuback(packet.packet_id, codes)
        if session.expiry:
            self.keeper.keep(session, lambda: line.send(answer))
        else:
            line.send(answer)

    # -- commands -----------------------------------------------------------------------------
    def command(self, device_id: int, code: str, command: int, body: bytes) -> bool:
        """Offer a command to the device's line; False when none is there or it does not listen."""
        topic = f"d/{code}/down"
        for key, line in self._lines_of(code):
            session = self.hub.sessions.get(key)
            if session is not None and topic in session.subscriptions:
                session.offer(
                    Message(topic, body, max(1, session.subscriptions[topic].qos), reference=command)
                )
                line.deliver()
                return True
        return False

    def tell(self, code: str, body: bytes) -> None:
        """Something of the protocol itself for a device that listens now; nothing is kept of it."""
        topic = f"d/{code}/down"
        for _, line in self._lines_of(code):
            if line.session is not None and topic in line.session.subscriptions:
                line.session.offer(Message(topic, body, line.session.subscriptions[topic].qos))
                line.deliver()

    def _lines_of(self, code: str) -> list[tuple[str, Line]]:
        return [(key, self.online[key]) for key in self.presence.keys(code) if key in self.online]

    def sent(self, reference: int) -> None:
        """A command was written to a line."""
        self.commands.note_sent(reference)

    def delivered(self, line: Line, message: Message, reason: int) -> None:
        """The client acknowledged a message."""
        if message.reference:
            self.commands.note_done(message.reference)

    # -- changes, ends ------------------------------------------------------------------------
    async def device_changed(self, code: str) -> None:
        """A device was changed by somebody: its lines follow, or are cut."""
        device = await self.registry.find(code)
        for _, line in self._lines_of(code):
            before = line.identity.device
            if device is None or before is None or ends_lines(before, device):
                line.close(Reason.ADMINISTRATIVE_ACTION)
            else:
                line.identity = Identity(line.identity.name, line.identity.actor, device)
            if before is not None:
                self.acceptor.forget([stream for stream, _, _ in before.streams.values()])

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run beside everything else, held until it is done."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def sweep(self) -> None:
        """Hang up on the silent and the slow; a few thousand lines at a time. End sessions out of date."""
        now, limits = self.loop.time(), self.limits
        for place, line in enumerate(list(self.lines)):
            if place % 2000 == 1999:
                await asyncio.sleep(0)
            if line.closed:
                line.transport.abort()  # it did not take our goodbye
            elif line.session is None:
                if now - line.opened > limits.connect_seconds:
                    line.close(Reason.KEEP_ALIVE_TIMEOUT)
            elif (line.half_since and now - line.half_since > limits.half_packet_seconds) or (
                not line.pauses and now - line.heard > 1.5 * line.patience
            ):
                line.close(Reason.KEEP_ALIVE_TIMEOUT)
        for key in self.keeper.ended(time.time()):
            self.hub.end(key)
            self.keeper.drop(key)

    async def end(self) -> None:
        """Graceful end: no new lines, what was taken is committed and acknowledged, then goodbye."""
        self.ending = True
        for line in list(self.lines):
            line.pause(ROOM)
        await self.acceptor.idle()
        await asyncio.sleep(0)
        self._flush()
        for line in list(self.lines):
            line.close(Reason.SERVER_SHUTTING_DOWN)
        await asyncio.sleep(0.05)
        for line in list(self.lines):
            line.transport.abort()
        await asyncio.sleep(0)
        await self.keeper.flushed()
