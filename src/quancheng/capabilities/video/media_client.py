"""媒体服务接口 The small HTTP interface between the signalling and an outside media server.

The first five calls are those of ZLMediaKit (``/index/api/…``); ``addViewer`` and ``removeViewer`` are
ours: a viewer gets addresses that hold a token, and the media layer burns the watermark text in for
it. A media server that does not know them gives nobody a picture: no watermark, no play.
docs/modules/video.md writes out every call.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from quancheng.core.text import Text
from quancheng.kernel.errors import PartnerFailed, Unavailable

__all__ = ["MediaClient"]

_SECONDS = 5.0
_LIMIT = 65536


class MediaClient:
    """Calls of one media server; blocking, one connection a call. Raises PartnerFailed, Unavailable."""

    def __init__(self, url: str, secret: str, *, timeout: float = _SECONDS) -> None:
        self._url = urlsplit(url)
        self._secret = secret
        self._timeout = timeout

    def open_rtp(self, stream: str, ssrc: str, *, tcp: bool = False) -> int:
        """openRtpServer: make ready for one stream; the port its sender should use."""
        answer = self._call(
            "openRtpServer",
            {"port": 0, "tcp_mode": 1 if tcp else 0, "stream_id": stream, "ssrc": str(int(ssrc))},
        )
        port = answer.get("port")
        if not isinstance(port, int) or not 0 < port < 65536:
            raise _odd("port")
        return port

    def close_rtp(self, stream: str) -> None:
        """closeRtpServer: forget the stream; closing twice is no fault."""
        self._call("closeRtpServer", {"stream_id": stream})

    def update_ssrc(self, stream: str, ssrc: str) -> None:
        """updateRtpServerSSRC: the sender answered with another SSRC than we gave it."""
        self._call("updateRtpServerSSRC", {"stream_id": stream, "ssrc": str(int(ssrc))})

    def start_send(self, stream: str, ssrc: str, host: str, port: int, *, tcp: bool = False) -> int:
        """startSendRtp: pass the stream on to an upper platform; the port we send from."""
        answer = self._call(
            "startSendRtp",
            {"vhost": "__defaultVhost__", "app": "rtp", "stream": stream, "ssrc": str(int(ssrc or "0")), "dst_url": host,
             "dst_port": port, "is_udp": 0 if tcp else 1},
        )  # fmt: skip
        found = answer.get("local_port")
        if not isinstance(found, int):
            raise _odd("local_port")
        return found

    def stop_send(self, stream: str, ssrc: str) -> None:
        """stopSendRtp."""
        self._call(
            "stopSendRtp",
            {"vhost": "__defaultVhost__", "app": "rtp", "stream": stream, "ssrc": str(int(ssrc or "0"))},
        )

    def add_viewer(
        self, stream: str, token: str, *, viewer: str, watermark: str, until: float
    ) -> dict[str, str]:
        """addViewer (ours): addresses for one viewer, with the watermark, until a moment (epoch seconds)."""
        answer = self._call(
            "addViewer",
            {
                "stream_id": stream,
                "token": token,
                "viewer": viewer,
                "watermark": watermark,
                "until": int(until),
            },
        )
        urls = answer.get("urls")
        if not isinstance(urls, dict) or not urls or not all(isinstance(one, str) for one in urls.values()):
            raise _odd("urls")
        return {str(name): value for name, value in urls.items()}

    def remove_viewer(self, stream: str, token: str) -> None:
        """removeViewer (ours): the addresses stop working at once."""
        self._call("removeViewer", {"stream_id": stream, "token": token})

    def _call(self, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
        if not self._url.hostname:
            raise Unavailable(
                Text("未配置媒体服务。", "No media server is configured."),
                todo=Text("请设置 QUANCHENG_VIDEO_MEDIA_URL。", "Set QUANCHENG_VIDEO_MEDIA_URL."),
            )
        secure = self._url.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(self._url.hostname, self._url.port, timeout=self._timeout)
        body = json.dumps({"secret": self._secret, **values}, ensure_ascii=False).encode()
        path = f"{self._url.path.rstrip('/')}/index/api/{name}"
        try:
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            raw = connection.getresponse().read(_LIMIT)
            answer = json.loads(raw)
        except (OSError, http.client.HTTPException, ValueError) as why:
            raise PartnerFailed(
                Text("媒体服务没有应答。", "The media server did not answer."), extra={"call": name}
            ) from why
        finally:
            connection.close()
        if not isinstance(answer, dict) or answer.get("code") != 0:
            raise PartnerFailed(
                Text("媒体服务拒绝了请求。", "The media server refused."),
                extra={"call": name, "answer": str(answer)[:200]},
            )
        return answer


def _odd(what: str) -> PartnerFailed:
    return PartnerFailed(
        Text("媒体服务的应答不完整。", "The media server's answer is incomplete."), extra={"missing": what}
    )
