"""The ledger: appends in batches to SQLite, proofs at a million records, checks; three witnesses.

``ratio``: appends over plain inserts of the same bytes in the same run.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tempfile
import time
from pathlib import Path

from benchmarks.harness import benchmark, django_on_fresh_database, figure, spent

RECORDS = 1_000_000
BATCH = 10_000


@benchmark("ledger", "log: appends/s batched, proof bytes and checks at 1,000,000 records, three witnesses")
def run(scale: float) -> None:
    """The tree alone on SQLite; then the app with three cities."""
    _tree(max(20_000, round(RECORDS * scale)))
    _witnessed()


def _tree(count: int) -> None:
    from quancheng.core.merkle import SHA256, CompactRange, prove_inclusion, verify_inclusion
    from quancheng.core.tlog import TILE_WIDTH, Bundle, TileSource

    folder = Path(tempfile.mkdtemp(prefix="quancheng-bench-"))
    leaves = [hashlib.sha256(b"%d" % n).digest() for n in range(count)]
    floor = _plain(folder / "plain.db", leaves)
    base = sqlite3.connect(folder / "log.db", isolation_level=None)
    base.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "CREATE TABLE leaf (n INTEGER PRIMARY KEY, leaf BLOB);"
        "CREATE TABLE tile (level INTEGER, n INTEGER, data BLOB, PRIMARY KEY (level, n)) WITHOUT ROWID;"
    )
    state, tiles = CompactRange(SHA256), {}
    with spent() as used:
        for start in range(0, count, BATCH):
            block = leaves[start : start + BATCH]
            state, made = state.append_nodes([SHA256.leaf(one) for one in block])
            for node in made:
                if node.level % 8 == 0:
                    key = (node.level // 8, node.index // TILE_WIDTH)
                    tiles.setdefault(key, bytearray()).extend(node.hash)
            base.execute("BEGIN IMMEDIATE")
            base.executemany("INSERT INTO leaf VALUES (?, ?)", list(enumerate(block, start)))
            base.executemany(
                "INSERT OR REPLACE INTO tile VALUES (?, ?, ?)",
                [(level, n, bytes(data)) for (level, n), data in tiles.items()],
            )
            base.execute("COMMIT")
            tiles = {key: data for key, data in tiles.items() if len(data) < TILE_WIDTH * 32}
    figure("ledger_appends", count / used.wall, "appends/s batched and durable, wall")
    figure("ledger_appends_cpu", count / used.cpu, "appends/CPU-s")
    figure("ledger_append_ratio", (count / used.cpu) / floor, "of plain inserts")

    def tile(level: int, number: int) -> bytes:
        row = base.execute("SELECT data FROM tile WHERE level = ? AND n = ?", (level, number)).fetchone()
        return row[0] if row else b""

    indexes = [int.from_bytes(os.urandom(6), "big") % count for _ in range(2000)]
    with spent() as used:
        proofs = [prove_inclusion(SHA256, TileSource(SHA256, tile), index, count) for index in indexes]
    figure("ledger_proofs", len(proofs) / used.cpu, "proofs made/CPU-s")
    head = state.head()
    with spent() as used:
        for _ in range(10):
            for index, proof in zip(indexes, proofs, strict=True):
                verify_inclusion(SHA256, SHA256.leaf(leaves[index]), index, head, proof)
    figure("ledger_checks", 10 * len(proofs) / used.cpu, "proofs checked/CPU-s")
    largest = max(
        Bundle(i, count, p, bytes(32), "").proof_bytes for i, p in zip(indexes, proofs, strict=True)
    )
    figure("ledger_proof_bytes", float(largest), f"bytes at {count} records")


def _plain(path: Path, leaves: list[bytes]) -> float:
    base = sqlite3.connect(path, isolation_level=None)
    base.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE leaf (n INTEGER PRIMARY KEY, leaf BLOB)"
    )
    with spent() as used:
        for start in range(0, len(leaves), BATCH):
            base.execute("BEGIN IMMEDIATE")
            base.executemany(
                "INSERT INTO leaf VALUES (?, ?)", list(enumerate(leaves[start : start + BATCH], start))
            )
            base.execute("COMMIT")
    rate = len(leaves) / used.cpu
    figure("ledger_plain_inserts", rate, "inserts/CPU-s")
    return rate


def _witnessed() -> None:
    """The app: single anchors, and a checkpoint cosigned by three cities over HTTP."""
    django_on_fresh_database()
    from quancheng.capabilities.chain import actions, nodekeys, tasks
    from quancheng.capabilities.chain.city_peer import City, start
    from quancheng.capabilities.chain.models import Head
    from quancheng.commands.prepare import prepare
    from quancheng.core.text import Text
    from quancheng.kernel import clock
    from quancheng.kernel.actions import Call

    prepare()
    call, ours = Call.system("chain", simulated=True), nodekeys.log_key()
    for name in ("zibo", "taian", "dezhou"):
        city = City(name)
        city.logs[ours.name] = ours
        _server, told = start(city)
        actions.add_member(
            call, name=name, title=Text(name, name), url=told["url"], log_key=told["log_key"],
            witness_key=told["witness_key"],
        )  # fmt: skip
    with spent() as used:
        for n in range(300):
            actions.append(call, scene="vault-use", reference=f"U-{n}", digest=bytes(32))
    figure("ledger_single", 300 / used.wall, "single anchors/s with audit, wall")
    items = [actions.Item("vault-use", f"B-{n}", bytes(32), clock.now()) for n in range(20_000)]
    with spent() as used:
        actions.append_many(call, items=items)
    figure("ledger_app_batch", len(items) / used.wall, "anchors/s in one batch through the app, wall")
    times = []
    for n in range(20):
        actions.append(call, scene="vault-use", reference=f"W-{n}", digest=bytes(32))
        begun = time.perf_counter()
        tasks.head()
        times.append(time.perf_counter() - begun)
    assert Head.objects.order_by("-size").first().witnesses == 3
    figure(
        "ledger_witnessed",
        sorted(times)[10] * 1000,
        "ms to sign a checkpoint and have three cities cosign, median",
    )
    figure("ledger_witnessed_worst", max(times) * 1000, "ms, the worst of 20")
