"""对端和目录: secrets kept as digests, catalogues merged, two that claim one code, changes told once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.capabilities.video.conftest import APPROVER, LIXIA, NOON, NVR, OPERATOR, VIEWER, call, code, device

from quancheng.capabilities.video import actions, queries, secrets
from quancheng.capabilities.video.models import Camera, Conflict, Platform, Status, StatusChange
from quancheng.capabilities.video.signalling.tables import CityTables
from quancheng.capabilities.video.values import Change
from quancheng.core.gb28181.catalog import Item
from quancheng.core.gb28181.digest import Algorithm, secret
from quancheng.kernel import clock, errors
from quancheng.kernel.actions import Call
from quancheng.kernel.events.models import OutboxEvent

pytestmark = pytest.mark.django_db
SYSTEM = Call.system("video")


def told(kind: str) -> list[dict]:
    return [row.data for row in OutboxEvent.objects.filter(type=kind).order_by("pk")]


def nvr(**other) -> dict:
    return {"code": NVR, "name": "历下区录像机", "direction": "device", "region": LIXIA} | other


def test_a_password_is_told_once_and_kept_as_a_digest(noon) -> None:
    made = actions.register_platform(call(OPERATOR), **nvr())
    assert len(made.password) == 16 and made.password not in repr(made)
    row = Platform.objects.get(code=NVR)
    assert row.key_md5 == secret(NVR, made.realm, made.password, Algorithm.MD5)
    assert made.password not in str(row.__dict__)
    again = actions.renew_credential(call(OPERATOR), code=NVR)
    assert again.password != made.password
    with pytest.raises(errors.Conflict):
        actions.register_platform(call(OPERATOR), **nvr())


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"code": "123"}, "code"), ({"name": " "}, "name"), ({"direction": "x"}, "direction"), ({"region": "37x"}, "region"),
     ({"port": 0}, "port"), ({"transport": "sctp"}, "transport"), ({"direction": "upper"}, "host")],
)  # fmt: skip
def test_what_is_no_peer_is_refused_with_its_field(noon, wrong, field) -> None:
    with pytest.raises(errors.InvalidInput) as refused:
        actions.register_platform(call(OPERATOR), **nvr(**wrong))
    assert field in refused.value.fields and not Platform.objects.exists()


def test_only_operators_manage_peers(noon) -> None:
    for actor in (VIEWER, APPROVER):
        with pytest.raises(errors.Forbidden):
            actions.register_platform(call(actor), **nvr())


def test_our_password_at_an_upper_platform_is_encrypted(noon) -> None:
    upper = nvr(
        code="37000000002000000001",
        direction="upper",
        region="370000",
        host="192.0.2.1",
        password="geheim123",
    )
    actions.register_platform(call(OPERATOR), **upper)
    row = Platform.objects.get(code=upper["code"])
    assert "geheim" not in row.sealed and secrets.unseal(row.sealed) == "geheim123"
    (peer,) = CityTables().peers(None)[0]
    assert peer.password == "geheim123" and "geheim" not in repr(peer)
    row.sealed = "gAAAAA-spoilt"
    with pytest.raises(errors.Unavailable):
        secrets.unseal(row.sealed)


def test_devices_by_file_all_or_none(noon) -> None:
    made = actions.register_devices(call(OPERATOR), rows=[device(1), device(2)])
    assert len({one.password for one in made}) == 2
    with pytest.raises(errors.Conflict):
        actions.register_devices(call(OPERATOR), rows=[device(3), device(2)])
    with pytest.raises(errors.InvalidInput):
        actions.register_devices(call(OPERATOR), rows=[device(4), device(5, name="")])
    assert Camera.objects.count() == 2


def items(*numbers: int, **other) -> list[Item]:
    return [Item(code(number), f"通道{number}", **({"civil": LIXIA} | other)) for number in numbers]


@pytest.fixture
def recorder(noon) -> Platform:
    actions.register_platform(SYSTEM, **nvr())
    actions.record_changes(SYSTEM, changes=[Change(NVR, True, NOON, "heard")])
    return Platform.objects.get(code=NVR)


def test_a_catalogue_becomes_cameras_and_the_missing_are_removed(recorder) -> None:
    organisation = Item("37010200002160000001", "一所")
    report = actions.apply_catalog(SYSTEM, platform=NVR, items=[*items(1, 2, 3), organisation], complete=True)
    assert (report.added, report.ignored) == (3, 1)
    assert set(Camera.objects.values_list("status", flat=True)) == {Status.ONLINE}
    same = actions.apply_catalog(SYSTEM, platform=NVR, items=items(1, 2, 3), complete=True)
    assert (same.added, same.updated, same.same) == (0, 0, 3)
    changed = actions.apply_catalog(SYSTEM, platform=NVR, items=items(1, 2), complete=True)
    assert changed.removed == 1 and Camera.objects.get(code=code(3)).status == Status.REMOVED
    partial = actions.apply_catalog(SYSTEM, platform=NVR, items=items(1), complete=False)
    assert partial.removed == 0 and Camera.objects.get(code=code(2)).status == Status.ONLINE
    back = actions.apply_catalog(SYSTEM, platform=NVR, items=items(1, 2, 3), complete=True)
    assert back.updated == 1 and Camera.objects.get(code=code(3)).status == Status.ONLINE


def test_notifications_of_one_channel(recorder) -> None:
    actions.apply_catalog(SYSTEM, platform=NVR, items=items(1), complete=True)
    actions.apply_catalog(SYSTEM, platform=NVR, items=items(1, event="OFF"), complete=False)
    assert Camera.objects.get(code=code(1)).status == Status.OFFLINE
    actions.record_changes(SYSTEM, changes=[Change(NVR, False, NOON, "silence")])
    actions.record_changes(SYSTEM, changes=[Change(NVR, True, NOON + timedelta(minutes=1), "heard")])
    assert Camera.objects.get(code=code(1)).status == Status.OFFLINE, "its own channel is still off"
    actions.apply_catalog(SYSTEM, platform=NVR, items=items(1, event="ON"), complete=False)
    assert Camera.objects.get(code=code(1)).status == Status.ONLINE
    actions.apply_catalog(SYSTEM, platform=NVR, items=items(1, event="DEL"), complete=False)
    assert Camera.objects.get(code=code(1)).status == Status.REMOVED


def test_a_name_that_is_left_out_does_not_wipe_ours(recorder) -> None:
    actions.apply_catalog(SYSTEM, platform=NVR, items=items(1, lon=117.02, lat=36.66), complete=True)
    actions.apply_catalog(SYSTEM, platform=NVR, items=[Item(code(1), "", civil=LIXIA)], complete=True)
    row = Camera.objects.get(code=code(1))
    assert (row.name, row.lon) == ("通道1", 117.02)


def test_two_platforms_that_claim_one_camera(recorder) -> None:
    other = "37010300001180000002"
    actions.register_platform(SYSTEM, **nvr(code=other, region="370103"))
    actions.apply_catalog(SYSTEM, platform=NVR, items=items(1), complete=True)
    for _ in range(2):
        report = actions.apply_catalog(SYSTEM, platform=other, items=items(1), complete=True)
        assert report.conflicts == 1
    row = Conflict.objects.get()
    assert (row.code, row.holder, row.claimant, row.times) == (code(1), NVR, other, 2)
    assert Camera.objects.get(code=code(1)).platform.code == NVR
    assert len(told("video.camera.conflict")) == 1
    actions.apply_catalog(SYSTEM, platform=NVR, items=[], complete=True)
    assert actions.apply_catalog(SYSTEM, platform=other, items=items(1), complete=True).updated == 1


def test_planned_places_become_cameras_when_they_are_joined(recorder) -> None:
    row = {"code": code(1), "name": "规划点", "region": LIXIA, "key_area": True}
    assert actions.plan_cameras(call(OPERATOR), rows=[row]) == 1
    assert actions.plan_cameras(call(OPERATOR), rows=[row]) == 0
    (before,) = queries.coverage()
    assert (before.total, before.networked, before.key_total, before.key_networked) == (1, 0, 1, 0)
    actions.apply_catalog(SYSTEM, platform=NVR, items=items(1), complete=True)
    (after,) = queries.coverage()
    assert (after.total, after.networked, after.online, after.key_networked) == (1, 1, 1, 1)


def test_a_change_is_told_once_whatever_is_repeated(cameras) -> None:
    assert len(told("video.status.changed")) == 1
    off = [Change(one.code, False, NOON, "silence") for one in cameras]
    assert actions.record_changes(SYSTEM, changes=off) == 3
    assert actions.record_changes(SYSTEM, changes=off) == 0
    assert len(told("video.status.changed")) == 2
    assert {row["reason"] for row in told("video.status.changed")[1]["changes"]} == {"silence"}
    assert StatusChange.objects.filter(camera=cameras[0]).count() == 2


def test_a_city_wide_outage_is_a_few_events(noon) -> None:
    rows = [device(number) for number in range(1, 1201)]
    actions.register_devices(SYSTEM, rows=rows)
    changes = [Change(row["code"], True, NOON, "heard") for row in rows]
    actions.record_changes(SYSTEM, changes=changes)
    assert [len(one["changes"]) for one in told("video.status.changed")] == [500, 500, 200]


def test_the_directory_reads_what_changed(cameras) -> None:
    tables = CityTables()
    peers, newest = tables.peers(None)
    assert len(peers) == 3 and peers[0].keys["MD5"]
    actions.set_enabled(call(OPERATOR), code=cameras[0].code, enabled=False)
    changed, _ = tables.peers(newest)
    assert [one.enabled for one in changed if one.code == cameras[0].code] == [False]
    settings = tables.settings()
    assert (settings.interval, settings.missed, settings.flap_limit) == (60, 3, 3)


def test_a_whole_city_brought_in_at_one_moment_is_not_read_for_ever(cameras) -> None:
    tables = CityTables()
    _peers, newest = tables.peers(None)
    assert newest is not None
    assert len(tables.peers(newest)[0]) == 3, "somebody may still be writing at that moment"
    with clock.at(newest + timedelta(minutes=2)):
        assert len(tables.peers(newest)[0]) == 3, "the last look"
        assert tables.peers(newest) == ([], newest)
        actions.set_enabled(call(OPERATOR), code=cameras[0].code, enabled=False)
        changed, later = tables.peers(newest)
        assert [one.enabled for one in changed] == [False]
        assert len(tables.peers(later)[0]) == 1


def test_corrections_by_people(cameras) -> None:
    row = actions.update_camera(call(OPERATOR), code=cameras[0].code, facts={"smart": True, "name": "新名"})
    assert row.smart and row.name == "新名"
    with pytest.raises(errors.InvalidInput):
        actions.update_camera(call(OPERATOR), code=cameras[0].code, facts={"status": "online"})
    with pytest.raises(errors.NotFound):
        actions.update_camera(call(OPERATOR), code=code(99), facts={})
    with pytest.raises(errors.Forbidden):
        actions.update_camera(call(VIEWER), code=cameras[0].code, facts={})
