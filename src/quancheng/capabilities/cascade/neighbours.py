"""相邻节点: who is joined, with which key, and what may pass; two people compare the key aloud."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from quancheng.capabilities.cascade.cascade_client import fingerprint
from quancheng.capabilities.cascade.models import Neighbour
from quancheng.capabilities.cascade.network import clause_in, clause_out, own_name, public_der
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound

__all__ = ["add_neighbour", "change_route", "confirm_key", "locked", "neighbour_heard", "neighbour_silent"]

CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{1,59}")


@action("cascade.neighbour.add")
def add_neighbour(
    call: Call,
    *,
    code: str,
    zh: str,
    kind: str,
    address: str,
    public_key: str,
    en: str = "",
    gives: Sequence[dict[str, Any]] = (),
    hears: Sequence[dict[str, Any]] = ({},),
    speaks_for: Sequence[str] | None = None,
    mode: str = "pull",
    late_after: int = 900,
    silent_after: int = 3600,
    simulated: bool = False,
) -> Neighbour:
    """登记相邻节点: nothing passes until two people have compared its key. Raises Forbidden, InvalidInput, Conflict.

    ``gives``: clauses of what it may have; ``hears``: of what it may bring; ``speaks_for``: owners it may
    speak for, None = any it relays. ``mode``: pull = both
    ask each other; both = the other side cannot reach us, so we also push; wait = we cannot reach it.
    """
    access.require(call.actor, "manage", Neighbour)
    wrong = _faults(code, zh, kind, address, mode, late_after, silent_after)
    if wrong:
        raise InvalidInput(fields=wrong)
    public_der(public_key)
    if Neighbour.objects.filter(code=code).exists():
        said = Text(f"节点 {code} 已登记。", f"The node {code} is registered.")
        raise Conflict(said, todo=Text("请在它的页面上修改路由。", "Change its route on its page."))
    neighbour: Neighbour = Neighbour.objects.create(
        code=code, zh=zh.strip(), en=en.strip(), kind=kind, address=address.strip().rstrip("/"),
        public_key="".join(public_key.split()), gives=_clauses(gives), hears=_clauses(hears),
        speaks_for=None if speaks_for is None else sorted(set(speaks_for)), mode=mode, late_after=late_after,
        silent_after=silent_after, created_at=call.at, simulated=simulated,
    )  # fmt: skip
    audit.note(neighbour=code, address=neighbour.address, fingerprint=fingerprint(public_der(public_key)))
    events.emit("cascade.neighbour.added", code, {"kind": kind})
    return neighbour


def _faults(
    code: str, zh: str, kind: str, address: str, mode: str, late_after: int, silent_after: int
) -> dict[str, Text]:
    wrong: dict[str, Text] = {}
    if not CODE.fullmatch(code):
        wrong["code"] = Text(
            "代码为2到60位字母、数字、点或横线。", "A code has 2 to 60 letters, digits, dots, dashes."
        )
    elif code == own_name():
        wrong["code"] = Text("这是本节点自己的代码。", "This is the code of this node itself.")
    if not zh.strip():
        wrong["zh"] = Text("请填写中文名称。", "Give the Chinese name.")
    if kind not in Neighbour.Kind.values:
        wrong["kind"] = Text("请选择关系。", "Choose the relation.")
    parts = urlsplit(address.strip())
    if (address.strip() or mode != "wait") and (parts.scheme not in ("http", "https") or not parts.hostname):
        wrong["address"] = Text("地址以 https:// 开头。", "An address begins with https://.")
    if mode not in Neighbour.Mode.values:
        wrong["mode"] = Text("请选择连接方式。", "Choose the way of connecting.")
    if not 0 < late_after <= silent_after:
        wrong["silent_after"] = Text("失联阈值不小于滞后阈值。", "Silence begins no sooner than lateness.")
    return wrong


def _clauses(values: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [clause_out(clause_in(value)) for value in values]


@action("cascade.neighbour.confirm", idempotent=False)
def confirm_key(call: Call, *, code: str, read: str) -> Neighbour:
    """核对公钥指纹: what the other side read aloud, typed here, by two different people. Raises InvalidInput, Conflict."""
    access.require(call.actor, "manage", Neighbour)
    neighbour = locked(code)
    if neighbour.state != Neighbour.State.WAITING:
        raise Conflict(Text("这个节点的密钥已经核对。", "The key of this node was checked."))
    if "".join(read.split()).lower() != fingerprint(public_der(neighbour.public_key)).replace(" ", ""):
        said = Text(
            "与登记的公钥指纹不一致：请停止，向对方重新索取公钥。",
            "It differs from the key registered: stop, and ask the other side for its key again.",
        )
        raise InvalidInput(said, fields={"read": said})
    reader = call.actor.user_id
    if neighbour.first_reader is None:
        neighbour.first_reader = reader or 0
    elif neighbour.first_reader == (reader or 0) and reader is not None:
        raise Conflict(
            Text("须由另一位工作人员再次核对。", "Another person must compare it too."),
            todo=Text("请第二位同事登录后核对。", "Ask a colleague to sign in and compare."),
        )
    else:
        neighbour.second_reader = reader or 0
        neighbour.state, neighbour.heard_at = Neighbour.State.ACTIVE, call.at
        events.emit("cascade.neighbour.joined", code, {"kind": neighbour.kind})
    neighbour.save()
    audit.note(neighbour=code, state=neighbour.state)
    return neighbour


@action("cascade.neighbour.route", idempotent=False)
def change_route(
    call: Call,
    *,
    code: str,
    gives: Sequence[dict[str, Any]],
    hears: Sequence[dict[str, Any]] | None = None,
    speaks_for: Sequence[str] | None = None,
) -> Neighbour:
    """修改路由: the neighbour reads a snapshot anew and loses what it may no longer have. Raises Forbidden, InvalidInput."""
    access.require(call.actor, "manage", Neighbour)
    neighbour = locked(code)
    new = _clauses(gives)
    if new != neighbour.gives:
        neighbour.revision += 1
    neighbour.gives = new
    if hears is not None:
        neighbour.hears = _clauses(hears)
    neighbour.speaks_for = None if speaks_for is None else sorted(set(speaks_for))
    neighbour.save()
    audit.note(neighbour=code, revision=neighbour.revision)
    return neighbour


@action("cascade.neighbour.heard", idempotent=False)
def neighbour_heard(call: Call, *, code: str, fault: str = "") -> Neighbour:
    """记下联系结果: heard now, or a fault in reaching it. Raises Forbidden, NotFound."""
    access.require(call.actor, "exchange", Neighbour)
    neighbour = locked(code)
    if fault:
        neighbour.fault, neighbour.fault_at = fault[:300], call.at
    else:
        neighbour.heard_at, neighbour.fault, neighbour.fault_at = call.at, "", None
        if neighbour.silent:
            neighbour.silent = False
            events.emit("cascade.neighbour.returned", code, {"zh": neighbour.zh})
    neighbour.save()
    audit.note(neighbour=code, fault=fault[:100])
    return neighbour


@action("cascade.neighbour.silent", idempotent=False)
def neighbour_silent(call: Call, *, code: str) -> Neighbour:
    """报告失联, once for each silence. Raises Forbidden, NotFound."""
    access.require(call.actor, "exchange", Neighbour)
    neighbour = locked(code)
    if not neighbour.silent:
        neighbour.silent = True
        neighbour.save(update_fields=["silent"])
        events.emit(
            "cascade.neighbour.silent", code, {"zh": neighbour.zh, "en": neighbour.en or neighbour.code}
        )
    audit.note(neighbour=code)
    return neighbour


def locked(code: str) -> Neighbour:
    """A neighbour, kept from other writers until the transaction ends; raises NotFound."""
    found = Neighbour.objects.select_for_update().filter(code=code).first()
    if found is None:
        raise NotFound(Text(f"没有登记节点 {code[:60]}。", f"There is no node {code[:60]}."))
    return found
