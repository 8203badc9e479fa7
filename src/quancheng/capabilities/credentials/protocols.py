"""OpenID4VCI 1.0 and OpenID4VP 1.0 over HTTP, and what verifiers need to check credentials themselves."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from quancheng.capabilities.credentials import actions, issuing, queries
from quancheng.capabilities.credentials.actions.taking import DIGITS
from quancheng.core.jose import sign_jws
from quancheng.core.keys import thumbprint, to_jwk
from quancheng.core.openid4vc import (
    VcError,
    VcFault,
    as_metadata,
    client_id_of,
    issuer_metadata,
    make_offer,
    make_request,
    read_credential_request,
    read_response,
    read_token_request,
)
from quancheng.core.text import Text
from quancheng.kernel import clock, rulebook
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import NotFound, TooLarge

MOST = 64 * 1024
_NAME = Text("泉城可验证凭证", "Quancheng credentials")


def _call() -> Call:
    return Call.system("credentials")


def _fault(fault: VcFault, status: int = 400) -> HttpResponse:
    return _private(JsonResponse(fault.to_json(), status=status))


def _private(answer: HttpResponse) -> HttpResponse:
    answer["Cache-Control"] = "no-store"
    return answer


def _small(request: HttpRequest) -> None:
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST:
        raise TooLarge()


# -- metadata
@require_GET
def issuer(request: HttpRequest) -> HttpResponse:
    """Issuer metadata."""
    kinds = [issuing.configuration(kind) for kind in issuing.types()]
    return JsonResponse(issuer_metadata(issuing.issuer(), issuing.base(), _NAME, kinds))


@require_GET
def authorization_server(request: HttpRequest) -> HttpResponse:
    """Authorization server metadata."""
    return JsonResponse(as_metadata(issuing.issuer(), issuing.base()))


@require_GET
def keys(request: HttpRequest) -> HttpResponse:
    """JWT VC issuer metadata: keys by kid (SD-JWT VC section 5)."""
    rows = [{**to_jwk(key), "kid": kid, "use": "sig"} for kid, key in issuing.trusted().items()]
    return JsonResponse({"issuer": issuing.issuer(), "jwks": {"keys": rows}})


@require_GET
def type_metadata(request: HttpRequest, code: str) -> HttpResponse:
    """Type metadata of a licence (SD-JWT VC section 6)."""
    kind = next((one for one in issuing.types() if one.code == code), None)
    if kind is None:
        raise NotFound()
    found = issuing.configuration(kind)
    claims = [
        {"path": [name], "sd": "always",
         "display": [{"locale": "zh-CN", "label": text.zh}, {"locale": "en", "label": text.en}]}
        for name, text in found.claims
    ]  # fmt: skip
    return JsonResponse({"vct": found.vct, "name": kind.text.zh, "claims": claims})


@require_GET
def status(request: HttpRequest, number: int) -> HttpResponse:
    """The status list as a signed token (Token Status List section 5.1)."""
    if number != 1:
        raise NotFound()
    now, minutes = int(clock.now().timestamp()), rulebook.find("credentials.status_minutes").integer()
    body = {
        "sub": f"{issuing.base()}/status/1", "iss": issuing.issuer(), "iat": now, "exp": now + minutes * 60,
        "ttl": minutes * 60, "status_list": issuing.statuses().to_json(),
    }  # fmt: skip
    kid = thumbprint(issuing.signer().public).hex()
    token = sign_jws(json.dumps(body).encode(), issuing.signer(), {"typ": "statuslist+jwt", "kid": kid})
    answer = HttpResponse(token, content_type="application/statuslist+jwt")
    answer["Cache-Control"] = f"max-age={minutes * 60}"
    answer["Access-Control-Allow-Origin"] = "*"
    return answer


# -- issuing
@require_GET
def offer(request: HttpRequest, code: str) -> HttpResponse:
    """A credential offer by reference: looked at by whoever holds its code, used with the number only."""
    row = queries.open_offer(code)
    content = make_offer(issuing.issuer(), row.licence.type.code, code, DIGITS, "请输入卡包页面上的领取口令")
    return _private(JsonResponse(content))


@csrf_exempt
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """An access token for a code and its number."""
    _small(request)
    try:
        asked = read_token_request(request.POST.dict())
    except VcFault as fault:
        return _fault(fault)
    found = actions.redeem(_call(), code=asked.code, tx_code=asked.tx_code)
    if isinstance(found, VcFault):
        return _fault(found)
    seconds = rulebook.find("credentials.token_minutes").integer() * 60
    return _private(JsonResponse({"access_token": found, "token_type": "Bearer", "expires_in": seconds}))


@csrf_exempt
@require_POST
def nonce(request: HttpRequest) -> HttpResponse:
    """A nonce for a proof."""
    return _private(JsonResponse({"c_nonce": actions.give_nonce(_call())}))


@csrf_exempt
@require_POST
def credential(request: HttpRequest) -> HttpResponse:
    """The credential."""
    _small(request)
    kind, _space, secret = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not secret:
        return _unauthorised(VcFault(VcError.INVALID_TOKEN, "a bearer token is needed"))
    try:
        asked = read_credential_request(request.body)
    except VcFault as fault:
        return _fault(fault)
    made = actions.deliver(_call(), token=secret, configuration=asked.configuration, proofs=asked.proofs)
    if made.fault is not None:
        return _unauthorised(made.fault) if made.fault.error is VcError.INVALID_TOKEN else _fault(made.fault)
    return _private(JsonResponse({"credentials": [{"credential": one} for one in made.credentials]}))


def _unauthorised(fault: VcFault) -> HttpResponse:
    answer = _fault(fault, 401)
    answer["WWW-Authenticate"] = f'Bearer error="{fault.error}"'
    return answer


# -- presenting
@csrf_exempt
def request_object(request: HttpRequest, code: str) -> HttpResponse:
    """The signed question, for a wallet that followed the link."""
    row = queries.open_question(code)
    key, certificate = issuing.verifier()
    made = make_request(queries.request_of(row), key, certificate, int(clock.now().timestamp()))
    return _private(HttpResponse(made, content_type="application/oauth-authz-req+jwt"))


@csrf_exempt
@require_POST
def response(request: HttpRequest) -> HttpResponse:
    """What a wallet shows (direct_post)."""
    _small(request)
    try:
        code, shown = read_response(request.POST.dict())
        if set(shown) != {"licence"}:
            raise VcFault(VcError.INVALID_REQUEST, "exactly the credential asked for")
    except VcFault as fault:
        return _fault(fault)
    _key, certificate = issuing.verifier()
    row = actions.answer(
        _call(), code=code, presentation=shown["licence"], client_id=client_id_of(certificate)
    )
    if row is None:
        return _fault(VcFault(VcError.INVALID_REQUEST, "no such open request"))
    if row.state == "refused":
        return _fault(VcFault(VcError.INVALID_REQUEST, row.reason))
    return _private(JsonResponse({}))


urlpatterns = [
    path(".well-known/openid-credential-issuer", issuer),
    path(".well-known/oauth-authorization-server", authorization_server),
    path(".well-known/jwt-vc-issuer", keys),
    path("openid4vc/types/<slug:code>", type_metadata),
    path("openid4vc/status/<int:number>", status),
    path("openid4vc/offer/<str:code>", offer),
    path("openid4vc/token", token),
    path("openid4vc/nonce", nonce),
    path("openid4vc/credential", credential),
    path("openid4vc/request/<str:code>", request_object),
    path("openid4vc/response", response),
]
