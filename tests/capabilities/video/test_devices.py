"""设备台账: cameras are counted among the city's devices, once, and follow what the signalling sees."""

from __future__ import annotations

import pytest
from tests.capabilities.video.conftest import NOON, NVR, SHIZHONG, VIEWER, call, code

from quancheng.capabilities.things import actions as things
from quancheng.capabilities.things import coverage
from quancheng.capabilities.things.models import Station
from quancheng.capabilities.video import actions
from quancheng.capabilities.video.actions import devices
from quancheng.capabilities.video.models import Camera
from quancheng.capabilities.video.values import Change
from quancheng.core.gb28181.catalog import Item
from quancheng.kernel import errors
from quancheng.kernel.actions import Call

pytestmark = pytest.mark.django_db


def enrol() -> dict[str, int]:
    return actions.enrol_cameras(Call.system("video"))


def test_cameras_become_devices_once(cameras: list[Camera]) -> None:
    assert enrol()["registered"] == 3
    station = Station.objects.get(code=code(1))
    assert (station.kind, station.protocol, station.address) == ("camera", "GB28181", code(1))
    assert (station.status, station.lon, station.simulated) == ("online", cameras[0].lon, True)
    assert enrol() == {"registered": 0, "changed": 0, "retired": 0, "without_place": 0, "refused": 0}
    assert Station.objects.filter(kind="camera").count() == 3


def test_the_coverage_of_the_plan_counts_them(cameras: list[Camera]) -> None:
    site = {"code": "JN-P-900", "zh": "泉城路低洼", "en": "Quancheng Road low place", "kind": "ponding", "lon": cameras[0].lon,
            "lat": cameras[0].lat, "region": "370102", "department": "jn-water", "status": "online"}  # fmt: skip
    things.register_stations(Call.system("test"), rows=[site])
    assert (coverage.video().total.part, coverage.video().total.whole) == (0, 1)
    enrol()
    assert (coverage.video().total.part, coverage.video().total.whole) == (1, 1)
    assert coverage.connected().total.percent == 100


def test_states_follow_and_removed_ones_retire(cameras: list[Camera]) -> None:
    enrol()
    actions.record_changes(Call.system("video"), changes=[Change(code(3, SHIZHONG), False, NOON, "silence")])
    assert enrol()["changed"] == 1
    assert Station.objects.get(code=code(3, SHIZHONG)).status == "silent"
    gone = Item(code(2), "", event="DEL")
    actions.apply_catalog(Call.system("video"), platform=code(2), items=[gone], complete=False)
    assert enrol()["retired"] == 1 and enrol()["retired"] == 0
    assert Station.objects.get(code=code(2)).status == "retired"


def test_one_registered_by_hand_is_taken_as_it_is(cameras: list[Camera]) -> None:
    row = {"code": "JN-C-777", "zh": "手工登记", "en": "By hand", "kind": "camera", "lon": 117.0, "lat": 36.6, "region": "370102",
           "department": "jn-water", "protocol": "GB28181", "address": code(1), "status": "silent"}  # fmt: skip
    things.register_stations(Call.system("test"), rows=[row])
    done = enrol()
    assert (done["registered"], done["changed"]) == (2, 1)
    assert Station.objects.get(code="JN-C-777").status == "online"


def test_chunks_and_what_cannot_be_registered(cameras: list[Camera], monkeypatch: pytest.MonkeyPatch) -> None:
    actions.register_platform(
        Call.system("video"), code=NVR, name="录像机", direction="device", region="370102"
    )
    items = [
        Item(f"3701020000131000{number:04d}", f"通道{number}", lon=117.1, lat=36.7)
        for number in range(100, 105)
    ]
    nowhere = Item("37010200001310000200", "无坐标")
    foreign = Item("37010200001310000201", "境外坐标", lon=117.1, lat=36.7)
    actions.apply_catalog(Call.system("video"), platform=NVR, items=[*items, nowhere, foreign], complete=True)
    actions.update_camera(Call.system("video"), code=foreign.code, facts={"lon": -60.0})
    monkeypatch.setattr(devices, "CHUNK", 2)
    done = enrol()
    assert (done["registered"], done["without_place"], done["refused"]) == (8, 1, 1)
    assert actions.enrol_cameras(Call.system("video"), limit=1)["registered"] == 0


def test_only_the_platform_itself_does_this(cameras: list[Camera]) -> None:
    with pytest.raises(errors.Forbidden):
        actions.enrol_cameras(call(VIEWER))
