"""渠道客户端: signed requests to a bank's gateway over HTTP, signed replies believed only by its keys.

One address: ``POST <gateway>`` with a signed message (``core.payment.message``), answered by another.
Statements: the reply to ``statement.get`` names size, SHA-256 and a path under the gateway's host; the
file is fetched from there and must be what the reply says.
"""

from __future__ import annotations

import hashlib
import secrets
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from quancheng.core.payment import (
    Keyring,
    Message,
    PaymentError,
    PaymentReason,
    Signer,
    Statement,
    encode,
    parse_statement,
    sign,
    timely,
    verify,
)
from quancheng.core.text import Text
from quancheng.kernel.errors import PartnerFailed

REPLY_BYTES = 64 * 1024
STATEMENT_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ChannelClient:
    """One merchant at one channel. ``seconds``: how long an answer may take; ``clock``: how far it may be off."""

    url: str
    merchant: str
    channel: str
    key_name: str
    signer: Signer
    keys: Keyring
    seconds: float = 5.0
    clock: int = 300

    def ask(self, kind: str, fields: Mapping[str, str], at: datetime) -> Message:
        """Send a request, return the verified reply. Safe to repeat for every kind.

        Raises PartnerFailed when the channel cannot be reached or says nothing believable; nothing is
        known then about what it did.
        """
        now = int(at.timestamp())
        nonce = secrets.token_urlsafe(18)
        request = Message.of(self.merchant, self.channel, kind, now, nonce, fields)
        body = self._post(encode(sign(request, self.key_name, self.signer)))
        try:
            reply = timely(verify(body, self.merchant, self.keys), now, self.clock)
            if reply.sender != self.channel or reply.kind != f"{kind}.reply" or reply.get("re") != nonce:
                raise PaymentError(PaymentReason.MESSAGE, "reply")
        except PaymentError as error:
            raise _failed(self.channel, error.text) from error
        return reply

    def statement(self, day: date, at: datetime) -> tuple[Statement, str]:
        """The statement of a business day and its SHA-256. Raises PartnerFailed."""
        reply = self.ask("statement.get", {"day": day.isoformat()}, at)
        if reply.get("code") != "OK":
            raise _failed(
                self.channel,
                Text(f"对账单尚未生成:{reply.get('code')}", f"no statement: {reply.get('code')}"),
            )
        data = self._get(reply.get("path"), int(reply.get("size")))
        digest = hashlib.sha256(data).hexdigest()
        if digest != reply.get("sha256"):
            raise _failed(self.channel, Text("对账单与摘要不符", "the statement is not what its digest says"))
        try:
            statement = parse_statement(data, self.channel, self.merchant, day)
        except PaymentError as error:
            raise _failed(self.channel, error.text) from error
        return statement, digest

    def _post(self, body: bytes) -> bytes:
        request = urllib.request.Request(  # noqa: S310 the address is the registered one
            self.url, data=body, method="POST", headers={"Content-Type": "application/json"}
        )
        return self._read(request, REPLY_BYTES)

    def _get(self, path: str, size: int) -> bytes:
        if not path.startswith("/") or path.startswith("//") or not 0 <= size <= STATEMENT_BYTES:
            raise _failed(self.channel, Text("对账单地址无效", "the statement's address is none"))
        place = urllib.parse.urlsplit(self.url)
        address = urllib.parse.urlunsplit((place.scheme, place.netloc, path, "", ""))
        return self._read(urllib.request.Request(address), size)  # noqa: S310

    def _read(self, request: urllib.request.Request, most: int) -> bytes:
        opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=self.seconds) as answer:
                data: bytes = answer.read(most + 1)
        except (OSError, ValueError, urllib.error.URLError) as error:
            raise _failed(self.channel, Text(f"无法连接:{error}", f"cannot be reached: {error}")) from error
        if len(data) > most:
            raise _failed(self.channel, Text("应答过大", "the answer is too large"))
        return data


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Money goes to the registered address or nowhere."""

    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None


def _failed(channel: str, why: Text) -> PartnerFailed:
    return PartnerFailed(
        Text(f"支付渠道 {channel} 没有给出可信的答复（{why.zh}）。", f"Channel {channel}: {why.en}."),
        todo=Text(
            "款项没有重复扣取的风险；系统会自动查询结果，请稍后刷新。",
            "Nothing is taken twice; the result is asked for by itself. Refresh in a moment.",
        ),
    )
