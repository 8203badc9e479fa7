"""Four cities, real processes: one dies, one forks, one lies about the time; each is noticed and shown."""

from __future__ import annotations

import hashlib
import time
from datetime import timedelta

import pytest

from quancheng.capabilities.chain import actions, queries, tasks, watching
from quancheng.capabilities.chain.models import Evidence, Head, Member, SeenHead
from quancheng.core.text import Text
from quancheng.core.tlog import ForkEvidence, Health, NoteKey, check_fork
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput

SYSTEM = Call.system("chain")
WATCHER = Actor.system("chain")


def anchor(count: int = 1) -> None:
    for n in range(count):
        digest = hashlib.sha256(b"%d" % n).digest()
        actions.append(SYSTEM, scene="vault-use", reference=f"U-{time.time_ns()}", digest=digest)


def state(name: str) -> Health:
    return next(row.health for row in queries.member_rows(WATCHER) if row.member.name == name)


def test_three_cities_witness_a_checkpoint_within_a_second(cities) -> None:
    for name in ("zibo", "taian", "dezhou"):
        cities(name)
    anchor(10)
    tasks.head()  # the first round makes connections and keys
    anchor(10)
    begun = time.monotonic()
    tasks.head()
    spent = time.monotonic() - begun
    head = Head.objects.get(size=20)
    assert (head.witnesses, head.needed) == (3, 3)
    assert head.witnessed_at is not None
    receipt = queries.proof_of("", 4)
    assert len(queries.check(receipt.bundle).times) == 3
    assert spent < 5  # the figure itself is the benchmark's


def test_a_dead_city_is_noticed_and_the_others_carry_on(cities) -> None:
    four = [cities(name) for name in ("zibo", "taian", "dezhou", "liaocheng")]
    anchor()
    tasks.head()
    four[2].kill()
    anchor()
    tasks.head()
    head = Head.objects.get(size=2)
    assert (head.witnesses, head.needed, head.witnessed_at is not None) == (3, 3, True)
    assert four[2].member().fault
    with clock.at(clock.now() + timedelta(minutes=10)):
        assert state("dezhou") is Health.SILENT


def test_a_city_that_lies_about_the_time_is_shown(cities) -> None:
    cities("zibo")
    cities("taian", "--clock", "3600")
    anchor()
    tasks.head()
    assert state("zibo") is Health.WELL
    assert state("taian") is Health.CLOCK
    row = next(one for one in queries.member_rows(WATCHER) if one.member.name == "taian")
    assert row.skew == pytest.approx(3600, abs=5)


def test_too_few_witnesses_leave_the_head_waiting_and_it_is_asked_for_again(cities) -> None:
    zibo, taian = cities("zibo"), cities("taian")
    taian.kill()
    anchor()
    tasks.head()
    head = Head.objects.get()
    assert (head.witnesses, head.needed, head.witnessed_at) == (1, 2, None)
    with pytest.raises(InvalidInput, match="QUORUM"):
        queries.check(queries.proof_of("", 0).bundle)
    actions.set_member(SYSTEM, member=taian.member(), active=False)
    assert zibo.member().state == Member.State.ACTIVE


@pytest.mark.django_db(transaction=True)
def test_we_witness_for_others_and_keep_the_proof_when_one_shows_two_histories(cities, live_server) -> None:
    forker = cities("zibo", "--fork")
    answer = forker.ask(live_server.url, 0)
    assert answer["status"] == 200
    assert SeenHead.objects.get().size == 5
    again = forker.ask(live_server.url, 5, other=True)
    assert again["status"] == 409
    row = Evidence.objects.get()
    check_fork(ForkEvidence(row.one, row.other), NoteKey.read(forker.told["log_key"]))
    assert state("zibo") is Health.FORKED
    stale = forker.ask(live_server.url, 2)
    assert (stale["status"], stale["body"]) == (409, "5\n")


@pytest.mark.django_db(transaction=True)
def test_watching_a_published_log_finds_the_fork_nobody_asked_us_to_sign(cities, live_server) -> None:
    forker = cities("zibo", "--fork")
    forker.ask(live_server.url, 0)
    found = {watching.watch(forker.member()) for _look in range(2)}
    assert found == {"same", "fork"}
    assert Evidence.objects.count() == 1
    honest = cities("taian")
    honest.ask(live_server.url, 0)
    honest.post("/peer/grow", "7")
    assert watching.watch(honest.member()) == "grown"


def test_keys_of_members_are_checked_and_names_are_taken_once(cities) -> None:
    zibo = cities("zibo")
    told = zibo.told
    with pytest.raises(Conflict):
        actions.add_member(
            SYSTEM, name="zibo", title=Text("淄博", "Zibo"), url=told["url"], log_key=told["log_key"],
            witness_key=told["witness_key"],
        )  # fmt: skip
    with pytest.raises(InvalidInput):  # a log's key where a witness's belongs
        actions.add_member(
            SYSTEM, name="other", title=Text("别", "Other"), url=told["url"], log_key=told["log_key"],
            witness_key=told["log_key"],
        )  # fmt: skip


def test_supervision_is_for_supervisors(signed_in, actor) -> None:
    client = signed_in("citizen-young")
    for path in ("/sec/chain/", "/sec/chain/entries/", "/sec/chain/members/", "/sec/chain/forks/"):
        assert client.get(path).status_code == 403
    with pytest.raises(Forbidden):
        actions.set_member(Call(actor("citizen-young")), member=Member(name="x"), active=False)


@pytest.mark.django_db(transaction=True)
def test_the_notary_signs_within_seconds_and_outlives_a_round_that_fails(cities, monkeypatch) -> None:
    import threading

    from django.db import connections

    from quancheng.capabilities.chain import notary

    cities("zibo")
    anchor()
    stop, failed = threading.Event(), []
    first = tasks.head

    def once_broken() -> object:
        if not failed:
            failed.append(True)
            raise RuntimeError("a disk that is full for a moment")
        return first()

    def run() -> None:
        notary.serve(stop)
        connections.close_all()

    monkeypatch.setattr(notary, "HEAD_SECONDS", 0.05)
    monkeypatch.setattr(tasks, "head", once_broken)
    thread = threading.Thread(target=run)
    thread.start()
    for _wait in range(200):
        if Head.objects.filter(witnesses=1).exists():
            break
        time.sleep(0.05)
    stop.set()
    thread.join(10)
    assert failed and Head.objects.get().witnesses == 1
