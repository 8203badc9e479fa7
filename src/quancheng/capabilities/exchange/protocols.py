"""交换协议: ``POST /exchange/v1/<grant>`` for programs of parties; what stands there is signed, both ways.

``/exchange/v1/<grant>``           a signed request → the provider's signed answer
``/exchange/v1/<grant>/evidence``  a signed request whose ``case`` names an earlier message → its evidence file
``/exchange/v1/keys``              the list of trusted keys, for verifiers (GET)
"""

from __future__ import annotations

from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.urls import re_path
from django.views.decorators.csrf import csrf_exempt

from quancheng.capabilities.exchange import gateway, keyring, ledger, messages
from quancheng.capabilities.exchange.models import Exchange
from quancheng.core.exchange import write_trusted
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.errors import Forbidden, InvalidInput, NotFound, TooLarge, TooMany

ROOT = "exchange/v1/"
_ONLY_POST = Text("这里只接受签名报文的 POST 请求。", "Only a POST of a signed message is taken here.")
_FOREIGN = Text("不接受来自其他网站页面的请求。", "Pages of other sites may not ask here.")


@csrf_exempt  # nothing is done in a session's name: the signature says who asks
def exchange(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Any request of the protocol."""
    parts = rest.strip("/").split("/")
    if parts == ["keys"] and request.method in ("GET", "HEAD"):
        return _json(write_trusted(keyring.trusted()), "application/json")
    if request.method != "POST":
        raise InvalidInput(_ONLY_POST)
    origin = request.META.get("HTTP_ORIGIN")
    if origin and urlsplit(origin).netloc != request.get_host():
        raise Forbidden(_FOREIGN)
    raw = _body(request)
    if len(parts) == 2 and parts[1] == "evidence":
        return _json(_evidence(parts[0], raw), "application/json")
    if len(parts) != 1 or not parts[0]:
        raise NotFound()
    try:
        answer = gateway.answer(parts[0], raw)
    except TooMany as error:
        return _wait(request, error)
    return _json(answer.body, messages.MEDIA_TYPE, answer.status)


def _wait(request: HttpRequest, error: TooMany) -> HttpResponse:
    """429 with the header that says how long to wait (RFC 9110, 10.2.3)."""
    from django.http import JsonResponse

    from quancheng.kernel.errors import problem

    said = problem(error, instance=request.path, language="zh-hans")
    answer = JsonResponse(said, status=error.status, content_type="application/problem+json")
    answer["Retry-After"] = str(max(1, round(float(error.extra.get("retry_after_seconds", 60)))))
    return answer


def _evidence(service: str, raw: bytes) -> bytes:
    """The asker's evidence of an earlier exchange, for the consumer or the provider who signed for it."""
    received = messages.read_request(raw)
    gateway.require_signed(received, clock.now())
    code = received.header.consumer.code
    rows = Exchange.objects.select_related("stamp", "consumer", "provider")
    found = rows.filter(grant__number=service, message=received.header.case).first()
    if found is None or code not in (found.consumer.code, found.provider.code):
        raise NotFound(Text("没有这次交换。", "There is no such exchange."))
    return ledger.evidence(found, "consumer" if code == found.consumer.code else "provider")


def _body(request: HttpRequest) -> bytes:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > messages.LIMIT:
        raise TooLarge()
    return request.read(int(length))


def _json(body: bytes, kind: str, status: int = 200) -> HttpResponse:
    answer = HttpResponse(body, status=status, content_type=kind)
    answer["Cache-Control"] = "no-store"
    return answer


urlpatterns = [re_path(rf"^{ROOT}(?P<rest>.*)$", exchange, name="gateway")]
