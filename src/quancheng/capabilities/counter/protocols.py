"""跨城协议接口: partner cities post signed messages here (``partner_client`` says how)."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from quancheng.capabilities.counter import actions, partner_client
from quancheng.capabilities.counter.models import Partner
from quancheng.core.text import Text
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, TooLarge


@csrf_exempt
@require_POST
def messages(request: HttpRequest) -> HttpResponse:
    """Take one message; the signature is the credential, so there is no session and no CSRF token."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > partner_client.MAX_BYTES:
        raise TooLarge()
    body = request.body
    partner = Partner.objects.filter(code=_claimed(body), active=True).exclude(public_key="").first()
    if partner is None:
        raise Forbidden(Text("不认识发报的城市。", "The sending city is not known."))
    try:
        payload = partner_client.unseal(body, partner.public_key)
    except partner_client.BadMessage as wrong:
        raise Forbidden(Text("报文签名不符。", "The signature of the message does not fit.")) from wrong
    try:
        message = partner_client.read(payload)
    except partner_client.BadMessage as wrong:
        raise _garbage(str(wrong)) from wrong
    call = Call.system("counter", simulated=partner.simulated)
    try:
        letter = actions.accept_letter(call, partner=partner, payload=payload, message=message)
    except Conflict as gap:
        return JsonResponse(
            {"detail": gap.detail.to_dict(), "expected": (gap.extra or {}).get("expected")}, status=409
        )
    return HttpResponse(letter.receipt, content_type="application/json")


def _claimed(body: bytes) -> str:
    """Who says to have sent it, before anything is believed."""
    try:
        outer = json.loads(body)
        sender = json.loads(outer["payload"])["sender"]
    except (ValueError, KeyError, TypeError, RecursionError) as wrong:
        raise _garbage("payload") from wrong
    return sender if isinstance(sender, str) else ""


def _garbage(why: str) -> InvalidInput:
    return InvalidInput(Text(f"报文读不懂（{why}）。", f"The message cannot be read ({why})."))


urlpatterns = [path("crossing/messages/", messages, name="crossing")]
