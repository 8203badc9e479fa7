"""控制口: what web processes ask the signalling for, over a Unix socket only the owner may open; JSON lines."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from quancheng.capabilities.video.signalling.commands import Commands
from quancheng.capabilities.video.signalling.plays import Ask, Plays
from quancheng.capabilities.video.signalling.server import NoAnswer, Server
from quancheng.core.gb28181 import BadMessage, mansrtsp, ptz
from quancheng.kernel.errors import QuanchengError

__all__ = ["Control"]

log = structlog.get_logger(__name__)
_LIMIT = 1 << 18
Operation = Callable[[dict[str, Any]], Awaitable[Any]]


class Control:
    """The socket. Who can open it may do everything: rights were asked before."""

    def __init__(self, server: Server, commands: Commands, plays: Plays) -> None:
        self._server, self._commands, self._plays = server, commands, plays
        self._socket: asyncio.Server | None = None
        self._operations: dict[str, Operation] = {
            "status": self._status, "open": self._open, "close": self._close, "steer": self._steer,
            "ptz": self._ptz, "catalog": self._catalog, "records": self._records, "info": self._info,
            "reload": self._reload, "follow": self._follow,
        }  # fmt: skip

    async def start(self, path: Path) -> None:
        """Listen; a socket left by a killed process is replaced."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._socket = await asyncio.start_unix_server(self._line, path, limit=_LIMIT)
        finally:
            os.umask(before)

    async def stop(self) -> None:
        if self._socket is not None:
            self._socket.close()

    async def _line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while raw := await reader.readline():
                writer.write(json.dumps(await self._do(raw), ensure_ascii=False).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError):
            return
        finally:
            writer.close()

    async def _do(self, raw: bytes) -> dict[str, Any]:
        try:
            asked = json.loads(raw)
            return {"ok": True, "result": await self._operations[asked["do"]](asked)}
        except QuanchengError as why:
            return {"ok": False, "code": why.code, "zh": why.detail.zh, "en": why.detail.en}
        except NoAnswer as why:
            return {"ok": False, "code": "no-answer", "detail": str(why)}
        except (BadMessage, KeyError, TypeError, ValueError) as why:
            return {"ok": False, "code": "bad-answer", "detail": str(why)[:200]}
        except Exception as why:
            log.exception("video.control.failed")
            return {"ok": False, "code": "failed", "detail": type(why).__name__}

    async def _status(self, asked: dict[str, Any]) -> dict[str, Any]:
        online, total = self._server.presence.counts()
        return {"online": online, "peers": total, "known": len(self._server.directory.lines),
                "counts": dict(self._server.counts), "streams": self._plays.overview(),
                "written": self._server.recorder.written, "failures": self._server.recorder.failures}  # fmt: skip

    async def _open(self, asked: dict[str, Any]) -> dict[str, str]:
        return await self._plays.open(Ask(**asked["ask"]))

    async def _close(self, asked: dict[str, Any]) -> bool:
        return await self._plays.close(int(asked["session"]))

    async def _steer(self, asked: dict[str, Any]) -> None:
        command = mansrtsp.Command(
            mansrtsp.Method(asked["method"]), self._server.serial(), asked.get("scale"), asked.get("at")
        )
        await self._plays.steer(int(asked["session"]), command)

    async def _ptz(self, asked: dict[str, Any]) -> None:
        ptz.decode(asked["command"])
        await self._commands.control(asked["peer"], asked["camera"], asked["command"])

    async def _catalog(self, asked: dict[str, Any]) -> dict[str, int]:
        report = await self._commands.query_catalog(asked["peer"])
        names = ("added", "updated", "removed", "same", "conflicts", "ignored")
        return {name: getattr(report, name) for name in names}

    async def _records(self, asked: dict[str, Any]) -> list[dict[str, Any]]:
        start, end = datetime.fromisoformat(asked["start"]), datetime.fromisoformat(asked["end"])
        found = await self._commands.query_records(asked["peer"], asked["camera"], start, end)
        return [
            {"name": one.name, "start": one.start.isoformat(), "end": one.end.isoformat(), "size": one.size}
            for one in found
        ]

    async def _info(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["command"] not in ("DeviceInfo", "DeviceStatus", "ConfigDownload"):
            raise ValueError("command")
        wanted: dict[str, Any] = (
            {"ConfigType": asked.get("config", "BasicParam")} if asked["command"] == "ConfigDownload" else {}
        )
        found = await self._commands.ask(asked["peer"], asked["command"], asked["device"], wanted)
        return dict(found.fields)

    async def _follow(self, asked: dict[str, Any]) -> int:
        return await self._commands.follow(
            asked["peer"], asked["device"], seconds=int(asked.get("seconds", 3600)),
            interval=int(asked.get("interval", 5)),
        )  # fmt: skip

    async def _reload(self, asked: dict[str, Any]) -> int:
        await self._server.reload()
        return len(self._server.directory.lines)
