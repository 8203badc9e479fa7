"""``quancheng chain``: writing the log to an alliance chain's contract from the command line."""

from __future__ import annotations

import click


@click.group(name="chain", help="泉城链 Quancheng chain")
def command() -> None:
    """Quancheng chain."""


@command.command("replay-anchor")
@click.option("--seconds", type=float, default=60.0, show_default=True,
              help="最多等多久。 How long to wait for blocks.")  # fmt: skip
def replay_anchor(seconds: float) -> None:
    """把日志写入 QUANCHENG_CHAIN_ANCHOR_URL 所指的合约。 Write the log to the configured contract, from what it lacks.

    A new chain, or one whose contract is gone, gets a new contract and the whole log; one that has it all
    gets nothing. May be repeated.
    """
    import time

    from quancheng.capabilities.chain import anchoring
    from quancheng.core.text import Text
    from quancheng.kernel.errors import Conflict

    if not anchoring.address():
        raise Conflict(
            Text(f"没有设置 {anchoring.VARIABLE}。", f"{anchoring.VARIABLE} is not set."),
        )
    engine, until = anchoring.connect(again=True), time.monotonic() + seconds
    sent, left, queued = 0, 1, 1
    while (left or queued) and time.monotonic() < until:
        told = anchoring.push(engine, wait=min(5.0, until - time.monotonic()))
        sent, left, queued = sent + told["sent"], told["left"], told["queued"]
    click.echo(f"{engine.name}: 写入 sent {sent}, 未上链 not yet on the chain {left}")
