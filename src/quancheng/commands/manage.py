"""``quancheng django …``: Django's management commands with the platform's settings."""

from __future__ import annotations

import click


@click.command(
    "django",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def manage(arguments: tuple[str, ...]) -> None:
    """Django 管理命令，例如 quancheng django shell。 Django's management commands."""
    from quancheng.cli import start_django

    start_django()
    from django.core.management import ManagementUtility

    ManagementUtility(["quancheng django", *arguments]).execute()
