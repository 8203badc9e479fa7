"""The other sides, for tests: a camera or lower platform that speaks real SIP, a media server, tables in memory."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from quancheng.capabilities.video import secrets
from quancheng.capabilities.video.values import CatalogReport, Change, Peer
from quancheng.core.gb28181 import catalog, digest, manscdp, message, ptz, sdp
from quancheng.core.gb28181.catalog import Item
from quancheng.core.gb28181.manscdp import Alarm, Document, Position, Root
from quancheng.core.gb28181.message import Request, Response
from quancheng.core.gb28181.presence import Settings
from quancheng.kernel.errors import Forbidden, NotFound

CENTRE, REALM = "37010000002000000001", "3701000000"
PASSWORD = "quan-cheng-2026"


def peer(code: str, direction: str = "device", **other: Any) -> Peer:
    return Peer(code, direction, secrets.keys(code, REALM, PASSWORD), **other)


@dataclass
class MemoryTables:
    """What the signalling asks of the city, in memory."""

    known: list[Peer]
    presence: Settings = field(default_factory=Settings)
    items: list[Item] = field(default_factory=list)
    cameras: dict[str, str] = field(default_factory=dict)
    may_play: bool = True
    told: list[Change] = field(default_factory=list)
    catalogs: list[tuple[str, list[Item], bool]] = field(default_factory=list)
    alarms: list[tuple[str, Alarm]] = field(default_factory=list)
    conflicts: list[tuple[str, str, str]] = field(default_factory=list)
    sessions: dict[int, str] = field(default_factory=dict)
    positions: list[tuple[str, Position]] = field(default_factory=list)
    broken: bool = False

    def peers(self, since: datetime | None) -> tuple[list[Peer], datetime | None]:
        return list(self.known), None

    def settings(self) -> Settings:
        return self.presence

    def changes(self, changes: Sequence[Change]) -> int:
        if self.broken:
            raise OSError("the disk is full")
        self.told.extend(changes)
        return len(changes)

    def catalog(self, platform: str, items: Sequence[Item], complete: bool) -> CatalogReport:
        self.catalogs.append((platform, list(items), complete))
        return CatalogReport(added=len(items))

    def alarm(self, peer: str, alarm: Alarm) -> None:
        self.alarms.append((peer, alarm))

    def conflict(self, code: str, holder: str, claimant: str) -> None:
        self.conflicts.append((code, holder, claimant))

    def shared(self, platform: str) -> list[Item]:
        return self.items

    def open_upper(self, platform: str, camera: str, kind: str) -> tuple[int, str, float]:
        if camera not in self.cameras:
            raise NotFound()
        if not self.may_play:
            raise Forbidden()
        number = 1000 + len(self.sessions)
        self.sessions[number] = "starting"
        return number, self.cameras[camera], 9e9

    def upper_may(self, platform: str, camera: str) -> str:
        if camera not in self.cameras:
            raise NotFound()
        if not self.may_play:
            raise Forbidden()
        return self.cameras[camera]

    def started(self, session: int, urls: dict[str, str]) -> None:
        self.sessions[session] = "playing"

    def ended(self, session: int, reason: str, failed: bool) -> None:
        self.sessions[session] = reason

    def restarted(self) -> int:
        return 0

    def online(self) -> list[str]:
        return sorted({one.peer for one in self.told if self.states(one.peer)[-1]})

    def position(self, peer: str, position: Position) -> None:
        self.positions.append((peer, position))

    def shared_since(self, platform: str, since: datetime | None) -> tuple[list[Item], datetime | None]:
        return list(self.items), datetime(2026, 7, 18, tzinfo=UTC)

    def states(self, code: str) -> list[bool]:
        return [one.online for one in self.told if one.peer == code]


class Device(asyncio.DatagramProtocol):
    """参考设备: registers with digest, keeps alive, answers Catalog, RecordInfo, INVITE, BYE; UDP."""

    def __init__(
        self, code: str, server: tuple[str, int], *, password: str = PASSWORD, channels: Sequence[Item] = ()
    ) -> None:
        self.code, self.server, self.password = code, server, password
        self.channels = list(channels)
        self.answers: asyncio.Queue[Response] = asyncio.Queue()
        self.requests: list[Request] = []
        self.invites: list[sdp.Description] = []
        self.commands: list[Any] = []
        self.invite_status = 200
        self.ssrc = ""
        self.drop_invites = 0
        self.silent = False
        self.byes = asyncio.Event()
        self._number = 0
        self._to_us = ""

    async def open(self, host: str = "127.0.0.1", port: int = 0) -> Device:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, port))
        self.transport: asyncio.DatagramTransport = transport
        self.here = transport.get_extra_info("sockname")
        return self

    def close(self) -> None:
        self.transport.close()

    # -- out ----------------------------------------------------------------------------------
    def request(self, method: str, *extra: tuple[str, str], body: bytes = b"", branch: str = "") -> Request:
        self._number += 1
        host, port = self.here[:2]
        return Request(
            (
                ("via", f"SIP/2.0/UDP {host}:{port};rport;branch=z9hG4bK{branch or f'{self.code}{self._number}'}"),
                ("from", f"<sip:{self.code}@{REALM}>;tag=d{self._number}"), ("to", f"<sip:{CENTRE}@{REALM}>"),
                ("call-id", f"{self.code}-{self._number}@{host}"), ("cseq", f"{self._number} {method}"),
                ("contact", f"<sip:{self.code}@{host}:{port}>"), ("max-forwards", "70"), *extra,
            ),
            body, method=method, uri=f"sip:{CENTRE}@{REALM}",
        )  # fmt: skip

    def send(self, one: Request | Response | bytes, to: tuple[str, int] | None = None) -> None:
        raw = one if isinstance(one, bytes) else message.build(one)
        self.transport.sendto(raw, to or self.server)

    async def ask(self, one: Request, seconds: float = 3.0) -> Response:
        self.send(one)
        async with asyncio.timeout(seconds):
            while True:
                answer = await self.answers.get()
                if answer.call_id == one.call_id and answer.sequence == one.sequence:
                    return answer

    async def register(self, expires: int = 3600) -> Response:
        """REGISTER, answer the challenge; the last answer."""
        first = await self.ask(self.request("REGISTER", ("expires", str(expires))))
        if first.status != 401:
            return first
        return await self.ask(self.proven(first, expires))

    def proven(self, challenge: Response, expires: int = 3600) -> Request:
        proof = digest.authorization(
            challenge.get("www-authenticate"), username=self.code, password=self.password, method="REGISTER",
            uri=f"sip:{CENTRE}@{REALM}", cnonce="c0ffee",
        )  # fmt: skip
        return self.request("REGISTER", ("expires", str(expires)), ("authorization", proof))

    async def keepalive(self) -> Response:
        body = manscdp.build(
            Document(Root.NOTIFY, "Keepalive", self._number + 1, self.code, {"Status": "OK"})
        )
        return await self.say(body)

    async def say(self, body: bytes) -> Response:
        return await self.ask(self.request("MESSAGE", ("content-type", manscdp.CONTENT_TYPE), body=body))

    async def alarm(self, **other: str) -> Response:
        facts = {"AlarmPriority": "1", "AlarmMethod": "5", "AlarmTime": "2026-07-18T17:05:00"} | other
        return await self.say(manscdp.build(Document(Root.NOTIFY, "Alarm", 7, self.code, facts)))

    # -- in -----------------------------------------------------------------------------------
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        found = message.parse(data)
        if isinstance(found, Response):
            self.answers.put_nowait(found)
            return
        if self.silent:
            return
        self.requests.append(found)
        if found.method == "INVITE":
            self._invited(found, addr)
        elif found.method == "ACK":
            return
        else:
            self.send(message.reply(found, 200, tag="dev"), addr)
            if found.method == "BYE":
                self.byes.set()
            if found.method == "MESSAGE":
                self._command(manscdp.parse(found.body), addr)

    def _invited(self, invite: Request, addr: tuple[str, int]) -> None:
        if self.drop_invites > 0:
            self.drop_invites -= 1
            return
        offer = sdp.parse(invite.body)
        self.invites.append(offer)
        self.send(message.reply(invite, 100), addr)
        contact = ("contact", f"<sip:{self.code}@{self.here[0]}:{self.here[1]}>")
        body = b""
        if self.invite_status == 200:
            body = sdp.build(
                sdp.Description(
                    self.code, offer.kind, self.here[0], 40000, self.ssrc or offer.ssrc, sends=True
                )
            )
        answer = message.reply(invite, self.invite_status, tag="dlg", extra=[contact], body=body)
        self._to_us = f"{invite.get('from')}|{answer.get('to')}|{invite.call_id}"
        self.send(answer, addr)

    async def hang_up(self) -> Response:
        """BYE from the device, inside the dialog of the last INVITE."""
        remote, local, call_id = self._to_us.split("|")
        one = self.request("BYE")
        headers = tuple(
            (name, {"from": local, "to": remote, "call-id": call_id}.get(name, value))
            for name, value in one.headers
        )
        return await self.ask(Request(headers, method="BYE", uri=one.uri))

    def _command(self, found: Document, addr: tuple[str, int]) -> None:
        if found.root is Root.CONTROL:
            self.commands.append(ptz.decode(found.text("PTZCmd")))
        elif found.root is Root.QUERY and found.command == "Catalog":
            for part in catalog.catalog_parts(self.code, found.serial, self.channels):
                self._tell(manscdp.build(part))
        elif found.root is Root.QUERY and found.command == "RecordInfo":
            start = manscdp.read_time(found.text("StartTime"))
            one = catalog.Recording(
                found.device, "录像", start, manscdp.read_time(found.text("EndTime")), "/r/1", 9
            )
            facts = {
                "Name": "r",
                "SumNum": "1",
                "RecordList": {"@Num": "1", "Item": [catalog.recording_row(one)]},
            }
            self._tell(
                manscdp.build(Document(Root.RESPONSE, "RecordInfo", found.serial, found.device, facts))
            )
        elif found.root is Root.QUERY:
            facts = {"Result": "OK", "Model": "参考设备"}
            self._tell(
                manscdp.build(Document(Root.RESPONSE, found.command, found.serial, found.device, facts))
            )

    def _tell(self, body: bytes) -> None:
        self.send(self.request("MESSAGE", ("content-type", manscdp.CONTENT_TYPE), body=body))


class MediaServer:
    """参考媒体服务: the HTTP interface of docs/modules/video.md, without any media."""

    def __init__(self) -> None:
        self.streams: dict[str, dict[str, Any]] = {}
        self.viewers: dict[str, dict[str, Any]] = {}
        self.sending: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.refuse: set[str] = set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                name = self.path.rpartition("/")[2]
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = json.dumps(outer.do(name, asked)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def do(self, name: str, asked: dict[str, Any]) -> dict[str, Any]:
        self.calls.append(name)
        if asked.get("secret") != "s3cret" or name in self.refuse:
            return {"code": -100, "msg": "refused"}
        stream = asked.get("stream_id") or asked.get("stream", "")
        if name == "openRtpServer":
            self.streams[stream] = asked
            return {"code": 0, "port": 30000 + len(self.calls)}
        if stream not in self.streams and name != "closeRtpServer":
            return {"code": -500, "msg": "no such stream"}
        if name == "closeRtpServer":
            return {"code": 0, "hit": int(self.streams.pop(stream, None) is not None)}
        if name == "addViewer":
            self.viewers[asked["token"]] = asked
            return {"code": 0, "urls": {"flv": f"{self.url}/rtp/{stream}.live.flv?token={asked['token']}"}}
        if name == "removeViewer":
            self.viewers.pop(asked["token"], None)
        elif name == "startSendRtp":
            self.sending[stream] = asked
            return {"code": 0, "local_port": 20002}
        elif name == "stopSendRtp":
            self.sending.pop(stream, None)
        elif name == "updateRtpServerSSRC":
            self.streams[stream]["ssrc"] = asked["ssrc"]
        return {"code": 0}
