"""The synthetic network: the numbers the notes name, unique addresses, the same for the same seed."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from quancheng.capabilities.things import simulate
from quancheng.capabilities.things.models import RecentReading, Station

INNER = {"370102", "370103", "370104", "370105"}


def test_the_network() -> None:
    rows = list(simulate.network(np.random.default_rng(1), {}))
    kinds = Counter(row["kind"] for row in rows)
    assert kinds["rain"] == 187
    assert kinds["river"] + kinds["reservoir"] + kinds["spring"] == 24
    assert len({row["address"] for row in rows}) == len({row["code"] for row in rows}) == len(rows)
    hall = rows[0]
    assert (hall["code"], hall["lon"], hall["lat"]) == ("city-hall", 117.00, 36.67)
    assert hall["region"] in INNER
    gauges = [row for row in rows if row["kind"] == "rain"]
    assert 0.25 < sum(row["region"] in INNER for row in gauges) / len(gauges) < 0.4
    assert len({row["region"] for row in gauges}) == len(simulate.district_outlines())
    assert all(row["simulated"] for row in rows)
    assert rows == list(simulate.network(np.random.default_rng(1), {}))


@pytest.mark.django_db
@pytest.mark.slow
def test_a_quiet_day_fills_the_charts_and_is_made_once() -> None:
    assert simulate.seed(None, np.random.default_rng(1)) is not None
    assert not Station.objects.exclude(status__in=["online", "silent"]).exists()
    kinds = Counter(Station.objects.values_list("kind", flat=True))
    assert sum(kinds[kind] for kind in ("air", "noise", "manhole", "smoke", "streetlight", "meter")) == 600
    assert Station.objects.filter(simulated=False).count() == 0
    assert RecentReading.objects.filter(datastream__station__code="JN-A-001").count() == 6 * 24
    assert RecentReading.objects.filter(datastream__station__code="city-hall").count() > 288
    assert simulate.seed(None, np.random.default_rng(1)) is None
