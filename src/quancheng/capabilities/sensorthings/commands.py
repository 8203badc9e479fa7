"""``quancheng sensorthings …``: a scratch server for outside test suites, tokens for programs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from types import FrameType
from typing import Any

import click

_MARK = "QUANCHENG_STA_SCRATCH"


@click.group("sensorthings")
def command() -> None:
    """感知数据服务。 The SensorThings service."""


@command.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8081, show_default=True, help="端口。 Port.")
@click.option("--host", default="127.0.0.1", show_default=True, help="监听地址。 Address to listen on.")
def serve(host: str, port: int) -> None:
    """启动临时的空服务：任何人可写，结束即清除。 An empty scratch service, open to write, gone at the end.

    For outside conformance suites: http://HOST:PORT/sta/v1.1/
    """
    if os.environ.get(_MARK) == "1":
        _serve_here(host, port)
        return
    with tempfile.TemporaryDirectory(prefix="quancheng-sta-") as home:
        environment = {
            **os.environ,
            _MARK: "1",
            "QUANCHENG_HOME": home,
            "QUANCHENG_DATABASE_URL": f"sqlite:///{home}/city.sqlite3",
            "QUANCHENG_STORE": f"{home}/store",
            "QUANCHENG_BUS_URL": "",
            "QUANCHENG_DEMO": "1",
            "QUANCHENG_PUBLIC_URL": f"http://{host}:{port}",
        }
        environment.setdefault("QUANCHENG_LOG_LEVEL", "WARNING")
        arguments = [
            sys.executable,
            "-m",
            "quancheng.cli",
            "sensorthings",
            "serve",
            "--host",
            host,
            "--port",
            str(port),
        ]
        child = subprocess.Popen(arguments, env=environment)

        def stop(_number: int, _frame: FrameType | None) -> None:
            child.terminate()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        raise click.exceptions.Exit(max(child.wait(), 0))


def _serve_here(host: str, port: int) -> None:
    from django.conf import settings
    from django.core.management import call_command

    from quancheng.kernel.supervisor import components

    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    call_command("migrate", interactive=False, verbosity=0)
    click.echo(f"http://{host}:{port}/sta/v1.1/", err=True)
    components.web(host, port)


@command.command()
@click.argument("username")
def token(username: str) -> None:
    """给用户一个Bearer令牌（90天，改密码即失效）。 A Bearer token for a user."""
    from django.contrib.auth import get_user_model

    from quancheng.capabilities.sensorthings.signing_in import token_for

    users: Any = get_user_model()
    user = users._default_manager.filter(username=username, is_active=True).first()
    if user is None:
        raise click.ClickException(f"没有用户 {username}。 There is no user {username}.")
    click.echo(token_for(user))
