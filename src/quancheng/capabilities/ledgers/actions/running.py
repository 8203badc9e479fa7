"""Running books 台账管理: assign, remind, close, next round, archive, export."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import date

from quancheng.capabilities.ledgers import limits, looking, outfitting, spreadsheet
from quancheng.capabilities.ledgers.fetching import get, must_be
from quancheng.capabilities.ledgers.models import Book, Period, Row, State
from quancheng.capabilities.people import queries as people
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict, InvalidInput, TooLarge

_MONTHS = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}


@action("ledgers.assign_rows")
def assign_rows(call: Call, *, book: int, user: int, region: str = "", rows: Sequence[int] = ()) -> int:
    """分派: rows (by id) or all rows of a region (prefix) go to a field worker. Returns how many.

    Raises InvalidInput when the user is no field worker of the area, Conflict when the book is closed.
    """
    found = get(call, Book, "run", pk=book)
    must_be(found, State.OPEN)
    prefix = people.region_prefix(found.region_code)
    known = outfitting.workers(found.region_code)
    if user not in known.values() or not people.officials(Actor.system("ledgers"), outfitting.WORKER).filter(
        pk=user
    ):
        wrong = Text("请选择本辖区的台账填报员。", "Choose a field worker of the area.")
        raise InvalidInput(wrong, fields={"user": wrong})
    wanted = access.visible(call.actor, Row, verb="assign").filter(book=found)
    if rows:
        wanted = wanted.filter(pk__in=list(rows)[:1000])
    elif region.startswith(prefix) and region.isdecimal():
        wanted = wanted.filter(people.in_region(region))
    else:
        raise InvalidInput(fields={"region": Text("请选择社区或行。", "Choose a community or rows.")})
    done = wanted.update(assignee_id=user)
    audit.note(book=found.code, user=user, rows=done)
    return int(done)


@action("ledgers.remind_book")
def remind_book(call: Call, *, book: int) -> int:
    """催报: a message to everybody with rows left, once a day. Returns to how many people."""
    found = get(call, Book, "run", pk=book)
    must_be(found, State.OPEN)
    title = Text("台账还没填完", "A ledger is not filled yet")
    told = outfitting.tell_workers(call, found, title, f"remind:{call.at:%Y%m%d}")
    audit.note(book=found.code, people=told)
    return told


@action("ledgers.close_book")
def close_book(call: Call, *, book: int, note: str = "") -> Book:
    """截止: nothing can be filled any more. Raises Conflict when conflicts are open."""
    found = get(call, Book, "run", pk=book)
    must_be(found, State.OPEN)
    open_ones = Row.objects.filter(book=found, submissions__state="open").distinct().count()
    if open_ones:
        raise Conflict(
            Text(f"还有{open_ones}行的冲突没有裁定。", f"{open_ones} rows have open conflicts."),
            todo=Text("请先在“冲突”里逐条裁定。", "Settle them first."),
        )
    found.state, found.closed_at = State.CLOSED, call.at
    found.save(update_fields=["state", "closed_at"])
    todo = Row.objects.filter(book=found, state=Row.State.TODO).count()
    events.emit("ledgers.book.closed", found.code, {"book": found.pk, "unfilled": todo})
    audit.note(book=found.code, unfilled=todo, note=note.strip()[:200])
    return found


@action("ledgers.archive_book")
def archive_book(call: Call, *, book: int) -> Book:
    """归档 a closed book: it stays readable and counts no more among the current ones."""
    found = get(call, Book, "run", pk=book)
    must_be(found, State.CLOSED)
    found.state = State.ARCHIVED
    found.save(update_fields=["state"])
    audit.note(book=found.code)
    return found


@action("ledgers.next_round")
def next_round(call: Call, *, book: int) -> Book:
    """下一期 of a closed recurring book: the same approved design, pre-filled anew from the base.

    Raises Conflict when it does not recur or the next round is there.
    """
    found = get(call, Book, "run", pk=book)
    must_be(found, State.CLOSED, State.ARCHIVED)
    if found.period == Period.ONCE:
        raise Conflict(Text("一次性台账没有下一期。", "This ledger does not recur."))
    if found.following.exists():
        raise Conflict(Text("下一期已经下发。", "The next round is out already."))
    following = _copy_of(call, found)
    following.save()
    following.code = f"TZ{call.at:%y%m}{following.pk:06d}"
    rows = outfitting.send_out(call, following)
    audit.note(book=following.code, previous=found.code, rows=rows)
    return following


def _copy_of(call: Call, book: Book) -> Book:
    due = following_due(book.due_on, book.period)
    while due < clock.day_of(call.at):
        due = following_due(due, book.period)
    return Book(
        code="", zh=book.zh, en=book.en, purpose=book.purpose, legal_basis=book.legal_basis,
        department=book.department, region_code=book.region_code, columns=book.columns, key_column=book.key_column,
        base=book.base, base_where=book.base_where, period=book.period, due_on=due, may_add=book.may_add,
        photos=book.photos, round=book.round + 1, previous=book, held=book.held, created_by=book.created_by,
        created_name=book.created_name, created_at=call.at, decided_name=book.decided_name, decision=book.decision,
        simulated=book.simulated,
    )  # fmt: skip


def following_due(due: date, period: str) -> date:
    """The end of the next round: the same day of a later month, or its last day."""
    months = due.year * 12 + due.month - 1 + _MONTHS[Period(period)]
    year, month = divmod(months, 12)
    return date(year, month + 1, min(due.day, calendar.monthrange(year, month + 1)[1]))


@action("ledgers.export_book", idempotent=False)
def export_book(call: Call, *, book: int) -> str:
    """导出台账 as CSV that spreadsheets open safely: the rows the asker may see, with a watermark. Audited.

    Raises Forbidden, TooLarge.
    """
    access.require(call.actor, "view", Book)
    found: Book | None = access.visible(call.actor, Book).filter(pk=book).first()
    if found is None:
        raise Conflict(Text("没有这本台账，或您不能导出。", "There is no such ledger for you to export."))
    rows = access.visible(call.actor, Row).filter(book=found).order_by("number")
    most = limits.whole("export_rows")
    if rows.count() > most:
        raise TooLarge(Text(f"一次最多导出{most}行。", f"At most {most} rows at a time."))
    names = [one.name for one in found.design]
    heads = ["行号", "社区", *names, "状态", "核查情况", "备注", "修改人", "修改时间"]
    lines = [
        [
            row.number, people.region_name(row.region_code).zh, *(row.cells.get(name, "") for name in names),
            row.get_state_display(), row.get_standing_display(), row.note, row.changed_by,
            f"{row.changed_at.astimezone(clock.LOCAL):%Y-%m-%d %H:%M}",
        ]
        for row in rows
    ]  # fmt: skip
    mark = looking.watermark(call)
    audit.note(book=found.code, rows=len(lines), mark=mark["code"])
    return spreadsheet.csv_of(heads, lines, [mark["text"]])
