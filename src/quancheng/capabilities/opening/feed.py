"""Atom 订阅源 (RFC 4287): datasets by their last update, for readers and other portals."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.feedgenerator import Atom1Feed
from django.views.decorators.http import require_safe

from quancheng.capabilities.opening import queries
from quancheng.capabilities.opening.models import State
from quancheng.kernel.actor import Actor

MOST = 50


@require_safe
def atom(request: HttpRequest) -> HttpResponse:
    """The datasets updated last; filters as on the page of search."""
    wanted = {name: request.GET.get(name, "")[:80] for name in ("q", "organ", "theme", "cycle")}
    found = queries.datasets(Actor.anonymous(), state=State.PUBLISHED, **wanted)
    here = f"{settings.PUBLIC_URL}/open/data/"
    feed = Atom1Feed(
        title="开放数据 Open datasets", link=here, description="", language="zh", feed_url=f"{here}atom.xml"
    )
    for one in found.order_by("-copied_at", "-id")[:MOST]:
        feed.add_item(
            title=one.zh, link=f"{settings.PUBLIC_URL}/open/dataset/{one.name}/", description=one.about.get("zh", ""),
            unique_id=f"urn:uuid:{one.entry_id}", updateddate=one.copied_at, pubdate=one.decided_at,
            author_name=one.organ.zh, categories=[one.theme] if one.theme else None,
        )  # fmt: skip
    answer = HttpResponse(feed.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8")
    answer["Access-Control-Allow-Origin"] = "*"
    return answer


urlpatterns = [path("open/data/atom.xml", atom, name="atom")]
