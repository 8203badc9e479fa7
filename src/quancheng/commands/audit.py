"""``quancheng audit``: verifies and seals the audit chain."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import click

from quancheng.kernel.audit import commands

LOCAL = ZoneInfo("Asia/Shanghai")


@click.group()
def command() -> None:
    """审计链：核对、签名检查点。 The audit chain: verify it, sign checkpoints."""


@command.command()
@click.option("--stream", default=None, help="只核对这一流。 Only this stream.")
@click.option("--since", type=click.DateTime(), default=None, help="自此时起。 Since (local time).")
def verify(stream: str | None, since: datetime | None) -> None:
    """核对审计链。 Verify the chain."""
    moment = since.replace(tzinfo=LOCAL) if since is not None else None
    raise click.exceptions.Exit(commands.verify(click.echo, stream=stream, since=moment))


@command.command()
@click.option("--stream", default=None, help="只签这一流。 Only this stream.")
def checkpoint(stream: str | None) -> None:
    """签名检查点。 Sign a checkpoint."""
    raise click.exceptions.Exit(commands.checkpoint(click.echo, stream=stream))


@command.command()
@click.option("--stream", default="main", show_default=True, help="哪一流。 Which stream.")
def head(stream: str) -> None:
    """最新的签名检查点。 The newest signed note."""
    raise click.exceptions.Exit(commands.head(click.echo, stream=stream))
