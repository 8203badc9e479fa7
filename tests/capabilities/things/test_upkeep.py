"""The owner's stories: devices by file, a silent device repaired, calibration, quality, coverage."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.capabilities.things.conftest import NOON, OPERATOR, SLOT, SYSTEM, Rain, facts
from tests.capabilities.things.test_web import signed_in  # noqa: F401  the fixture

from quancheng.capabilities.people.models import User
from quancheng.capabilities.things import actions, coverage, csv_files, pumping, quality, tasks
from quancheng.capabilities.things.models import (
    DeviceEvent,
    ImportBatch,
    Maintainer,
    RepairOrder,
    Station,
    StreamDay,
)
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.kernel.errors import Conflict, Expired, Forbidden, InvalidInput, NotFound, TooLarge

pytestmark = pytest.mark.django_db
HEAD = "code,zh,en,kind,lon,lat,region,department,protocol,address,maintainer,installed_on\n"


def owner() -> Call:
    """The owner, now: the clock of a test is not that of the day the file was read."""
    return Call(OPERATOR)


@pytest.fixture(autouse=True)
def _departments(monkeypatch) -> None:
    """Tests have no organisation; two departments are enough for the checks."""
    monkeypatch.setattr(csv_files, "_departments", lambda codes: codes & {"jn-environment", "jn-hydrology"})


@pytest.fixture
def firm(db: None, noon: Any) -> Maintainer:
    made = actions.register_maintainer(SYSTEM, code="YW-1", zh="运维一队", en="Crew one", phone="0531-1")
    actions.set_members(SYSTEM, maintainer="YW-1", users=[41])
    return made


CREW = Actor(ActorKind.OFFICIAL, "crew", user_id=41, grants=(RoleGrant("things.maintainer"),))
OTHER_CREW = Actor(ActorKind.OFFICIAL, "other", user_id=42, grants=(RoleGrant("things.maintainer"),))


def row(number: int, **other: str) -> str:
    cells = {
        "code": f"JN-A-{number:03d}", "zh": f"空气站{number}", "en": f"Air {number}", "kind": "空气微站",
        "lon": "117.02", "lat": "36.65", "region": "370102", "department": "jn-environment", "protocol": "HJ212",
        "address": f"MN{number:08d}", "maintainer": "YW-1", "installed_on": "2026-01-15",
    } | other  # fmt: skip
    return ",".join(cells.values()) + "\n"


# -- by file ----------------------------------------------------------------------------------
def test_a_file_with_two_bad_rows_registers_nothing_and_says_which(firm) -> None:
    bad = HEAD + row(1) + row(2, lon="500") + row(3) + row(3, kind="飞碟", department="jn-nowhere")
    with pytest.raises(InvalidInput) as refused:
        actions.import_devices(owner(), name="a.csv", content=bad)
    wrong = {one["row"]: set(one["wrong"]) for one in refused.value.extra["rows"]}
    assert wrong == {3: {"lon"}, 5: {"code", "address", "kind", "department"}}
    assert not Station.objects.exists()
    assert not ImportBatch.objects.exists()


def test_a_good_file_registers_all_and_can_be_taken_back_within_a_day(firm) -> None:
    content = HEAD + "".join(row(number) for number in range(1, 31))
    batch = actions.import_devices(owner(), name="a.csv", content=content)
    made = Station.objects.get(code="JN-A-007")
    assert (made.kind, made.maintainer, made.protocol, made.batch) == ("air", firm, "HJ212", batch)
    assert made.calibration_due == date(2026, 7, 15), "six months after the installation"
    assert sorted(made.streams.values_list("prop", flat=True)) == ["co", "no2", "o3", "pm10", "pm25", "so2"]
    with pytest.raises(Conflict):
        actions.import_devices(owner(), name="again.csv", content=content)
    pumping.enrol_missing()
    with clock.at(NOON + timedelta(hours=25)), pytest.raises(Expired):
        actions.undo_import(Call(OPERATOR), batch=batch.pk)
    actions.undo_import(owner(), batch=batch.pk)
    assert not Station.objects.exists()
    actions.import_devices(owner(), name="a.csv", content=content)


def test_an_import_in_use_stays(firm) -> None:
    batch = actions.import_devices(owner(), name="a.csv", content=HEAD + row(1) + row(2))
    actions.record_readings(SYSTEM, rows=[("JN-A-002", "pm25", NOON, Decimal("48"))])
    with pytest.raises(Conflict, match="JN-A-002"):
        actions.undo_import(owner(), batch=batch.pk)
    assert Station.objects.count() == 2


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\x01\x02",
        b"code,zh\nA,B\n",
        b'code,"zh\n',
        HEAD.encode(),
        b"PK\x03\x04\x00\x00",
        "名称\n甲\n".encode(),
    ],
)
def test_what_is_no_file_of_devices_is_refused(db, raw: bytes) -> None:
    with pytest.raises(InvalidInput):
        csv_files.read(raw)


def test_the_template_can_be_filled_in_by_spreadsheets_in_both_languages(firm, db) -> None:
    for language in ("zh", "en"):
        lines = csv_files.read(csv_files.template(language).encode())
        assert lines[0].facts["kind"] == "air"
        assert not lines[0].wrong
    chinese = csv_files.template("zh").removeprefix("\ufeff").encode("gb18030")
    assert csv_files.read(chinese)[0].facts["zh"] == "经十路空气微站"


def test_upload_look_and_register_by_page(firm, signed_in) -> None:  # noqa: F811
    operator = signed_in("things.operator")
    page = "/work/things/import/"
    bad = SimpleUploadedFile("a.csv", (HEAD + row(1) + row(2, lat="x")).encode())
    answer = operator.post(page, {"file": bad})
    assert answer.status_code == 422
    assert "有误的行" in answer.content.decode()
    good = HEAD + row(1) + row(2)
    answer = operator.post(page, {"file": SimpleUploadedFile("a.csv", good.encode())})
    assert answer.status_code == 200
    assert not Station.objects.exists(), "looking registers nothing"
    assert operator.post(page, {"content": good.replace("\n", "\r\n"), "name": "a.csv"}).status_code == 302
    assert Station.objects.count() == 2
    assert operator.get(f"{page}template.csv").content.startswith("\ufeff".encode())
    pk = ImportBatch.objects.get().pk
    assert operator.post(f"{page}{pk}/undo/").status_code == 302
    assert not Station.objects.exists()
    assert signed_in("things.viewer").get(page).status_code == 403


# -- upkeep -----------------------------------------------------------------------------------
def test_a_silent_device_is_repaired_and_verified(gauges, firm, rain: Rain) -> None:
    rain({1: ["0.1"], 2: ["0.1"]})
    later = NOON + timedelta(hours=2)
    with clock.at(later):
        rain({2: ["0.2"]}, later)
        found = actions.watch_streams(Call.system("things"))
        assert (found["silent"], Station.objects.get(code="T-001").status) == (1, "silent")
        assert Station.objects.get(code="T-002").status == "online"
        order = actions.order_repair(
            Call(OPERATOR), station="T-001", cause="silent", text="两小时无数据", maintainer="YW-1"
        )
        assert order.due_at == later + timedelta(hours=24), "rain gauges: 24 hours"
        with pytest.raises(Conflict):
            actions.order_repair(Call(OPERATOR), station="T-001", cause="silent", text="x", maintainer="YW-1")
        crew = Call(CREW)
        with pytest.raises(NotFound):
            actions.move_order(Call(OTHER_CREW), number=order.number, state="accepted")
        for state in ("accepted", "on_site", "repaired"):
            actions.move_order(crew, number=order.number, state=state, note=f"{state}")
        with pytest.raises(Conflict):
            actions.move_order(crew, number=order.number, state="accepted")
        with pytest.raises(Forbidden):
            actions.verify_order(crew, number=order.number, passed=True)
        rain({1: ["0.1"]}, later + SLOT)
        actions.verify_order(Call(OPERATOR), number=order.number, passed=True)
    assert order.refresh().state == "verified"
    assert order.ended_at == later
    assert [step.state for step in order.steps.order_by("id")] == [
        "ordered", "accepted", "on_site", "repaired", "verified"
    ]  # fmt: skip
    assert Station.objects.get(code="T-001").status == "online"
    kept = set(DeviceEvent.objects.filter(station__code="T-001").values_list("what", flat=True))
    assert {"registered", "ordered", "repaired"} <= kept


def test_refusing_needs_a_reason_and_sent_back_work_is_done_again(gauges, firm) -> None:
    order = actions.order_repair(owner(), station="T-001", cause="faulty", text="坏", maintainer="YW-1")
    with pytest.raises(InvalidInput):
        actions.move_order(Call(CREW), number=order.number, state="refused")
    actions.move_order(Call(CREW), number=order.number, state="accepted")
    actions.move_order(Call(CREW), number=order.number, state="repaired")
    with pytest.raises(InvalidInput):
        actions.verify_order(owner(), number=order.number, passed=False)
    actions.verify_order(owner(), number=order.number, passed=False, note="仍无数据")
    assert order.refresh().state == "accepted"
    actions.move_order(Call(CREW), number=order.number, state="refused", note="设备已报废")
    actions.order_repair(owner(), station="T-001", cause="faulty", text="再派", maintainer="YW-1")
    assert RepairOrder.objects.count() == 2


def test_overdue_orders_are_told_once(gauges, firm) -> None:
    actions.order_repair(owner(), station="T-001", cause="faulty", text="坏", maintainer="YW-1")
    with clock.at(NOON + timedelta(hours=25)):
        assert actions.mark_overdue(Call.system("things")) == 1
        assert actions.mark_overdue(Call.system("things")) == 0


def test_calibration_sets_the_next_date(gauges) -> None:
    actions.calibrate(owner(), code="T-001", on=date(2026, 6, 30), outcome="passed", certificate="JZ-1")
    found = Station.objects.get(code="T-001")
    assert (found.calibrated_on, found.calibration_due) == (date(2026, 6, 30), date(2027, 6, 30))
    actions.calibrate(owner(), code="T-001", on=date(2026, 7, 1), outcome="failed")
    assert found.refresh().calibrated_on == date(2026, 6, 30), "a failed one calibrates nothing"
    with pytest.raises(InvalidInput):
        actions.calibrate(owner(), code="T-001", on=date(2027, 1, 1), outcome="passed")


def test_a_maintainer_of_many_changes_for_all_or_none(gauges, firm) -> None:
    with pytest.raises(NotFound):
        actions.set_maintainer(owner(), codes=["T-001", "T-404"], maintainer="YW-1")
    assert not Station.objects.exclude(maintainer=None).exists()
    assert actions.set_maintainer(owner(), codes=["T-001", "T-002"], maintainer="YW-1") == 2
    assert actions.set_maintainer(owner(), codes=["T-001", "T-002"], maintainer="YW-1") == 0


def test_editing_keeps_what_was_done(gauges) -> None:
    actions.edit_device(owner(), code="T-001", facts={"zh": "新名", "serial": "S-9"})
    with pytest.raises(InvalidInput):
        actions.edit_device(owner(), code="T-001", facts={"lat": 99})
    with pytest.raises(Conflict):
        actions.edit_device(
            owner(), code="T-001", facts={"address": Station.objects.get(code="T-002").address}
        )
    found = Station.objects.get(code="T-001")
    assert (found.zh, found.serial, found.lat) == ("新名", "S-9", 36.67)
    assert DeviceEvent.objects.get(station=found, what="edited").detail == {"fields": ["serial", "zh"]}


def test_a_device_gets_its_credential_once(gauges) -> None:
    actions.register_station(SYSTEM, **facts(9, code="A-009", kind="air", protocol="MQTT", address="A-009"))
    secret = actions.connect_device(owner(), code="A-009")
    assert secret.code == "A-009"
    assert secret.secret not in str(secret)
    with pytest.raises(Conflict):
        actions.connect_device(owner(), code="A-009")
    with pytest.raises(Conflict):
        actions.connect_device(owner(), code="T-001")


# -- boards -----------------------------------------------------------------------------------
def test_the_board_counts_what_came_what_is_valid_and_what_stood_still(firm, noon) -> None:
    actions.import_devices(owner(), name="a.csv", content=HEAD + row(1) + row(2))
    day = clock.today()
    hours = [NOON - timedelta(hours=back) for back in range(12)]
    rows = [("JN-A-001", "pm25", at, Decimal(40 + n)) for n, at in enumerate(hours)]
    rows += [("JN-A-002", "pm25", at, Decimal(48)) for at in hours[:8]]
    actions.record_readings(SYSTEM, rows=rows)
    with clock.at(NOON + timedelta(minutes=30)):
        tasks.quality_of_days()
    one = StreamDay.objects.get(day=day, datastream__station__code="JN-A-001", datastream__prop="pm25")
    assert (one.expected, one.arrived, one.due_hours, one.valid_hours, one.stuck_hours) == (12, 12, 12, 12, 0)
    two = StreamDay.objects.get(day=day, datastream__station__code="JN-A-002", datastream__prop="pm25")
    assert (two.arrived, two.valid_hours, two.stuck_hours) == (8, 8, 8)
    board = quality.board(OPERATOR, day=day)
    assert [(line["kind"], line["streams"], line["arrived"]) for line in board] == [("air", 12, 20)]
    assert quality.by_station(OPERATOR, day=day)[0]["code"] == "JN-A-002", "the worst first"


@pytest.mark.parametrize(
    ("minutes", "interval", "valid"),
    [([1], 60, 1), ([9], 5, 1), ([8], 5, 0), ([44], 1, 0), ([45], 1, 1), ([0], 60, 0)],
)
def test_an_hour_counts_with_45_minutes(minutes: list[int], interval: int, valid: int) -> None:
    """GB 3095-2012 table 4."""
    hours = [quality.Hour(number, one, 1.0, 2.0, one) for number, one in enumerate(minutes)]
    assert quality.judge(hours, interval, 1, 45, 0)["valid_hours"] == valid


def test_coverage_of_the_plan(gauges, monkeypatch) -> None:
    import numpy as np

    west = np.array([117.0, 117.001, 117.5]), np.array([36.67, 36.67, 36.67])
    monkeypatch.setattr(coverage, "_grids", lambda: [("370102", *west)])
    assert coverage.rain().total.part == 0, "planned gauges cover nothing"
    for code in ("T-001", "T-RIVER"):
        actions.update_status(owner(), code=code, status="online")
    rain = coverage.rain()
    assert (rain.total.part, rain.total.whole, rain.reached) == (2, 3, False)
    assert coverage.video().total.percent == 0
    camera = facts(
        8, code="C-008", kind="camera", protocol="GB28181", address="37010200001320000001", lon=117.005
    )
    actions.register_station(SYSTEM, **(camera | {"status": "online"}))
    assert coverage.video().total.percent == 100.0
    assert coverage.connected().reached


def test_distances_are_those_of_the_sphere() -> None:
    """One degree of latitude is 111.195 km; of longitude at 36.67° that times the cosine."""
    import numpy as np

    found = coverage.distance_km(
        np.array([117.0, 118.0]), np.array([37.67, 36.67]), np.array([[117.0, 36.67]])
    )
    assert found == pytest.approx([111.195, 111.195 * np.cos(np.radians(36.67))], rel=1e-3)
    assert np.isinf(coverage.distance_km(np.array([1.0]), np.array([1.0]), np.empty((0, 2)))).all()


# -- pages ------------------------------------------------------------------------------------
def test_new_pages_stand_in_both_languages(gauges, firm, signed_in, rain: Rain) -> None:  # noqa: F811
    rain({1: ["0.5"]})
    actions.set_maintainer(owner(), codes=["T-001"], maintainer="YW-1")
    order = actions.order_repair(owner(), station="T-001", cause="faulty", text="坏", maintainer="YW-1")
    pumping.pump()
    tasks.quality_of_days()
    operator = signed_in("things.operator")
    paths = ["/work/things/import/", "/work/things/maintainers/", "/work/things/orders/",
             f"/work/things/orders/{order.number}/", "/work/things/quality/?day=2026-07-18&kind=rain&department=jn-hydrology",
             "/work/things/coverage/", "/work/things/T-001/edit/", "/work/things/T-001/calibrate/",
             "/work/things/T-002/repair/", "/work/things/T-001/?hours=8760", "/work/things/T-001/?hours=24"]  # fmt: skip
    for language in ("zh-hans", "en"):
        operator.cookies["qc_language"] = language
        for path in paths:
            answer = operator.get(path)
            assert answer.status_code == 200, (path, answer.content[:500])
            assert answer.content.count(b"<h1") == 1, path
    assert "attachment" in operator.get("/work/things/quality.csv?day=2026-07-18")["Content-Disposition"]
    assert operator.get("/work/things/quality/?day=0001-01-01").status_code == 200


def test_the_maintainer_works_by_phone_and_sees_only_their_own(gauges, firm, signed_in, monkeypatch) -> None:  # noqa: F811
    order = actions.order_repair(owner(), station="T-001", cause="faulty", text="坏", maintainer="YW-1")
    crew = signed_in("things.maintainer")
    page = f"/work/things/orders/{order.number}/"
    assert crew.get(page).status_code == 404
    actions.set_members(
        SYSTEM, maintainer="YW-1", users=[User.objects.get(username="u-things.maintainer").pk]
    )
    assert order.number in crew.get("/work/things/orders/").content.decode()
    assert crew.get("/work/things/").status_code == 403
    assert crew.post(page, {"what": "accepted", "note": ""}).status_code == 302
    fake = SimpleUploadedFile("x.jpg", b"no picture")
    assert crew.post(page, {"what": "on_site", "note": "", "photo": fake}).status_code == 422
    assert crew.post(page, {"what": "refused", "note": ""}).status_code == 422
    assert crew.post(page, {"what": "pass", "note": ""}).status_code in {403, 409}
    assert order.refresh().state == "accepted"


@given(
    st.binary(max_size=400) | st.text(max_size=200).map(lambda text: (HEAD + text).encode("utf-8", "ignore"))
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_refused(db, raw: bytes) -> None:
    try:
        lines = csv_files.read(raw)
    except (InvalidInput, TooLarge):
        return
    assert lines
    assert all(line.number >= 2 for line in lines)


HOURS = st.lists(
    st.builds(
        quality.Hour, st.integers(0, 23), st.integers(0, 60), st.sampled_from([1.0, 2.0]),
        st.sampled_from([2.0, 3.0]), st.integers(0, 60),
    ),
    max_size=24,
)  # fmt: skip


@given(HOURS, st.sampled_from([1, 5, 15, 60]), st.integers(0, 24), st.integers(0, 6))
def test_figures_of_a_day_never_exceed_the_day(
    hours: list[quality.Hour], interval: int, due: int, stuck: int
) -> None:
    found = quality.judge(hours, interval, due, 45, stuck)
    assert 0 <= found["valid_hours"] <= due
    assert found["arrived"] == sum(one.number for one in hours)
    assert 0 <= found["stuck_hours"] <= len(hours)
    if stuck:
        assert found["stuck_hours"] == 0 or found["stuck_hours"] >= stuck
