"""HTTP interface beside the protocol, below ``/api/v1/sensorthings/``: where to find it and how much there is."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from quancheng.capabilities.sensorthings import queries
from quancheng.capabilities.sensorthings.landing import CONFORMANCE, EXTENSIONS
from quancheng.capabilities.sensorthings.messages import ROOT

router = Router()


class SensorThingsService(Schema):
    """Where the OGC SensorThings API is, what it conforms to, how many entities are public."""

    address: str
    conformance: list[str]
    extensions: list[str]
    things: int
    streams: int


@router.get("/service", response=SensorThingsService, summary="感知数据服务 The SensorThings service")
def service(request: HttpRequest) -> dict[str, Any]:
    """The protocol itself is at ``/sta/v1.1/``; its own errors and options are described there."""
    actor = request.call().actor  # type: ignore[attr-defined]
    return {
        "address": f"{request.scheme}://{request.get_host()}{ROOT}/",
        "conformance": list(CONFORMANCE),
        "extensions": list(EXTENSIONS),
        **queries.counts(actor),
    }
