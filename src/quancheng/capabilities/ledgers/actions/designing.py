"""Designing books 台账设计: draft, check against what the city holds, propose, decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from quancheng.capabilities.ledgers import base, columns, holdings, limits, outfitting
from quancheng.capabilities.ledgers.fetching import get, must_be
from quancheng.capabilities.ledgers.models import Book, Period, Returned, State
from quancheng.capabilities.ledgers.values import Column, Held
from quancheng.capabilities.people import queries as people
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, TooLarge


@action("ledgers.create_book")
def create_book(
    call: Call,
    *,
    zh: str,
    purpose: str,
    department: str,
    region_code: str,
    due_on: date,
    columns: Sequence[Mapping[str, Any]],
    en: str = "",
    legal_basis: str = "",
    key_column: str = "",
    base: int | None = None,
    base_where: Mapping[str, Any] | None = None,
    period: str = Period.ONCE,
    may_add: bool = True,
    photos: int = 0,
    simulated: bool = False,
) -> Book:
    """起草台账. ``columns`` are the JSON forms of :class:`values.Column`; ``base`` the number of a returned table.

    Raises Forbidden, InvalidInput (fields).
    """
    access.require(call.actor, "design", Book)
    book = Book(
        code="", department=people.department(department), region_code=region_code.strip(),
        created_by=call.actor.user_id, created_name=str(call.actor)[:120], created_at=call.at,
        simulated=simulated or call.actor.simulated,
    )  # fmt: skip
    _apply(call, book, zh=zh, en=en, purpose=purpose, legal_basis=legal_basis, due_on=due_on, columns_=columns,
           key_column=key_column, base_id=base, base_where=base_where or {}, period=period, may_add=may_add,
           photos=photos)  # fmt: skip
    book.save()
    book.code = f"TZ{call.at:%y%m}{book.pk:06d}"
    book.save(update_fields=["code"])
    if not access.allowed(call.actor, "design", book):
        wrong = Text(
            "只能为本单位、本辖区设计台账。", "Ledgers can be designed for your own office and area only."
        )
        raise Forbidden(wrong)
    audit.note(book=book.code, columns=len(book.columns), region=book.region_code)
    return book


@action("ledgers.edit_book")
def edit_book(
    call: Call,
    *,
    book: int,
    expect: int,
    zh: str,
    purpose: str,
    due_on: date,
    columns: Sequence[Mapping[str, Any]],
    en: str = "",
    legal_basis: str = "",
    key_column: str = "",
    base: int | None = None,
    base_where: Mapping[str, Any] | None = None,
    period: str = Period.ONCE,
    may_add: bool = True,
    photos: int = 0,
    region_code: str = "",
) -> Book:
    """修改草稿. ``expect`` is the revision the editor saw. Raises Conflict when it has changed since, InvalidInput."""
    found = get(call, Book, "design", pk=book)
    must_be(found, State.DRAFT)
    if found.revision != expect:
        raise Conflict(
            Text("别人刚修改过这本台账，请刷新后再改。", "Somebody else has just changed it; reload.")
        )
    found.region_code = region_code.strip() or found.region_code
    _apply(call, found, zh=zh, en=en, purpose=purpose, legal_basis=legal_basis, due_on=due_on, columns_=columns,
           key_column=key_column, base_id=base, base_where=base_where or {}, period=period, may_add=may_add,
           photos=photos)  # fmt: skip
    found.revision += 1
    found.save()
    access.require(call.actor, "design", found)
    audit.note(book=found.code, revision=found.revision, columns=len(found.columns))
    return found


def _apply(call: Call, book: Book, *, columns_: Sequence[Mapping[str, Any]], base_id: int | None,
           base_where: Mapping[str, Any], **facts: Any) -> None:  # fmt: skip
    """Copy a design onto a book; every fault is named at its field."""
    design, faults = columns.read_columns(list(columns_))
    faults |= _fact_faults(call, book, design, facts)
    returned = Returned.objects.filter(pk=base_id, active=True).first() if base_id else None
    if base_id and returned is None:
        faults["base"] = Text("没有这份返还数据，或已停止返还。", "This table is not returned.")
    faults |= _source_faults(design, returned)
    if returned is not None and base_where:
        base.condition_of(base_where)
    if faults:
        raise InvalidInput(fields=faults)
    for name, value in facts.items():
        setattr(book, name, value.strip() if isinstance(value, str) else value)
    book.columns = [one.to_dict() for one in design]
    book.base, book.base_where = returned, dict(base_where)


def _fact_faults(
    call: Call, book: Book, design: Sequence[Column], facts: Mapping[str, Any]
) -> dict[str, Text]:
    faults = {}
    if not 2 <= len(facts["zh"].strip()) <= 60:
        faults["zh"] = Text("台账名称应为2至60个字。", "A name has 2 to 60 characters.")
    if not facts["purpose"].strip() or len(facts["purpose"]) > 300:
        faults["purpose"] = Text("请写明用途（最多300字）。", "Say what the ledger is for (300 characters).")
    if facts["due_on"] < clock.day_of(call.at):
        faults["due_on"] = Text("截止日期不能早于今天。", "The end is not before today.")
    if facts["period"] not in Period.values:
        faults["period"] = Text("请选择填报周期。", "Choose how often it is filled.")
    if not 0 <= int(facts["photos"]) <= 9:
        faults["photos"] = Text("每行最多9张照片。", "At most 9 photos a row.")
    if facts["key_column"] and facts["key_column"] not in {one.name for one in design}:
        faults["key_column"] = Text("标识字段不在字段里。", "The key is none of the columns.")
    if not people.region_name(book.region_code).zh or len(book.region_code) not in (6, 9, 12):
        faults["region_code"] = Text("请选择范围。", "Choose an area.")
    return faults


def _source_faults(design: Sequence[Column], returned: Returned | None) -> dict[str, Text]:
    """Pre-filled columns must come from tables that are returned, and from columns that are."""
    faults = {}
    for at, one in enumerate(design):
        if not one.prefilled:
            continue
        source = base.returned_or_none(one.table)
        if source is None:
            faults[f"columns.{at}"] = Text("来源数据没有返还。", "Its source is not returned.")
        elif one.source not in {spec.name for spec in base.shown_columns(source)}:
            faults[f"columns.{at}"] = Text(
                "来源数据没有返还这个字段。", "The source does not return this column."
            )
    return faults


@action("ledgers.check_book", idempotent=False)
def check_book(call: Call, *, book: int) -> list[Held]:
    """核对全市已有: compare the asked columns with what the city holds; the result is kept with the book."""
    found = get(call, Book, "design", pk=book)
    matches = holdings.held_columns(call.actor, found.design, found.key_column)
    found.held = [_kept(one) for one in matches]
    found.save(update_fields=["held"])
    refused = _unexcused(found, matches)
    if refused:
        events.emit("ledgers.book.repeat_refused", found.code, {"columns": [one.column for one in refused]})
    audit.note(book=found.code, held=len(matches), refused=len(refused))
    return matches


def _kept(one: Held) -> dict[str, Any]:
    return {
        "column": one.column, "item": one.item, "data": one.data, "organ": one.organ, "likeness": one.likeness,
        "refused": one.refused, "table": one.table, "source": one.source, "text": one.text.to_dict(),
    }  # fmt: skip


def _unexcused(book: Book, matches: Sequence[Held]) -> list[Held]:
    excused = {one.name for one in book.design if one.exception.strip()}
    return [one for one in matches if one.refused and one.column not in excused]


@action("ledgers.propose_book")
def propose_book(call: Call, *, book: int) -> Book:
    """提请审核. Refused when the city holds what a column asks for, unless the column says why it must be asked.

    Raises InvalidInput naming the existing data, Conflict.
    """
    found = get(call, Book, "design", pk=book)
    must_be(found, State.DRAFT)
    faults = columns.design_faults(found.design)
    matches = holdings.held_columns(call.actor, found.design, found.key_column)
    faults |= {one.column: one.text for one in _unexcused(found, matches)}
    if faults:
        names = "；".join(text.zh for text in faults.values())
        english = " ".join(text.en for text in faults.values())
        raise InvalidInput(
            Text(f"台账还不能提请审核：{names}", f"It cannot be proposed yet: {english}"),
            todo=Text(
                "请改为预填，或删去该字段；确需采集的写明理由，由审核人决定。",
                "Pre-fill the column, drop it, or say why it must be asked; the approver decides.",
            ),
            fields=faults,
        )
    found.held = [_kept(one) for one in matches]
    found.state = State.PROPOSED
    found.save(update_fields=["held", "state"])
    events.emit("ledgers.book.proposed", found.code, {"book": found.pk, "region": found.region_code})
    audit.note(book=found.code)
    return found


@action("ledgers.decide_book")
def decide_book(call: Call, *, book: int, approve: bool, note: str = "") -> Book:
    """审核台账: the second look. Approved, it goes out: rows are made, pre-filled and assigned. Sent back, it is a
    draft again. Nobody approves their own. Raises Conflict, Forbidden, InvalidInput without a reason."""
    found = get(call, Book, "approve", pk=book)
    must_be(found, State.PROPOSED)
    if found.created_by is not None and found.created_by == call.actor.user_id:
        raise Forbidden(Text("不能审核自己设计的台账。", "Nobody approves a ledger of their own."))
    if not approve and not note.strip():
        raise InvalidInput(fields={"note": Text("请写明退回的理由。", "Say why it is sent back.")})
    found.decided_name, found.decision = str(call.actor)[:120], note.strip()[:300]
    if not approve:
        found.state = State.DRAFT
        found.save(update_fields=["state", "decided_name", "decision"])
        events.emit("ledgers.book.returned", found.code, {"book": found.pk})
        audit.note(book=found.code, approved=False)
        return found
    made = outfitting.send_out(call, found)
    audit.note(
        book=found.code,
        approved=True,
        rows=made,
        exceptions=[one.name for one in found.asked if one.exception],
    )
    return found


@action("ledgers.import_rows")
def import_rows(call: Call, *, book: int, rows: Sequence[Mapping[str, str]]) -> int:
    """导入行: rows of a spreadsheet become rows of the book, pre-filled by their key; returns how many are new.

    A row whose key the book has is left out. Raises InvalidInput, TooLarge.
    """
    found = get(call, Book, "design", pk=book)
    must_be(found, State.DRAFT, State.OPEN)
    if found.rows.count() + len(rows) > (most := limits.whole("book_rows")):
        raise TooLarge(Text(f"一本台账最多{most}行。", f"A ledger has at most {most} rows."))
    made = outfitting.bring_in(call, found, rows)
    audit.note(book=found.code, sent=len(rows), new=made)
    return made
