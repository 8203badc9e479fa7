"""The only writers of SensorThings entities."""

from __future__ import annotations

from quancheng.capabilities.sensorthings.actions.bulk import upsert_things
from quancheng.capabilities.sensorthings.actions.entities import (
    create_entity,
    delete_entities,
    update_entity,
)
from quancheng.capabilities.sensorthings.actions.features import (
    create_stream_with_observation,
    observe_feature,
)
from quancheng.capabilities.sensorthings.actions.links import link_entities
from quancheng.capabilities.sensorthings.actions.upserts import (
    upsert_observed_property,
    upsert_sensor,
    upsert_stream,
    upsert_thing,
)

__all__ = [
    "create_entity",
    "create_stream_with_observation",
    "delete_entities",
    "link_entities",
    "observe_feature",
    "update_entity",
    "upsert_observed_property",
    "upsert_sensor",
    "upsert_stream",
    "upsert_thing",
    "upsert_things",
]
