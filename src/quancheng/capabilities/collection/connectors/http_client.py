"""HTTP 客户端: GET and form POST with limits of size and time; redirects are checked like first requests."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from quancheng.capabilities.collection.connectors.net import Permits
from quancheng.core.text import Text
from quancheng.kernel.errors import PartnerFailed, TooLarge

REDIRECTS = 5
PAGE_BYTES = 32 * 1024 * 1024
_PIECE = 1 << 16


class _Plain(http.client.HTTPConnection):
    """Connects to an address that was checked, speaks to the host by its name."""

    def __init__(self, host: str, port: int, address: str, timeout: float) -> None:
        super().__init__(host, port, timeout=timeout)
        self._address = address

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), self.timeout)


class _Secure(_Plain):
    def connect(self) -> None:
        super().connect()
        self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)


@dataclass(slots=True)
class Session:
    """A run's requests (会话): cookies by host, a trace of every request, one deadline and one size for all."""

    permits: Permits
    seconds: float
    bytes: int
    pause: float = 0.0
    """Seconds between requests."""
    trace: list[dict[str, Any]] = field(default_factory=list)
    cookies: dict[str, dict[str, str]] = field(default_factory=dict)
    _began: float = field(default_factory=time.monotonic)
    _last: float = 0.0

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """One request with its redirects. Raises PartnerFailed, Forbidden, TooLarge."""
        sent = dict(headers or {})
        for _ in range(REDIRECTS + 1):
            answer = self._once(method, url, sent, body)
            target = answer.headers.get("Location")
            if answer.status not in (301, 302, 303, 307, 308) or not target:
                return answer
            answer.close()
            onward = urljoin(url, target)
            if _origin(onward) != _origin(url):  # what was said to one is not for another
                sent = {name: word for name, word in sent.items() if name.lower() == "accept"}
                body = None
            if answer.status in (301, 302, 303):
                method, body = "GET", None
                sent.pop("Content-Type", None)
            url = onward
        raise PartnerFailed(Text("重定向次数过多。", "There are too many redirects."))

    def _once(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise PartnerFailed(
                Text(f"不支持的地址 {url[:80]}。", f"The address {url[:80]} is not supported.")
            )
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = self.permits.address(parts.hostname, port)
        self._wait()
        kind = _Secure if parts.scheme == "https" else _Plain
        connection = kind(parts.hostname, port, address, min(self.left(), 60.0))
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        begun = time.monotonic()
        try:
            connection.request(method, target, body=body, headers=self._headers(parts.hostname, headers))
            response = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            self._note(method, url, 0, begun)
            raise PartnerFailed(
                Text(
                    f"来源没有应答：{type(error).__name__}。",
                    f"The source did not answer: {type(error).__name__}.",
                )
            ) from error
        self._note(method, url, response.status, begun)
        self._keep_cookies(parts.hostname, response)
        return Answer(self, connection, response, url)

    def _headers(self, host: str, headers: Mapping[str, str]) -> dict[str, str]:
        sent = {"User-Agent": "Quancheng-collection/1", "Accept-Encoding": "identity", **headers}
        jar = self.cookies.get(host)
        if jar:
            sent["Cookie"] = "; ".join(f"{name}={word}" for name, word in jar.items())
        return sent

    def _keep_cookies(self, host: str, response: http.client.HTTPResponse) -> None:
        for line in response.headers.get_all("Set-Cookie") or ():
            name, _, word = line.partition(";")[0].partition("=")
            if name.strip() and len(line) < 4096:
                self.cookies.setdefault(host, {})[name.strip()] = word.strip()

    def _wait(self) -> None:
        rest = self._last + self.pause - time.monotonic()
        if rest > 0 and self._last:
            time.sleep(min(rest, self.left()))
        self._last = time.monotonic()

    def left(self) -> float:
        """Seconds left of the run's time; PartnerFailed when there are none."""
        rest = self._began + self.seconds - time.monotonic()
        if rest <= 0:
            raise PartnerFailed(Text("取数超过时限。", "The source took longer than allowed."))
        return rest

    def take(self, size: int) -> None:
        """Count bytes of answers against the run's size."""
        self.bytes -= size
        if self.bytes < 0:
            raise TooLarge(Text("来源数据超过允许的大小。", "The source sends more than allowed."))
        self.left()

    def _note(self, method: str, url: str, status: int, begun: float) -> None:
        parts = urlsplit(url)
        shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"  # queries may hold keys
        facts = {"method": method, "url": shown[:300], "status": status, "bytes": 0}
        self.trace.append(facts | {"ms": round((time.monotonic() - begun) * 1000)})


@dataclass(slots=True)
class Answer:
    """An answer (应答); read it once, then ``close`` (reading to the end closes too)."""

    session: Session
    connection: http.client.HTTPConnection
    response: http.client.HTTPResponse
    url: str

    @property
    def status(self) -> int:
        """HTTP status."""
        return self.response.status

    @property
    def headers(self) -> Any:
        """Headers, by name in any case."""
        return self.response.headers

    def good(self) -> Answer:
        """Itself, or PartnerFailed for any status that is not 2xx."""
        if 200 <= self.status < 300:
            return self
        self.close()
        raise PartnerFailed(
            Text(f"来源应答 HTTP {self.status}。", f"The source answered HTTP {self.status}."),
            extra={"status": self.status},
        )

    def pieces(self) -> Iterator[bytes]:
        """The body, unpacked if the source packed it."""
        packed = (self.headers.get("Content-Encoding") or "identity").lower()
        unpack = zlib.decompressobj(47) if packed in ("gzip", "deflate") else None
        if unpack is None and packed != "identity":
            self.close()
            raise PartnerFailed(
                Text("来源的压缩方式不受支持。", "The source's content encoding is not supported.")
            )
        entry = self.session.trace[-1]
        try:
            while piece := self.response.read(_PIECE):
                rest = piece
                while rest:
                    out = unpack.decompress(rest, _PIECE * 4) if unpack else rest
                    rest = unpack.unconsumed_tail if unpack else b""
                    self.session.take(len(out))
                    entry["bytes"] += len(out)
                    yield out
        except (OSError, http.client.HTTPException, zlib.error) as error:
            raise PartnerFailed(Text("来源的应答中断。", "The source's answer broke off.")) from error
        finally:
            self.close()

    def read(self, most: int = PAGE_BYTES) -> bytes:
        """The whole body, if it is small enough to be held; TooLarge."""
        body = bytearray()
        for piece in self.pieces():
            body += piece
            if len(body) > most:
                self.close()
                raise TooLarge(Text("一页应答过大。", "One page of the answer is too large."))
        return bytes(body)

    def close(self) -> None:
        """Hang up."""
        self.connection.close()


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
