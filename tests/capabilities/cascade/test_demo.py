"""The demo: two simulated neighbours with history, made once, shown as simulated, called by nobody."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from django.test import Client

from quancheng.capabilities.cascade import indicators, moving, simulate, tasks
from quancheng.capabilities.cascade.models import Count, Holding, Letter, Neighbour, Wish
from quancheng.kernel.actor import RoleGrant
from quancheng.kernel.jobs.models import Job

pytestmark = pytest.mark.django_db


def test_the_demo_has_a_district_and_the_province_with_history_once() -> None:
    assert simulate.seed(None, np.random.default_rng(1))
    held = Holding.objects.count()
    assert set(Neighbour.objects.values_list("code", "state", "simulated")) == {
        ("370102", "active", True),
        ("370000", "active", True),
    }
    assert Holding.objects.filter(book__name="lixia-small-shops", live=True).count() == 238
    assert Count.objects.count() >= 4 and not Count.objects.filter(equal=False).exists()
    assert Letter.objects.filter(status="APPLIED").count() >= 5
    states = {(one.incoming, one.state) for one in Wish.objects.all()}
    assert states == {(False, "accepted"), (False, "open"), (True, "open")}
    assert simulate.seed(None, np.random.default_rng(1)) is None
    assert Holding.objects.count() == held
    assert indicators.fresh_rate()["numerator"] == indicators.fresh_rate()["denominator"] == 2
    assert indicators.equal_rate()["numerator"] == indicators.equal_rate()["denominator"]


def test_nobody_calls_a_simulated_neighbour() -> None:
    simulate.seed(None, np.random.default_rng(1))
    tasks.beat()
    assert not Job.objects.filter(kind="cascade.talk").exists()
    assert moving.count_all() == {"equal": 0, "differ": 0, "unreached": 0}


def test_every_page_shows_the_demo(signed_in: Callable[..., Client]) -> None:
    simulate.seed(None, np.random.default_rng(1))
    client = signed_in(RoleGrant("cascade.officer"))
    wish = Wish.objects.get(incoming=True)
    shown = {
        "": "历下区大数据中心",
        "neighbours/370102/": "lixia-small-shops",
        "letters/": "370102",
        "corrections/": "LX-0011",
        f"corrections/{wish.pk}/": "每月",
        "feeds/": "CKAN",
    }
    for path, word in shown.items():
        answer = client.get(f"/work/cascade/{path}")
        assert answer.status_code == 200, path
        assert word in answer.content.decode(), path
