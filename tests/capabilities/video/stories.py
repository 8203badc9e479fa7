"""A signalling with real sockets and a city in memory, for stories of a few seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from tests.capabilities.video.peers import CENTRE, MediaServer, MemoryTables, peer

from quancheng.capabilities.video.config import Config
from quancheng.capabilities.video.signalling.component import Signalling
from quancheng.core.gb28181.catalog import Item
from quancheng.core.gb28181.presence import Settings
from quancheng.core.gb28181.transactions import Timers

CAMERA, NVR, OTHER = "37010200001310000001", "37010200001180000001", "37010200001310000002"
QUICK = Settings(interval=0.3, missed=3, flap_window=20, flap_limit=3, flap_hold=2)
CONFIG = Config(
    code=CENTRE, port=0, scan_seconds=0.05, flush_seconds=0.05, reload_seconds=0.2, snapshot_seconds=0.2,
    answer_seconds=2.0, media_secret="s3cret",
)  # fmt: skip
FAST = Timers(t1=0.05, t2=0.2, t4=0.2)
Story = Callable[[Signalling, tuple[str, int]], Awaitable[None]]


def live(
    story: Story,
    tables: MemoryTables,
    *,
    media: MediaServer | None = None,
    config: Config = CONFIG,
    **other: Any,
) -> None:
    """Run a story against real sockets."""

    async def run() -> None:
        used = replace(config, media_url=media.url) if media else config
        one = Signalling(used, tables, key=b"k", timers=FAST, **other)
        port = await one.start()
        try:
            async with asyncio.timeout(20):
                await story(one, ("127.0.0.1", port))
        finally:
            await one.stop()

    asyncio.run(run())


async def until(condition: Callable[[], Any], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


def tables(*codes: str, **other: Any) -> MemoryTables:
    return MemoryTables([peer(code) for code in codes or (CAMERA,)], QUICK, **other)


def calm() -> MemoryTables:
    return MemoryTables([peer(CAMERA)])


def channels(number: int) -> list[Item]:
    return [
        Item(f"3701020000131{100 + serial:07d}", f"通道{serial}", civil="370102") for serial in range(number)
    ]
