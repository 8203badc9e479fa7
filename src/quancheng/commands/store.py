"""``quancheng store``: keeps the data lake sound and small."""

from __future__ import annotations

import click

from quancheng.kernel.store import commands


@click.group()
def command() -> None:
    """数据湖：核对、合并、清理。 The data store: verify, compact, clean."""


@command.command()
@click.option("--table", default=None, help="只核对这张表。 Only this table.")
def verify(table: str | None) -> None:
    """核对所有文件。 Verify all files."""
    raise click.exceptions.Exit(commands.verify(click.echo, table=table))


@command.command()
@click.option("--least", type=click.IntRange(2), default=8, show_default=True, help="文件数下限。 Files.")
def compact(least: int) -> None:
    """合并小文件。 Compact partitions that have many files."""
    raise click.exceptions.Exit(commands.compact(click.echo, least=least))


@command.command()
@click.option("--older-than-hours", type=click.FloatRange(0), default=24.0, show_default=True)
def clean(older_than_hours: float) -> None:
    """清理无主文件。 Remove stray and orphaned files."""
    raise click.exceptions.Exit(commands.clean(click.echo, older_than_hours=older_than_hours))


@command.command()
@click.option("--keep-days", type=click.FloatRange(0), required=True, help="保留天数。 Days to keep.")
def expire(keep_days: float) -> None:
    """删除早已被替换的文件。 Remove files replaced long ago."""
    raise click.exceptions.Exit(commands.expire(click.echo, keep_days=keep_days))
