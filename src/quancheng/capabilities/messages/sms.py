"""组件 messages.sms: due texts to the gateway, answers and reports back into the table.

What happens on a cut between handing over and the answer: nobody knows whether the gateway has the
text. It is sent once more, so that a notice may come twice and is never lost without a word; the
number of attempts is bounded and every one is in the table.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

import structlog

from quancheng.capabilities.messages import actions
from quancheng.capabilities.messages.gateways import SmsGateway, sms_gateway
from quancheng.capabilities.messages.models import Delivery
from quancheng.capabilities.messages.sms_client import SmsClient
from quancheng.core.cmpp import (
    Account,
    Answered,
    Closed,
    CmppError,
    Event,
    Heard,
    Opened,
    Part,
    Report,
    Submit,
    Timing,
    split,
)
from quancheng.kernel import clock
from quancheng.kernel.actions import Call

__all__ = ["Sender", "main"]

log = structlog.get_logger(__name__)
FLOW_CONTROL = 8
STOP_WORDS = {"TD", "T", "退订"}
MOST_EARLY = 10_000
IDLE, RECONNECT = 0.2, (1.0, 2.0, 5.0, 15.0, 30.0)


@dataclass(slots=True)
class _Going:
    """A text under way: which of its parts the gateway has answered."""

    delivery: int
    left: set[int] = field(default_factory=set)
    taken: list[str] = field(default_factory=list)
    refused: int = 0


class Sender:
    """Sends what is due through one connection."""

    def __init__(self, gateway: SmsGateway, timing: Timing | None = None) -> None:
        self.gateway = gateway
        self.client = SmsClient(gateway.host, gateway.port, Account(gateway.source, gateway.secret), timing)
        self._going: dict[int, _Going] = {}
        self._early: dict[str, Report] = {}
        self._reference = 0
        self._failed = 0
        self._next_try = 0.0

    def run(self, stop: threading.Event) -> None:
        """Until told to stop."""
        self.recover()
        while not stop.is_set():
            self.step(IDLE)
        self.client.close()

    def recover(self) -> int:
        """What a process before us had under way when it died goes out again."""
        left = list(
            Delivery.objects.filter(channel="sms", state=Delivery.State.SENDING).values_list("pk", flat=True)
        )
        for pk in left:
            actions.requeue_delivery(
                _call(), delivery_id=pk, reason="上次发送中断 the sender died", soon=True
            )
        return len(left)

    def step(self, seconds: float) -> None:
        """Connect if need be, hand over what is due, hear what came."""
        if not self.client.ready and not self._connect(seconds):
            return
        if self.client.ready:
            self._hand_over()
        for event in self.client.step(seconds):
            self._hear(event)

    def _connect(self, seconds: float) -> bool:
        """True while a connection is there or being made."""
        if self.client.busy:  # logging in
            return True
        if time.monotonic() < self._next_try:
            time.sleep(seconds)
            return False
        try:
            self.client.connect(clock.now())
        except OSError as error:
            self._later(str(error))
            return False
        return True

    def _later(self, why: str) -> None:
        pause = RECONNECT[min(self._failed, len(RECONNECT) - 1)]
        self._failed += 1
        self._next_try = time.monotonic() + pause
        log.warning("messages.sms.lost", why=why, pause=pause)

    def _hand_over(self) -> None:
        room = self.client.room
        if room <= 0:
            return
        due = Delivery.objects.filter(
            channel="sms", state=Delivery.State.QUEUED, due_at__lte=clock.now()
        ).order_by("due_at", "pk")
        for row in list(due[:room]):
            if row.parts > self.client.room:
                break
            if actions.take_delivery(_call(), delivery_id=row.pk):
                self._submit(row)

    def _submit(self, row: Delivery) -> None:
        self._reference = (self._reference + 1) % 256
        going = _Going(row.pk)
        try:
            parts = split(row.text, self._reference)
            for part in parts:
                number = self.client.submit(_message(self.gateway, row.address, part))
                going.left.add(number)
                self._going[number] = going
        except CmppError as error:
            actions.end_delivery(_call(), delivery_id=row.pk, delivered=False, reason=error.text.zh)

    def _hear(self, event: Event) -> None:
        match event:
            case Opened():
                self._failed = 0
            case Answered():
                self._answered(event)
            case Heard():
                self._heard(event)
            case Closed():
                self._closed(event)

    def _answered(self, event: Answered) -> None:
        going = self._going.pop(event.sequence, None)
        if going is None:
            return
        going.left.discard(event.sequence)
        if event.result == 0:
            going.taken.append(f"{event.message:016x}")
        else:
            going.refused = event.result
        if going.left:
            return
        if going.refused == 0:
            actions.answer_delivery(_call(), delivery_id=going.delivery, gateway_ids=going.taken)
            for number in going.taken:
                if number in self._early:
                    self._report(self._early.pop(number))
        elif going.refused == FLOW_CONTROL:
            actions.requeue_delivery(_call(), delivery_id=going.delivery, reason="网关限流 flow control")
        else:
            said = f"网关拒收，代码 {going.refused} refused by the gateway"
            actions.end_delivery(_call(), delivery_id=going.delivery, delivered=False, reason=said)

    def _heard(self, event: Heard) -> None:
        report = event.deliver.report
        if report is not None:
            self._report(report)
            return
        code = "utf-16-be" if event.deliver.format == 8 else "ascii"
        if event.deliver.content.decode(code, "replace").strip().upper() in STOP_WORDS:
            actions.stop_texts(_call(), phone=event.deliver.sender.removeprefix("86"))

    def _report(self, report: Report) -> None:
        """A report may overtake the answers of the other parts: it is kept until they have come."""
        number = f"{report.message:016x}"
        known = actions.hear_report(
            _call(), gateway_id=number, status=report.status, arrived=report.arrived, final=report.final
        )
        if known is None and len(self._early) < MOST_EARLY:
            self._early[number] = report

    def _closed(self, event: Closed) -> None:
        for pk in {one.delivery for one in self._going.values()}:
            actions.requeue_delivery(_call(), delivery_id=pk, reason=f"连接中断 {event.why}", soon=True)
        self._going.clear()
        self._later(event.why)


def _message(gateway: SmsGateway, to: str, part: Part) -> Submit:
    return Submit(
        gateway.source,
        gateway.number,
        (to,),
        part.content,
        part.format,
        part.header,
        part.part,
        part.parts,
    )


def _call() -> Call:
    return Call.system("messages")


def main() -> None:
    """Serve until told to stop; without a gateway there is nothing to do and it says so."""
    import signal

    import django

    django.setup()
    stop = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())
    gateway = sms_gateway()
    if gateway is None:
        log.info("messages.sms.unconfigured")
        stop.wait()
        return
    Sender(gateway).run(stop)
