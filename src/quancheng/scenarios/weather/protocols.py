"""CAP 订阅源: ``/feeds/cap.atom`` (real), ``/feeds/cap-exercise.atom`` (drills), messages and signatures."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_safe

from quancheng.core.cap import Alert, FeedInfo, build_feed, from_xml
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.errors import NotFound
from quancheng.scenarios.weather import message, queries, signing
from quancheng.scenarios.weather.models import Warning

FEED_LENGTH = 50
CAP_TYPE = "application/cap+xml; charset=utf-8"
ATOM_TYPE = "application/atom+xml; charset=utf-8"
TITLES = {
    "cap": Text("济南市预警信息", "Jinan warnings"),
    "cap-exercise": Text("济南市预警信息(演练)", "Jinan warnings (exercise)"),
}


@require_safe
def actual_feed(request: HttpRequest) -> HttpResponse:
    """Warnings of the real city."""
    return _feed(request, "cap", exercise=False)


@require_safe
def exercise_feed(request: HttpRequest) -> HttpResponse:
    """Warnings of drills, kept apart so that nobody acts on them."""
    return _feed(request, "cap-exercise", exercise=True)


def _feed(request: HttpRequest, name: str, *, exercise: bool) -> HttpResponse:
    found = queries.published(exercise_only=exercise)
    rows = tuple(found.values_list("pk", "xml_sha256")[:FEED_LENGTH])
    stamp = hashlib.sha256(repr(rows).encode()).hexdigest()[:32]
    etag = quote_etag(stamp)
    response = get_conditional_response(request, etag=etag)
    if response is None:
        body = _body(name, tuple(pk for pk, _ in rows), stamp)
        response = HttpResponse(body, content_type=ATOM_TYPE)
    response["ETag"] = etag
    response["Cache-Control"] = "public, max-age=5"
    return response


@lru_cache(maxsize=8)
def _body(name: str, keys: tuple[int, ...], stamp: str) -> bytes:
    """The feed as bytes; kept until a message is added (``stamp`` covers the messages' digests)."""
    rows = sorted(Warning.objects.filter(pk__in=keys), key=lambda row: keys.index(row.pk))
    address = f"{settings.PUBLIC_URL}/feeds/{name}.atom"
    feed = FeedInfo(
        id=address,
        url=address,
        title=f"{TITLES[name].zh} {TITLES[name].en}",
        author=message.SENDER_NAME.zh,
        updated=rows[0].published_at if rows else clock.now(),
    )
    return build_feed(feed, [from_xml(bytes(row.xml)) for row in rows], _address)


@require_safe
def cap_message(request: HttpRequest, number: str) -> HttpResponse:
    """One message, byte for byte as published, with its detached signature in a header."""
    row = _row(number)
    etag = quote_etag(row.xml_sha256[:32])
    response = get_conditional_response(request, etag=etag)
    if response is None:
        response = HttpResponse(bytes(row.xml), content_type=CAP_TYPE)
    response["ETag"] = etag
    response["X-Signature-Ed25519"] = row.signature
    response["Cache-Control"] = "public, max-age=3600"
    return response


@require_safe
def cap_signature(request: HttpRequest, number: str) -> HttpResponse:
    """The detached signature, base64."""
    return HttpResponse(_row(number).signature + "\n", content_type="text/plain; charset=ascii")


@require_safe
def public_key(request: HttpRequest) -> HttpResponse:
    """The key signatures are checked with."""
    return HttpResponse(signing.public_pem(), content_type="application/x-pem-file")


def _row(number: str) -> Warning:
    wanted = queries.plain(number)
    row = Warning.objects.filter(number=wanted).exclude(published_at=None).exclude(xml=None).first()
    if row is None:
        raise NotFound(Text(f"没有已发布的预警 {wanted}。", f"There is no published warning {wanted}."))
    return row


def _address(alert: Alert) -> str:
    return f"{settings.PUBLIC_URL}/feeds/cap/{quote(alert.identifier)}.xml"


urlpatterns = [
    path("feeds/cap.atom", actual_feed, name="feed"),
    path("feeds/cap-exercise.atom", exercise_feed, name="exercise_feed"),
    path("feeds/cap/key.pem", public_key, name="key"),
    path("feeds/cap/<str:number>.xml", cap_message, name="message"),
    path("feeds/cap/<str:number>.sig", cap_signature, name="signature"),
]
