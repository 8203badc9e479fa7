"""CAP 订阅源: ``/feeds/cap.atom`` (real), ``/feeds/cap-exercise.atom`` (drills), messages and signatures."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag

from quancheng.core.cap import Alert, FeedInfo, build_feed, from_xml
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.errors import NotFound
from quancheng.scenarios.weather import message, queries, signing
from quancheng.scenarios.weather.models import Warning

FEED_LENGTH = 50
CAP_TYPE = "application/cap+xml; charset=utf-8"
ATOM_TYPE = "application/atom+xml; charset=utf-8"


def actual_feed(request: HttpRequest) -> HttpResponse:
    """Warnings of the real city."""
    return _feed(request, exercise=False)


def exercise_feed(request: HttpRequest) -> HttpResponse:
    """Warnings of drills, kept apart so that nobody acts on them."""
    return _feed(request, exercise=True)


def _feed(request: HttpRequest, *, exercise: bool) -> HttpResponse:
    rows = list(queries.published(exercise_only=exercise)[:FEED_LENGTH])
    stamp = hashlib.sha256("".join(row.xml_sha256 for row in rows).encode()).hexdigest()[:32]
    etag = quote_etag(stamp)
    unchanged = get_conditional_response(request, etag=etag)
    if unchanged is not None:
        return unchanged
    name = "cap-exercise" if exercise else "cap"
    title = Text("济南市预警信息(演练)", "Jinan warnings (exercise)") if exercise else Text("济南市预警信息", "Jinan warnings")
    feed = FeedInfo(
        id=f"{settings.PUBLIC_URL}/feeds/{name}.atom",
        url=f"{settings.PUBLIC_URL}/feeds/{name}.atom",
        title=f"{title.zh} {title.en}",
        author=message.SENDER_NAME.zh,
        updated=rows[0].published_at if rows else clock.now(),
    )
    body = build_feed(feed, [from_xml(bytes(row.xml)) for row in rows], _address)
    response = HttpResponse(body, content_type=ATOM_TYPE)
    response["ETag"] = etag
    response["Cache-Control"] = "public, max-age=5"
    return response


def cap_message(request: HttpRequest, number: str) -> HttpResponse:
    """One message, byte for byte as published, with its detached signature in a header."""
    row = _row(number)
    response = HttpResponse(bytes(row.xml), content_type=CAP_TYPE)
    response["X-Signature-Ed25519"] = row.signature
    response["ETag"] = quote_etag(row.xml_sha256[:32])
    return response


def cap_signature(request: HttpRequest, number: str) -> HttpResponse:
    """The detached signature, base64."""
    return HttpResponse(_row(number).signature + "\n", content_type="text/plain; charset=ascii")


def public_key(request: HttpRequest) -> HttpResponse:
    """The key signatures are checked with."""
    return HttpResponse(signing.public_pem(), content_type="application/x-pem-file")


def _row(number: str) -> Warning:
    row = Warning.objects.filter(number=number).exclude(xml=None).first()
    if row is None:
        raise NotFound(Text(f"没有已发布的预警 {number}。", f"There is no published warning {number}."))
    return row


def _address(alert: Alert) -> str:
    return f"{settings.PUBLIC_URL}/feeds/cap/{alert.identifier}.xml"


urlpatterns = [
    path("feeds/cap.atom", actual_feed, name="feed"),
    path("feeds/cap-exercise.atom", exercise_feed, name="exercise_feed"),
    path("feeds/cap/key.pem", public_key, name="key"),
    path("feeds/cap/<str:number>.xml", cap_message, name="message"),
    path("feeds/cap/<str:number>.sig", cap_signature, name="signature"),
]
