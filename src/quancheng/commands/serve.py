"""``quancheng run|web|worker|scheduler|component``: hands over to the kernel's supervisor."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def _address(function: F) -> F:
    function = click.option(
        "--port",
        type=click.IntRange(1, 65535),
        default=8000,
        show_default=True,
        envvar="QUANCHENG_PORT",
        help="端口。 Port.",
    )(function)
    return click.option(
        "--host",
        default="127.0.0.1",
        show_default=True,
        envvar="QUANCHENG_HOST",
        help="监听地址。 Address to listen on.",
    )(function)


def _settings() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quancheng.settings")


@click.command()
@_address
@click.option(
    "--only",
    "components",
    multiple=True,
    metavar="ID",
    help="只启动这些组件，可重复。 Only these components; repeatable.",
)
def run(host: str, port: int, components: tuple[str, ...]) -> None:
    """启动整个平台：网页、后台、定时器和各组件。 Start the whole city."""
    _settings()
    from quancheng.kernel.supervisor.run import run_city

    raise click.exceptions.Exit(run_city(components or None, host, port))


@click.command()
@_address
def web(host: str, port: int) -> None:
    """启动网页与接口。 Serve pages and APIs."""
    _settings()
    from quancheng.kernel.supervisor import components

    components.web(host, port)


@click.command()
def worker() -> None:
    """启动后台任务与事件投递。 Run jobs and deliver events."""
    _settings()
    from quancheng.kernel.supervisor import components

    components.worker()


@click.command()
def scheduler() -> None:
    """启动定时器。 Enqueue periodic jobs."""
    _settings()
    from quancheng.kernel.supervisor import components

    components.scheduler()


@click.command()
@click.argument("name", metavar="ID")
def component(name: str) -> None:
    """启动模块的一个组件，例如 things.gateway。 Run one component of a module."""
    _settings()
    from quancheng.kernel.supervisor import components

    components.component(name)
