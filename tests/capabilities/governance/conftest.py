"""A city and a district with an order each, past its deadline."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from tests.capabilities.quality import conftest as of_quality
from tests.capabilities.quality.conftest import World

from quancheng.kernel import clock

morning, world, signed_in = of_quality.morning, of_quality.world, of_quality.signed_in
PHONE = {"id": "phone", "kind": "complete", "column": "phone"}
JULY = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)


@pytest.fixture
def ordered(world: World) -> Iterator[World]:
    """A city and a district table, each with one order to repair."""
    for owner, name in (("jn-civil", "city"), ("jn-lixia-civil", "lixia")):
        sheet = world.sheet(owner=owner, name=name)
        world.rule(sheet, **PHONE)
        world.check(sheet)
    with clock.at(JULY):  # the orders' deadline has passed
        yield world
