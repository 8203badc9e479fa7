"""A mother with a phone, an old lady with a card, a gate that is cut off, a thief."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client
from tests.capabilities.code.conftest import Phone, read_all

from quancheng.capabilities.code import actions, queries, tasks
from quancheng.capabilities.code.models import Card, Credential, Device, Scan, Settlement, Upload, Verifier
from quancheng.capabilities.code.statuses import SIZE, StatusLists, lists_of
from quancheng.capabilities.people.queries import department
from quancheng.capabilities.trust.actions import issue_licence, revoke_licence
from quancheng.core import citycode
from quancheng.kernel import clock, events
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Forbidden, NotFound
from quancheng.kernel.models import writing


def test_a_mother_binds_her_phone_and_rides_and_sees_the_ride(phone_of, gates) -> None:
    phone, gate = phone_of(), gates("metro")
    assert gate.scan(phone.show("metro")) == "ok"
    assert gate.upload("batch-1").status_code == 200
    assert not Scan.objects.exists()  # kept first, read by the job
    read_all()
    page = phone.client.get("/code/seen/")
    assert "metro闸机" in page.content.decode()
    ride = Scan.objects.get()
    assert (ride.finding, ride.fare, ride.full_fare) == ("good", 300, 300)


def test_each_scene_gets_another_name_and_only_the_rights_it_needs(phone_of) -> None:
    phone = phone_of()
    facts = {code: citycode.decode(phone.show(code)).facts for code in phone.tokens}
    assert len({one.subject for one in facts.values()}) == len(facts) == 12
    assert len({one.status_index for one in facts.values()}) == len(facts)
    assert facts["community"].entitlements == 0
    assert facts["library"].entitlements == 1 << 4  # a resident


def test_the_same_upload_twice_is_one_and_other_content_under_its_key_is_refused(phone_of, gates) -> None:
    phone, gate = phone_of(), gates("metro")
    gate.scan(phone.show("metro"))
    first = gate.upload("batch-1")
    assert gate.upload("batch-1").json() == first.json()
    gate.scan(phone.show("metro"))
    assert gate.upload("batch-1").status_code == 409
    read_all()
    assert Scan.objects.count() == 1


def test_two_cut_off_gates_take_the_same_code_and_it_is_found_afterwards(phone_of, gates) -> None:
    phone, east, west = phone_of(), gates("metro", "east"), gates("metro", "west")
    shown = phone.show("metro")
    assert (east.scan(shown), east.scan(shown), west.scan(shown)) == ("ok", "replayed", "ok")
    east.upload("a")
    west.upload("a")
    read_all()
    found = Scan.objects.filter(verdict="ok").order_by("pk").values_list("verifier__code", "finding", "fare")
    assert list(found) == [("east", "good", 300), ("west", "double", 0)]


def test_a_stolen_phone_is_refused_by_the_next_list_and_its_late_uses_are_marked(
    phone_of, gates, signed_in
) -> None:
    phone, online, cut_off = phone_of(), gates("metro", "online"), gates("metro", "cut-off")
    other = signed_in("citizen-young")
    answer = other.post(f"/code/phones/{phone.number}/stop/", {"why": "lost"}, follow=True)
    assert "已挂失" in answer.content.decode()
    online.fetch()
    assert online.scan(phone.show("metro")) == "stopped"
    soon = int(clock.now().timestamp()) + 2
    assert cut_off.scan(phone.show("metro", at=soon), at=soon) == "ok"  # it cannot know yet
    cut_off.upload("later")
    read_all()
    assert Scan.objects.get(verifier__code="cut-off").finding == Scan.Finding.LATE
    assert phone.renew().status_code == 409
    assert phone.enrol().status_code == 409  # the same key does not come back


def test_the_session_still_open_on_a_lost_phone_binds_no_new_key_a_new_sign_in_does(
    phone_of, signed_in
) -> None:
    phone = phone_of()
    signed_in("citizen-young").post(f"/code/phones/{phone.number}/stop/", {"why": "lost"})
    again = Phone(phone.client).enrol()  # the thief: a fresh key in the session the owner left open
    assert again.status_code == 403, again.content.decode()
    assert Phone(signed_in("citizen-young")).enrol().status_code == 200


def test_switching_a_scene_off_stops_its_code_and_nothing_else(phone_of, gates) -> None:
    phone, metro, library = phone_of(), gates("metro"), gates("library")
    assert phone.client.post("/code/scenes/metro/", {"on": "0"}).status_code == 302
    metro.fetch()
    library.fetch()
    assert metro.scan(phone.show("metro")) == "stopped"
    assert library.scan(phone.show("library")) == "ok"
    phone.renew()
    assert "metro" not in phone.tokens
    phone.client.post("/code/scenes/metro/", {"on": "1"})
    phone.renew()
    metro.fetch()
    assert metro.scan(phone.show("metro")) == "ok"


def test_an_old_lady_prints_her_code_and_rides_the_bus_free_but_not_the_metro(signed_in, gates) -> None:
    client, bus, metro = signed_in("citizen-elder"), gates("bus"), gates("metro")
    assert client.post("/code/card/make/").status_code == 302
    card = Card.objects.get(stopped_at=None)
    text = citycode.printed(bytes(card.token))
    assert bus.scan(text) == "ok"
    assert metro.scan(text) == "scene-off"
    bus.upload("day")
    read_all()
    ride = Scan.objects.get()
    assert (ride.full_fare, ride.fare, ride.person_id) == (200, 0, card.person_id)
    client.post("/code/card/make/")
    bus.fetch()
    assert bus.scan(text) == "stopped"


def test_a_scene_switched_off_is_on_no_printed_code_either(signed_in, gates) -> None:
    client, bus, library = signed_in("citizen-elder"), gates("bus"), gates("library")
    client.post("/code/card/make/")
    first = citycode.printed(bytes(Card.objects.get(stopped_at=None).token))
    client.post("/code/scenes/library/", {"on": "0"})
    library.fetch()
    assert library.scan(first) == "stopped"
    assert "qr" not in client.get("/code/card/").context  # the page shows no code that gates refuse
    client.post("/code/card/make/")
    second = citycode.printed(bytes(Card.objects.get(stopped_at=None).token))
    assert (library.scan(second), bus.scan(second)) == ("scene-off", "ok")


def test_a_copied_card_at_two_buses_within_minutes_is_found(signed_in, gates) -> None:
    signed_in("citizen-elder").post("/code/card/make/")
    text = citycode.printed(bytes(Card.objects.get().token))
    first, second = gates("bus", "bus-a"), gates("bus", "bus-b")
    assert (first.scan(text), second.scan(text)) == ("ok", "ok")
    first.upload("x")
    second.upload("x")
    read_all()
    assert Scan.objects.get(verifier__code="bus-b").finding == Scan.Finding.DOUBLE


def test_a_gate_that_invents_scans_is_not_believed(phone_of, gates) -> None:
    phone, gate = phone_of(), gates("metro")
    good = phone.show("metro")
    forged = good[:-1] + ("A" if good[-1] != "A" else "B")
    now = int(clock.now().timestamp())
    invented = [
        {"token": forged, "at": now, "scene": "metro", "verdict": "ok"},
        {"token": good, "at": now + 3600, "scene": "metro", "verdict": "ok"},
        {"token": "QC1:", "at": now, "scene": "metro", "verdict": "ok"},
    ]
    assert gate.upload("lies", scans=invented).status_code == 200
    read_all()
    assert set(Scan.objects.values_list("finding", flat=True)) == {"wrong"}
    assert Upload.objects.get().refused == 3
    assert "metro闸机" not in phone.client.get("/code/seen/?finding=good").content.decode()


@pytest.mark.parametrize(
    "scans",
    [[], [{"token": 5, "at": 1, "scene": "metro", "verdict": "ok"}], [{"token": "x", "at": 1, "scene": "moon", "verdict": "ok"}]],
)  # fmt: skip
def test_an_upload_that_is_none_is_refused_whole_and_says_where(gates, scans) -> None:
    answer = gates("metro").upload("bad", scans=scans)
    assert answer.status_code == 422
    assert not Upload.objects.exists()


GOOD = {"token": "QC1:", "at": 1_790_000_000, "scene": "metro", "verdict": "ok"}


@pytest.mark.parametrize(
    "wrong",
    [{"at": 1 << 60}, {"at": -1}, {"scene": "bus"}, {"verdict": "OK\u0000"}, {"token": "QC1:\u6cc9"}],
    ids=str,
)  # fmt: skip
def test_what_the_reading_job_would_fall_over_is_not_kept_and_no_gate_speaks_for_another_scene(
    gates, wrong
) -> None:
    assert gates("metro").upload("bad", scans=[{**GOOD, **wrong}]).status_code == 422
    assert not Upload.objects.exists()


def test_one_upload_that_cannot_be_read_does_not_hold_up_the_others(phone_of, gates) -> None:
    phone, gate = phone_of(), gates("metro")
    gate.scan(phone.show("metro"))
    gate.upload("broken")
    with writing("a disk that lost bytes"):
        Upload.objects.update(body=b"rot")
    gate.upload("whole")
    read_all()
    assert list(Upload.objects.order_by("pk").values_list("key", "state")) == [
        ("broken", "new"),
        ("whole", "read"),
    ]


def test_a_stopped_gate_and_a_wrong_token_upload_nothing(phone_of, gates) -> None:
    gate = gates("metro")
    gate.scan(phone_of().show("metro"))
    actions.set_verifier(Call.system("code"), verifier=gate.row, active=False)
    assert gate.upload("x").status_code == 401
    gate.token = "guess"
    assert gate.upload("x").status_code == 401
    assert not Upload.objects.exists()


def test_a_gate_whose_clock_is_wrong_shows_at_its_row(phone_of, gates) -> None:
    phone, gate = phone_of(), gates("metro")
    gate.scan(phone.show("metro"))
    slow = int((clock.now() - timedelta(minutes=10)).timestamp())
    assert gate.upload("x", sent_at=slow).json()["skew_seconds"] == pytest.approx(600, abs=2)
    assert Verifier.objects.get().skew_seconds == pytest.approx(600, abs=2)


def test_settlement_counts_good_rides_only_and_may_be_made_again(phone_of, gates) -> None:
    phone, east, west = phone_of(), gates("metro", "east"), gates("metro", "west")
    shown = phone.show("metro")
    east.scan(shown)
    west.scan(shown)
    east.scan(phone.show("metro"))
    east.upload("a")
    west.upload("a")
    read_all()
    for _again in range(2):
        actions.settle_day(Call.system("code"), day=clock.today())
    row = Settlement.objects.get()
    assert (row.rides, row.full, row.due, row.doubles) == (2, 600, 600, 1)


def test_a_gate_cut_off_for_a_week_is_settled_the_night_after_it_uploads(phone_of, gates, signed_in) -> None:
    ridden = clock.now() - timedelta(days=7)
    with clock.at(ridden):
        phone, gate = phone_of(), gates("metro")
        gate.scan(phone.show("metro"))
    assert queries.days_to_settle(clock.now()) == [clock.today() - timedelta(days=1)]
    gate.upload("late")
    read_all()
    assert clock.day_of(ridden) in queries.days_to_settle(clock.now())
    tasks.settle()
    assert (Settlement.objects.get().day, Settlement.objects.get().rides) == (clock.day_of(ridden), 1)
    desk = signed_in("device-supervisor")
    assert (
        "暂无"
        not in desk.get(f"/work/code/settlements/?scene=metro&since={clock.day_of(ridden)}").content.decode()
    )
    assert not desk.get(f"/work/code/settlements/?since={clock.today()}").context["page"].items


def test_a_phones_key_must_be_a_real_key_and_three_phones_are_enough(signed_in) -> None:
    client = signed_in("citizen-young")
    bad = Phone(client)._post("/code/enrol/", {"public": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}})
    assert (bad.status_code, "公钥" in bad.json()["detail"]) == (422, True)
    assert client.post("/code/enrol/", b"[1]", content_type="application/json").status_code == 422
    phones = [Phone(client) for _n in range(4)]
    assert [one.enrol().status_code for one in phones] == [200, 200, 200, 409]
    assert phones[0].enrol().status_code == 200  # the same key again is the same phone
    assert Device.objects.count() == 3


def test_nobody_renews_or_stops_anothers_phone(phone_of, signed_in) -> None:
    phone, stranger = phone_of(), signed_in("citizen-elder")
    body = json.dumps({"device": phone.number})
    assert stranger.post("/code/batch/", body, content_type="application/json").status_code == 404
    assert stranger.post(f"/code/phones/{phone.number}/stop/", {"why": "lost"}).status_code == 404
    assert Client().get("/code/").status_code == 200  # the page holds nobody's name
    assert Client().get("/code/seen/").status_code in (302, 401, 403)


def test_a_card_of_another_is_not_made_without_the_right(actor, user) -> None:
    other = user("citizen-elder").person_id
    with pytest.raises(NotFound):
        actions.print_card(Call(actor("citizen-young")), person_id=other)
    assert not Card.objects.exists()


def test_operators_see_their_own_gates_and_no_names(phone_of, gates, signed_in, actor) -> None:
    phone, gate = phone_of(), gates("metro")
    gate.scan(phone.show("metro"))
    gate.upload("x")
    read_all()
    assert signed_in("citizen-young").get("/work/code/").status_code == 403
    with pytest.raises(Forbidden):
        actions.renew_token(Call(actor("citizen-young")), verifier=gate.row)


def test_scans_are_forgotten_in_time_and_codes_expire(phone_of, gates) -> None:
    phone, gate = phone_of(), gates("metro")
    gate.scan(phone.show("metro"))
    gate.upload("x")
    read_all()
    assert actions.forget_scans(Call.system("code"), before=clock.now() + timedelta(seconds=1)) == 1
    week = int((clock.now() + timedelta(days=8)).timestamp())
    assert gate.scan(phone.show("metro", at=week), at=week) == "expired"
    assert Credential.objects.count() == len(phone.tokens)  # they may still be shown
    actions.forget_scans(Call.system("code"), before=clock.now() + timedelta(days=60))
    assert Credential.objects.count() == 0


def test_a_status_list_with_one_in_a_hundred_stopped_stays_under_20_kb() -> None:
    lists = lists_of(range(0, SIZE, 100))
    assert len(lists[0]) <= 20_000
    held = StatusLists(lists)
    assert held.stopped(700) and not held.stopped(701) and not held.stopped(5 * SIZE)


def test_a_scanned_list_of_random_stops_stays_under_20_kb_too() -> None:
    import random

    chosen = random.Random(6).sample(range(1_000_000), 10_000)
    packed = lists_of(chosen)[0]
    assert len(packed) <= 20_000
    held = StatusLists({0: packed})
    assert all(held.stopped(index) for index in chosen)


def test_credentials_hold_no_token_only_its_digest(phone_of) -> None:
    phone = phone_of()
    row = Credential.objects.filter(device_id=phone.number).first()
    assert row is not None
    assert row.digest in {citycode.digest(token).hex() for token in phone.tokens.values()}


def test_a_revoked_licence_takes_its_right_off_every_phone(phone_of, gates, user) -> None:
    person = user("citizen-young").person
    licence = issue_licence(
        Call.system("trust"), type_code="social-security-card", department_id=department("jn-hrss").pk,
        region_code=person.region_code, holder_name=person.name, person_id=person.pk,
        items={"name": person.name, "resident_id": person.id_number},
    )  # fmt: skip
    phone, clinic, library = phone_of(), gates("clinic"), gates("library")
    assert citycode.decode(phone.show("clinic")).facts.entitlements == 1 << 3
    revoke_licence(Call.system("trust"), licence=licence, reason="参保关系终止")
    events.drain()
    clinic.fetch()
    library.fetch()
    assert clinic.scan(phone.show("clinic")) == "stopped"
    assert library.scan(phone.show("library")) == "ok"  # it never carried the right
    phone.renew()
    assert clinic.scan(phone.show("clinic")) == "ok"
    assert citycode.decode(phone.show("clinic")).facts.entitlements == 0
