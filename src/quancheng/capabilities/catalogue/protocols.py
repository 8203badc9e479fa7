"""DCAT-AP 3: the public catalogue as JSON-LD at ``/catalogue/dcat.jsonld``, in pages linked by RFC 8288."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_safe

from quancheng.capabilities.catalogue import queries
from quancheng.capabilities.catalogue import standards as city
from quancheng.capabilities.people import queries as people
from quancheng.core.catalogue import Contact, Organ, Portal, Resource, is_address, to_dcat
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.errors import InvalidInput, NotFound

PAGE = 100
_MOST = 500
_LEAD = "jn-data"


@require_safe
def dcat(request: HttpRequest) -> HttpResponse:
    """What a stranger may see, 100 datasets a page (``size`` up to 500), ``after`` the last code."""
    size = _size(request.GET.get("size", ""))
    found = queries.public_entries(limit=size + 1, after=request.GET.get("after", "")[:64])
    more, page = len(found) > size, found[:size]
    document = document_of([_sound(one.resource) for one in page])
    answer = HttpResponse(
        json.dumps(document, ensure_ascii=False, separators=(",", ":")), content_type="application/ld+json"
    )
    answer["Access-Control-Allow-Origin"] = "*"
    if more:
        answer["Link"] = f'<{request.path}?size={size}&after={page[-1].code}>; rel="next"'
    return answer


def document_of(resources: list[Resource]) -> dict[str, Any]:
    """The JSON-LD document of some entries."""
    today = clock.today()
    days = [one.modified for one in resources] or [today]
    name = _publisher()
    portal = Portal(
        base=f"{settings.PUBLIC_URL}/open/",
        name=Text(f"{name.name.zh}公共数据目录", f"Public data catalogue, {name.name.en}"),
        description=Text("政府部门公开的数据目录。", "What government departments publish of their data."),
        publisher=name,
        issued=min([one.issued for one in resources] or [today]),
        modified=max(days),
        contact=Contact(name.name),
    )
    return to_dcat(resources, portal, city.tree())


def _publisher() -> Organ:
    try:
        found = people.department(_LEAD)
    except NotFound:
        return Organ(_LEAD, Text("市大数据主管部门", "City data bureau"))
    return Organ(found.code, Text(found.zh, found.en))


def _sound(resource: Resource) -> Resource:
    """Distributions whose address cannot stand in RDF are left out; the entry stays."""
    kept = tuple(one for one in resource.distributions if is_address(one.url))
    return replace(resource, distributions=kept)


def _size(raw: str) -> int:
    if not raw:
        return PAGE
    if not (raw.isascii() and raw.isdigit() and 1 <= int(raw) <= _MOST):
        raise InvalidInput(fields={"size": Text(f"1–{_MOST}", f"1–{_MOST}")})
    return int(raw)


urlpatterns = [path("catalogue/dcat.jsonld", dcat, name="dcat")]
