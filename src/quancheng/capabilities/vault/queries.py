"""Reads of the vault, each restricted to what the asker may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from quancheng.capabilities.vault import proofs, readers, trusted
from quancheng.capabilities.vault.models import (
    DataRequest,
    EntryRow,
    Item,
    Objection,
    ReceiptRow,
    Recipient,
    RecipientKey,
    Source,
    Use,
)
from quancheng.capabilities.vault.receipt_client import Keys, Verdict, policy_of, verify_file
from quancheng.core.text import Text
from quancheng.core.tlog import LogFault
from quancheng.core.vault import State, VaultFault
from quancheng.core.vault.objection import ObjectionState
from quancheng.kernel import access, clock, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Forbidden, InvalidInput, NotFound, NotSignedIn

OFFICER, REGISTRAR = "vault.officer", "vault.registrar"


@dataclass(frozen=True, slots=True)
class Held:
    """What one source holds about me: ``(item, value as shown, hidden or not)``."""

    source: Source
    rows: tuple[tuple[Item, str, bool], ...]


# -- a person's own
def require_person(actor: Actor) -> Actor:
    """The signed-in person; raises NotSignedIn, Forbidden (no verified name)."""
    if not actor.is_authenticated:
        raise NotSignedIn()
    if actor.person_id is None:
        raise Forbidden(Text("请先完成实名核验。", "Verify your real name first."))
    return actor


def held(actor: Actor, *, reveal: bool = False) -> list[Held]:
    """政府掌握我什么: each source with its items; what is sensitive stays hidden until it is asked for."""
    person_id = require_person(actor).person_id
    assert person_id is not None
    items = list(access.visible(actor, Item).filter(active=True).select_related("source__department"))
    facts = readers.facts(person_id, items)
    found = []
    for source in sorted({one.source for one in items}, key=lambda one: (one.order, one.code)):
        rows = []
        for one in sorted((one for one in items if one.source_id == source.pk), key=lambda one: one.order):
            value = facts.get(one.code)
            if value is not None:
                shown = value if reveal else readers.hidden(one.mask, value)
                rows.append((one, shown, shown != value))
        found.append(Held(source, tuple(rows)))
    return found


def item(actor: Actor, code: str) -> Item:
    """One item. Raises NotFound."""
    found: Item | None = (
        access.visible(actor, Item).select_related("source__department").filter(code=code).first()
    )
    if found is None:
        raise NotFound()
    return found


def my_requests(actor: Actor, params: Mapping[str, str]) -> pagination.Page[Any]:
    """谁要我的数据. Filters: state, q (recipient, purpose, number)."""
    rows = _requests(actor).filter(person_id=actor.person_id or -1)
    return pagination.page(_filtered(rows, params), ("-made_at", "-id"), params)


def my_request(actor: Actor, number: str) -> DataRequest:
    """One request to the asker. Raises NotFound."""
    found: DataRequest | None = (
        _requests(actor).filter(person_id=actor.person_id or -1, number=number).first()
    )
    if found is None:
        raise NotFound()
    return found


def waiting(actor: Actor) -> int:
    """Requests that wait for the person's answer."""
    return _by_state(_requests(actor).filter(person_id=actor.person_id or -1), State.ASKED.value).count()


def my_uses(actor: Actor, params: Mapping[str, str]) -> pagination.Page[Any]:
    """谁用过. Filters: q (recipient, purpose, number), request."""
    rows = access.visible(actor, Use).filter(person_id=actor.person_id or -1)
    rows = rows.select_related("request", "recipient", "entry__receipt")
    if words := params.get("q", "").strip():
        rows = rows.filter(
            Q(number__startswith=words) | Q(recipient__name__zh__icontains=words)
            | Q(recipient__name__en__icontains=words) | Q(request__purpose__contains=words)
        )  # fmt: skip
    if number := params.get("request", ""):
        rows = rows.filter(request__number=number)
    return pagination.page(rows, ("-at", "-id"), params)


def my_use(actor: Actor, number: str) -> Use:
    """One use of the asker's data. Raises NotFound."""
    rows = access.visible(actor, Use).filter(person_id=actor.person_id or -1, number=number)
    found: Use | None = rows.select_related("request", "recipient", "entry__receipt").first()
    if found is None:
        raise NotFound()
    return found


def receipt_file(used: Use) -> bytes:
    """The bytes of the receipt, as all three hold them."""
    return bytes(used.entry.receipt.data)


def proof_file(used: Use) -> dict[str, Any]:
    """Receipt, entries and places in the chain."""
    return proofs.of(used)


def withdrawal(actor: Actor, row: DataRequest) -> bytes | None:
    """The city's signed acknowledgement of a withdrawal: with a later use it would prove a lie."""
    found = access.visible(actor, ReceiptRow).filter(entry__request=row, entry__kind="withdrawn").first()
    return bytes(found.data) if found else None


def my_objections(actor: Actor, params: Mapping[str, str]) -> pagination.Page[Any]:
    """我的异议, the newest first. Filters: state."""
    rows = access.visible(actor, Objection).filter(person_id=actor.person_id or -1)
    return pagination.page(_of_state(rows, params), ("-filed_at", "-id"), params)


# -- officers
def require_desk(actor: Actor) -> Actor:
    """An officer or registrar of the vault; raises NotSignedIn, Forbidden."""
    if not actor.is_authenticated:
        raise NotSignedIn()
    if not actor.role_ids & {OFFICER, REGISTRAR}:
        raise Forbidden()
    return actor


def objections(actor: Actor, params: Mapping[str, str]) -> pagination.Page[Any]:
    """Objections to facts of the asker's departments. Filters: state, q (number), late."""
    rows = _of_state(access.visible(actor, Objection).exclude(person_id=None), params)
    if words := params.get("q", "").strip():
        rows = rows.filter(Q(number__startswith=words) | Q(item__name__zh__icontains=words))
    if params.get("late"):
        rows = rows.filter(state=ObjectionState.FILED.value, due_on__lt=clock.today())
    return pagination.page(rows, ("-filed_at", "-id"), params)


def objection(actor: Actor, number: str) -> Objection:
    """One objection the asker may see. Raises NotFound."""
    rows = access.visible(actor, Objection).select_related("item__source", "department", "person")
    found: Objection | None = rows.filter(number=number).first()
    if found is None:
        raise NotFound()
    return found


def requests(actor: Actor, params: Mapping[str, str]) -> pagination.Page[Any]:
    """Requests made by the asker's departments (registrars: by all). Filters: state, q, recipient."""
    rows = _filtered(_requests(actor), params)
    if code := params.get("recipient", ""):
        rows = rows.filter(recipient__code=code)
    return pagination.page(rows, ("-made_at", "-id"), params)


def recipients(actor: Actor, params: Mapping[str, str]) -> pagination.Page[Any]:
    """使用方名录. Filters: q, standing."""
    rows = access.visible(actor, Recipient)
    if words := params.get("q", "").strip():
        rows = rows.filter(
            Q(code__startswith=words) | Q(name__zh__icontains=words) | Q(name__en__icontains=words)
        )
    if params.get("standing") in Recipient.Standing.values:
        rows = rows.filter(standing=params["standing"])
    return pagination.page(rows, ("code",), params)


def recipient(actor: Actor, code: str) -> Recipient:
    """One recipient. Raises NotFound."""
    found: Recipient | None = access.visible(actor, Recipient).filter(code=code).first()
    if found is None:
        raise NotFound()
    return found


def keys(actor: Actor, row: Recipient) -> list[RecipientKey]:
    """Its keys, the newest first."""
    return list(access.visible(actor, RecipientKey).filter(recipient=row).order_by("-pk"))


# -- anybody
def verify(data: bytes) -> Verdict:
    """What a receipt or proof file says, checked with the public keys. Raises InvalidInput with the reason."""
    from quancheng.capabilities.chain import queries as chain

    try:
        return verify_file(data, Keys.read(trusted.document()), policy_of(chain.policy_document()))
    except (VaultFault, LogFault) as fault:
        said = (
            fault.text
            if isinstance(fault, VaultFault)
            else Text(f"链上证明不成立：{fault}", f"The proof in the chain does not hold: {fault}")
        )
        raise InvalidInput(said, fields={"receipt": said}, extra={"reason": fault.reason.value}) from None


def item_list() -> list[dict[str, Any]]:
    """Items recipients may ask for."""
    rows = Item.objects.filter(active=True, source__active=True).select_related("source__department")
    return [
        {
            "code": one.code, "name": one.name, "source": one.source.name,
            "department": one.source.department.text.to_dict(),
        }
        for one in rows.order_by("source__order", "order")
    ]  # fmt: skip


def timeline(actor: Actor, row: DataRequest) -> list[EntryRow]:
    """Entries of a request, the first one first."""
    return list(access.visible(actor, EntryRow).filter(request=row).order_by("seq"))


# -- parts
def _requests(actor: Actor) -> QuerySet[Any]:
    return access.visible(actor, DataRequest).select_related("recipient", "grant")


def _filtered(rows: QuerySet[Any], params: Mapping[str, str]) -> QuerySet[Any]:
    if words := params.get("q", "").strip():
        rows = rows.filter(
            Q(number__startswith=words) | Q(recipient__name__zh__icontains=words)
            | Q(recipient__name__en__icontains=words) | Q(purpose__contains=words)
        )  # fmt: skip
    return _by_state(rows, params.get("state", ""))


def _by_state(rows: QuerySet[Any], state: str) -> QuerySet[Any]:
    now = clock.now()
    open_rows = rows.filter(ended="")
    match state:
        case State.ASKED.value:
            return open_rows.filter(grant=None, answer_by__gt=now)
        case State.LAPSED.value:
            return open_rows.filter(grant=None, answer_by__lte=now)
        case State.LIVE.value:
            return open_rows.filter(grant__until__gt=now)
        case State.EXPIRED.value:
            return open_rows.filter(grant__until__lte=now)
        case State.REFUSED.value | State.WITHDRAWN.value | State.USED_UP.value:
            return rows.filter(ended=state)
    return rows


def _of_state(rows: QuerySet[Any], params: Mapping[str, str]) -> QuerySet[Any]:
    rows = rows.select_related("item__source", "department")
    if params.get("state") in set(ObjectionState):
        rows = rows.filter(state=params["state"])
    return rows
