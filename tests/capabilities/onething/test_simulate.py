"""Demo bundles stand where their plan left them, and seeding twice adds none."""

from __future__ import annotations

from types import SimpleNamespace

import numpy

from quancheng.capabilities.onething import indicators, simulate
from quancheng.capabilities.onething.models import Bundle, BundleItem


def test_demo_bundles_in_different_states(town) -> None:
    random = numpy.random.default_rng(3)
    assert simulate.seed(SimpleNamespace(), random) == "5件“一件事”"
    states = set(BundleItem.objects.values_list("state", flat=True))
    assert {"done", "running", "waiting"} <= states
    assert simulate.seed(SimpleNamespace(), random) == "-"
    assert Bundle.objects.count() == 5
    assert indicators.themes() == 3
    assert 0 < indicators.spared_share() < 100
