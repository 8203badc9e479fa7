"""级联: our place below upper platforms (GB/T 28181 §9.1, §9.5, §9.2): register, keep alive, answer, pass streams on."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass

import structlog

from quancheng.capabilities.video.signalling.commands import Commands
from quancheng.capabilities.video.signalling.dialogs import Dialog, answering
from quancheng.capabilities.video.signalling.directory import Line
from quancheng.capabilities.video.signalling.plays import Ask, Plays
from quancheng.capabilities.video.signalling.server import NoAnswer, Server
from quancheng.capabilities.video.signalling.wire import Target
from quancheng.core.gb28181 import BadMessage, catalog, digest, fields, manscdp, message, ptz, sdp
from quancheng.core.gb28181.manscdp import Document, Node, Root
from quancheng.core.gb28181.message import Request, Response
from quancheng.core.gb28181.sdp import Description
from quancheng.core.gb28181.transactions import Client, State
from quancheng.kernel.errors import Conflict, Forbidden, NotFound, QuanchengError

__all__ = ["Cascade"]

log = structlog.get_logger(__name__)
_KINDS = {sdp.Kind.PLAY: "live", sdp.Kind.PLAYBACK: "playback", sdp.Kind.DOWNLOAD: "download"}
_RETRY = (5.0, 10.0, 20.0, 40.0, 60.0)
_SOON = 0.5


@dataclass(slots=True)
class _Relay:
    session: int
    stream: str
    ssrc: str
    dialog: Dialog
    ack: Client


class Cascade:
    """One task an upper platform; INVITEs from them become sessions like everybody's."""

    def __init__(self, server: Server, commands: Commands, plays: Plays) -> None:
        self._server, self._commands, self._plays = server, commands, plays
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._relays: dict[str, _Relay] = {}
        self._opening: dict[str, tuple[Request, Target, asyncio.Task[None]]] = {}
        commands.from_upper = self.answer
        server.handlers["INVITE"] = self.invite
        server.handlers["ACK"] = self.acknowledged
        server.handlers["CANCEL"] = self.cancel
        plays.more_byes = self.bye
        plays.ended.append(self._ended)

    # -- towards them -------------------------------------------------------------------------
    async def look(self) -> None:
        """Begin with new upper platforms, stop with disabled ones."""
        for line in self._server.directory.of_direction("upper"):
            running = self._tasks.get(line.peer.code)
            if line.peer.enabled and (running is None or running.done()):
                self._tasks[line.peer.code] = self._server.spawn(self._belong(line.peer.code))
            elif not line.peer.enabled and running is not None:
                running.cancel()
                del self._tasks[line.peer.code]

    async def _belong(self, code: str) -> None:
        tries = 0
        while True:
            line = self._server.directory.get(code)
            if line is None:
                return
            line.target = Target(line.peer.host, line.peer.port, line.peer.transport == "tcp")
            try:
                expires = await self._register(line)
                tries = 0
                self._server.presence.heard(code, self._server.now())
                await self._keep(line, self._server.now() + expires * _SOON)
            except (NoAnswer, BadMessage) as why:
                log.warning("video.cascade.not_joined", platform=code, reason=str(why))
                await asyncio.sleep(_RETRY[min(tries, len(_RETRY) - 1)] * self._pace)
                tries += 1

    @property
    def _pace(self) -> float:
        """Waiting goes with the keep-alive interval, so that tests in small seconds are quick."""
        return min(self._server.presence.settings.interval / 60, 1.0)

    async def _register(self, line: Line, *, seconds: int | None = None) -> int:
        """REGISTER with digest; seconds granted. Raises NoAnswer."""
        server, target = self._server, line.target
        assert target is not None
        seconds = server.config.register_seconds if seconds is None else seconds
        realm = line.peer.code[:10]
        uri = f"sip:{line.peer.code}@{realm}"
        to = f"sip:{server.config.code}@{realm}"
        call_id, number = f"{secrets.token_hex(10)}@{server.config.public_host}", 1
        answer = await self._try(line, target, uri, to, call_id, number, seconds, "")
        if answer.status == 401:
            challenges = answer.all("www-authenticate")
            proof = digest.authorization(
                _best(challenges), username=server.config.code, password=line.peer.password, method="REGISTER",
                uri=uri, cnonce=secrets.token_hex(8),
            )  # fmt: skip
            answer = await self._try(line, target, uri, to, call_id, number + 1, seconds, proof)
        if answer.status != 200:
            raise NoAnswer(f"REGISTER {answer.status}")
        granted = answer.get("expires")
        return int(granted) if granted.isdigit() and len(granted) < 8 and int(granted) > 0 else seconds

    async def _try(
        self,
        line: Line,
        target: Target,
        uri: str,
        to: str,
        call_id: str,
        number: int,
        seconds: int,
        proof: str,
    ) -> Response:
        headers = self._server.headers("REGISTER", target, to, call_id=call_id, sequence=number)
        headers = (*headers, ("expires", str(seconds)), *((("authorization", proof),) if proof else ()))
        request = Request(headers, method="REGISTER", uri=uri)
        return await self._server.request(request, target, patience=self._server.config.answer_seconds)

    async def _keep(self, line: Line, until: float) -> None:
        """Keep-alives until the registration is to be renewed; raises NoAnswer when three go unanswered."""
        server, missed = self._server, 0
        settings = server.presence.settings
        while server.now() < until:
            await asyncio.sleep(settings.interval)
            if not line.peer.enabled:
                return
            one = Document(Root.NOTIFY, "Keepalive", server.serial(), server.config.code, {"Status": "OK"})
            try:
                answer = await server.say(line, manscdp.build(one), patience=settings.interval)
            except NoAnswer:
                missed += 1
            else:
                if (
                    answer.status >= 300
                ):  # it has forgotten us: begin anew instead of being offline in silence
                    raise NoAnswer(f"keepalive {answer.status}")
                missed = 0
                server.presence.heard(line.peer.code, server.now())
            if missed >= settings.missed:
                raise NoAnswer(f"keepalive {line.peer.code}")

    # -- their questions ----------------------------------------------------------------------
    async def answer(self, line: Line, asked: Document) -> None:
        """Answer one query or control of an upper platform."""
        server = self._server
        if asked.root is Root.CONTROL:
            await self._control(line, asked)
            return
        me = server.config.code
        if asked.command == "Catalog":
            items = await server.recorder.run(server.recorder.tables.shared, line.peer.code)
            for part in catalog.catalog_parts(me, asked.serial, items):
                await server.say(line, manscdp.build(part), patience=server.config.answer_seconds)
        elif asked.command == "DeviceInfo":
            facts: dict[str, Node] = {"DeviceName": "Quancheng", "Result": "OK", "Manufacturer": "Quancheng",
                                      "Model": "platform", "Firmware": "1", "Channel": "0"}  # fmt: skip
            await server.say(
                line, manscdp.build(Document(Root.RESPONSE, "DeviceInfo", asked.serial, asked.device, facts))
            )
        elif asked.command == "DeviceStatus":
            facts = {"Result": "OK", "Online": "ONLINE", "Status": "OK"}
            await server.say(
                line,
                manscdp.build(Document(Root.RESPONSE, "DeviceStatus", asked.serial, asked.device, facts)),
            )
        elif asked.command == "RecordInfo":
            await self._records(line, asked)
        elif asked.command == "ConfigDownload":
            await server.say(line, manscdp.build(await self._settings(line, asked)))

    async def _settings(self, line: Line, asked: Document) -> Document:
        """设备配置查询 (§9.5, A.2.4.7): our own by what we are; a camera's by asking it, for who may watch it."""
        server, kinds = self._server, [one.strip() for one in asked.text("ConfigType").split("/")]
        facts: dict[str, Node] = {"Result": "ERROR"}
        if asked.device == server.config.code:
            settings = server.presence.settings
            if "BasicParam" in kinds:
                basic: dict[str, Node] = {
                    "Name": "Quancheng", "Expiration": str(server.config.register_seconds),
                    "HeartBeatInterval": str(round(settings.interval)), "HeartBeatCount": str(settings.missed),
                }  # fmt: skip
                facts = {"Result": "OK", "BasicParam": basic}
        else:
            try:
                peer = await server.recorder.run(
                    server.recorder.tables.upper_may, line.peer.code, asked.device
                )
                found = await self._commands.ask(
                    peer, "ConfigDownload", asked.device, {"ConfigType": "/".join(kinds)}
                )
                facts = dict(found.fields)
            except (NoAnswer, QuanchengError) as why:
                log.info("video.cascade.settings_refused", platform=line.peer.code, reason=str(why))
        return Document(Root.RESPONSE, "ConfigDownload", asked.serial, asked.device, facts)

    async def _records(self, line: Line, asked: Document) -> None:
        server = self._server
        peer = await server.recorder.run(server.recorder.tables.upper_may, line.peer.code, asked.device)
        start, end = manscdp.read_time(asked.text("StartTime")), manscdp.read_time(asked.text("EndTime"))
        found = await self._commands.query_records(peer, asked.device, start, end)
        parts = [[catalog.recording_row(one)] for one in found] or [[]]
        for rows in parts:
            listed: dict[str, Node] = {"@Num": str(len(rows)), **({"Item": list(rows)} if rows else {})}
            facts: dict[str, Node] = {"Name": "", "SumNum": str(len(found)), "RecordList": listed}
            part = Document(Root.RESPONSE, "RecordInfo", asked.serial, asked.device, facts)
            await server.say(line, manscdp.build(part), patience=server.config.answer_seconds)

    async def _control(self, line: Line, asked: Document) -> None:
        command = asked.text("PTZCmd")
        if not command:
            return
        server = self._server
        ptz.decode(command)  # damaged bytes are not passed on
        try:
            peer = await server.recorder.run(server.recorder.tables.upper_may, line.peer.code, asked.device)
        except QuanchengError as why:
            log.info(
                "video.cascade.control_refused", platform=line.peer.code, camera=asked.device, reason=str(why)
            )
            return
        await self._commands.control(peer, asked.device, command)

    # -- their INVITE -------------------------------------------------------------------------
    def invite(self, request: Request, source: Target) -> Response | None:
        """An upper platform asks for a stream."""
        server = self._server
        sender = fields.address(request.get("from")).uri.user
        line = server.directory.get(sender)
        if line is None or line.peer.direction != "upper" or line.peer.host != source.host:
            return server.reply(request, source, 403)
        try:
            offer = sdp.parse(request.body)
            if offer.kind not in _KINDS or not offer.port:
                return server.reply(request, source, 488)
        except BadMessage:
            return server.reply(request, source, 488)
        server.answer(request, source, 100)
        task = server.spawn(self._serve(request, source, line, offer))
        self._opening[request.call_id] = (request, source, task)
        return None

    async def _serve(self, request: Request, source: Target, line: Line, offer: Description) -> None:
        camera = fields.uri(request.uri).user
        status, session = 500, 0
        try:
            recorder = self._server.recorder
            kind = _KINDS[offer.kind]
            session, peer, until = await recorder.run(
                recorder.tables.open_upper, line.peer.code, camera, kind
            )
            ask = Ask(session, peer, camera, kind, line.peer.code, "", until, offer.start, offer.stop)
            await self._pass_on(request, source, offer, ask)
            return
        except NotFound:
            status = 404
        except Forbidden:
            status = 403
        except Conflict:
            status = 480
        except (NoAnswer, QuanchengError, BadMessage) as why:
            log.info("video.cascade.invite_failed", platform=line.peer.code, camera=camera, reason=str(why))
            status = 480
        except asyncio.CancelledError:
            status = 487
        finally:
            self._opening.pop(request.call_id, None)
        if session:
            await self._plays.close(session)
            await self._server.recorder.quietly(
                self._server.recorder.tables.ended, session, f"未能建立 {status}", True
            )
        self._server.answer(request, source, status)

    async def _pass_on(self, request: Request, source: Target, offer: Description, ask: Ask) -> None:
        server = self._server
        stream = await self._plays.relay(ask)
        port = await asyncio.to_thread(
            self._plays.media.start_send, stream, offer.ssrc, offer.host, offer.port, tcp=offer.tcp
        )
        facts = Description(
            ask.camera, offer.kind, server.config.media_host, port, offer.ssrc, offer.tcp,
            "active" if offer.tcp else "", sends=True, start=offer.start, stop=offer.stop,
        )  # fmt: skip
        contact = f"<sip:{server.config.code}@{server.address}>"
        extra = [("contact", contact), ("content-type", "Application/SDP")]
        answer = server.reply(request, source, 200, extra=extra, body=sdp.build(facts))
        dialog = answering(request, answer, source, server.address)
        ack = Client(server.now(), reliable=source.tcp, timers=server.timers)
        relay = _Relay(ask.session, stream, offer.ssrc, dialog, ack)
        self._relays[request.call_id] = relay
        self._plays.passed_on(ask.session, dialog)
        await server.recorder.run(server.recorder.tables.started, ask.session, {})
        raw = message.build(answer)
        server.wire.send(raw, source)
        server.spawn(self._until_acknowledged(relay, raw, source))

    async def _until_acknowledged(self, relay: _Relay, raw: bytes, source: Target) -> None:
        """The 200 is ours to repeat until the ACK (RFC 3261 §13.3.1.4)."""
        while relay.ack.state in (State.TRYING, State.PROCEEDING):
            await asyncio.sleep(max(relay.ack.due - self._server.now(), 0.01))
            if relay.ack.tick(self._server.now()):
                self._server.wire.send(raw, source)
        if relay.ack.state is State.FAILED:
            await self._finish(relay, "上级平台未确认", bye=True)

    def acknowledged(self, request: Request, source: Target) -> None:
        """ACK of our 200."""
        relay = self._relays.get(request.call_id)
        if relay is not None:
            relay.ack.answered(200, self._server.now())

    def cancel(self, request: Request, source: Target) -> Response:
        """CANCEL: the INVITE that is not answered yet ends with 487."""
        opening = self._opening.get(request.call_id)
        if opening is None or opening[1].host != source.host:
            return self._server.reply(request, source, 481)
        opening[2].cancel()
        return self._server.reply(request, source, 200)

    def bye(self, request: Request, source: Target) -> Response | None:
        """BYE of an upper platform; None when it is no dialog of ours with it."""
        relay = self._relays.get(request.call_id)
        if relay is None or relay.dialog.target.host != source.host:
            return None
        self._server.spawn(self._finish(relay, "上级平台结束"))
        return self._server.reply(request, source, 200)

    def _ended(self, session: int) -> None:
        """The stream ended on our side: tell the upper platform."""
        for relay in list(self._relays.values()):
            if relay.session == session:
                self._server.spawn(self._finish(relay, "", bye=True))

    async def _finish(self, relay: _Relay, reason: str, *, bye: bool = False) -> None:
        if self._relays.pop(relay.dialog.call_id, None) is None:
            return
        if bye:
            self._server.spawn(self._hang_up(relay))
        try:
            await asyncio.to_thread(self._plays.media.stop_send, relay.stream, relay.ssrc)
        except QuanchengError as why:
            log.warning("video.media.failed", what="stop_send", reason=str(why))
        await self._plays.close(relay.session)
        if reason:
            recorder = self._server.recorder
            await recorder.quietly(recorder.tables.ended, relay.session, reason, False)

    async def _hang_up(self, relay: _Relay) -> None:
        await self._server.request(relay.dialog.request("BYE"), relay.dialog.target, patience=5.0)


def _best(challenges: list[str]) -> str:
    """The strongest challenge we can answer (RFC 7616 §3.7); raises BadMessage when there is none."""
    for wanted in ("SHA-256", "MD5"):
        for one in challenges:
            if digest.parse_challenge(one).get("algorithm", "MD5").upper() == wanted:
                return one
    return challenges[0] if challenges else ""
