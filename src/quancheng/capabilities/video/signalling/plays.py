"""点播: one stream a camera, however many watch (GB/T 28181 §9.2, §9.8, §9.9): INVITE for the first, BYE after the last."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog

from quancheng.capabilities.video.media_client import MediaClient
from quancheng.capabilities.video.signalling.dialogs import Dialog, calling
from quancheng.capabilities.video.signalling.ledger import Entry, Ledger
from quancheng.capabilities.video.signalling.server import NoAnswer, Server
from quancheng.capabilities.video.signalling.wire import Target
from quancheng.core.gb28181 import mansrtsp, message, sdp
from quancheng.core.gb28181.message import Request, Response
from quancheng.core.gb28181.sdp import Description, Kind, SsrcBook
from quancheng.kernel.errors import QuanchengError

__all__ = ["Ask", "Plays"]

log = structlog.get_logger(__name__)
_KINDS = {"live": Kind.PLAY, "playback": Kind.PLAYBACK, "download": Kind.DOWNLOAD}
_BYE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Ask:
    """What one viewer wants; ``until`` is epoch seconds."""

    session: int
    peer: str
    camera: str
    kind: str
    viewer: str
    watermark: str
    until: float
    start: int = 0
    stop: int = 0
    tcp: bool = False


@dataclass(slots=True)
class _Stream:
    key: tuple[str, ...]
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    id: str = ""
    ssrc: str = ""
    dialog: Dialog | None = None
    viewers: dict[int, tuple[Ask, str]] = field(default_factory=dict)
    """session → what it asked and its token."""
    tokens: set[str] = field(default_factory=set)
    onward: dict[int, Dialog] = field(default_factory=dict)
    """session → the dialog with the upper platform it is passed on to."""
    closed: bool = False


class Plays:
    """Streams that run, and who watches each."""

    def __init__(self, server: Server, media: MediaClient, ledger: Ledger) -> None:
        self._server = server
        self.media = media
        self._ledger = ledger
        self._left = ledger.left()
        self._ssrcs = SsrcBook(server.config.code)
        self._streams: dict[tuple[str, ...], _Stream] = {}
        self._sessions: dict[int, _Stream] = {}
        self._dialogs: dict[str, _Stream] = {}
        self.ended: list[Callable[[int], None]] = []
        server.handlers["BYE"] = self.bye
        server.handlers["ACK"] = lambda request, source: None
        server.on_response = self._late_answer
        server.on_offline.append(self._peer_gone)
        self.more_byes: Callable[[Request, Target], Response | None] = lambda request, source: None

    # -- for viewers --------------------------------------------------------------------------
    async def open(self, ask: Ask) -> dict[str, str]:
        """Let a session watch; addresses for its viewer. Raises NoAnswer, BadMessage, PartnerFailed, Unavailable."""
        stream = self._stream(ask)
        async with stream.lock:
            if stream.closed:  # the last one left while we waited: begin anew
                return await self.open(ask)
            try:
                if stream.dialog is None:
                    await self._invite(stream, ask)
                token = secrets.token_urlsafe(24)
                stream.tokens.add(token)
                self._write()
                urls = await asyncio.to_thread(
                    self.media.add_viewer,
                    stream.id,
                    token,
                    viewer=ask.viewer,
                    watermark=ask.watermark,
                    until=ask.until,
                )
            except BaseException:
                if not stream.viewers:
                    await self._end(stream)
                raise
            stream.viewers[ask.session] = (ask, token)
            self._sessions[ask.session] = stream
            return urls

    async def relay(self, ask: Ask) -> str:
        """The same for an upper platform, which gets the media itself and not an address; the stream's name."""
        stream = self._stream(ask)
        async with stream.lock:
            if stream.closed:
                return await self.relay(ask)
            try:
                if stream.dialog is None:
                    await self._invite(stream, ask)
            except BaseException:
                if not stream.viewers:
                    await self._end(stream)
                raise
            stream.viewers[ask.session] = (ask, "")
            self._sessions[ask.session] = stream
            return stream.id

    async def close(self, session: int) -> bool:
        """A session is over; the last one ends the stream. False when it is unknown."""
        stream = self._sessions.pop(session, None)
        if stream is None:
            return False
        async with stream.lock:
            _, token = stream.viewers.pop(session, (None, ""))
            stream.onward.pop(session, None)
            if token:
                await self._quiet(self.media.remove_viewer, stream.id, token)
                stream.tokens.discard(token)
                self._write()
            if not stream.viewers:
                await self._end(stream)
        return True

    def passed_on(self, session: int, dialog: Dialog) -> None:
        """The stream of a session goes on to an upper platform: its dialog is to end with the stream, whatever happens."""
        stream = self._sessions.get(session)
        if stream is not None:
            stream.onward[session] = dialog
            self._write()

    # -- what a killed process left -------------------------------------------------------------
    def _write(self) -> None:
        running = [
            Entry(one.id, sorted(one.tokens), [*([one.dialog] if one.dialog else []), *one.onward.values()])
            for one in self._streams.values()
            if one.id
        ]
        self._ledger.write([*running, *self._left])

    async def clear(self) -> None:
        """End what ran when the last process was killed; what the media server cannot do now is tried again."""
        for entry in list(self._left):
            if entry not in self._left:
                continue
            for dialog in entry.dialogs:
                self._server.spawn(self._hang_up(dialog))
            entry.dialogs = []
            try:
                for token in entry.tokens:
                    await asyncio.to_thread(self.media.remove_viewer, entry.stream, token)
                await asyncio.to_thread(self.media.close_rtp, entry.stream)
            except QuanchengError as why:
                log.warning("video.media.not_cleared", stream=entry.stream, reason=str(why))
                continue
            if entry in self._left:
                self._left.remove(entry)
            self._write()

    async def steer(self, session: int, command: mansrtsp.Command) -> None:
        """回放控制: INFO with MANSRTSP. Raises NoAnswer."""
        stream = self._sessions.get(session)
        if stream is None or stream.dialog is None:
            raise NoAnswer(f"session {session}")
        body = mansrtsp.build(command)
        request = stream.dialog.request("INFO", content_type=mansrtsp.CONTENT_TYPE, body=body)
        answer = await self._server.request(
            request, stream.dialog.target, patience=self._server.config.answer_seconds
        )
        if answer.status >= 300:
            raise NoAnswer(f"{answer.status} {answer.reason}")

    async def expire(self) -> None:
        """End what is past its time."""
        now = self._server.now()
        late = [
            session
            for stream in list(self._streams.values())
            for session, (ask, _) in stream.viewers.items()
            if ask.until <= now
        ]
        for session in late:
            await self.close(session)
            await self._told(session, "到期")

    def overview(self) -> list[dict[str, Any]]:
        """Streams with their sessions, for people."""
        return [
            {"camera": stream.key[1], "stream": stream.id, "sessions": sorted(stream.viewers)}
            for stream in self._streams.values()
            if stream.dialog is not None
        ]

    # -- towards the device -------------------------------------------------------------------
    def _stream(self, ask: Ask) -> _Stream:
        own = (str(ask.session),) if ask.kind != "live" else ()  # a playback is steered by one viewer
        key = (ask.kind, ask.camera, *own)
        return self._streams.setdefault(key, _Stream(key))

    async def _invite(self, stream: _Stream, ask: Ask) -> None:
        server, config = self._server, self._server.config
        line = server.directory.get(ask.peer)
        if line is None or line.target is None:
            raise NoAnswer(ask.peer)
        stream.ssrc = self._ssrcs.take(history=ask.kind != "live")
        stream.id = f"{ask.camera}_{stream.ssrc}"
        self._write()
        port = await asyncio.to_thread(self.media.open_rtp, stream.id, stream.ssrc, tcp=ask.tcp)
        offer = Description(
            config.code if ask.kind == "live" else ask.camera, _KINDS[ask.kind], config.media_host, port, stream.ssrc,
            ask.tcp, "passive" if ask.tcp else "", start=ask.start, stop=ask.stop,
            source=f"{ask.camera}:0" if ask.kind != "live" else "", speed=4 if ask.kind == "download" else 0,
        )  # fmt: skip
        uri = f"sip:{ask.camera}@{line.target.host}:{line.target.port}"
        headers = (
            *server.headers("INVITE", line.target, uri), ("content-type", "Application/SDP"),
            ("subject", f"{ask.camera}:{stream.ssrc},{config.code}:0"),
        )  # fmt: skip
        invite = Request(headers, sdp.build(offer), method="INVITE", uri=uri)
        answer = await server.request(invite, line.target)
        if answer.status >= 300:
            self._acknowledge_refusal(invite, answer, line.target)
            raise NoAnswer(f"{answer.status} {answer.reason}")
        stream.dialog = calling(invite, answer, line.target, server.address)
        self._dialogs[stream.dialog.call_id] = stream
        self._write()
        self._acknowledge(stream.dialog)
        found = sdp.parse(answer.body)
        if found.ssrc and found.ssrc != stream.ssrc:
            await asyncio.to_thread(self.media.update_ssrc, stream.id, found.ssrc)

    def _acknowledge(self, dialog: Dialog) -> None:
        self._server.wire.send(message.build(dialog.request("ACK")), dialog.target)

    def _acknowledge_refusal(self, invite: Request, answer: Response, target: Target) -> None:
        """ACK of a refused INVITE is part of its transaction: the same branch (RFC 3261 §17.1.1.3)."""
        number = invite.sequence[0]
        kept = {
            name: value
            for name, value in invite.headers
            if name in ("via", "from", "call-id", "max-forwards")
        }
        headers = (*kept.items(), ("to", answer.get("to")), ("cseq", f"{number} ACK"))
        self._server.wire.send(message.build(Request(headers, method="ACK", uri=invite.uri)), target)

    def _late_answer(self, response: Response, source: Target) -> None:
        """A repeated 200 means our ACK was lost; a 200 nobody waits for any more is hung up."""
        if response.sequence[1] == "INVITE" and response.status == 200:
            stream = self._dialogs.get(response.call_id)
            if stream is not None and stream.dialog is not None:
                self._acknowledge(stream.dialog)

    async def _end(self, stream: _Stream) -> None:
        """Tear down; called with the lock held."""
        stream.closed = True
        self._streams.pop(stream.key, None)
        if stream.dialog is not None:
            dialog, stream.dialog = stream.dialog, None
            self._dialogs.pop(dialog.call_id, None)
            self._server.spawn(self._hang_up(dialog))
        if stream.id:
            await self._quiet(self.media.close_rtp, stream.id)
        if stream.ssrc:
            self._ssrcs.free(stream.ssrc)
        self._write()

    async def _hang_up(self, dialog: Dialog) -> None:
        await self._server.request(dialog.request("BYE"), dialog.target, patience=_BYE_SECONDS)

    @staticmethod
    async def _quiet(function: Callable[..., None], *args: Any) -> None:
        """What the media server cannot do any more does not stop us from ending."""
        try:
            await asyncio.to_thread(function, *args)
        except QuanchengError as why:
            log.warning("video.media.failed", what=function.__name__, reason=str(why))

    # -- from the device ----------------------------------------------------------------------
    def bye(self, request: Request, source: Target) -> Response | None:
        """The device ends its stream."""
        stream = self._dialogs.get(request.call_id)
        if stream is None or stream.dialog is None or stream.dialog.target.host != source.host:
            other = self.more_byes(request, source)
            return other or self._server.reply(request, source, 481)
        self._dialogs.pop(request.call_id)
        stream.dialog = None
        self._server.spawn(self._all_out(stream, "设备结束了媒体流"))
        return self._server.reply(request, source, 200)

    def media_ended(self, device: str, request: Request) -> None:
        """媒体通知 NotifyType 121: a recording was played to its end."""
        for stream in list(self._streams.values()):
            mine = stream.dialog is not None and stream.dialog.call_id == request.call_id
            if stream.key[0] != "live" and (mine or stream.key[1] == device):
                self._server.spawn(self._all_out(stream, "录像播放完毕"))

    def _peer_gone(self, peer: str) -> None:
        for stream in list(self._streams.values()):
            if any(ask.peer == peer for ask, _ in stream.viewers.values()):
                self._server.spawn(self._all_out(stream, "设备离线"))

    async def _all_out(self, stream: _Stream, reason: str) -> None:
        for session in list(stream.viewers):
            await self.close(session)
            await self._told(session, reason)

    async def _told(self, session: int, reason: str) -> None:
        for listener in self.ended:
            listener(session)
        recorder = self._server.recorder
        await recorder.quietly(recorder.tables.ended, session, reason, False)

    async def stop(self) -> None:
        """Hang up everything."""
        for session in list(self._sessions):
            await self.close(session)
            await self._told(session, "信令服务停止")
