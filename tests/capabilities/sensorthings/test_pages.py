"""The open page and the address card of the service."""

from __future__ import annotations

from django.test import Client

from quancheng.capabilities.sensorthings import simulate
from quancheng.capabilities.sensorthings.indicators import open_rate

from .conftest import Sta


def test_the_open_page_lists_filters_and_charts(sta: Sta, world: dict[str, int], client: Client) -> None:
    page = client.get("/open/sensors/").content.decode()
    assert "降雨量" in page and "雨量站" in page and f"/sta/v1.1/Datastreams({world['stream']})" in page
    assert "没有符合条件的数据流" in client.get("/open/sensors/?text=没有").content.decode()
    assert "雨量站" in client.get("/open/sensors/?property=雨量&text=雨").content.decode()
    assert "雨量站" not in client.get("/open/sensors/?region=370102").content.decode()
    one = client.get(f"/open/sensors/{world['stream']}/").content.decode()
    assert "2.5" in one and "data-island" in one
    assert client.get("/open/sensors/999/").status_code == 404


def test_the_demo_mast(sta: Sta) -> None:
    import numpy as np

    assert simulate.seed(None, np.random.default_rng(1)) is not None
    assert simulate.seed(None, np.random.default_rng(1)) is None
    assert (
        sta.get("MultiDatastreams?$expand=Observations($count=true;$top=1)")["value"][0][
            "Observations@iot.count"
        ]
        == 144
    )


def test_the_card(sta: Sta, world: dict[str, int], client: Client) -> None:
    card = client.get("/api/v1/sensorthings/service").json()
    assert card["address"].endswith("/sta/v1.1/") and len(card["conformance"]) == 48
    assert (card["things"], card["streams"]) == (1, 1)
    assert open_rate()["numerator"] == open_rate()["denominator"] == 1
