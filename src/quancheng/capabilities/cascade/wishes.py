"""校核: requests sent and received, and their answers, as rows for people."""

from __future__ import annotations

from collections.abc import Iterable

from quancheng.capabilities.cascade import book as books
from quancheng.capabilities.cascade.models import Book, Remark, Wish
from quancheng.capabilities.cascade.network import node
from quancheng.capabilities.people import queries as people
from quancheng.core.cascade import (
    CascadeError,
    Change,
    ChangeKind,
    Finding,
    Notice,
    Row,
    RowId,
    Stream,
    StreamKind,
    correction_of,
    settle,
    verdict_of,
)
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput

__all__ = ["answer_wish", "take_notices", "take_verdicts"]


def take_notices(call: Call, book: Book, notices: Iterable[Notice], neighbour: str) -> None:
    """Keep what was found for people; inside an action."""
    for notice in notices:
        if notice.finding in (Finding.CORRECTION_DUE, Finding.CORRECTION_SENT):
            _keep_wish(call, notice.row, notice.finding is Finding.CORRECTION_DUE)
        elif notice.finding is not Finding.OFFICE_TAKEN:
            Remark.objects.create(
                finding=str(notice.finding), book=book, origin=notice.row.id.origin, local=notice.row.id.local,
                neighbour=neighbour, body=notice.row.body, at=call.at,
            )  # fmt: skip
            events.emit(
                "cascade.finding.noted",
                f"{notice.row.id.origin}/{notice.row.id.local}",
                {"finding": str(notice.finding), "stream": str(book), "neighbour": neighbour},
            )


def _keep_wish(call: Call, request: Row, incoming: bool) -> None:
    asked = correction_of(request)
    if asked is None or Wish.objects.filter(origin=request.id.origin, local=request.id.local).exists():
        return
    target = books.BookLedger().get(asked.stream, asked.row)
    Wish.objects.create(
        origin=request.id.origin, local=request.id.local, incoming=incoming, book=books.open_book(asked.stream),
        row_origin=asked.row.origin, row_local=asked.row.local, owner=target.row.owner if target else "",
        organ=request.organ, department_id=_department(request.organ), before=target.row.body if target else "",
        wanted=asked.body, deletes=asked.deleted, asked_at=call.at, simulated=call.actor.simulated,
    )  # fmt: skip
    kind = "cascade.correction.received" if incoming else "cascade.correction.sent"
    events.emit(kind, "/".join(request.id), {"stream": asked.stream.name, "row": asked.row.local})


def _department(code: str) -> int | None:
    found = people.departments().filter(code=code).first() if code else None
    return found.pk if found is not None else None


def take_verdicts(call: Call, book: Book, changes: Iterable[Change]) -> None:
    """Answers that arrived close our own requests; inside an action."""
    if book.kind != StreamKind.CORRECTION.value:
        return
    for change in changes:
        verdict = verdict_of(change.row) if change.kind is ChangeKind.STORED else None
        if verdict is None:
            continue
        found = Wish.objects.filter(origin=verdict.correction.origin, local=verdict.correction.local).first()
        if found is None or found.incoming:
            continue
        if found.owner != change.row.owner and found.row_origin != change.row.owner:
            continue  # only who owns the row may answer
        _close(call, found, verdict.accepted, verdict.note)
        data = {"row": found.row_local, "accepted": verdict.accepted}
        events.emit("cascade.correction.answered", f"{found.origin}/{found.local}", data)


def _close(call: Call, wish: Wish, accepted: bool, note: str) -> None:
    wish.state = Wish.State.ACCEPTED if accepted else Wish.State.REFUSED
    wish.note, wish.answered_at = note[:500], call.at
    wish.save(update_fields=["state", "note", "answered_at"])


@action("cascade.correction.answer")
def answer_wish(call: Call, *, wish: Wish, accepted: bool, note: str) -> Wish:
    """答复校核申请: accepted, the row is changed as asked. Raises Forbidden, InvalidInput, Conflict."""
    access.require(call.actor, "answer", wish)
    wish = Wish.objects.select_for_update().get(pk=wish.pk)
    if not note.strip():
        said = Text("请写明答复理由。", "Say why.")
        raise InvalidInput(said, fields={"note": said})
    if not wish.incoming or wish.state != Wish.State.OPEN:
        raise Conflict(Text("这条申请已经答复。", "This request was answered."))
    stream = Stream(StreamKind(wish.book.kind), wish.book.name)
    books.lock(stream)
    ledger = books.BookLedger()
    try:
        outcome = settle(
            node(),
            ledger,
            stream,
            RowId(wish.origin, wish.local),
            accepted,
            note.strip(),
            int(call.at.timestamp()),
        )
    except CascadeError as refused:
        raise Conflict(
            refused.text, todo=Text("请核对该行现在由谁负责。", "Check who owns the row now.")
        ) from refused
    ledger.write(outcome.writes, heard=True)
    _close(call, wish, accepted, note.strip())
    audit.note(wish=wish.local, accepted=accepted)
    events.emit("cascade.correction.decided", f"{wish.origin}/{wish.local}", {"accepted": accepted})
    return wish
