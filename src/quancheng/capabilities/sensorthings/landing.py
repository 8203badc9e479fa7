"""首页: the landing page of the service: entity sets, conformance classes, addresses of MQTT."""

from __future__ import annotations

import os
from typing import Any

from quancheng.core.sensorthings.model import TYPES

_REQ = "http://www.opengis.net/spec/iot_sensing/1.1/req"
CONFORMANCE = (
    *(
        f"{_REQ}/datamodel/{name}"
        for name in (
            "thing/properties",
            "thing/relations",
            "location/properties",
            "location/relations",
            "historical-location/properties",
            "historical-location/relations",
            "datastream/properties",
            "datastream/relations",
            "sensor/properties",
            "sensor/relations",
            "observed-property/properties",
            "observed-property/relations",
            "observation/properties",
            "observation/relations",
            "feature-of-interest/properties",
            "feature-of-interest/relations",
            "entity-control-information/common-control-information",
        )
    ),
    f"{_REQ}/resource-path/resource-path-to-entities",
    *(
        f"{_REQ}/request-data/{name}"
        for name in (
            "status-code",
            "query-status-code",
            "order",
            "expand",
            "select",
            "orderby",
            "top",
            "skip",
            "count",
            "filter",
            "built-in-filter-operations",
            "built-in-query-functions",
            "pagination",
        )
    ),
    *(
        f"{_REQ}/create-update-delete/{name}"
        for name in (
            "create-entity",
            "link-to-existing-entities",
            "deep-insert",
            "deep-insert-status-code",
            "update-entity",
            "update-entity-put",
            "update-entity-jsonpatch",
            "delete-entity",
            "historical-location-auto-creation",
            "historical-location-manual-creation",
        )
    ),
    f"{_REQ}/batch-request/batch-request",
    f"{_REQ}/multi-datastream/properties",
    f"{_REQ}/multi-datastream/relations",
    f"{_REQ}/multi-datastream/constraints",
    f"{_REQ}/data-array/data-array",
    f"{_REQ}/create-observations-via-mqtt/observations-creation",
    f"{_REQ}/receive-updates-via-mqtt/receive-updates",
)
"""Requirement classes of OGC 18-088; each has a test (``tests/capabilities/sensorthings/requirements.toml``)."""

EXTENSIONS = (
    "urn:quancheng:sensorthings:aggregate",
    "urn:quancheng:sensorthings:time-travel",
    "urn:quancheng:sensorthings:delete-by-filter",
)


def landing(root: str) -> dict[str, Any]:
    """The JSON of the service root."""
    settings: dict[str, Any] = {"conformance": [*CONFORMANCE, *EXTENSIONS]}
    mqtt = os.environ.get("QUANCHENG_MQTT_PUBLIC_URL")
    if mqtt:
        for name in (
            "create-observations-via-mqtt/observations-creation",
            "receive-updates-via-mqtt/receive-updates",
        ):
            settings[f"{_REQ}/{name}"] = {"endpoints": [mqtt]}
    return {
        "value": [{"name": one.plural, "url": f"{root}/{one.plural}"} for one in TYPES],
        "serverSettings": settings,
    }
