"""Standard protocols: time stamps over HTTP (RFC 3161), certificates and lists (RFC 5280), OCSP (RFC 6960).

``POST /tsa`` takes ``application/timestamp-query``. Programs that sign in (Basic or Bearer, code and secret)
use their own quota, everybody else shares one.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from quancheng.capabilities.security import actions, authority, metering, queries
from quancheng.capabilities.security.entrance import call_as, client_of
from quancheng.core.pki import (
    Failure,
    PkiError,
    PkiReason,
    StampRequest,
    read_stamp_request,
    refusal,
    response,
    to_pem,
)
from quancheng.core.pki.status import read_status_request, status_refusal
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict, NotFound, NotSignedIn, QuanchengError, TooMany, Unavailable

QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
LARGEST = 16 * 1024
_FAILURES = {PkiReason.ALGORITHM: Failure.BAD_ALGORITHM, PkiReason.FORM: Failure.BAD_FORMAT}


@csrf_exempt
@require_POST
def tsa(request: HttpRequest) -> HttpResponse:
    """时间戳服务 (RFC 3161 section 3.4): every answer is a TimeStampResp, refusals too."""
    if request.content_type != QUERY:
        return _answer(refusal(Failure.BAD_FORMAT, f"send {QUERY}"), 415)
    body = request.read(LARGEST + 1)
    if len(body) > LARGEST:
        return _answer(refusal(Failure.BAD_FORMAT, f"at most {LARGEST} bytes"), 413)
    try:
        asked = read_stamp_request(body)
    except PkiError as wrong:
        failure = _FAILURES.get(wrong.reason, Failure.BAD_REQUEST)
        return _answer(refusal(failure, f"{wrong.text.en}: {wrong.detail}"))
    if asked.policy not in ("", authority.POLICY):
        return _answer(refusal(Failure.POLICY, f"the policy here is {authority.POLICY}"))
    return _stamped(request, asked)


def _stamped(request: HttpRequest, asked: StampRequest) -> HttpResponse:
    try:
        client = client_of(request)
        call = call_as(request, client).with_key(None) if client else Call(Actor.anonymous())
        row = actions.stamp(
            call,
            digest=asked.digest.hex(),
            digest_oid=asked.digest_oid,
            caller=client.code if client else metering.PUBLIC,
            nonce=asked.nonce,
            certificates=asked.certificates,
        )
    except (TooMany, NotSignedIn, Unavailable) as refused:
        return _answer(refusal(Failure.SYSTEM, _said(refused)), refused.status)
    return _answer(response(bytes(row.token)))


def _said(refused: QuanchengError) -> str:
    return f"{refused.detail.en} {refused.todo.en}"


def _answer(body: bytes, status: int = 200) -> HttpResponse:
    return HttpResponse(body, content_type=REPLY, status=status)


@require_safe
def revocation_list(request: HttpRequest, slug: str) -> HttpResponse:
    """吊销列表 of an authority, in DER."""
    row = queries.revocation_list(slug)
    answer = HttpResponse(bytes(row.der), content_type="application/pkix-crl")
    left = int((row.next_update - clock.now()).total_seconds())
    answer["Cache-Control"] = f"public, max-age={max(0, min(left, 3600))}"
    return answer


@require_safe
def certificate(request: HttpRequest, slug: str, kind: str) -> HttpResponse:
    """证书 of an authority: ``.crt`` in DER, ``.pem`` as text."""
    row = authority.by_slug(slug)
    if row is None:
        raise NotFound
    if kind == "pem":
        return HttpResponse(to_pem(row.x509), content_type="application/x-pem-file")
    return HttpResponse(bytes(row.der), content_type="application/pkix-cert")


@csrf_exempt
@require_POST
def status(request: HttpRequest, slug: str) -> HttpResponse:
    """证书状态 (OCSP, RFC 6960 appendix A) of certificates of an issuing authority; nothing is kept."""
    body = request.read(LARGEST + 1)
    try:
        if len(body) > LARGEST:
            raise PkiError(PkiReason.FORM, "too large")
        answer = queries.status_of(slug, read_status_request(body))
    except PkiError:
        answer = status_refusal("malformed_request")
    except (NotFound, Unavailable, Conflict):  # Conflict: the authority's key was destroyed
        answer = status_refusal("unauthorized")
    return HttpResponse(answer, content_type="application/ocsp-response")


urlpatterns = [
    path("pki/ocsp/<slug:slug>", status, name="ocsp"),
    path("tsa", tsa, name="tsa"),
    path("pki/crl/<slug:slug>.crl", revocation_list, name="crl"),
    path("pki/<slug:slug>.crt", certificate, {"kind": "crt"}, name="crt"),
    path("pki/<slug:slug>.pem", certificate, {"kind": "pem"}, name="pem"),
]
