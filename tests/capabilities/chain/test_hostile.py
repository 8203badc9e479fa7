"""The chain under bad manners: garbage at its doors, clocks beyond dates, long sleeps, an alliance that changes."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.test import Client

from quancheng.capabilities.chain import actions, alliance, nodekeys, queries, tasks, watching
from quancheng.capabilities.chain.city_peer import City, CityServer, start
from quancheng.capabilities.chain.models import Evidence, Head, Member, SeenHead, Shard
from quancheng.core import cose
from quancheng.core.merkle import SHA256, MemoryTree
from quancheng.core.text import Text
from quancheng.core.tlog import Health, Request, read_bundle
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.audit.models import AuditEntry
from quancheng.kernel.errors import InvalidInput
from quancheng.kernel.models import writing

WATCHER = Actor.system("chain")
ROOT = "A" * 43 + "="


def system() -> Call:
    return Call.system("chain")


def anchor(count: int = 1) -> None:
    for n in range(count):
        digest = hashlib.sha256(b"%d" % n).digest()
        actions.append(system(), scene="vault-use", reference=f"U-{n}", digest=digest)


def state(name: str) -> Health:
    return next(row.health for row in queries.member_rows(WATCHER) if row.member.name == name)


@pytest.fixture
def join(city: None) -> Iterator[Callable[[str], City]]:
    """Takes cities of this process into the alliance."""
    servers: list[CityServer] = []

    def make(name: str) -> City:
        one, ours = City(name), nodekeys.log_key()
        one.logs[ours.name] = ours
        one.grow(5)
        server, told = start(one)
        servers.append(server)
        actions.add_member(
            system(), name=name, title=Text(name, name), url=told["url"], log_key=told["log_key"],
            witness_key=told["witness_key"],
        )  # fmt: skip
        return one

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()


def asks_us(one: City, tree: MemoryTree | None = None) -> int:
    """A city has its head cosigned here."""
    shown = tree or one.tree
    seen = SeenHead.objects.filter(origin=one.origin).first()
    old = seen.size if seen else 0
    proof = shown.consistency(old) if 0 < old <= shown.size else ()
    body = Request(old, proof, one.note(shown)).text()
    return Client().post("/chain/witness/add-checkpoint", body, content_type="text/plain").status_code


# -- the doors
@pytest.mark.parametrize(
    "path",
    [
        "/chain/checkpoint?origin=%00", "/chain/checkpoint?origin=" + "x" * 500, "/chain/tile/0/000.p/²",
        "/chain/tile/0/０００", "/chain/tile/0/" + "x000/" * 1500 + "000", "/chain/tile/0/x000/000.p/3",
        "/chain/tile/0/000.p/0", "/chain/tile/0/000.p/256", "/chain/tile/0/000.p/03", "/chain/tile/0/000.p/999999",
        f"/chain/tile/{10**30}/000", "/chain/tile/0/x999/x999/x999/x999/x999/999",
        f"/chain/consistency?old=1&new={'9' * 5000}", f"/chain/consistency?old=-1&new={10**20}",
        f"/chain/consistency?old=0&new={10**20}", "/chain/consistency?old=²&new=3",
        f"/api/v1/chain/proof/x/{10**30}", "/api/v1/chain/proof/x/-1", "/api/v1/chain/proof/%00/0",
        "/api/v1/chain/proof/x/9223372036854775808",
    ],
)  # fmt: skip
def test_no_address_makes_the_node_stumble(city: None, path: str) -> None:
    anchor(3)
    tasks.head()
    answer = Client(raise_request_exception=False).get(path)
    assert answer.status_code in {404, 422}, answer.content[:300]


def test_a_tile_has_one_address(city: None) -> None:
    anchor(3)
    assert len(Client().get("/chain/tile/0/000.p/3").content) == 96
    assert len(Client().get("/chain/tile/0/000.p/2").content) == 64


@pytest.mark.parametrize(
    "body",
    [
        "", "old ²\n\nx", f"old {'9' * 5000}\n\nx", "old 0\n\nzibo.quancheng/chain/x\0\n1\n" + ROOT + "\n\n— a AAAAAAA=\n",
        f"old 0\n\nzibo.quancheng/chain/1\n{'9' * 5000}\n{ROOT}\n\n— a AAAAAAA=\n",
        f"old 0\n\nzibo.quancheng/chain/1\n5\n{ROOT}\n\n— a AAAAAAA=\n",
        f"old 0\n\nnobody/1\n5\n{ROOT}\n\n— a AAAAAAA=\n", "old 0\n" + "AAAA\n" * 64 + "\nx", "\udcff".encode("utf-8", "surrogatepass").decode("latin-1"),
    ],
)  # fmt: skip
def test_garbage_at_the_witness_is_answered_and_leaves_no_trace(join, body: str) -> None:
    """Anybody reaches this door: what a stranger sends costs no transaction and no line of the audit."""
    join("zibo")
    before = AuditEntry.objects.count()
    answer = Client(raise_request_exception=False).post(
        "/chain/witness/add-checkpoint", body, content_type="text/plain"
    )
    assert answer.status_code in {400, 403, 404}
    assert AuditEntry.objects.count() == before and not SeenHead.objects.exists()


def test_who_plays_back_what_a_city_published_changes_nothing(join) -> None:
    one = join("zibo")
    assert asks_us(one) == 200
    before, seen = AuditEntry.objects.count(), SeenHead.objects.get().at
    assert asks_us(one) == 200  # the same head once more: a cosignature of now, nothing new to keep
    stale = Request(2, one.tree.consistency(2), one.note()).text()
    answer = Client().post("/chain/witness/add-checkpoint", stale, content_type="text/plain")
    assert (answer.status_code, answer.headers["Content-Type"], answer.content) == (
        409,
        "text/x.tlog.size",
        b"5\n",
    )
    assert AuditEntry.objects.count() == before and SeenHead.objects.get().at == seen


def test_a_hundred_lies_about_one_head_are_one_piece_of_evidence(join) -> None:
    one = join("zibo")
    asks_us(one)
    for n in range(5):
        lie = MemoryTree(SHA256)
        for place in range(5):
            lie.append(b"%d-%d" % (n, place))
        assert asks_us(one, lie) == 409
    assert Evidence.objects.count() == 1 and state("zibo") is Health.FORKED


def test_a_bundle_whose_checkpoint_counts_beyond_numbers_is_refused(city: None) -> None:
    anchor(2)
    tasks.head()
    good = read_bundle(queries.proof_of("", 1).bundle)
    note = good.note.replace("\n2\n", f"\n{'9' * 5000}\n", 1)
    data = cose.encode([1, good.index, good.size, b"".join(good.path), good.leaf, note])
    answer = Client(raise_request_exception=False).post(
        "/api/v1/chain/check", {"bundle": base64.b64encode(data).decode()}, content_type="application/json"
    )
    assert answer.status_code == 422 and "todo" in answer.json()


def test_a_record_without_its_salt_is_not_said_to_be_checked(city: None) -> None:
    anchor(2)
    tasks.head()
    text = base64.b64encode(queries.proof_of("", 1).bundle).decode()
    for more in ({"scene": "vault-use", "reference": "U-1"}, {"digest": "AAAA"}, {"salt": "%%%"}):
        answer = Client().post(
            "/api/v1/chain/check", {"bundle": text, **more}, content_type="application/json"
        )
        assert answer.status_code == 422


# -- the alliance
def test_a_key_stands_for_one_city(join) -> None:
    one = join("zibo")
    told = one.introduction("http://127.0.0.1:9")
    other = City("taian").introduction("http://127.0.0.1:9")

    def add(log_key: str, witness_key: str, url: str = "http://127.0.0.1:9") -> None:
        actions.add_member(
            system(),
            name="taian",
            title=Text("泰安", "Tai'an"),
            url=url,
            log_key=log_key,
            witness_key=witness_key,
        )

    second = City("zibo-again", witness=one.witness).introduction("http://127.0.0.1:9")
    bad = [
        (other["log_key"], told["witness_key"]), (other["log_key"], second["witness_key"]),
        (told["log_key"], other["witness_key"]), (nodekeys.log_key().text(), other["witness_key"]),
        (other["log_key"], nodekeys.witness_key().text()),
    ]  # fmt: skip
    for log_key, witness_key in bad:
        with pytest.raises(InvalidInput, match="once"):
            add(log_key, witness_key)
    with pytest.raises(InvalidInput, match="http"):
        add(other["log_key"], other["witness_key"], "ftp://x")
    add(other["log_key"], other["witness_key"])
    assert nodekeys.policy({}).needed == 2


def test_a_city_that_slept_through_many_heads_catches_up(join) -> None:
    join("zibo")
    anchor()
    tasks.head()
    shard = Shard.objects.get()
    for _second in range(60):
        anchor()
        actions.make_head(system(), shard=shard)
    head = Head.objects.get(size=61)
    assert alliance.witness_head(head).witnesses == 1
    assert Member.objects.get().fault == ""


def test_a_witness_that_knows_more_than_we_have_is_told_as_that(join) -> None:
    """Our own log restored from an old backup."""
    one = join("zibo")
    anchor(3)
    tasks.head()
    ahead = MemoryTree(SHA256)
    for n in range(9):
        ahead.append(b"%d" % n)
    from dataclasses import replace

    known = one.seen[Shard.objects.get().origin]
    one.seen[known.origin] = replace(known, head=ahead.head())
    anchor()
    tasks.head()
    assert "rolled back" in Member.objects.get().fault


@pytest.mark.parametrize("wrong", [2**62, 300_000_000_000, -1_000_000_000])
def test_a_clock_beyond_all_dates_is_shown_and_stops_nobody(join, wrong: int) -> None:
    join("dezhou")
    join("taian").clock = wrong
    join("zibo")
    anchor()
    tasks.head()
    assert (state("dezhou"), state("taian"), state("zibo")) == (Health.WELL, Health.CLOCK, Health.WELL)
    head = Head.objects.get()
    assert head.witnesses >= 2


def test_a_quiet_night_is_not_an_alliance_that_is_gone(join) -> None:
    one = join("zibo")
    join("taian")
    anchor()
    tasks.head()
    before = AuditEntry.objects.count()
    for _second in range(5):
        tasks.head()
    assert AuditEntry.objects.count() == before  # nothing happened: nothing is written
    later = clock.now() + timedelta(minutes=10)
    with clock.at(later):
        assert state("zibo") is Health.SILENT
        tasks.head()
        one.clock = 600
        tasks.head()
        assert (state("zibo"), state("taian")) != (Health.SILENT, Health.SILENT)
        assert Health.SILENT not in {state("zibo"), state("taian")}


def test_one_that_is_gone_is_not_asked_each_second(join, monkeypatch) -> None:
    join("zibo")
    join("taian")
    gone = join("dezhou")
    anchor()
    tasks.head()
    with writing("test"):
        Member.objects.filter(name="dezhou").update(url="http://127.0.0.1:9")
    anchor()
    tasks.head()
    assert Head.objects.get(size=2).witnesses == 2 and Member.objects.get(name="dezhou").fault
    before, asked = AuditEntry.objects.count(), []
    ask = alliance._ask
    monkeypatch.setattr(
        alliance, "_ask", lambda member, *rest: asked.append(member.name) or ask(member, *rest)
    )
    for _second in range(5):
        tasks.head()
    assert asked == [] and AuditEntry.objects.count() == before
    with clock.at(clock.now() + timedelta(seconds=30)):
        tasks.head()
    assert asked == ["dezhou"] and gone.name == "dezhou"


def regrown(count: int) -> MemoryTree:
    tree = MemoryTree(SHA256)
    for n in range(count):
        tree.append(b"another %d" % n)
    return tree


@pytest.mark.parametrize("size", [3, 9])
def test_another_history_of_another_size_stays_shown_until_the_log_is_in_order(join, size: int) -> None:
    """It never shows two heads of one size, so nothing proves the lie by itself; it has no proof either."""
    one = join("zibo")
    assert asks_us(one) == 200
    honest, one.tree = one.tree, regrown(size)
    member = Member.objects.get()
    assert watching.watch(member) == "broken"
    assert state("zibo") is Health.BROKEN
    anchor()
    tasks.head()  # as a witness it does its work
    member = Member.objects.get()
    assert Head.objects.get().witnesses == 1 and state("zibo") is Health.BROKEN
    one.tree = honest
    assert watching.watch(member) == "same"
    assert state("zibo") is Health.WELL and Member.objects.get().fault == ""


def test_publishing_less_than_was_cosigned_is_no_lie_while_it_joins(join, monkeypatch) -> None:
    one = join("zibo")
    asks_us(one)
    part, full = MemoryTree(SHA256), City.note
    part.extend_hashes([one.tree.node(0, n) for n in range(3)])
    monkeypatch.setattr(City, "note", lambda self, tree=None: full(self, tree or part))
    assert watching.watch(Member.objects.get()) == "same"
    assert state("zibo") is Health.NEVER  # it was never asked to witness


def test_receipts_of_before_hold_after_the_alliance_has_grown_and_shrunk(join) -> None:
    for name in ("zibo", "taian", "dezhou"):
        join(name)
    last = clock.now() - timedelta(days=62)
    with clock.at(last):  # two months ago
        anchor()
        tasks.head()
    with clock.at(last + timedelta(days=31)):
        anchor()
        tasks.head()
    anchor()
    tasks.head()
    anchor()
    tasks.head()
    origins = [one.origin for one in Shard.objects.order_by("opened_at")]
    assert len(origins) == 3
    for name in ("liaocheng", "binzhou"):
        join(name)
    assert nodekeys.policy({}).needed == 4
    tasks.head()
    tasks.watch()
    for origin in origins:
        assert len(queries.check(queries.proof_of(origin, 0).bundle).times) == 5
    for name in ("zibo", "taian"):
        actions.set_member(system(), member=Member.objects.get(name=name), active=False)
    for origin in origins:
        assert len(queries.check(queries.proof_of(origin, 0).bundle).times) == 3


def test_a_head_made_while_the_city_was_alone_is_witnessed_when_cities_come(join) -> None:
    anchor()
    tasks.head()
    assert Head.objects.get().needed == 0
    join("zibo")
    tasks.head()
    head = Head.objects.get()
    assert (head.needed, head.witnesses, head.witnessed_at is not None) == (1, 1, True)
