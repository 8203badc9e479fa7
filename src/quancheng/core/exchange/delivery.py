"""订阅与批次交付: numbers, gaps, receipts and re-delivery, so that nothing is lost and nothing taken twice.

The sender numbers deliveries from 1 without holes and sends again until acknowledged; the receiver
acknowledges all it has without a gap (``upto``) and what it has beyond (``beyond``), as TCP does with
selective acknowledgements (RFC 2018). One number with two contents is a conflict, and is never taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from quancheng.core.text import Text

__all__ = ["Arrival", "Outgoing", "Receipt", "Receiver", "Resend", "Sender"]


class Arrival(StrEnum):
    """What a delivery is to the receiver (到达判定)."""

    NEW = "NEW"
    DUPLICATE = "DUPLICATE"
    CONFLICT = "CONFLICT"
    TOO_FAR = "TOO_FAR"

    @property
    def text(self) -> Text:
        """Label (说明)."""
        return _LABELS[self]


_LABELS = {
    Arrival.NEW: Text("新批次。", "A new delivery."),
    Arrival.DUPLICATE: Text("重复批次，已忽略。", "A delivery that is here already; ignored."),
    Arrival.CONFLICT: Text("同一序号的内容不同，拒收。", "The same number with other content; refused."),
    Arrival.TOO_FAR: Text("序号超出接收窗口，拒收。", "The number is beyond the window; refused."),
}


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the receiver has (回执): all up to ``upto``, and single ones ``beyond``."""

    upto: int
    beyond: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Receiver:
    """State of one subscription at the receiver (接收方).

    ``known`` holds digests: of what waits beyond a gap, and of the last ``memory`` taken, to tell
    a repetition from a conflict. Older repetitions count as duplicates.
    """

    window: int
    memory: int
    upto: int = 0
    known: Mapping[int, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.window < 1 or self.memory < 0:
            raise ValueError("the window must be positive, the memory not negative")

    def take(self, number: int, digest: bytes) -> tuple[Receiver, Arrival]:
        """Take a delivery (接收); keep its content only when ``NEW``."""
        if number < 1:
            raise ValueError("deliveries are numbered from 1")
        if number in self.known:
            same = self.known[number] == digest
            return self, Arrival.DUPLICATE if same else Arrival.CONFLICT
        if number <= self.upto:
            return self, Arrival.DUPLICATE
        if number > self.upto + self.window:
            return self, Arrival.TOO_FAR
        known, upto = {**self.known, number: digest}, self.upto
        while upto + 1 in known:
            upto += 1
        kept = {
            known_number: value for known_number, value in known.items() if known_number > upto - self.memory
        }
        return replace(self, upto=upto, known=kept), Arrival.NEW

    def receipt(self) -> Receipt:
        """What to acknowledge (回执)."""
        return Receipt(self.upto, frozenset(number for number in self.known if number > self.upto))

    def gaps(self) -> tuple[tuple[int, int], ...]:
        """Missing spans below the highest number seen, ends included (缺口)."""
        found, expected = [], self.upto + 1
        for number in sorted(number for number in self.known if number > self.upto):
            if number > expected:
                found.append((expected, number - 1))
            expected = number + 1
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A delivery that is not acknowledged (待确认批次)."""

    number: int
    digest: bytes
    attempts: int = 0
    next: datetime | None = None


@dataclass(frozen=True, slots=True)
class Resend:
    """When to send again (重发规则): after ``first``, doubled each time, at most ``longest``; ``attempts`` in all."""

    first: timedelta
    longest: timedelta
    attempts: int

    def __post_init__(self) -> None:
        if not timedelta() < self.first <= self.longest or self.attempts < 1:
            raise ValueError("waits must be positive and in order, attempts at least one")

    def wait(self, attempts: int) -> timedelta:
        """Wait after that many attempts (等待)."""
        doublings = min(attempts - 1, 40)
        return self.longest if self.first > self.longest / 2**doublings else self.first * 2**doublings


@dataclass(frozen=True, slots=True)
class Sender:
    """State of one subscription at the sender (发送方). Every step returns a new one."""

    rule: Resend
    last: int = 0
    open: tuple[Outgoing, ...] = ()

    def publish(self, digest: bytes) -> tuple[Sender, int]:
        """A new delivery gets the next number (发布)."""
        number = self.last + 1
        return replace(self, last=number, open=(*self.open, Outgoing(number, digest))), number

    def due(self, now: datetime, most: int) -> tuple[Sender, tuple[int, ...]]:
        """Numbers to send now, oldest first, at most ``most`` (应发批次); they count as sent."""
        ready = [one for one in self.open if self._ready(one, now)][:most]
        numbers = {one.number for one in ready}
        sent = tuple(self._sent(one, now) if one.number in numbers else one for one in self.open)
        return replace(self, open=sent), tuple(one.number for one in ready)

    def acknowledged(self, receipt: Receipt) -> Sender:
        """After a receipt (收到回执). One that claims what was never sent is refused."""
        if receipt.upto > self.last or any(number > self.last for number in receipt.beyond):
            raise ValueError("a receipt for a delivery that does not exist")
        left = tuple(
            one for one in self.open if one.number > receipt.upto and one.number not in receipt.beyond
        )
        return replace(self, open=left)

    def given_up(self) -> tuple[int, ...]:
        """Numbers sent as often as allowed and not acknowledged: a person must look (需人工处理)."""
        return tuple(one.number for one in self.open if one.attempts >= self.rule.attempts)

    def retry(self, number: int) -> Sender:
        """A person has looked: send that one again from the first attempt (人工重发)."""
        again = (Outgoing(one.number, one.digest) if one.number == number else one for one in self.open)
        return replace(self, open=tuple(again))

    def _ready(self, one: Outgoing, now: datetime) -> bool:
        return one.attempts < self.rule.attempts and (one.next is None or one.next <= now)

    def _sent(self, one: Outgoing, now: datetime) -> Outgoing:
        attempts = one.attempts + 1
        return replace(one, attempts=attempts, next=now + self.rule.wait(attempts))
