"""The writers of quantum-safe links: operators decide, the platform reports what came of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from quancheng.capabilities.quantum import booking
from quancheng.capabilities.quantum.models import KeyUse, Link, LinkEvent, Peer
from quancheng.capabilities.quantum.storing import open_document, rotate_storage, store_document
from quancheng.capabilities.quantum.values import LineState, SessionOpened
from quancheng.core.keys import KeyFault, from_jwk
from quancheng.core.linkkey import Strength, Suite
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound

__all__ = [
    "allow_quantum",
    "close_link",
    "mark_fallback",
    "open_document",
    "open_link",
    "register_link",
    "register_peer",
    "rekey_link",
    "report_failure",
    "report_line",
    "report_refusal",
    "report_session",
    "rotate_storage",
    "store_document",
]


@action("quantum.peer.register")
def register_peer(
    call: Call, *, code: str, name: dict[str, str], public_key: dict[str, Any], simulated: bool = False
) -> Peer:
    """登记对端: another node with the key it signs by. Raises InvalidInput, Conflict (the code is taken)."""
    access.require(call.actor, "manage", Peer)
    try:
        key = from_jwk(public_key)
    except KeyFault as wrong:
        text = Text(
            f"公钥无效：{wrong}。请粘贴对端提供的 JWK。", f"Not a key: {wrong}. Paste the peer's JWK."
        )
        raise InvalidInput(fields={"public_key": text}) from wrong
    if Peer.objects.filter(code=code).exists():
        raise Conflict(Text(f"节点编码 {code} 已登记。", f"The code {code} is registered already."))
    row: Peer = Peer.objects.create(
        code=code, name=name, public_key=public_key, registered_at=call.at, simulated=simulated
    )
    audit.note(peer=code, key=key.kid.hex())
    return row


@action("quantum.link.register")
def register_link(
    call: Call,
    *,
    code: str,
    name: dict[str, str],
    peer: str,
    address: str = "",
    suite: str = str(Suite.AES_256_GCM),
    weakest: str = str(Strength.POST_QUANTUM),
    kme_url: str = "",
    kme_identity: str = "",
    kme_peer: str = "",
    simulated: bool = False,
) -> Link:
    """登记链路. Raises InvalidInput (address, key manager), NotFound (peer), Conflict (the code is taken)."""
    access.require(call.actor, "manage", Link)
    found = Peer.objects.filter(code=peer).first()
    if found is None:
        raise NotFound(Text(f"没有登记对端 {peer}。", f"There is no peer {peer}."))
    booking.check_addresses(address, kme_url, kme_identity, kme_peer)
    if Link.objects.filter(code=code).exists():
        raise Conflict(Text(f"链路编码 {code} 已登记。", f"The code {code} is registered already."))
    row: Link = Link.objects.create(
        code=code,
        name=name,
        peer=found,
        address=address,
        suite=Suite(suite),
        weakest=Strength(weakest),
        kme_url=kme_url,
        kme_identity=kme_identity,
        kme_peer=kme_peer,
        simulated=simulated,
    )
    audit.note(link=code, peer=peer, weakest=weakest)
    return row


def _operated(call: Call, code: str) -> Link:
    row: Link | None = Link.objects.select_for_update().filter(code=code).first()
    if row is None:
        raise NotFound
    access.require(call.actor, "operate", row)
    audit.note(link=code)
    return row


@action("quantum.link.open")
def open_link(call: Call, *, code: str) -> Link:
    """建立链路: it is wanted from now on; the connection follows (``link_client.connect``)."""
    row = _operated(call, code)
    if not row.wanted:
        row.wanted, row.state = True, Link.State.NEW
        row.save()
    return row


@action("quantum.link.rekey")
def rekey_link(call: Call, *, code: str) -> Link:
    """换密钥: every process that uses the link changes its keys before the next request. Raises Conflict."""
    row = _operated(call, code)
    _wanted(row)
    row.rekey_wanted_at = call.at
    row.save()
    return row


@action("quantum.link.mark_fallback")
def mark_fallback(call: Call, *, code: str, reason: str) -> Link:
    """停用量子密钥: use no quantum keys until allowed again, for a reason. Raises InvalidInput, Conflict."""
    row = _operated(call, code)
    _wanted(row)
    if not reason.strip():
        text = Text("请写明停用量子密钥的理由。", "Say why quantum keys are to be held.")
        raise InvalidInput(fields={"reason": text})
    if row.weakest == str(Strength.FULL):
        raise Conflict(
            Text(
                "该链路要求全强度，不能降级；请先关闭链路。",
                "This link must have full strength; close it instead.",
            )
        )
    row.held, row.rekey_wanted_at = True, call.at
    row.save()
    booking.note(row, LinkEvent.Kind.HELD, call.at, reason=reason.strip()[:200])
    return row


@action("quantum.link.allow_quantum")
def allow_quantum(call: Call, *, code: str) -> Link:
    """恢复使用量子密钥 after it was held."""
    row = _operated(call, code)
    if row.held:
        row.held, row.rekey_wanted_at = False, call.at
        row.save()
        booking.note(row, LinkEvent.Kind.RELEASED, call.at)
    return row


@action("quantum.link.close")
def close_link(call: Call, *, code: str, reason: str = "") -> Link:
    """关闭链路: nothing is sent over it any more; keys are forgotten at the next look of each process."""
    row = _operated(call, code)
    if row.wanted:
        row.wanted, row.state, row.strength, row.away, row.session = False, Link.State.CLOSED, "", "", ""
        row.save()
        booking.note(row, LinkEvent.Kind.CLOSED, call.at, reason=reason.strip()[:200])
        events.emit("quantum.link.closed", code, {"link": code})
    return row


def _wanted(row: Link) -> None:
    if not row.wanted:
        raise Conflict(
            Text(f"链路 {row.code} 没有建立，请先建立。", f"Link {row.code} is not open; open it first.")
        )


@action("quantum.session.report", idempotent=False)
def report_session(call: Call, *, opened: SessionOpened) -> Link:
    """会话建立: by the platform, after a handshake.

    Raises NotFound, Conflict (the link was closed meanwhile, a quantum key was used twice): what cannot
    be booked is not used.
    """
    row = _reported(call, opened.link)
    _wanted(row)
    if opened.qkd is not None:
        if KeyUse.objects.filter(link=row, key_id=opened.qkd).exists():
            raise Conflict(Text("量子密钥重复使用，会话作废。", "A quantum key was used twice: no session."))
        KeyUse.objects.create(link=row, key_id=opened.qkd, session=opened.session, at=opened.at)
        row.keys_used += 1
    kind = booking.kind_of(row, opened)
    booking.establish(row, opened)
    booking.note(row, kind, opened.at, str(opened.strength), opened.away or opened.reason, opened.session)
    audit.note(link=row.code, kind=str(kind), strength=str(opened.strength), away=opened.away)
    events.emit(
        f"quantum.link.{kind.value.lower()}",
        row.code,
        {"link": row.code, "strength": str(opened.strength), "away": opened.away},
    )
    return row


@action("quantum.session.fail", idempotent=False)
def report_failure(call: Call, *, code: str, reason: str, session: str = "") -> Link:
    """会话被拒或中断: the same failure again adds no event."""
    row = _reported(call, code)
    if row.state == Link.State.DOWN and row.away == reason:
        return row
    row.state, row.strength, row.away, row.session = Link.State.DOWN, "", reason, ""
    row.save()
    booking.note(row, LinkEvent.Kind.REFUSED, call.at, reason=reason, session=session)
    events.emit("quantum.link.refused", code, {"link": code, "reason": reason})
    return row


@action("quantum.session.refuse", idempotent=False)
def report_refusal(call: Call, *, code: str, reason: str) -> Link:
    """来话被拒: somebody who called us was refused. Anybody may try, so the link stays as it is.

    The same reason within a minute adds no event.
    """
    row = _reported(call, code)
    since = call.at - timedelta(minutes=1)
    if not row.events.filter(kind=LinkEvent.Kind.REFUSED, reason=reason, at__gte=since).exists():
        booking.note(row, LinkEvent.Kind.REFUSED, call.at, reason=reason)
        events.emit("quantum.link.refused", code, {"link": code, "reason": reason})
    return row


@action("quantum.line.report", idempotent=False)
def report_line(call: Call, *, code: str, line: LineState) -> Link:
    """量子线路状况: rounds, store, and an alarm when somebody may be listening."""
    row = _reported(call, code)
    booking.add_laps(row, line.laps)
    row.keys_stored, row.checked_at, row.line_simulated = line.stored, call.at, line.simulated
    if line.alarmed != row.alarmed:
        row.alarmed = line.alarmed
        kind = LinkEvent.Kind.ALARM if line.alarmed else LinkEvent.Kind.CALM
        booking.note(row, kind, call.at, reason=f"{line.laps[-1].qber:.1%}" if line.laps else "")
        events.emit(f"quantum.line.{kind.value.lower()}", code, {"link": code})
    row.save()
    return row


def _reported(call: Call, code: str) -> Link:
    row: Link | None = Link.objects.select_for_update().filter(code=code).first()
    if row is None:
        raise NotFound
    access.require(call.actor, "report", row)
    return row
