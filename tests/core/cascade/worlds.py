"""Worlds of nodes: ledgers, a careless post between them, and what should be where in the end."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterable

from quancheng.core.cascade import (
    Batch,
    Clause,
    Edit,
    Ledger,
    Link,
    MemoryLedger,
    Node,
    Notice,
    Outcome,
    Row,
    RowId,
    Status,
    Stream,
    StreamKind,
    Upsert,
    apply,
    correction_stream,
    dump,
    offer,
    parse,
    produce,
    received,
    recover,
    sent,
)
from quancheng.core.cascade.offer import walk

CATALOGUE = Stream(StreamKind.CATALOGUE, "目录")
TABLE = Stream(StreamKind.TABLE, "法人库")
STREAMS = (CATALOGUE, TABLE)
ALL = (Clause(),)
CORRECTIONS = correction_stream(TABLE)


def province_city_districts() -> World:
    """山东 – 济南 – 历下 / 市中: districts send all they have up, get back what lies in their own area."""

    def back(prefix: str) -> tuple[Clause, ...]:
        kinds = (StreamKind.TABLE, StreamKind.CORRECTION)
        return Clause(kinds=(StreamKind.CATALOGUE,)), Clause(kinds=kinds, regions=(prefix,))

    return World(
        [
            Node("山东", (Link("济南", back("3701")),)),
            Node(
                "济南",
                (Link("山东", ALL), Link("历下", back("370102")), Link("市中", back("370103"))),
            ),
            Node("历下", (Link("济南", ALL),)),
            Node("市中", (Link("济南", ALL),)),
        ]
    )


def firm(origin: str, local: str, region: str = "370102", body: str = '{"name":"泉水公司"}') -> Upsert:
    return Upsert(RowId(origin, local), region, "市场监管局", body)


class World:
    """Nodes by name, each with its ledger; time is a counter that the world moves."""

    def __init__(self, nodes: Iterable[Node], ledger: Callable[[], Ledger] = MemoryLedger) -> None:
        self.nodes = {node.name: node for node in nodes}
        self.ledgers: dict[str, Ledger] = {name: ledger() for name in self.nodes}
        self.now = 1000
        self.cut: set[frozenset[str]] = set()
        self.notices: list[tuple[str, Notice]] = []

    def do(self, name: str, stream: Stream, *edits: Edit) -> Outcome:
        return self.keep(name, produce(self.nodes[name], self.ledgers[name], stream, edits, self.now))

    def keep(self, name: str, outcome: Outcome) -> Outcome:
        self.ledgers[name].write(outcome.writes)
        self.notices.extend((name, notice) for notice in outcome.notices)
        return outcome

    def ask(self, sender: str, receiver: str, stream: Stream, limit: int = 100) -> Batch | None:
        """What the sender would say to the receiver now; None if the receiver has it all."""
        cursor = self.ledgers[receiver].cursor(stream, sender)
        return offer(self.nodes[sender], self.ledgers[sender], receiver, stream, cursor, limit)

    def hear(self, batch: Batch, homecoming: bool = False) -> Outcome:
        batch = parse(dump(batch))
        node = self.nodes[batch.receiver]
        return self.keep(node.name, apply(node, self.ledgers[node.name], batch, self.now, homecoming))

    def ways(self) -> list[tuple[str, str]]:
        """All directions that something may travel."""
        return [
            (node.name, link.neighbour) for node in self.nodes.values() for link in node.links if link.clauses
        ]

    def step(self, sender: str, receiver: str, stream: Stream, limit: int = 100) -> int | None:
        """One batch along one way; how many writes came of it, None if there was nothing to say."""
        if frozenset((sender, receiver)) in self.cut or not self.nodes[sender].link(receiver).carries(stream):
            return None
        batch = self.ask(sender, receiver, stream, limit)
        if batch is None:
            return None
        outcome = self.hear(batch)
        assert outcome.status is Status.APPLIED, outcome
        return len(outcome.writes)

    def settle(self, streams: Iterable[Stream] = STREAMS, limit: int = 100, rounds: int = 2000) -> int:
        """Exchange until nobody has anything to say; how many writes that took."""
        streams = tuple(streams)
        total = 0
        for _ in range(rounds):
            moved = False
            for sender, receiver in self.ways():
                for stream in streams:
                    while (writes := self.step(sender, receiver, stream, limit)) is not None:
                        moved = True
                        total += writes
            if not moved:
                return total
        raise AssertionError("the world does not come to rest")

    def living(self, name: str, stream: Stream) -> dict[tuple[str, str], Row]:
        return {c.row.id: c.row for c in walk(self.ledgers[name], stream, None, None) if c.live}

    def backup(self, name: str) -> Ledger:
        return copy.deepcopy(self.ledgers[name])

    def reopen(self, name: str, stream: Stream, epoch: int) -> None:
        for outcome in recover(self.nodes[name], self.ledgers[name], stream, epoch, self.now):
            self.keep(name, outcome)

    def reach(self, owner: str, stream: Stream, row: Row) -> set[str]:
        """The nodes that should hold a row: a plain search over who may have it (the oracle)."""
        found, todo = {owner}, [owner]
        while todo:
            name = todo.pop()
            for link in self.nodes[name].links:
                if link.neighbour not in found and link.admits(stream, row.scope):
                    found.add(link.neighbour)
                    todo.append(link.neighbour)
        return found

    def expect_equal(self, streams: Iterable[Stream] = STREAMS) -> None:
        """Each node holds exactly the owners' present rows that reach it, and both sides count the same."""
        for stream in streams:
            owned = {n: self.owned(n, stream) for n in self.nodes}
            wanted: dict[str, dict[tuple[str, str], Row]] = {name: {} for name in self.nodes}
            for owner, rows in owned.items():
                for row in rows.values():
                    for name in self.reach(owner, stream, row):
                        assert row.id not in wanted[name], f"two owners of {row.id}"
                        wanted[name][row.id] = row
            for name, rows in wanted.items():
                assert self.living(name, stream) == rows, f"{name} differs in {stream}"
            for sender, receiver in self.ways():
                given = sent(self.nodes[sender], self.ledgers[sender], receiver, stream)
                assert given == received(self.ledgers[receiver], sender, stream), (sender, receiver)

    def owned(self, name: str, stream: Stream) -> dict[tuple[str, str], Row]:
        return {i: row for i, row in self.living(name, stream).items() if row.owner == name}


class Post:
    """A careless post: keeps what was given to it, and brings it in any order, twice, or not at all."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.chance = random.Random(seed)
        self.bag: list[Batch] = []

    def collect(self, sender: str, receiver: str, stream: Stream, limit: int) -> None:
        if self.world.nodes[sender].link(receiver).carries(stream):
            batch = self.world.ask(sender, receiver, stream, limit)
            if batch is not None:
                self.bag.append(batch)

    def deliver(self) -> Outcome | None:
        """Bring one letter from anywhere in the bag; half of the time keep it to bring it again."""
        if not self.bag:
            return None
        index = self.chance.randrange(len(self.bag))
        batch = self.bag[index]
        if self.chance.random() < 0.5:
            del self.bag[index]
        if frozenset((batch.sender, batch.receiver)) in self.world.cut:
            return None
        return self.world.hear(batch)
