"""发布: what clients publish: readings to the store, other messages to subscribers, answers in order."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from quancheng.capabilities.ingest.accept import Done
from quancheng.capabilities.ingest.bulk import context_of
from quancheng.capabilities.ingest.mqtt.line import ROOM, Line, Slot
from quancheng.capabilities.ingest.payloads import FrameRefused, decode
from quancheng.capabilities.ingest.payloads.frames import REBIRTH_WANTED
from quancheng.capabilities.ingest.payloads.plain import quick_values
from quancheng.capabilities.ingest.payloads.sessions import sessions
from quancheng.capabilities.ingest.sorting import Row, add_plain
from quancheng.capabilities.ingest.values import DeviceRef, Outcome
from quancheng.core.mqtt import Ack, Message, Publish, Reason, Type, Version
from quancheng.core.telemetry.sparkplug import rebirth_command

if TYPE_CHECKING:
    from quancheng.capabilities.ingest.mqtt.broker import Broker

log = structlog.get_logger(__name__)
SOURCE = "mqtt"
_LONGEST_PAUSE = 60.0
_SPARKPLUG = "sparkplug"
_ASK_SECONDS = 10.0
_ASKED_KEPT = 10_000
_NOT_PASSED_ON = frozenset({"topic_alias", "subscription_identifier", "will_delay_interval"})


class Publishing:
    """The publishing side of a broker."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._acceptor = broker.acceptor
        self._no_room: list[Line] = []
        self._asked: dict[str, float] = {}

    def take(self, line: Line, packet: Publish) -> None:
        """PUBLISH of a client that has signed in."""
        session, identity = line.session, line.identity
        if session is None:
            line.close(Reason.PROTOCOL_ERROR)
            return
        if packet.qos == 2 and session.is_copy(packet):
            line.answer(line.slot(packet.packet_id), Ack(Type.PUBREC, packet.packet_id))
            return
        slot = line.slot(packet.packet_id) if packet.qos else None
        if not identity.may_publish(packet.topic):
            self._refuse(line, slot, packet, Reason.NOT_AUTHORIZED)
        elif identity.device is None:
            self._broker.start(self._to_sensorthings(line, slot, packet))
        elif packet.topic == identity.up:
            debt = self.readings(identity.device, packet.payload, partial(self._stored, line, slot, packet))
            self._hold_back(line, debt)
        else:
            self._spread_from(line, packet)
            self._taken(line, slot, packet)

    def burst(self, line: Line, packets: Sequence[Publish]) -> None:
        """Readings of one device that came in one read, QoS 1: decoded one by one, then on their way as one.

        A message with anything unusual goes the long way of :meth:`take`.
        """
        device = line.identity.device
        if device is None or device.payload != "json":
            for packet in packets:
                if not line.closed:
                    self.take(line, packet)
            return
        received_at = time.time_ns() // 1000
        horizon = self._acceptor.horizon.around(received_at)
        rows: list[Row] = []
        good: list[Publish] = []
        for place, packet in enumerate(packets):
            found = quick_values(packet.payload)
            if found is not None:
                at, values = found
                # without times of their own, messages of one read still are of different moments
                if add_plain(device, received_at + place if at is None else at, values, horizon, rows):
                    good.append(packet)
                    continue
            self._submit(line, device, good, rows, received_at)
            rows, good = [], []
            if line.closed:
                return
            self.take(line, packet)
        self._submit(line, device, good, rows, received_at)

    def _submit(
        self, line: Line, device: DeviceRef, packets: list[Publish], rows: list[Row], received_at: int
    ) -> None:
        if not packets:
            return
        slot = line.slot(*[packet.packet_id for packet in packets])
        done = partial(self._burst_stored, line, slot, packets)
        self._acceptor.submit_rows(rows, len(packets), received_at, done)
        self._hold_back(line, self._acceptor.debt(device, len(rows)))

    def _burst_stored(
        self,
        line: Line,
        slot: Slot,
        packets: Sequence[Publish],
        outcome: Outcome | None,
        fault: BaseException | None,
    ) -> None:
        if fault is not None or outcome is None:
            line.close(Reason.SERVER_UNAVAILABLE)
            return
        if len(self._broker.hub):
            for packet in packets:
                self._spread_from(line, packet)
        if not line.closed:
            line.answer(slot)

    def readings(self, device: DeviceRef, payload: bytes, done: Done) -> float:
        """Decode and hand to the acceptor; returns for how long no more of the device should be read."""
        received_at = time.time_ns() // 1000
        acceptor = self._acceptor
        try:
            readings = decode(device.payload, payload, context=context_of(device), received_at=received_at)
        except FrameRefused as refused:
            reason, detail = str(refused.reason), refused.message.zh
            if device.payload == _SPARKPLUG:
                self._ask_for_birth(device)
            acceptor.refuse(device, "", SOURCE, reason, detail, payload, done)
            return acceptor.debt(device, 1)
        acceptor.submit(device, readings, received_at, payload, done, SOURCE)
        return acceptor.debt(device, len(readings))

    def _ask_for_birth(self, device: DeviceRef) -> None:
        """A Sparkplug node whose session we do not know is asked to be born again (§6.4.17), not too often."""
        if not sessions.peek(device.code).get(REBIRTH_WANTED):
            return
        now = self._broker.loop.time()
        if len(self._asked) > _ASKED_KEPT:
            self._asked.clear()
        if now < self._asked.get(device.code, 0.0):
            return
        self._asked[device.code] = now + _ASK_SECONDS
        _, body = rebirth_command(device.address, device.address, time.time_ns() // 1_000_000)
        self._broker.tell(device.code, body)

    # -- holding back -------------------------------------------------------------------------
    def _hold_back(self, line: Line, debt: float) -> None:
        if debt > 0.0:
            line.hold(min(debt, _LONGEST_PAUSE))
        if self._acceptor.full:
            line.pause(ROOM)
            if not self._no_room:
                self._acceptor.when_room(self._room_again)
            self._no_room.append(line)

    def _room_again(self) -> None:
        waiting, self._no_room = self._no_room, []
        for line in waiting:
            line.resume(ROOM)

    # -- answers ------------------------------------------------------------------------------
    def _stored(
        self,
        line: Line,
        slot: Slot | None,
        packet: Publish,
        outcome: Outcome | None,
        fault: BaseException | None,
    ) -> None:
        """The readings are durable (or kept as dead letters), or could not be: then no acknowledgement."""
        if fault is not None or outcome is None:
            if line.session is not None:
                line.session.refused(packet.packet_id)
            line.close(Reason.SERVER_UNAVAILABLE)
            return
        if outcome.refused and not outcome.taken:
            self._refuse(line, slot, packet, Reason.PAYLOAD_FORMAT_INVALID, hang_up=False)
            return
        if packet.retain or len(self._broker.hub):
            self._spread_from(line, packet)
        self._taken(line, slot, packet)

    def _spread_from(self, line: Line, packet: Publish) -> None:
        properties = passed_on(packet.properties)
        message = Message(packet.topic, packet.payload, packet.qos, packet.retain, properties)
        self._broker.spread(message, line.key)

    async def _to_sensorthings(self, line: Line, slot: Slot | None, packet: Publish) -> None:
        sensorthings = self._broker.sensorthings
        try:
            await sensorthings.create(packet.topic, packet.payload, line.identity.actor)
        except Exception as failure:
            reason = sensorthings.reason(failure)
            if reason is None:
                log.exception("ingest.sensorthings.failed")
                line.close(Reason.SERVER_UNAVAILABLE)
            else:
                self._refuse(line, slot, packet, reason, hang_up=False)
            return
        self._taken(line, slot, packet)

    @staticmethod
    def _taken(line: Line, slot: Slot | None, packet: Publish) -> None:
        if slot is not None and not line.closed:
            line.answer(slot, None if packet.qos == 1 else Ack(Type.PUBREC, packet.packet_id))

    def _refuse(
        self, line: Line, slot: Slot | None, packet: Publish, reason: Reason, *, hang_up: bool = True
    ) -> None:
        """Say no: in MQTT 5 by reason; 3.1.1 has no word for it: what has no right is hung up on, the rest
        is acknowledged, because the message is kept as a dead letter and would only be sent again."""
        self._broker.faults[reason.name] += 1
        if line.connection.version is not Version.V5:
            if hang_up:
                line.close(reason)
            else:
                self._taken(line, slot, packet)
        elif slot is not None and not line.closed:
            if line.session is not None:
                line.session.refused(packet.packet_id)
            kind = Type.PUBACK if packet.qos == 1 else Type.PUBREC
            line.answer(slot, Ack(kind, packet.packet_id, reason))


def passed_on(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """Properties of a publication that travel with it (§3.3.2.3)."""
    if not properties:
        return properties
    return {name: value for name, value in properties.items() if name not in _NOT_PASSED_ON}
