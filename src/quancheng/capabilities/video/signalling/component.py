"""组件 video.signalling: everything put together, until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from pathlib import Path

import structlog

from quancheng.capabilities.video.config import Config
from quancheng.capabilities.video.media_client import MediaClient
from quancheng.capabilities.video.signalling.cascade import Cascade
from quancheng.capabilities.video.signalling.commands import Commands
from quancheng.capabilities.video.signalling.control import Control
from quancheng.capabilities.video.signalling.ledger import Ledger
from quancheng.capabilities.video.signalling.plays import Plays
from quancheng.capabilities.video.signalling.recorder import Tables
from quancheng.capabilities.video.signalling.registrar import Registrar
from quancheng.capabilities.video.signalling.server import Server
from quancheng.capabilities.video.signalling.subscriptions import Subscriptions
from quancheng.core.gb28181.transactions import Timers

__all__ = ["Signalling", "main"]

log = structlog.get_logger(__name__)


class Signalling:
    """One platform's signalling: server, registrar, commands, plays, cascade, control."""

    def __init__(
        self, config: Config, tables: Tables, *, key: bytes, snapshot: Path | None = None,
        control: Path | None = None, ledger: Path | None = None, timers: Timers = Timers(), media: MediaClient | None = None,
    ) -> None:  # fmt: skip
        self.server = Server(config, tables, snapshot=snapshot, timers=timers)
        self.registrar = Registrar(self.server, key, stronger=os.environ.get("QUANCHENG_VIDEO_SHA256") == "1")
        self.commands = Commands(self.server)
        self.plays = Plays(
            self.server, media or MediaClient(config.media_url, config.media_secret), Ledger(ledger)
        )
        self.cascade = Cascade(self.server, self.commands, self.plays)
        self.subscriptions = Subscriptions(self.server)
        self.control = Control(self.server, self.commands, self.plays)
        self.registrar.registered.append(self.commands.registered)
        self.commands.media_ended = self.plays.media_ended
        self._control_path = control

    async def start(self) -> int:
        """Begin; returns the port."""
        await self.server.recorder.quietly(self.server.recorder.tables.restarted)
        port = await self.server.start()
        self.server.spawn(self.server.every(self.server.config.scan_seconds, self.plays.expire))
        self.server.spawn(self.server.every(min(self.server.config.reload_seconds, 5.0), self.cascade.look))
        self.server.spawn(self.server.every(self.server.config.reload_seconds, self.commands.renew))
        self.server.spawn(self.server.every(self.server.config.reload_seconds, self.subscriptions.look))
        self.server.spawn(self.plays.clear())
        self.server.spawn(self.server.every(self.server.config.reload_seconds, self.plays.clear))
        await self.cascade.look()
        if self._control_path is not None:
            await self.control.start(self._control_path)
        log.info("video.signalling.listening", host=self.server.config.host, port=port)
        return port

    async def stop(self) -> None:
        await self.control.stop()
        await self.plays.stop()
        await self.server.stop()


async def run(signalling: Signalling) -> None:
    """Until a signal."""
    stop = asyncio.Event()
    if threading.current_thread() is threading.main_thread():
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await signalling.start()
    try:
        await stop.wait()
    finally:
        await signalling.stop()


def main() -> None:
    """The component: runs until SIGTERM or SIGINT."""
    from quancheng.capabilities.video import config, secrets
    from quancheng.capabilities.video.signalling.tables import CityTables

    async def begin() -> None:
        await run(
            Signalling(
                config.load(), CityTables(), key=secrets.nonce_key(), snapshot=config.snapshot_path(),
                control=config.control_path(), ledger=config.ledger_path(),
            )
        )  # fmt: skip

    try:
        import uvloop
    except ImportError:
        asyncio.run(begin())
    else:
        uvloop.run(begin())
