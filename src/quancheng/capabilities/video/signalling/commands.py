"""命令: what peers say in MESSAGE and NOTIFY, and the questions we ask them (GB/T 28181 §9.3–9.11, annex A)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from quancheng.capabilities.video.signalling.directory import Line
from quancheng.capabilities.video.signalling.server import NoAnswer, Server
from quancheng.capabilities.video.signalling.wire import Target
from quancheng.capabilities.video.values import CatalogReport
from quancheng.core.gb28181 import BadMessage, catalog, fields, ids, manscdp
from quancheng.core.gb28181.catalog import Collector, Recording
from quancheng.core.gb28181.manscdp import Document, Node, Root
from quancheng.core.gb28181.message import Request, Response

__all__ = ["Commands"]

log = structlog.get_logger(__name__)
_TOGETHER = 50
_RENEW_BEFORE = 300.0
_HAS_CHANNELS = (ids.Role.NVR, ids.Role.DVR, ids.Role.ENCODER, ids.Role.PLATFORM, ids.Role.SERVER)
_KEEPALIVE = "Keepalive"
Answer = Callable[[Line, Document], Awaitable[None]]


def _is_alarm(line: Line, found: Document) -> bool:
    return line.peer.direction != "upper" and found.root is Root.NOTIFY and found.command == "Alarm"


@dataclass(slots=True)
class _Gathering:
    collector: Collector
    holder: str
    key: str
    done: asyncio.Event


class Commands:
    """Reads commands and gathers answers."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._gathering: dict[tuple[str, int], _Gathering] = {}
        self._waiting: dict[tuple[str, str, int], asyncio.Future[Document]] = {}
        self._room = asyncio.Semaphore(_TOGETHER)
        self._busy: Counter[str] = Counter()
        self.from_upper: Answer | None = None
        self.media_ended: Callable[[str, Request], None] = lambda device, request: None
        server.handlers["MESSAGE"] = self.message
        server.handlers["NOTIFY"] = self.notify
        server.handlers["OPTIONS"] = lambda request, source: server.reply(request, source, 200)

    # -- in -----------------------------------------------------------------------------------
    def message(self, request: Request, source: Target) -> Response | Awaitable[Response | None] | None:
        """One MESSAGE; a keep-alive is one assignment in memory and an answer."""
        server = self._server
        line = self._speaker(request, source)
        if line is None:
            server.counts["message:stranger"] += 1
            return server.reply(request, source, 403)
        quick = manscdp.keepalive(request.body)
        if quick is None:
            try:
                quick = manscdp.parse(request.body)
            except BadMessage as bad:
                server.counts[f"command:{bad.reason.value}"] += 1
                return server.reply(request, source, 400)
        server.counts[f"{quick.root.value}:{quick.command}"[:60]] += 1
        if quick.command == _KEEPALIVE and quick.root is Root.NOTIFY:
            if line.peer.direction != "upper":
                server.presence.heard(line.peer.code, server.now())
            return server.reply(request, source, 200)
        if self._busy[line.peer.code] >= server.config.commands_waiting:
            server.counts["message:flood"] += 1
            return server.reply(request, source, 503, extra=[("retry-after", "10")])
        if _is_alarm(line, quick):
            return self._alarm(line, quick, request, source)
        self._understand(line, quick, request)
        return server.reply(request, source, 200)

    def notify(self, request: Request, source: Target) -> Response | Awaitable[Response | None] | None:
        """NOTIFY of a subscription: a changed catalogue, an alarm or a place."""
        server = self._server
        line = self._speaker(request, source)
        if line is None or line.peer.direction == "upper":
            return server.reply(request, source, 403)
        if request.body:
            try:
                found = manscdp.parse(request.body)
            except BadMessage:
                return server.reply(request, source, 400)
            if _is_alarm(line, found):
                return self._alarm(line, found, request, source)
            self._understand(line, found, request)
        return server.reply(request, source, 200)

    def _speaker(self, request: Request, source: Target) -> Line | None:
        """The registered peer this really comes from: known, alive, and from the place it registered at."""
        sender = fields.address(request.get("from")).uri.user
        line = self._server.directory.get(sender)
        if line is None or line.target is None or line.target.host != source.host:
            return None
        if line.peer.direction == "upper":
            return line
        if line.until < self._server.now():
            return None
        if line.target != source:
            line.target = source  # the port behind a NAT moved
        return line

    def _understand(self, line: Line, found: Document, request: Request) -> None:
        server = self._server
        if line.peer.direction == "upper":
            if self.from_upper is not None and found.root in (Root.QUERY, Root.CONTROL):
                server.spawn(self._counted(line, self.from_upper(line, found)))
            return
        if found.root is Root.NOTIFY and found.command == "MobilePosition":
            server.spawn(self._counted(line, self._moved(line, found)))
        elif found.root is Root.NOTIFY and found.command == "Catalog":
            server.spawn(self._counted(line, self._changed(line, found)))
        elif found.root is Root.NOTIFY and found.command == "MediaStatus":
            self.media_ended(found.device, request)
        elif found.root is Root.RESPONSE:
            self._answered(line, found)

    async def _counted(self, line: Line, work: Awaitable[None]) -> None:
        """What one peer has waiting is limited: a flood from one does not keep the others waiting."""
        self._busy[line.peer.code] += 1
        try:
            await work
        finally:
            self._busy[line.peer.code] -= 1
            if not self._busy[line.peer.code]:
                del self._busy[line.peer.code]

    async def _alarm(self, line: Line, found: Document, request: Request, source: Target) -> Response:
        """The 200 is given when the alarm is in the tables and not before: what was acknowledged is there."""
        server = self._server
        try:
            alarm = manscdp.alarm(found)
        except BadMessage:
            return server.reply(request, source, 400)
        try:
            await self._counted(
                line, server.recorder.run(server.recorder.tables.alarm, line.peer.code, alarm)
            )
        except Exception:
            server.recorder.failures += 1
            log.exception("video.alarm.not_stored", peer=line.peer.code)
            return server.reply(request, source, 500)
        server.spawn(self._confirmed(line, found))
        return server.reply(request, source, 200)

    async def _confirmed(self, line: Line, found: Document) -> None:
        answer = Document(Root.RESPONSE, "Alarm", found.serial, found.device, {"Result": "OK"})
        await self._server.say(line, manscdp.build(answer))

    async def _moved(self, line: Line, found: Document) -> None:
        recorder = self._server.recorder
        await recorder.quietly(recorder.tables.position, line.peer.code, manscdp.position(found))

    async def _changed(self, line: Line, found: Document) -> None:
        items = [catalog.item(row) for row in found.rows("DeviceList", "Item")]
        recorder = self._server.recorder
        await recorder.quietly(recorder.tables.catalog, line.peer.code, items, False)

    def _answered(self, line: Line, found: Document) -> None:
        gathering = self._gathering.get((line.peer.code, found.serial))
        if gathering is not None:
            if gathering.collector.take(
                found, self._server.now(), holder=gathering.holder, key=gathering.key
            ):
                gathering.done.set()
            return
        waiting = self._waiting.get((line.peer.code, found.command, found.serial))
        if waiting is not None and not waiting.done():
            waiting.set_result(found)

    # -- out ----------------------------------------------------------------------------------
    def registered(self, line: Line) -> None:
        """A peer with channels came back: ask what it has. Cameras alone are not asked; they are what they are."""
        if line.peer.direction == "lower" or ids.role_of(line.peer.code) in _HAS_CHANNELS:
            self._server.spawn(self._ask_catalog(line.peer.code))

    async def _ask_catalog(self, code: str) -> None:
        await self.query_catalog(code)
        line = self._server.directory.get(code)
        if line is not None and line.peer.direction == "lower":
            await self.subscribe_catalog(code)

    async def query_catalog(self, code: str) -> CatalogReport:
        """目录查询 (§9.5): everything a peer has, into the tables. Raises NoAnswer."""
        async with self._room:
            gathering = await self._gather(code, "Catalog", {}, "DeviceList", "DeviceID", code)
        items = []
        for row in gathering.rows.values():
            try:
                items.append(catalog.item(row))
            except BadMessage as odd:
                log.info("video.catalog.item_refused", peer=code, reason=str(odd))
        recorder = self._server.recorder
        complete = gathering.complete and len(items) == len(gathering.rows)
        return await recorder.run(recorder.tables.catalog, code, items, complete)

    async def query_records(self, code: str, camera: str, start: datetime, end: datetime) -> list[Recording]:
        """录像检索 (§9.7). Raises NoAnswer; parts that never came are missing in the list."""
        asked: dict[str, Node] = {
            "StartTime": manscdp.write_time(start), "EndTime": manscdp.write_time(end), "Secrecy": "0", "Type": "all",
        }  # fmt: skip
        found = await self._gather(
            code, "RecordInfo", asked, "RecordList", "DeviceID|StartTime|EndTime", camera
        )
        return sorted((catalog.recording(row) for row in found.rows.values()), key=lambda one: one.start)

    async def _gather(
        self, code: str, command: str, asked: dict[str, Node], holder: str, key: str, device: str
    ) -> Collector:
        server, patience = self._server, self._server.config.answer_seconds
        line = self._line(code)
        serial = server.serial()
        gathering = _Gathering(Collector(serial, patience, server.now()), holder, key, asyncio.Event())
        self._gathering[code, serial] = gathering
        try:
            query = Document(Root.QUERY, command, serial, device, asked)
            self._accepted(await server.say(line, manscdp.build(query), to=device, patience=patience))
            while not gathering.done.is_set() and not gathering.collector.given_up(server.now()):
                try:
                    async with asyncio.timeout(0.5):
                        await gathering.done.wait()
                except TimeoutError:
                    continue
        finally:
            del self._gathering[code, serial]
        if gathering.collector.total is None:
            raise NoAnswer(f"{command} {code}")
        return gathering.collector

    async def ask(
        self, code: str, command: str, device: str, fields_in: dict[str, Node] | None = None
    ) -> Document:
        """A question with one answer: DeviceInfo, DeviceStatus, ConfigDownload, PresetQuery. Raises NoAnswer."""
        server = self._server
        line, serial = self._line(code), server.serial()
        key = (code, command, serial)
        self._waiting[key] = asyncio.get_running_loop().create_future()
        try:
            query = Document(Root.QUERY, command, serial, device, fields_in or {})
            self._accepted(
                await server.say(line, manscdp.build(query), to=device, patience=server.config.answer_seconds)
            )
            async with asyncio.timeout(server.config.answer_seconds):
                return await self._waiting[key]
        except TimeoutError as late:
            raise NoAnswer(f"{command} {code}") from late
        finally:
            del self._waiting[key]

    async def control(self, code: str, device: str, command: str) -> None:
        """设备控制 (§9.3): PTZ command bytes; no answer is expected but the transaction's. Raises NoAnswer."""
        fields_out: dict[str, Any] = {"PTZCmd": command, "Info": {"ControlPriority": "5"}}
        one = Document(Root.CONTROL, "DeviceControl", self._server.serial(), device, fields_out)
        line = self._line(code)
        self._accepted(
            await self._server.say(
                line, manscdp.build(one), to=device, patience=self._server.config.answer_seconds
            )
        )

    async def subscribe_catalog(self, code: str, *, seconds: int = 3600) -> int:
        """目录订阅 (§9.11): be told of changes; returns the seconds granted. Raises NoAnswer."""
        granted = await self._subscribe(code, code, "Catalog", seconds, {})
        self._line(code).extra["subscribed"] = self._server.now() + granted
        return granted

    async def follow(self, code: str, device: str, *, seconds: int = 3600, interval: int = 5) -> int:
        """移动设备位置订阅 (§9.11): be told where a device is; returns the seconds granted. Raises NoAnswer."""
        return await self._subscribe(code, device, "MobilePosition", seconds, {"Interval": str(interval)})

    async def _subscribe(
        self, code: str, device: str, event: str, seconds: int, fields_out: dict[str, Node]
    ) -> int:
        server, line = self._server, self._line(code)
        assert line.target is not None
        uri = f"sip:{device}@{line.target.host}:{line.target.port}"
        body = manscdp.build(Document(Root.QUERY, event, server.serial(), device, fields_out))
        headers = (
            *server.headers("SUBSCRIBE", line.target, uri), ("event", event), ("expires", str(seconds)),
            ("content-type", manscdp.CONTENT_TYPE),
        )  # fmt: skip
        request = Request(headers, body, method="SUBSCRIBE", uri=uri)
        answer = await server.request(request, line.target, patience=server.config.answer_seconds)
        self._accepted(answer)
        granted = answer.get("expires")
        return int(granted) if granted.isdigit() and len(granted) < 8 else seconds

    async def renew(self) -> None:
        """Renew subscriptions that end soon."""
        now = self._server.now()
        for line in self._server.directory.of_direction("lower"):
            ends = line.extra.get("subscribed", 0.0)
            if ends and ends - now < _RENEW_BEFORE and line.target is not None:
                line.extra["subscribed"] = (
                    now + _RENEW_BEFORE * 2
                )  # tried once now, again later when it fails
                self._server.spawn(self._renewed(line.peer.code))

    async def _renewed(self, code: str) -> None:
        await self.subscribe_catalog(code)

    def _line(self, code: str) -> Line:
        line = self._server.directory.get(code)
        if line is None or line.target is None:
            raise NoAnswer(code)
        return line

    @staticmethod
    def _accepted(answer: Response) -> None:
        if answer.status >= 300:
            raise NoAnswer(f"{answer.status} {answer.reason}")
