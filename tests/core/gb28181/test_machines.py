"""Transactions and presence: time is a number, so hours pass in no time."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from quancheng.core.gb28181.presence import Presence, Settings
from quancheng.core.gb28181.transactions import Client, ServerBook, State, Timers


# -- transactions (RFC 3261 §17) --------------------------------------------------------------
def _sends(client: Client, until: float) -> list[float]:
    found = []
    while client.due <= until:
        now = client.due
        if client.tick(now):
            found.append(round(now, 3))
    return found


def test_an_unanswered_message_is_repeated_as_timer_e_says() -> None:
    """§17.1.2.2: 500 ms, then 1, 2, 4, 4, 4 … s between repeats, over after 64 T1."""
    client = Client(0.0)
    assert _sends(client, 100) == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert client.state is State.FAILED


def test_an_unanswered_invite_is_repeated_seven_times() -> None:
    """§17.1.1.2: 0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5 s, over at 32 s."""
    client = Client(0.0, invite=True)
    assert _sends(client, 100) == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert client.state is State.FAILED


def test_answers_end_the_repeats() -> None:
    invite = Client(0.0, invite=True)
    assert not invite.answered(100, 0.2)
    assert _sends(invite, 90) == [] and invite.state is State.PROCEEDING
    assert invite.answered(200, 90.0) and not invite.answered(200, 90.5)
    invite.tick(96.0)
    assert invite.state is State.TERMINATED
    quiet = Client(0.0)
    assert quiet.answered(401, 0.1) and not quiet.tick(0.6) and quiet.status == 401


def test_over_tcp_nothing_is_repeated_but_patience_ends() -> None:
    client = Client(0.0, reliable=True)
    assert _sends(client, 31.9) == [] and client.state is State.TRYING
    _sends(client, 40)
    assert client.state is State.FAILED


def test_a_repeated_request_is_answered_again_and_not_done_twice() -> None:
    book = ServerBook(Timers())
    key = ("z9hG4bK1", "host", "REGISTER")
    assert book.seen(key, 0.0) == (False, None)
    assert book.seen(key, 0.1) == (True, None)
    book.answered(key, b"200", 0.2)
    assert book.seen(key, 31.0) == (True, b"200")
    assert book.seen(key, 33.0) == (False, None)
    book.forget(key)
    assert book.seen(key, 33.1) == (False, None)


def test_the_book_of_requests_is_bounded() -> None:
    book = ServerBook(limit=100)
    for number in range(1000):
        book.seen((str(number),), 0.0)
    assert len(book) == 100


# -- presence ---------------------------------------------------------------------------------
CALM = Settings(interval=60, missed=3, flap_window=600, flap_limit=3, flap_hold=180)


def test_three_missed_keepalives_is_offline_told_once() -> None:
    table = Presence(CALM)
    table.heard("a", 0.0)
    assert [(one.peer, one.online) for one in table.scan(1.0)] == [("a", True)]
    for now in range(60, 600, 60):
        table.heard("a", float(now))
        assert table.scan(float(now)) == []
    assert table.scan(540 + 179.0) == []
    gone = table.scan(540 + 181.0)
    assert [(one.peer, one.online, one.reason) for one in gone] == [("a", False, "silence")]
    assert table.scan(10_000.0) == [] and not table.online("a")


def test_goodbye_is_told_at_once() -> None:
    table = Presence(CALM)
    table.heard("a", 0.0)
    table.scan(0.0)
    table.gone("a", 5.0)
    assert [(one.online, one.reason) for one in table.scan(5.0)] == [(False, "goodbye")]
    table.gone("a", 6.0)
    table.gone("stranger", 6.0)
    assert table.scan(6.0) == []


def test_a_flapping_line_is_told_of_a_few_times_and_then_when_it_is_quiet() -> None:
    table = Presence(CALM)
    told = []
    for second in range(0, 1200, 10):  # on for ten seconds, off for ten, an hour's worth of complaints
        (table.heard if second % 20 == 0 else table.gone)("a", float(second))
        told += table.scan(float(second))
    assert len(told) <= 3
    assert table.flapping("a", 1200.0)
    table.heard("a", 1200.0)
    for now in range(1210, 1700, 10):
        table.heard("a", float(now))
        told += table.scan(float(now))
    assert table.online("a") and len(told) <= 4
    assert not table.flapping("a", 2400.0)


def test_after_a_restart_nobody_is_offline_who_speaks_again() -> None:
    before = Presence(CALM)
    for name in ("a", "b", "c"):
        before.heard(name, 0.0)
    before.gone("c", 1.0)
    before.scan(2.0)
    after = Presence(CALM)
    after.restore(before.state(), 5000.0)  # down for more than an hour
    assert after.scan(5001.0) == []
    assert after.online("a") and after.online("b") and not after.online("c")
    after.heard("a", 5050.0)
    assert [(one.peer, one.online) for one in after.scan(5000 + 181.0)] == [("b", False)]


def test_a_spoilt_snapshot_is_refused() -> None:
    table = Presence(CALM)
    table.heard("a", 0.0)
    state = table.state()
    for wrong in (
        state | {"heard": np.zeros(5)},
        {"names": np.array(["x"])},
        state | {"names": np.array(["a", "a"])},
    ):
        with pytest.raises((KeyError, ValueError)):
            Presence(CALM).restore(wrong, 1.0)


@hypothesis_settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 6))
def test_what_is_told_alternates_and_comes_to_the_truth(seed: int, peers: int) -> None:
    """Whatever happens: on and off alternate for each peer, and a calm hour later everything told is true."""
    dice, table, now = random.Random(seed), Presence(CALM), 0.0
    told: dict[str, list[bool]] = {str(one): [] for one in range(peers)}
    heard: dict[str, float] = {}
    for _ in range(300):
        now += dice.choice((1, 5, 30, 100))
        peer = str(dice.randrange(peers))
        if dice.random() < 0.7:
            table.heard(peer, now)
            heard[peer] = now
        else:
            table.gone(peer, now)
            heard.pop(peer, None)
        for change in table.scan(now):
            told[change.peer].append(change.online)
    end = now
    while now < end + 3600:
        now += 30
        for peer in heard:
            table.heard(peer, now)
        for change in table.scan(now):
            told[change.peer].append(change.online)
    for peer, changes in told.items():
        assert all(one != two for one, two in pairwise(changes))
        assert table.online(peer) == (peer in heard)
    online, total = table.counts()
    assert online == len(heard) == len(list(table.told_online())) and total <= peers


def test_a_city_of_cameras_is_scanned_quickly() -> None:
    """150,000 peers; the growth of the columns keeps every value."""
    table = Presence(CALM)
    for number in range(150_000):
        table.heard(str(number), 0.0)
    assert len(table.scan(1.0)) == 150_000
    assert table.scan(2.0) == [] and table.counts() == (150_000, 150_000)
    assert table.last("149999") == 0.0 and "149999" in table


def test_after_a_restart_what_the_city_knows_counts_and_nobody_stays_online_for_ever() -> None:
    table = Presence(Settings(interval=60, missed=3))
    table.heard("written", 0)
    table.heard("unwritten", 0)
    table.scan(1)
    again = Presence(table.settings)
    again.restore(table.state(), 10)
    again.told_was(["written", "in no snapshot"], 10)
    assert [(one.peer, one.online) for one in again.scan(11)] == [("unwritten", True)]
    again.heard("written", 100)
    again.heard("unwritten", 100)
    assert again.scan(180) == [] and again.online("in no snapshot")
    assert [(one.peer, one.online, one.reason) for one in again.scan(191)] == [
        ("in no snapshot", False, "silence")
    ]
