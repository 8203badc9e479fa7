"""对话: an established INVITE (RFC 3261 §12): its tags, numbers and where its requests go."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from quancheng.capabilities.video.signalling.wire import Target
from quancheng.core.gb28181 import BadMessage, Reason, fields
from quancheng.core.gb28181.message import Headers, Request, Response

__all__ = ["Dialog", "answering", "calling"]


@dataclass(slots=True)
class Dialog:
    """Both sides know it by its Call-ID and two tags; ``local`` and ``remote`` are whole header values."""

    call_id: str
    local: str
    remote: str
    uri: str
    target: Target
    contact: str
    address: str
    sequence: int
    invite: int = 0
    routes: list[str] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str]:
        """Call-ID and our tag: what a request inside it names."""
        return self.call_id, fields.address(self.local).tag

    def request(self, method: str, *, content_type: str = "", body: bytes = b"") -> Request:
        """The next request inside the dialog; ACK keeps the number of the INVITE."""
        if method == "ACK":
            number = self.invite
        else:
            self.sequence += 1
            number = self.sequence
        transport = "TCP" if self.target.tcp else "UDP"
        headers: Headers = (
            ("via", f"SIP/2.0/{transport} {self.address};rport;branch=z9hG4bK{secrets.token_hex(10)}"),
            *(("route", one) for one in self.routes),
            ("from", self.local),
            ("to", self.remote),
            ("call-id", self.call_id),
            ("cseq", f"{number} {method}"),
            ("contact", self.contact),
            ("max-forwards", "70"),
            *((("content-type", content_type),) if content_type else ()),
        )
        return Request(headers, body, method=method, uri=self.uri)


def calling(invite: Request, answer: Response, target: Target, address: str) -> Dialog:
    """The dialog our INVITE made (§12.1.2); raises BadMessage when the answer has no tag."""
    remote = answer.get("to")
    if not fields.address(remote).tag:
        raise BadMessage(Reason.MISSING, "tag")
    contact = answer.get("contact")
    uri = str(fields.addresses(contact)[0].uri) if contact else invite.uri
    number = invite.sequence[0]
    return Dialog(
        invite.call_id, invite.get("from"), remote, uri, target, invite.get("contact"), address, number, number,
        list(reversed(answer.all("record-route"))),
    )  # fmt: skip


def answering(invite: Request, answer: Response, source: Target, address: str) -> Dialog:
    """The dialog we accept (§12.1.1)."""
    contact = invite.get("contact")
    uri = str(fields.addresses(contact)[0].uri) if contact else str(fields.address(invite.get("from")).uri)
    return Dialog(
        invite.call_id, answer.get("to"), invite.get("from"), uri, source, answer.get("contact"), address, 0, 0,
        invite.all("record-route"),
    )  # fmt: skip
