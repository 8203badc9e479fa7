"""发件箱: deliveries made in the transaction of what they tell, one for each channel."""

from __future__ import annotations

from datetime import datetime, timedelta

from quancheng.capabilities.messages.gateways import open_channels, sms_gateway
from quancheng.capabilities.messages.models import Contact, Delivery, Message
from quancheng.capabilities.messages.routing import URGENT, Out, ways
from quancheng.core.cmpp import CmppError, parts_of
from quancheng.kernel import clock, jobs, rulebook

EMAIL_JOB = "messages.email"
_LONGEST = 300


def dispatch(message: Message, at: datetime) -> list[Delivery]:
    """Deliveries of a new message by its recipient's own settings; none without any."""
    channels = open_channels()
    if not channels:
        return []
    contact = Contact.objects.filter(recipient=message.recipient).first()
    if contact is None:
        return []
    wait = timedelta(minutes=rulebook.find("messages.fallback_minutes").integer())
    local = at.astimezone(clock.LOCAL)
    found = []
    for way in ways(message.kind, contact.preferences, local, wait, channels):
        if way.out is Out.SMS and message.kind != URGENT and _enough_today(message.recipient, local):
            continue
        found.append(queue(message, way.out, way.address, way.due, at))
    return found


def queue(message: Message, out: Out, address: str, due: datetime, at: datetime) -> Delivery:
    """One delivery of a message, in Chinese: the language of the city's notices."""
    text = f"{message.title_text.zh}：{message.body_text.zh}"
    return put(
        out,
        address,
        text,
        due,
        at,
        recipient=message.recipient,
        subject=message.title_text.zh,
        message=message,
        simulated=message.simulated,
    )


def put(
    out: Out,
    address: str,
    text: str,
    due: datetime,
    at: datetime,
    *,
    recipient: str,
    subject: str = "",
    message: Message | None = None,
    secret: bool = False,
    simulated: bool = False,
) -> Delivery:
    """A delivery, and for e-mail the job that sends it."""
    said = signed(text) if out is Out.SMS else text
    row: Delivery = Delivery.objects.create(
        message=message,
        recipient=recipient,
        channel=str(out),
        address=address,
        subject=subject[:200],
        text=said,
        parts=_parts(said) if out is Out.SMS else 1,
        due_at=due,
        made_at=at,
        secret=secret,
        simulated=simulated,
    )
    if out is Out.EMAIL:
        jobs.enqueue(EMAIL_JOB, {"delivery": row.pk}, key=f"delivery-{row.pk}", run_at=due)
    return row


def signed(text: str) -> str:
    """A text with the sender's sign before it, as the carriers demand, cut to what is sensible."""
    gateway = sms_gateway()
    sign = f"【{gateway.sign}】" if gateway is not None and gateway.sign else ""
    whole = sign + text
    return whole if len(whole) <= _LONGEST else whole[: _LONGEST - 1] + "…"


def _parts(text: str) -> int:
    try:
        return parts_of(text)
    except CmppError:
        return 1  # the sender refuses it with a reason


def _enough_today(recipient: str, local: datetime) -> bool:
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    sent = Delivery.objects.filter(recipient=recipient, channel=str(Out.SMS), made_at__gte=midnight)
    count: int = sent.exclude(state=Delivery.State.CANCELLED).count()
    return count >= rulebook.find("messages.sms_per_day").integer()
