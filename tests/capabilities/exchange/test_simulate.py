"""演示数据: once, and the same again does nothing."""

from __future__ import annotations

import numpy as np
import pytest
from tests.capabilities.exchange.conftest import make_department, row_of

from quancheng.capabilities.exchange import simulate
from quancheng.capabilities.exchange.models import Exchange, Grant, ShareRequest, UseLine
from quancheng.capabilities.people.models import NaturalPerson
from quancheng.kernel.models import writing

pytestmark = pytest.mark.django_db


def test_the_demo_is_made_once() -> None:
    for code in simulate.PARTIES:
        make_department(code)
    with writing("tests"):
        for number in range(6):
            NaturalPerson.objects.create(
                id_number=row_of(number)["id_number"], name=str(row_of(number)["name"]), sex="2",
                birth_date="1950-01-01", region_code="370102001002", simulated=True,
            )  # fmt: skip
    said = simulate.seed(None, np.random.default_rng(1))
    assert said and "2 件" in said
    assert {one.stage for one in ShareRequest.objects.all()} == {"in_use", "arbitrated"}
    assert not Exchange.objects.filter(stamp=None).exists() and Exchange.objects.count() >= 14
    assert UseLine.objects.exclude(person=None).count() == Exchange.objects.count()
    assert Grant.objects.get().simulated
    assert simulate.seed(None, np.random.default_rng(1)) is None
