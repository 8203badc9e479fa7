"""量子密钥管理客户端: a client of ETSI GS QKD 014 V1.1.1 over HTTPS with a client certificate.

One key manager (KME), one application (SAE, named by the certificate), one peer application. Every
failure says why by ``KmeReason``: who asks decides whether to fall back, and says so.
"""

from __future__ import annotations

import http.client
import ssl
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, urlsplit

from quancheng.core.qkd import (
    DeliveredKey,
    KeyContainer,
    KeyRequest,
    Problem,
    QkdError,
    Status,
    dec_keys_path,
    enc_keys_path,
    key_ids,
    status_path,
)
from quancheng.core.text import Text
from quancheng.kernel.errors import PartnerFailed

__all__ = ["KmeAccess", "KmeClient", "KmeFailed", "KmeReason"]

_ANSWER_BYTES = 1024 * 1024
_Parsed = TypeVar("_Parsed")


class KmeReason(StrEnum):
    """Why there is no quantum key (没有量子密钥的原因)."""

    NO_LINE = "NO_LINE"  # no QKD line is installed
    UNREACHABLE = "UNREACHABLE"
    TIMEOUT = "TIMEOUT"
    NOT_TRUSTED = "NOT_TRUSTED"  # TLS: theirs or ours was not believed
    UNAUTHORIZED = "UNAUTHORIZED"  # 401
    REFUSED = "REFUSED"  # 400 and the like
    EMPTY = "EMPTY"  # 503: no keys now
    MALFORMED = "MALFORMED"

    @property
    def text(self) -> Text:
        """For people."""
        return _TEXTS[self]


_TEXTS = {
    KmeReason.NO_LINE: Text("未接入量子密钥线路", "no QKD line"),
    KmeReason.UNREACHABLE: Text("量子密钥管理机无法连接", "the key manager cannot be reached"),
    KmeReason.TIMEOUT: Text("量子密钥管理机超时未答", "the key manager did not answer in time"),
    KmeReason.NOT_TRUSTED: Text("与量子密钥管理机的证书互认失败", "certificates were not accepted"),
    KmeReason.UNAUTHORIZED: Text(
        "量子密钥管理机未授权本应用", "the key manager does not know this application"
    ),
    KmeReason.REFUSED: Text("量子密钥管理机拒绝了请求", "the key manager refused the request"),
    KmeReason.EMPTY: Text("量子密钥已用尽", "the key manager has no keys left"),
    KmeReason.MALFORMED: Text("量子密钥管理机应答无效", "the key manager's answer is not valid"),
}


class KmeFailed(PartnerFailed):
    """No key from the key manager (取量子密钥失败); ``reason`` says why."""

    code = "kme-failed"

    def __init__(self, reason: KmeReason = KmeReason.UNREACHABLE, said: str = "") -> None:
        more = f": {said[:200]}" if said else ""
        self.reason = reason
        super().__init__(
            Text(f"{reason.text.zh}{more}", f"{reason.text.en}{more}"),
            todo=Text(
                "链路会自动降为抗量子强度并提示；请检查量子密钥线路。",
                "The link falls back to post-quantum strength and says so; check the QKD line.",
            ),
        )


@dataclass(frozen=True, slots=True)
class KmeAccess:
    """How a key manager is reached: its address, the other application, our certificate, its authority.

    ``certificate``: PEM with private key and certificate; ``authority``: PEM of the CA both stand under.
    """

    url: str
    peer_sae: str
    certificate: Path
    authority: Path
    seconds: float = 3.0


class KmeClient:
    """One connection kept open; safe for several threads."""

    def __init__(self, access: KmeAccess) -> None:
        place = urlsplit(access.url)
        if place.scheme != "https" or not place.hostname:
            raise KmeFailed(KmeReason.UNREACHABLE, "https://")
        self._access = access
        self._host, self._port, self._base = place.hostname, place.port or 443, place.path.rstrip("/")
        self._lock = threading.Lock()
        self._line: http.client.HTTPSConnection | None = None

    def status(self) -> Status:
        """What the key manager has for us and the peer. Raises KmeFailed."""
        return self._read(Status.from_json, "GET", status_path(quote(self._access.peer_sae, safe="")))

    def enc_keys(self, number: int = 1, bits: int = 256) -> tuple[DeliveredKey, ...]:
        """New keys to use with the peer, exactly as many and as long as asked. Raises KmeFailed."""
        path = enc_keys_path(quote(self._access.peer_sae, safe=""))
        body = KeyRequest(number, bits).to_json()
        return self._delivered("POST", path, body, number, bits)

    def dec_keys(self, names: Sequence[uuid.UUID], bits: int = 256) -> tuple[DeliveredKey, ...]:
        """The keys the peer got under these names, in any order; each may be had once. Raises KmeFailed."""
        path = dec_keys_path(quote(self._access.peer_sae, safe=""))
        keys = self._delivered("POST", path, key_ids(names), len(names), bits)
        if {one.key_id for one in keys} != set(names):
            raise KmeFailed(KmeReason.MALFORMED, "key_IDs")
        return keys

    def close(self) -> None:
        """Let the connection go."""
        with self._lock:
            self._drop()

    def _delivered(
        self, method: str, path: str, body: bytes, number: int, bits: int
    ) -> tuple[DeliveredKey, ...]:
        keys = self._read(KeyContainer.from_json, method, path, body).keys
        if len(keys) != number or any(len(one.key) * 8 != bits for one in keys):
            raise KmeFailed(KmeReason.MALFORMED, "number or size")
        return keys

    def _read(
        self, parse: Callable[[bytes], _Parsed], method: str, path: str, body: bytes | None = None
    ) -> _Parsed:
        status, data = self._ask(method, self._base + path, body)
        try:
            if status == 200:
                return parse(data)
            said = Problem.from_json(data).message
        except QkdError as error:
            if status == 200:
                raise KmeFailed(KmeReason.MALFORMED, error.text.en) from error
            said = f"HTTP {status}"
        reasons = {401: KmeReason.UNAUTHORIZED, 503: KmeReason.EMPTY}
        raise KmeFailed(reasons.get(status, KmeReason.REFUSED), said)

    def _ask(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        with self._lock:
            kept = self._line is not None
            try:
                return self._once(method, path, body)
            except KmeFailed:
                self._drop()
                raise
            except (OSError, http.client.HTTPException) as error:
                self._drop()
                idle = isinstance(error, http.client.RemoteDisconnected | ConnectionError)
                if not (kept and idle):
                    raise _failed(error) from error
            try:
                return self._once(method, path, body)  # the kept line had been closed while idle
            except (OSError, http.client.HTTPException) as error:
                self._drop()
                raise _failed(error) from error

    def _once(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        headers = {"Accept": "application/json"} | ({"Content-Type": "application/json"} if body else {})
        if self._line is None:
            self._line = http.client.HTTPSConnection(
                self._host, self._port, timeout=self._access.seconds, context=self._context()
            )
        self._line.request(method, path, body, headers)
        answer = self._line.getresponse()
        data = answer.read(_ANSWER_BYTES + 1)
        if len(data) > _ANSWER_BYTES:
            self._drop()
            raise KmeFailed(KmeReason.MALFORMED, "too large")
        return answer.status, data

    def _context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=str(self._access.authority))
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.load_cert_chain(str(self._access.certificate))
        except (OSError, ssl.SSLError) as error:
            raise KmeFailed(KmeReason.NOT_TRUSTED, str(error)) from error
        return context

    def _drop(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None


def _failed(error: Exception) -> KmeFailed:
    if isinstance(error, TimeoutError):
        return KmeFailed(KmeReason.TIMEOUT)
    if isinstance(error, ssl.SSLError):
        return KmeFailed(KmeReason.NOT_TRUSTED, str(error))
    if isinstance(error, http.client.HTTPException):
        return KmeFailed(KmeReason.MALFORMED, str(error))
    return KmeFailed(KmeReason.UNREACHABLE, str(error))
