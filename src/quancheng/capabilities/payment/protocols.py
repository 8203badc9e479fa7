"""渠道回调: where a channel tells results. ``POST /payment/v1/callback/<channel>``, signed both ways.

Answered ``OK`` only when what it says is in the books, or was already; anything else makes the
channel call again. Not signed, forged, stale or for somebody else: refused, nothing is kept.
"""

from __future__ import annotations

import secrets

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from quancheng.capabilities.payment import connecting
from quancheng.capabilities.payment.models import Channel
from quancheng.core.payment import Message, PaymentError, PaymentReason, Source, encode, sign, timely, verify
from quancheng.kernel import clock

LARGEST = 64 * 1024
_REFUSED = {PaymentReason.KEY: 401, PaymentReason.SIGNATURE: 401, PaymentReason.TIME_WINDOW: 401}


@csrf_exempt
@require_POST
def callback(request: HttpRequest, code: str) -> HttpResponse:
    """一次回调: believed, booked, acknowledged with a signed reply."""
    channel = Channel.objects.filter(code=code).first()
    if channel is None:
        return JsonResponse({"code": "UNKNOWN"}, status=404)
    body = request.read(LARGEST + 1)
    if len(body) > LARGEST:
        return JsonResponse({"code": "MESSAGE"}, status=413)
    now = clock.now()
    try:
        ring = connecting.keyring(channel, now)
        message = timely(verify(body, channel.merchant, ring), int(now.timestamp()), connecting.window())
        if message.sender != channel.code or message.kind not in {"pay.result", "refund.result"}:
            raise PaymentError(PaymentReason.MESSAGE, "kind")
        refund = message.kind == "refund.result"
        number = message.get("number").split("-", 1)[0]
        connecting.book(number, message, refund=refund, source=Source.CALLBACK, body=body.decode("utf-8"))
    except PaymentError as error:
        said = {"code": error.reason.value, "detail": error.text.en}
        return JsonResponse(said, status=_REFUSED.get(error.reason, 400))
    fields = {"code": "OK", "notification": message.get("notification"), "re": message.nonce}
    kind, nonce = f"{message.kind}.reply", secrets.token_urlsafe(18)
    reply = Message.of(channel.merchant, channel.code, kind, int(now.timestamp()), nonce, fields)
    signed = encode(sign(reply, channel.key_name, connecting.signer()))
    return HttpResponse(signed, content_type="application/json")


urlpatterns = [path("payment/v1/callback/<slug:code>", callback, name="callback")]
