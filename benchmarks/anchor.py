"""The anchor contract on a real node (anvil): gas of its calls, of an inclusion proof of 20 hashes, and rate.

Needs the node's program: on the path, in frontend/node_modules, or named by ANVIL.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.harness import benchmark, figure, spent

STEPS = 2000
LEAVES = 1_000_000
"""Paths in a tree of a million leaves have 20 hashes."""


@benchmark("anchor", "contract on an EVM node: gas, transactions/s", needs="anvil")
def run(scale: float) -> None:
    """Gas of each call, of a 20-hash path; steps sent in batches to blocks of a second."""
    program = _program()
    if program is None:
        print("anchor: anvil is not installed (npm install @foundry-rs/anvil, or name it in ANVIL)")
        return
    with _node(program) as url:
        _gas(url)
        _rate(url, max(200, round(STEPS * scale)))


def _program() -> str | None:
    packaged = Path("frontend/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil")
    found = os.environ.get("ANVIL") or shutil.which("anvil") or str(packaged)
    return found if Path(found).exists() else None


@contextmanager
def _node(program: str) -> Iterator[str]:
    from quancheng.capabilities.chain.anchor_client import AnchorClient, EngineFailed

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    rules = ["--block-time", "1", "--hardfork", "istanbul", "--gas-limit", "300000000", "--silent"]
    process = subprocess.Popen([program, "--port", str(port), *rules], stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        for _look in range(100):
            try:
                AnchorClient(url).chain()
                break
            except EngineFailed:
                time.sleep(0.1)
        yield url
    finally:
        process.kill()
        process.wait()


def _gas(url: str) -> None:
    from quancheng.capabilities.chain.anchor_client import AnchorClient, contract
    from quancheng.core.anchor import Checkpoint, Grant, Use
    from quancheng.core.merkle import SHA256, MemoryTree

    client = AnchorClient(url)
    client.deploy()
    tree = MemoryTree(SHA256)
    tree.extend_hashes(tuple(SHA256.leaf(b"%d" % n) for n in range(2**19 + 1)))  # 20 hashes for leaves left
    index = 123_456
    path, root = tree.inclusion(index), tree.head().root
    asked = contract().ask_inclusion(SHA256.leaf(b"%d" % index), index, tree.size, path, root)
    assert len(path) == 20 and client.includes(
        SHA256.leaf(b"%d" % index), index, Checkpoint(bytes(32), tree.size, root), path
    )
    figure(
        "anchor_gas_inclusion_20", float(client.gas_of(asked)), "gas, a path of 20 hashes as a transaction"
    )
    ids = [bytes([n]) * 32 for n in range(1, 4)]
    steps = [Checkpoint(ids[0], 5, ids[1]), Checkpoint(ids[0], 9, ids[2]), Grant(ids[0]), Use(ids[0], ids[1])]
    names = client.send(steps)
    while len(told := client.outcomes(names)) < len(names):
        time.sleep(0.1)
    labels = ("checkpoint_first", "checkpoint", "grant", "use")
    for label, name in zip(labels, names, strict=True):
        figure(f"anchor_gas_{label}", float(told[name].gas), "gas")


def _rate(url: str, count: int) -> None:
    from quancheng.capabilities.chain.anchor_client import AnchorClient
    from quancheng.core.anchor import Grant

    client = AnchorClient(url, seconds=20)
    client.deploy()
    steps = [Grant(os.urandom(32)) for _ in range(count)]
    with spent() as used:
        names = client.send(steps)
        left = list(names)
        while left:
            mined = client.outcomes(left)
            assert all(one.taken for one in mined.values())
            left = [one for one in left if one not in mined]
            time.sleep(0.1 if left else 0)
    figure("anchor_steps", count / used.wall, "steps/s sent in batches and mined in 1-s blocks, wall")
    figure("anchor_steps_cpu", count / used.cpu, "steps/CPU-s of the client")
