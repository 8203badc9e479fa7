"""Background work: e-mails that are due."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.messages import actions
from quancheng.capabilities.messages.gateways import mail_gateway
from quancheng.capabilities.messages.mail_client import Refused, compose, send
from quancheng.capabilities.messages.models import Delivery
from quancheng.capabilities.messages.outbox import EMAIL_JOB
from quancheng.kernel import clock, jobs
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import PartnerFailed


@jobs.job(EMAIL_JOB, max_attempts=1, lease_seconds=60)
def email(handle: Any, delivery: int) -> dict[str, str]:
    """Send one e-mail; tried again later by a job of its own when the server cannot take it now."""
    call = Call.system("messages")
    if not actions.take_delivery(call, delivery_id=delivery):
        return {"state": "not needed"}
    row = Delivery.objects.get(pk=delivery)
    gateway = mail_gateway()
    if gateway is None:
        actions.end_delivery(
            call, delivery_id=delivery, delivered=False, reason="未配置邮件服务器 no mail server"
        )
        return {"state": "failed"}
    try:
        said = compose(gateway, row.address, row.subject, row.text, clock.now(), f"qc-{row.pk}")
        send(gateway, said)
    except Refused as refused:
        reason = f"{refused.code} {refused.said}"
        actions.end_delivery(call, delivery_id=delivery, delivered=False, reason=reason)
        return {"state": "refused"}
    except PartnerFailed as failed:
        again = actions.requeue_delivery(call, delivery_id=delivery, reason=failed.detail.zh)
        if again.state == Delivery.State.QUEUED:
            key = f"delivery-{delivery}-{again.attempts}"
            jobs.enqueue(EMAIL_JOB, {"delivery": delivery}, key=key, run_at=again.due_at)
        return {"state": "later"}
    actions.end_delivery(call, delivery_id=delivery, delivered=True)
    return {"state": "delivered"}
