"""Texts through a real connection to the reference gateway: arrived, refused, throttled, cut, answered TD."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from quancheng.capabilities.messages import actions
from quancheng.capabilities.messages.gateways import sms_gateway
from quancheng.capabilities.messages.models import Contact, Delivery
from quancheng.capabilities.messages.sms import Sender
from quancheng.capabilities.messages.smsc_peer import SmscPeer
from quancheng.core.cmpp import Timing
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.models import writing

pytestmark = pytest.mark.django_db
PHONE = "13800138000"
BODY = "您申请的老年人优待证已办结，请到解放路街道便民服务中心领取，或选择邮寄。" * 3


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[SmscPeer]:
    peer = SmscPeer("901234", "secret")
    monkeypatch.setenv(
        "QUANCHENG_SMS_URL", f"cmpp://901234:secret@127.0.0.1:{peer.port}?number=10690000&sign=泉城"
    )
    yield peer
    peer.stop()


@pytest.fixture
def sender(gateway: SmscPeer) -> Iterator[Sender]:
    made = Sender(sms_gateway(), Timing(answer=2.0))  # type: ignore[arg-type]
    yield made
    made.client.close()


@pytest.fixture
def reached(citizen: Any) -> Any:
    """Somebody with a confirmed phone."""
    who = citizen()
    with writing("tests"):
        Contact.objects.create(
            recipient=f"person:{who.person_id}", person_id=who.person_id, phone=PHONE, updated_at=clock.now()
        )
    return who


def tell(who: Any, source: str = "s", kind: str = "alert", body: str = BODY) -> Any:
    return actions.send_message(
        Call.system("tests"), title=Text("办结", "Done"), body=Text(body, body), source=source,
        person_id=who.person_id, kind=kind,
    )  # fmt: skip


def until(sender: Sender, *states: str, seconds: float = 8.0) -> list[str]:
    """Let the sender work until all deliveries are in one of these states."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sender.step(0.02)
        found = list(Delivery.objects.order_by("pk").values_list("state", flat=True))
        if found and set(found) <= set(states):
            return found
    raise AssertionError(list(Delivery.objects.values_list("state", "reason")))


def test_a_long_text_arrives_whole_and_the_city_knows(
    gateway: SmscPeer, sender: Sender, reached: Any
) -> None:
    tell(reached)
    assert until(sender, "delivered") == ["delivered"]
    assert gateway.texts[PHONE] == [f"【泉城】办结：{BODY}"]
    row = Delivery.objects.get()
    assert row.parts == len(gateway.submitted) == 2
    assert row.sent_at is not None


def test_a_report_that_overtakes_the_answers_counts(gateway: SmscPeer, sender: Sender, reached: Any) -> None:
    gateway.naughty.early_reports = True
    tell(reached)
    assert until(sender, "delivered") == ["delivered"]


def test_what_is_read_in_the_app_is_not_sent(gateway: SmscPeer, sender: Sender, reached: Any) -> None:
    message = tell(reached, kind="progress")
    assert Delivery.objects.get().due_at > clock.now()
    actions.mark_read(Call(reached), message=message)
    with clock.at(clock.now() + timedelta(hours=14)):
        assert until(sender, "cancelled") == ["cancelled"]
    assert not gateway.submitted


def test_a_number_that_does_not_exist_says_so(gateway: SmscPeer, sender: Sender, reached: Any) -> None:
    gateway.naughty.refuse[PHONE] = 13
    tell(reached)
    until(sender, "failed")
    assert "13" in Delivery.objects.get().reason


def test_a_handset_that_is_off_is_reported(gateway: SmscPeer, sender: Sender, reached: Any) -> None:
    gateway.naughty.status[PHONE] = "EXPIRED"
    tell(reached)
    until(sender, "failed")
    assert "EXPIRED" in Delivery.objects.get().reason


def test_flow_control_is_obeyed_and_the_text_goes_later(
    gateway: SmscPeer, sender: Sender, reached: Any
) -> None:
    gateway.naughty.throttle = 1
    tell(reached, body="短")
    until(sender, "queued")
    for _ in range(30):
        sender.step(0.02)
        if Delivery.objects.get().reason:
            break
    row = Delivery.objects.get()
    assert row.due_at > clock.now() + timedelta(seconds=20)
    with clock.at(row.due_at + timedelta(seconds=1)):
        until(sender, "delivered")


def test_a_line_cut_before_the_answer_loses_nothing(gateway: SmscPeer, sender: Sender, reached: Any) -> None:
    gateway.naughty.cut_after = 1
    tell(reached, body="暴雨红色预警，请勿外出。")
    with clock.at(clock.now()) as _:
        sender.step(0.05)
    end = time.monotonic() + 10
    while Delivery.objects.get().state != "delivered" and time.monotonic() < end:
        sender.step(0.05)
    row = Delivery.objects.get()
    assert (row.state, row.attempts) == ("delivered", 2)
    assert gateway.texts[PHONE] == ["【泉城】办结：暴雨红色预警，请勿外出。"]


def test_what_a_dead_process_had_under_way_goes_out(gateway: SmscPeer, sender: Sender, reached: Any) -> None:
    tell(reached, body="短")
    row = Delivery.objects.get()
    assert actions.take_delivery(Call.system("tests"), delivery_id=row.pk)
    assert not actions.take_delivery(Call.system("tests"), delivery_id=row.pk)
    assert sender.recover() == 1
    with clock.at(clock.now() + timedelta(seconds=5)):
        until(sender, "delivered")


def test_a_wrong_secret_sends_nothing(gateway: SmscPeer, sender: Sender, reached: Any) -> None:
    gateway.secret = "other"
    tell(reached)
    for _ in range(10):
        sender.step(0.02)
    assert Delivery.objects.get().state == "queued"
    assert gateway.logins == 0


def test_who_answers_td_gets_no_more(gateway: SmscPeer, sender: Sender, reached: Any) -> None:
    tell(reached)
    until(sender, "delivered")
    gateway.say(PHONE, "td ")
    for _ in range(50):
        sender.step(0.02)
        if not Contact.objects.get().sms_on:
            break
    assert not Contact.objects.get().sms_on
    tell(reached, source="later")
    assert Delivery.objects.count() == 1


def test_ten_a_day_are_enough_but_alerts_always_go(gateway: SmscPeer, reached: Any) -> None:
    for n in range(12):
        tell(reached, source=f"p{n}", kind="notice")
    assert Delivery.objects.count() == 10
    tell(reached, source="a")
    assert Delivery.objects.count() == 11


def test_many_texts_keep_to_the_window(gateway: SmscPeer, sender: Sender, reached: Any) -> None:
    for n in range(40):
        tell(reached, source=f"a{n}", body=f"第{n}条")
    until(sender, "delivered", seconds=20)
    assert len(gateway.texts[PHONE]) == 40
