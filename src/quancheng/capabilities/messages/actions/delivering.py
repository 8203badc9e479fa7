"""投递的写入: taken, answered, reported, ended; by the platform, and again by a person."""

from __future__ import annotations

from datetime import timedelta

from quancheng.capabilities.messages.models import Contact, Delivery, DeliveryPart
from quancheng.capabilities.messages.outbox import EMAIL_JOB
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events, jobs, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, NotFound

_S = Delivery.State
_BACKOFF = (30, 120, 600, 1800, 3600)
_OPEN = (_S.QUEUED, _S.SENDING)


def _locked(pk: int) -> Delivery:
    found = Delivery.objects.select_for_update(of=("self",)).select_related("message").filter(pk=pk).first()
    if found is None:
        raise NotFound
    row: Delivery = found
    return row


@action("messages.delivery.take", idempotent=False)
def take_delivery(call: Call, *, delivery_id: int) -> bool:
    """领取: it is being sent now. False when it need not be: read in the app, too old, taken already."""
    row = _locked(delivery_id)
    access.require(call.actor, "send", row)
    audit.note(delivery=row.pk)
    if row.state != _S.QUEUED:
        return False
    hours = rulebook.find("messages.expiry_hours").integer()
    if call.at > row.made_at + timedelta(hours=hours):
        _end(row, call, _S.FAILED, "过期未发 too old to be sent")
        return False
    if row.message is not None and row.message.read_at is not None:
        _end(row, call, _S.CANCELLED, "站内已读 read in the app")
        return False
    row.state, row.attempts = _S.SENDING, row.attempts + 1
    row.save(update_fields=["state", "attempts"])
    return True


@action("messages.delivery.answer", idempotent=False)
def answer_delivery(call: Call, *, delivery_id: int, gateway_ids: list[str]) -> Delivery:
    """已提交: the gateway has it, under these numbers; its reports will name them."""
    row = _locked(delivery_id)
    access.require(call.actor, "send", row)
    audit.note(delivery=row.pk, parts=len(gateway_ids))
    for number in gateway_ids:
        DeliveryPart.objects.get_or_create(gateway_id=number, defaults={"delivery": row})
    if row.state in _OPEN:
        row.state, row.sent_at, row.reason = _S.SENT, call.at, ""
        row.text = "" if row.secret else row.text
        row.save(update_fields=["state", "sent_at", "reason", "text"])
    return row


@action("messages.delivery.report", idempotent=False)
def hear_report(call: Call, *, gateway_id: str, status: str, arrived: bool, final: bool) -> Delivery | None:
    """状态报告: a part arrived or did not; the text has when all its parts have. None for a stranger's."""
    access.require(call.actor, "send", Delivery)
    part = DeliveryPart.objects.select_for_update().filter(gateway_id=gateway_id).first()
    audit.note(gateway=gateway_id, status=status)
    if part is None:
        return None
    if final and part.status != "DELIVRD":
        part.status = status[:10]
        part.save(update_fields=["status"])
    row = _locked(part.delivery_id)
    if not final or row.state not in {_S.SENT, _S.SENDING}:
        return row
    told = list(row.pieces.values_list("status", flat=True))
    if not arrived:
        _end(row, call, _S.FAILED, f"网关报告 {status} reported")
    elif len(told) >= row.parts and all(one == "DELIVRD" for one in told):
        _end(row, call, _S.DELIVERED, "")
    return row


@action("messages.delivery.end", idempotent=False)
def end_delivery(call: Call, *, delivery_id: int, delivered: bool, reason: str = "") -> Delivery:
    """已结束: delivered to the next server, or refused for good."""
    row = _locked(delivery_id)
    access.require(call.actor, "send", row)
    audit.note(delivery=row.pk, reason=reason)
    if row.state in {*_OPEN, _S.SENT}:
        row.sent_at = row.sent_at or (call.at if delivered else None)
        _end(row, call, _S.DELIVERED if delivered else _S.FAILED, reason)
    return row


@action("messages.delivery.requeue", idempotent=False)
def requeue_delivery(call: Call, *, delivery_id: int, reason: str, soon: bool = False) -> Delivery:
    """稍后再发: later by the number of attempts, or never again when there were too many."""
    row = _locked(delivery_id)
    access.require(call.actor, "send", row)
    audit.note(delivery=row.pk, reason=reason)
    if row.state != _S.SENDING:
        return row
    if row.attempts >= rulebook.find("messages.attempts").integer():
        _end(row, call, _S.FAILED, reason)
        return row
    pause = 1 if soon else _BACKOFF[min(row.attempts, len(_BACKOFF)) - 1]
    row.state, row.reason, row.due_at = _S.QUEUED, reason[:200], call.at + timedelta(seconds=pause)
    row.save(update_fields=["state", "reason", "due_at"])
    return row


@action("messages.delivery.retry")
def retry_delivery(call: Call, *, delivery_id: int) -> Delivery:
    """重新发送 what failed, by a person. Raises Forbidden, Conflict."""
    row = _locked(delivery_id)
    access.require(call.actor, "retry", row)
    if row.state != _S.FAILED or not row.text:
        raise Conflict(
            Text(
                "只有失败且内容还在的投递可以重发。", "Only failed ones whose text is kept can be sent again."
            )
        )
    row.state, row.reason, row.attempts, row.due_at = _S.QUEUED, "", 0, call.at
    row.made_at, row.ended_at = call.at, None
    row.save(update_fields=["state", "reason", "attempts", "due_at", "made_at", "ended_at"])
    audit.note(delivery=row.pk)
    if row.channel == "email":
        jobs.enqueue(EMAIL_JOB, {"delivery": row.pk}, key=f"delivery-{row.pk}-{call.at.isoformat()}")
    return row


@action("messages.delivery.cancel")
def cancel_delivery(call: Call, *, delivery_id: int) -> Delivery:
    """取消 what has not gone out. Raises Forbidden, Conflict."""
    row = _locked(delivery_id)
    access.require(call.actor, "retry", row)
    if row.state != _S.QUEUED:
        raise Conflict(Text("已经发出或结束，不能取消。", "It has gone out or ended."))
    _end(row, call, _S.CANCELLED, "人工取消 cancelled by a person")
    audit.note(delivery=row.pk)
    return row


@action("messages.texts.stop", idempotent=False)
def stop_texts(call: Call, *, phone: str) -> int:
    """退订: who answers TD gets no more texts at that number until switched on again."""
    access.require(call.actor, "send", Delivery)
    count: int = Contact.objects.filter(phone=phone).update(sms_on=False, updated_at=call.at)
    audit.note(contacts=count)
    return count


def _end(row: Delivery, call: Call, state: str, reason: str) -> None:
    row.state, row.reason, row.ended_at = state, reason[:200], call.at
    row.text = "" if row.secret else row.text
    row.save(update_fields=["state", "reason", "ended_at", "sent_at", "text"])
    if state == _S.FAILED:
        data = {"delivery": row.pk, "channel": row.channel, "reason": row.reason}
        events.emit("messages.delivery.failed", row.recipient, data)
