"""The register: devices, secrets, channels, commands, dead letters, and who may do what."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.capabilities.ingest.conftest import OPERATOR, SYSTEM, VIEWER

from quancheng.capabilities.ingest import actions, bulk, credentials, indicators, queries, registry, tasks
from quancheng.capabilities.ingest.letters import Letter
from quancheng.capabilities.ingest.limits import limits
from quancheng.capabilities.ingest.models import Change, Command, DeadLetter, Device
from quancheng.capabilities.ingest.values import ChannelSpec, DeviceSpec, Secret
from quancheng.capabilities.observations import queries as observations
from quancheng.core.telemetry import hj212
from quancheng.kernel import clock, events
from quancheng.kernel.audit.models import AuditEntry
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound

pytestmark = pytest.mark.django_db


def test_a_secret_is_shown_once_and_kept_as_a_hash(air: Secret) -> None:
    row = Device.objects.get(code="JN-AQ-1")
    assert air.secret not in row.secret_hash
    assert credentials.matches(air.secret, row.secret_hash)
    assert not credentials.matches(air.secret + "x", row.secret_hash)
    assert air.secret not in repr(air) + str(air)
    assert not any(air.secret in str(one.__dict__) for one in AuditEntry.objects.all())


def test_the_gateways_find_it_by_address_and_code(air: Secret) -> None:
    found = registry.resolve("mqtt", "JN-AQ-1")
    assert found is not None
    assert found.streams == {"pm25": (1001, 1.0, 0.0), "t": (1002, 0.1, -40.0)}
    assert registry.resolve("hj212", "JN-AQ-1") is None
    assert air.secret not in repr(found)


def test_asking_from_an_event_loop_works_too(air: Secret) -> None:
    registry.by_code("JN-AQ-1")

    async def ask() -> object:
        return registry.by_code("JN-AQ-1")

    assert asyncio.run(ask()) is not None


def test_changes_reach_a_running_gateway(air: Secret) -> None:
    registry.devices.poll()
    before = registry.by_code("JN-AQ-1")
    actions.set_channels(OPERATOR, code="JN-AQ-1", channels=[ChannelSpec("pm10", 1003)])
    assert registry.devices.poll() == {"JN-AQ-1"}
    after = registry.by_code("JN-AQ-1")
    assert before is not None and after is not None and after.revision > before.revision
    assert set(after.streams) == {"pm10"}
    actions.suspend_device(OPERATOR, code="JN-AQ-1")
    registry.devices.poll()
    assert registry.by_code("JN-AQ-1") is None
    with pytest.raises(Conflict):
        actions.suspend_device(OPERATOR, code="JN-AQ-1")
    actions.resume_device(OPERATOR, code="JN-AQ-1")
    registry.devices.poll()
    assert registry.by_code("JN-AQ-1") is not None
    actions.remove_device(OPERATOR, code="JN-AQ-1")
    registry.devices.poll()
    assert registry.by_code("JN-AQ-1") is None


def test_a_new_secret_ends_the_old(air: Secret) -> None:
    new = actions.rotate_secret(OPERATOR, code="JN-AQ-1")
    row = Device.objects.get()
    assert credentials.matches(new.secret, row.secret_hash)
    assert not credentials.matches(air.secret, row.secret_hash)
    assert Change.objects.filter(code="JN-AQ-1").exists()


@pytest.mark.parametrize(
    ("field", "row"),
    [
        ("code", DeviceSpec("a b", "mqtt")),
        ("protocol", DeviceSpec("ok-1", "carrier-pigeon")),
        ("address", DeviceSpec("ok-1", "hj212", "位置")),
        ("payload", DeviceSpec("ok-1", "mqtt", payload="xml")),
        ("rate", DeviceSpec("ok-1", "mqtt", rate=float("nan"))),
        ("channels", DeviceSpec("ok-1", "mqtt", channels=(ChannelSpec("a", 1), ChannelSpec("a", 2)))),
        ("channels", DeviceSpec("ok-1", "mqtt", channels=(ChannelSpec("a", 0),))),
        ("channels", DeviceSpec("ok-1", "mqtt", channels=(ChannelSpec("a", 1, 0.0),))),
        ("channels", DeviceSpec("ok-1", "mqtt", channels=(ChannelSpec("", 1),))),
    ],
)
def test_nothing_half_written(field: str, row: DeviceSpec) -> None:
    with pytest.raises(InvalidInput) as refused:
        actions.register_devices(SYSTEM, rows=[DeviceSpec("good-1", "http"), row])
    assert field in refused.value.fields
    assert not Device.objects.exists()


def test_codes_and_addresses_are_used_once(air: Secret) -> None:
    with pytest.raises(Conflict):
        actions.register_device(SYSTEM, code="JN-AQ-1", protocol="http")
    with pytest.raises(Conflict):
        actions.register_device(SYSTEM, code="other-1", protocol="mqtt", address="JN-AQ-1")
    actions.register_device(SYSTEM, code="other-2", protocol="hj212", address="JN-AQ-1")


def test_viewers_look_and_operators_act(air: Secret) -> None:
    assert queries.device(VIEWER.actor, "JN-AQ-1").code == "JN-AQ-1"
    for deed in (
        lambda: actions.rotate_secret(VIEWER, code="JN-AQ-1"),
        lambda: actions.register_device(VIEWER, code="x-1", protocol="mqtt"),
        lambda: actions.send_command(VIEWER, device="JN-AQ-1", body="x"),
        lambda: actions.note_commands(OPERATOR, sent=[1]),
    ):
        with pytest.raises(Forbidden):
            deed()
    with pytest.raises(NotFound):
        actions.rotate_secret(OPERATOR, code="nobody")


def test_certificates_are_trusted_once(air: Secret) -> None:
    mark = "AB:" * 31 + "ab"
    assert actions.trust_certificate(OPERATOR, code="JN-AQ-1", fingerprint=mark) == "ab" * 32
    with pytest.raises(Conflict):
        actions.trust_certificate(OPERATOR, code="JN-AQ-1", fingerprint="ab" * 32)
    with pytest.raises(InvalidInput):
        actions.trust_certificate(OPERATOR, code="JN-AQ-1", fingerprint="abc")


def test_a_command_goes_through_its_states(air: Secret) -> None:
    made = actions.send_command(OPERATOR.with_key("k1"), device="JN-AQ-1", body='{"open": true}')
    again = actions.send_command(OPERATOR.with_key("k1"), device="JN-AQ-1", body='{"open": true}')
    assert made.pk == again.pk and made.state == "queued"
    actions.note_commands(SYSTEM, sent=[made.pk])
    actions.note_commands(SYSTEM, done=[made.pk])
    made.refresh()
    assert made.state == "done" and made.sent_at and made.done_at
    late = actions.send_command(OPERATOR, device="JN-AQ-1", body="x", minutes=1)
    with clock.at(clock.now() + timedelta(minutes=2)):
        assert tasks.prune()["expired"] == 1
    assert late.refresh().state == Command.State.EXPIRED
    with pytest.raises(InvalidInput):
        actions.send_command(OPERATOR, device="JN-AQ-1", body="")


def test_presence_is_told_as_events(air: Secret) -> None:
    actions.note_presence(SYSTEM, connected={"JN-AQ-1": clock.now()}, silent={})
    assert Device.objects.get().connected
    assert indicators.connected_rate()["numerator"] == 1
    actions.note_presence(SYSTEM, connected={}, silent={"JN-AQ-1": "lost"})
    events.drain(strict=True)
    seen = [one.type for one in events.tail(0, ["ingest.device.*"])]
    assert seen[-2:] == ["ingest.device.connected", "ingest.device.silent"]
    assert not Device.objects.get().connected


def _letter(air: Secret, raw: bytes, reason: str = "unknown-element") -> Letter:
    return Letter(air.device, air.code, "mqtt", reason, "x", raw, clock.now())


def test_dead_letters_are_bounded_for_each_device(air: Secret) -> None:
    raw = b"\x00\xff"
    kept = actions.keep_letters(SYSTEM, found=[_letter(air, raw)] * 250, dropped={air.device: 5})
    assert kept == 200
    assert Device.objects.get().dead_dropped == 55
    assert DeadLetter.objects.first().text == "00 ff"


def test_a_letter_is_taken_after_the_register_is_corrected(air: Secret) -> None:
    at = int(time.time() * 1000)
    raw = f'{{"t": {at}, "v": {{"pm25": 35.5, "no2": 18.0}}}}'.encode()
    actions.keep_letters(SYSTEM, found=[_letter(air, raw)])
    letter = DeadLetter.objects.get()
    with pytest.raises(InvalidInput):
        actions.retry_letter(OPERATOR, letter=letter.pk)
    channels = [ChannelSpec("pm25", 1001), ChannelSpec("no2", 1004)]
    actions.set_channels(OPERATOR, code="JN-AQ-1", channels=channels)
    registry.devices.forget()
    assert actions.retry_letter(OPERATOR, letter=letter.pk).state == "retried"
    assert {one.stream for one in observations.find(streams=[1001, 1004], limit=10)} == {1001, 1004}
    with pytest.raises(Conflict):
        actions.dismiss_letter(OPERATOR, letter=letter.pk)
    with pytest.raises(Forbidden):
        actions.dismiss_letter(VIEWER, letter=letter.pk)


def test_a_kept_frame_of_a_field_protocol_is_read_by_its_protocol(db: None) -> None:
    """HJ 212 over TCP: a factor without a channel made a dead letter; with one the same frame is taken."""
    mn = "010000A8900016F000169DC0"
    logger = actions.register_device(SYSTEM, code="HJ-1", protocol="hj212", address=mn)
    at = (int(time.time()) - 60) * 1_000_000
    frame = hj212.Frame(
        st="31", cn=hj212.Command.REALTIME, pw="123456", mn=mn, qn=hj212.pack_time(at), answer=True,
        groups=((("DataTime", hj212.pack_time(at)[:14]),), (("a21026-Rtd", "12.5"), ("a21026-Flag", "N"))),
    )  # fmt: skip
    letters = [
        Letter(logger.device, "HJ-1", "hj212", "unknown-element", "x", raw, clock.now())
        for raw in (hj212.encode(frame), hj212.encode(replace(frame, mn="ANOTHER")), b"##noise")
    ]
    actions.keep_letters(SYSTEM, found=letters)
    taken, foreign, noise = DeadLetter.objects.order_by("pk")
    with pytest.raises(InvalidInput):
        actions.retry_letter(OPERATOR, letter=taken.pk)
    actions.set_channels(OPERATOR, code="HJ-1", channels=[ChannelSpec("a21026-Rtd", 2101)])
    registry.devices.forget()
    assert actions.retry_letter(OPERATOR, letter=taken.pk).state == "retried"
    [row] = observations.find(streams=[2101], limit=5)
    assert (row.time, row.result) == (at, 12.5)
    for one in (foreign, noise):
        with pytest.raises(InvalidInput):
            actions.retry_letter(OPERATOR, letter=one.pk)


def test_bulk_stores_each_reading_once(air: Secret) -> None:
    at = int(time.time() * 1000) - 60_000
    rows = ",".join(f'{{"t": {at + n}, "v": {{"pm25": {n}.5}}}}' for n in range(500))
    body = f"[{rows}]".encode()
    device = registry.by_code("JN-AQ-1")
    assert device is not None
    assert bulk.take(device, "json", body).stored == 500
    again = bulk.take(device, "json", body)
    assert (again.stored, again.duplicate) == (0, 500)
    assert observations.count(streams=[1001]) == 500
    changed = bulk.take(device, "json", f'{{"t": {at}, "v": {{"pm25": 99.0}}}}'.encode())
    assert (changed.stored, changed.changed) == (0, 1)
    assert observations.count(streams=[1001]) == 500


def test_limits_come_from_the_environment() -> None:
    assert limits({"QUANCHENG_INGEST_QUEUE_ROWS": "7"}).queue_rows == 7
    with pytest.raises(InvalidInput):
        limits({"QUANCHENG_INGEST_QUEUE_ROWS": "many"})
