"""``quancheng governance``: whether the chain of frozen months holds."""

from __future__ import annotations

import click


@click.group(name="governance", help="数据治理 Data governance")
def command() -> None:
    """Data governance."""


@command.command("verify")
def verify() -> None:
    """Verify the chain of frozen months; exit code 1 and the month when one was changed."""
    from quancheng.capabilities.governance import queries

    if month := queries.broken():
        click.echo(f"changed: {month}")
        raise SystemExit(1)
    click.echo("ok")
