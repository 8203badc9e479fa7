"""连接渠道: clients and keys of the registered channels, and the carrying out of effects."""

from __future__ import annotations

import base64
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings

from quancheng.capabilities.payment import actions
from quancheng.capabilities.payment.channel_client import ChannelClient
from quancheng.capabilities.payment.models import Booking, Channel, PaymentOrder
from quancheng.core.payment import (
    ChannelReport,
    CloseAtChannel,
    Ed25519Signer,
    Ed25519Verifier,
    Effect,
    Message,
    Outcome,
    PaymentError,
    RefundReport,
    SendRefund,
    Source,
    StartPayment,
    Verifier,
    payment_report,
    refund_report,
    request_of,
)
from quancheng.kernel import clock, keyfile, rulebook
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import NotFound


def key_file() -> Path:
    """Where the platform's own payment key is kept."""
    return Path(settings.HOME) / "keys" / "payment.pem"


def signer() -> Ed25519Signer:
    """The platform's own key; made on first use."""
    return Ed25519Signer(keyfile.load_or_make(key_file()))


def keyring(channel: Channel, at: datetime) -> dict[tuple[str, str], Verifier]:
    """Keys of a channel that are valid at a moment: old ones end, new ones begin."""
    found: dict[tuple[str, str], Verifier] = {}
    for name, key in channel.keys.items():
        begins, ends = datetime.fromisoformat(key["from"]), key.get("until")
        if begins <= at and (ends is None or at < datetime.fromisoformat(ends)):
            raw = base64.b64decode(key["public"])
            found[channel.code, name] = Ed25519Verifier(Ed25519PublicKey.from_public_bytes(raw))
    return found


def client(code: str) -> ChannelClient:
    """The client of a channel. Raises NotFound."""
    channel = Channel.objects.filter(code=code).first()
    if channel is None:
        raise NotFound
    return ChannelClient(
        channel.url,
        channel.merchant,
        channel.code,
        channel.key_name,
        signer(),
        keyring(channel, clock.now()),
        clock=window(),
    )


def window() -> int:
    """How many seconds a message's time may be off."""
    return rulebook.find("payment.clock_seconds").integer()


def carry_out(number: str, effect: Effect) -> str:
    """Do what an effect asks at its channel and book what the reply says; safe to repeat.

    Returns the code of the reply. Raises PartnerFailed: try again.
    """
    if not isinstance(effect, StartPayment | CloseAtChannel | SendRefund):
        return "OK"
    kind, fields = request_of(effect)
    at = clock.now()
    reply = client(effect.channel).ask(kind, fields, at)
    if reply.get("code") == "OK":
        book(number, reply, refund=isinstance(effect, SendRefund), source=Source.QUERY)
    elif isinstance(effect, CloseAtChannel) and reply.get("code") == "UNKNOWN":
        _never_arrived(number, effect.attempt, effect.channel, at)
    return reply.get("code")


def enquire(booking: Booking) -> None:
    """Ask the channel how a pending booking stands and book the answer. Raises PartnerFailed."""
    at = clock.now()
    refund = booking.kind == "REFUND"
    kind = "refund.query" if refund else "pay.query"
    reply = client(booking.channel).ask(kind, {"number": booking.number}, at)
    if reply.get("code") == "OK":
        book(booking.order.number, reply, refund=refund, source=Source.QUERY)
    elif reply.get("code") == "UNKNOWN" and not refund and at >= booking.order.expires_at:
        _never_arrived(booking.order.number, booking.number, booking.channel, at)
    actions.mark_asked(Call.system("payment"), booking_id=booking.pk)


def _never_arrived(number: str, attempt: str, channel: str, at: datetime) -> None:
    """The channel knows no such payment, and it is too late for one to begin."""
    row = PaymentOrder.objects.filter(number=number).first()
    if row is None or at < row.expires_at:
        return
    event = ChannelReport(
        f"unknown-{attempt}", number, at, attempt, channel, Outcome.CLOSED, source=Source.QUERY
    )
    actions.hear(Call.system("payment"), event=event)


def book(
    number: str, message: Message, *, refund: bool, source: Source, body: str = ""
) -> PaymentOrder | None:
    """What a verified message says, booked. Raises PaymentError when it says nothing about money."""
    call = Call.system("payment")
    name = message.get("notification") if source is Source.CALLBACK else _fact(message)
    make = refund_report if refund else payment_report
    event: ChannelReport | RefundReport = make(message, name, number, call.at, source)
    nonce = message.nonce if source is Source.CALLBACK else ""
    row: PaymentOrder | None = actions.hear(
        call, event=event, nonce=nonce, kind=message.kind, body=body, ended=ended(message, call.at)
    )
    return row


def _fact(message: Message) -> str:
    """One id for the same fact, however often it is asked for."""
    return f"query-{message.get('number')}-{message.get('state')}"[:64]


def ended(message: Message, now: datetime) -> datetime | None:
    """When the channel says it happened; None when it does not say, or says the future."""
    try:
        at = datetime.fromisoformat(message.get("at"))
    except (ValueError, PaymentError):
        return None
    return at if at.tzinfo is not None and at <= now else None
