"""Simulations: a tree with a peer under random edits, moves, cuts, doubled and disordered letters, restarts.

Invariant: after healing every node holds exactly what the plain search of ``World.reach`` says, both sides
count the same, and a second run writes nothing.
"""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from quancheng.core.cascade import (
    CascadeError,
    Clause,
    HandOver,
    Link,
    Node,
    Reason,
    Reclaim,
    Remove,
    RowId,
    StreamKind,
    Upsert,
    compact,
    received,
    sent,
)
from tests.core.cascade.sqlite_ledger import SqliteLedger
from tests.core.cascade.worlds import ALL, CATALOGUE, STREAMS, TABLE, Post, World

REGIONS = ("370102", "370103", "370200", "320100")
NAMES = ("山东", "济南", "历下", "市中", "南京")


def back(prefix: str) -> tuple[Clause, ...]:
    return Clause(kinds=(StreamKind.CATALOGUE,)), Clause(kinds=(StreamKind.TABLE,), regions=(prefix,))


def own_rows_only() -> list[Node]:
    """A mesh where some give on only what they own: rows handed over do not return the way they came."""

    def own(name: str) -> tuple[Clause, ...]:
        return (Clause(owners=(name,)),)

    links = {
        "山东": [Link("济南", ALL)],
        "济南": [Link("山东", own("济南")), Link("历下", ALL), Link("南京", back("37"))],
        "历下": [Link("济南", own("历下")), Link("市中", ALL)],
        "市中": [Link("历下", own("历下")), Link("南京", ALL)],
        "南京": [Link("济南", back("32")), Link("市中", own("南京"))],
    }
    return [Node(name, tuple(found)) for name, found in links.items()]


def tree_and_peer(mesh: bool) -> list[Node]:
    """Province, city, two districts and an equal city; with ``mesh`` also links that close circles."""
    links: dict[str, list[Link]] = {
        "山东": [Link("济南", back("3701"))],
        "济南": [
            Link("山东", ALL),
            Link("历下", back("370102")),
            Link("市中", back("370103")),
            Link("南京", back("37")),
        ],
        "历下": [Link("济南", ALL)],
        "市中": [Link("济南", ALL)],
        "南京": [Link("济南", back("32"))],
    }
    if mesh:
        links["历下"] += [Link("市中", back("3701")), Link("南京", back("370102"))]
        links["市中"] += [Link("历下", back("3701"))]
        links["南京"] += [Link("历下", back("3")), Link("山东", back("3"))]
        links["山东"] += [Link("南京", back("320"))]
    return [Node(name, tuple(found)) for name, found in links.items()]


class Cascade(RuleBasedStateMachine):
    """Random life; ``heal`` is the invariant, tried in the middle of it and at the end."""

    @staticmethod
    def nodes() -> list[Node]:
        return tree_and_peer(False)

    @initialize(seed=st.integers(0, 10_000))
    def begin(self, seed: int) -> None:
        self.world = World(self.nodes())
        self.post = Post(self.world, seed)
        self.epochs = dict.fromkeys(NAMES, 1)

    @rule(
        name=st.sampled_from(NAMES),
        local=st.sampled_from("abc"),
        region=st.sampled_from(REGIONS),
        body=st.sampled_from(["{}", '{"a":1}', "泉"]),
        stream=st.sampled_from(STREAMS),
    )
    def edit(self, name: str, local: str, region: str, body: str, stream) -> None:  # type: ignore[no-untyped-def]
        self.world.do(name, stream, Upsert(RowId(name, local), region, "organ", body))

    @rule(name=st.sampled_from(NAMES), which=st.integers(0, 99), stream=st.sampled_from(STREAMS))
    def remove(self, name: str, which: int, stream) -> None:  # type: ignore[no-untyped-def]
        owned = sorted(self.world.owned(name, stream))
        if owned:
            self.world.do(name, stream, Remove(RowId(*owned[which % len(owned)])))

    @rule(
        name=st.sampled_from(NAMES),
        which=st.integers(0, 99),
        to=st.sampled_from(NAMES),
        stream=st.sampled_from(STREAMS),
    )
    def hand_over(self, name: str, which: int, to: str, stream) -> None:  # type: ignore[no-untyped-def]
        owned = self.world.owned(name, stream)
        if not owned:
            return
        row = owned[sorted(owned)[which % len(owned)]]
        # It must find the new owner as its row; all links here lead both ways, see HandOver.
        if to in self.world.reach(name, stream, replace(row, owner=to)):
            self.world.do(name, stream, HandOver(row.id, to))

    @rule(name=st.sampled_from(NAMES), which=st.integers(0, 99), stream=st.sampled_from(STREAMS))
    def reclaim_or_ask(self, name: str, which: int, stream) -> None:  # type: ignore[no-untyped-def]
        foreign = sorted(key for key, row in self.world.living(name, stream).items() if row.owner != name)
        if not foreign:
            return
        row = RowId(*foreign[which % len(foreign)])
        before = self.world.ledgers[name].get(stream, row)
        assert before is not None
        if before.rooted and before.row.version.untaken:
            self.world.do(name, stream, Reclaim(row))
            return
        with pytest.raises(CascadeError) as refused:
            self.world.do(name, stream, Reclaim(row))
        assert refused.value.reason is Reason.NOT_RECLAIMABLE
        self.world.do(name, stream, Upsert(row, "370102", "organ", "wish"))
        assert self.world.ledgers[name].get(stream, row) == before

    @rule(way=st.integers(0, 99), stream=st.sampled_from(STREAMS), limit=st.integers(1, 4))
    def collect(self, way: int, stream, limit: int) -> None:  # type: ignore[no-untyped-def]
        ways = self.world.ways()
        self.post.collect(*ways[way % len(ways)], stream, limit)

    @rule(times=st.integers(1, 8))
    def deliver(self, times: int) -> None:
        for _ in range(times):
            self.post.deliver()

    @rule(way=st.integers(0, 99), stream=st.sampled_from(STREAMS))
    def talk(self, way: int, stream) -> None:  # type: ignore[no-untyped-def]
        ways = self.world.ways()
        self.world.step(*ways[way % len(ways)], stream, 3)

    @rule()
    def lose_the_post(self) -> None:
        self.post.bag.clear()

    @rule(way=st.integers(0, 99))
    def cut_or_mend(self, way: int) -> None:
        ways = self.world.ways()
        self.world.cut ^= {frozenset(ways[way % len(ways)])}

    @rule(name=st.sampled_from(NAMES), stream=st.sampled_from(STREAMS))
    def forget_the_dead(self, name: str, stream) -> None:  # type: ignore[no-untyped-def]
        self.world.now += 10
        node, ledger = self.world.nodes[name], self.world.ledgers[name]
        self.world.keep(name, compact(node, ledger, stream, self.world.now, self.world.now))

    @rule(name=st.sampled_from(NAMES), stream=st.sampled_from(STREAMS))
    def new_epoch(self, name: str, stream) -> None:  # type: ignore[no-untyped-def]
        self.epochs[name] += 1
        self.world.reopen(name, stream, self.epochs[name])

    @rule()
    @precondition(lambda self: hasattr(self, "world"))
    def heal(self) -> None:
        self.world.cut.clear()
        while self.post.bag:
            self.post.deliver()
        self.world.settle(limit=5)
        self.world.expect_equal()
        assert self.world.settle(limit=5) == 0

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.heal()


class Mesh(Cascade):
    @staticmethod
    def nodes() -> list[Node]:
        return tree_and_peer(True)


class OneWay(Cascade):
    @staticmethod
    def nodes() -> list[Node]:
        return own_rows_only()


LIFE = settings(
    max_examples=25, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestTree = Cascade.TestCase
TestTree.settings = LIFE
TestMesh = Mesh.TestCase
TestMesh.settings = LIFE
TestOneWay = OneWay.TestCase
TestOneWay.settings = LIFE


def test_thousand_entries_and_twenty_thousand_rows_through_twenty_cuts() -> None:
    """1,000 catalogue and 20,000 row changes over three nodes on SQLite; a link is cut twenty times, each
    time with letters underway lost, doubled and late; equal at the end, counts proved, re-run silent."""
    nodes = [
        Node("山东", (Link("济南", back("3701")),)),
        Node("济南", (Link("山东", ALL), Link("历下", back("370102")))),
        Node("历下", (Link("济南", ALL),)),
    ]
    world = World(nodes, SqliteLedger)
    post = Post(world, 1)
    chance = random.Random(1)
    names = [node.name for node in nodes]
    ways = world.ways()
    cuts = 0
    for part in range(20):
        for stream, changes in ((CATALOGUE, 50), (TABLE, 1000)):
            for name in names:
                edits = [_change(chance, name) for _ in range(-(-changes // len(names)))]
                world.do(name, stream, *edits)
        cut = frozenset(chance.choice(ways))
        for sender, receiver in ways:
            for stream in STREAMS:
                post.collect(sender, receiver, stream, 200)
        world.cut, cuts = {cut}, cuts + 1
        for _ in range(4):
            post.deliver()
        world.settle(limit=200 if part % 2 else 1000)
        if part % 3 == 0:
            post.bag.clear()
    world.cut.clear()
    while post.bag:
        post.deliver()
    world.settle(limit=1000)
    world.expect_equal()
    assert cuts == 20
    assert world.settle(limit=1000) == 0
    given = sent(nodes[0], world.ledgers["山东"], "济南", TABLE)
    assert given == received(world.ledgers["济南"], "山东", TABLE)
    assert given.count > 1000


def _change(chance: random.Random, name: str) -> Upsert | Remove:
    row = RowId(name, f"{chance.randrange(4000):05}")
    if chance.random() < 0.1:
        return Remove(row)
    return Upsert(row, chance.choice(REGIONS), "organ", f'{{"v":{chance.randrange(10**6)}}}')
