"""A superior platform as a process of its own: ``python upper_process.py CODE LOWER PORT CONTROL MEDIA_URL``."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.capabilities.video.peers import REALM, MemoryTables, peer

from quancheng.capabilities.video.config import Config
from quancheng.capabilities.video.signalling.component import Signalling, run
from quancheng.core.gb28181.presence import Settings
from quancheng.core.gb28181.transactions import Timers


def main() -> None:
    code, lower, port, control, media = sys.argv[1:6]
    config = Config(
        code=code, port=int(port), realm=REALM, scan_seconds=0.05, flush_seconds=0.05, answer_seconds=3.0,
        media_url=media, media_secret="s3cret", register_seconds=60,
    )  # fmt: skip
    tables = MemoryTables([peer(lower, "lower")], Settings(interval=0.5))
    one = Signalling(config, tables, key=b"upper", control=Path(control), timers=Timers(t1=0.1))

    async def shown() -> None:
        """Write what the tables heard, for the test to read."""
        while True:
            await asyncio.sleep(0.1)
            names = [[item.name for item in items] for _, items, complete in tables.catalogs if complete]
            states = [change.online for change in tables.told]
            Path(control).with_suffix(".seen").write_text(repr((names, states)), encoding="utf-8")

    async def both() -> None:
        task = asyncio.create_task(shown())
        try:
            await run(one)
        finally:
            task.cancel()

    asyncio.run(both())


if __name__ == "__main__":
    main()
