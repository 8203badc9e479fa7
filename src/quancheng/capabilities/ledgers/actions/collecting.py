"""Collecting 填报: rows are saved against the revision they were read at; nothing sent is lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from quancheng.capabilities.ledgers import base, columns, limits, outfitting
from quancheng.capabilities.ledgers.fetching import get, must_be, row_dict
from quancheng.capabilities.ledgers.merging import Merged, merge, settle
from quancheng.capabilities.ledgers.models import Book, Photo, Row, State, Submission
from quancheng.capabilities.ledgers.values import Outcome, Sent
from quancheng.capabilities.people import queries as people
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, events, photos
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, TooLarge

_STANDINGS = {"", Row.Standing.BASE.value, Row.Standing.ABSENT.value, Row.Standing.ADDED.value}


@action("ledgers.save_row")
def save_row(
    call: Call,
    *,
    row: int,
    base_revision: int,
    cells: Mapping[str, Any],
    standing: str = "",
    note: str = "",
    done: bool = True,
) -> dict[str, Any]:
    """填报一行. ``base_revision``: the row's revision when it was fetched; ``cells``: what is sent.

    Answers the JSON of :class:`values.Sent`: applied, merged (somebody else changed other cells) or conflict
    (the same cells; kept until :func:`settle_conflict`). Raises InvalidInput (fields by column), Conflict when the
    book is closed.
    """
    found = get(call, Row, "fill", pk=row)
    must_be(found.book, State.OPEN)
    sent = _read(call, found, cells, standing, note, done)
    before = _at_revision(found, base_revision)
    merged = merge(before, found.cells, sent)
    if merged.outcome is Outcome.CONFLICT:
        return _keep_clash(call, found, base_revision, sent, merged, standing, note)
    return _take(call, found, base_revision, sent, merged, standing, note, done)


def _read(
    call: Call, row: Row, cells: Mapping[str, Any], standing: str, note: str, done: bool
) -> dict[str, str]:
    design = row.book.design
    sent, faults = columns.read_cells(design, cells, row.base, clock.day_of(call.at))
    absent = standing == Row.Standing.ABSENT
    if done and not absent:
        whole = {**row.cells, **sent}
        faults |= {name: Text("必填", "Required") for name in columns.missing_cells(design, whole)}
    if standing not in _STANDINGS:
        faults["standing"] = Text("核查情况无效。", "Not a standing.")
    if len(note) > 300:
        faults["note"] = Text("备注最多300字。", "At most 300 characters.")
    if absent and not note.strip() and not row.note:
        faults["note"] = Text("现场未见的请写明情况。", "Say what was found instead.")
    if faults:
        raise InvalidInput(fields=faults)
    return sent


def _at_revision(row: Row, revision: int) -> dict[str, str]:
    """The cells as they were at a revision; the first one is what the row began with."""
    if revision == row.revision:
        return dict(row.cells)
    if not 1 <= revision < row.revision:
        raise InvalidInput(Text("版本号无效，请重新下载台账。", "No such revision; fetch the ledger again."))
    kept = row.submissions.filter(revision__lte=revision).order_by("-revision").first()
    if kept is not None:
        return dict(kept.after)
    first = row.submissions.filter(revision=2).first()
    return dict(first.choices.get("before", row.base)) if first is not None else dict(row.base)


def _keep_clash(
    call: Call, row: Row, base_revision: int, sent: dict[str, str], merged: Merged, standing: str, note: str
) -> dict[str, Any]:
    clashes = [one.to_dict() for one in merged.clashes]
    kept = Submission.objects.create(
        row=row, base_revision=base_revision, sent=sent, after={}, clashes=clashes, standing=standing,
        note=note.strip(), state=Submission.State.OPEN, by_id=call.actor.user_id, by=str(call.actor)[:120], at=call.at,
    )  # fmt: skip
    events.emit("ledgers.row.conflict", row.book.code, {"row": row.pk, "submission": kept.pk})
    audit.note(row=row.pk, outcome="conflict", cells=[one.column for one in merged.clashes])
    return Sent(Outcome.CONFLICT, row_dict(row), kept.pk, clashes).to_dict()


def _take(
    call: Call, row: Row, base_revision: int, sent: Mapping[str, str], merged: Merged, standing: str, note: str,
    done: bool,
) -> dict[str, Any]:  # fmt: skip
    before = dict(row.cells)
    write(call, row, merged.cells, standing, note, done)
    kept = Submission.objects.create(
        row=row, base_revision=base_revision, revision=row.revision, sent=dict(sent), after=row.cells,
        choices={"before": before} if row.revision == 2 else {}, standing=standing, note=note.strip(),
        by_id=call.actor.user_id, by=str(call.actor)[:120], at=call.at,
    )  # fmt: skip
    audit.note(row=row.pk, outcome=merged.outcome.value, revision=row.revision)
    return Sent(merged.outcome, row_dict(row), kept.pk).to_dict()


def write(call: Call, row: Row, cells: Mapping[str, str], standing: str, note: str, done: bool) -> None:
    """Put cells into a row and count them again."""
    design = row.book.design
    row.cells = {name: text for name, text in cells.items() if text}
    row.spared, row.typed = columns.counted(design, row.base, row.cells)
    row.differing = sum(1 for one in design if one.prefilled and differs(row, one.name))
    if standing and row.standing != Row.Standing.ADDED:
        row.standing = standing
    row.note = note.strip() or row.note
    if done and row.state != Row.State.DONE:
        row.state, row.done_at = Row.State.DONE, call.at
        events.emit("ledgers.row.done", row.book.code, {"row": row.pk, "book": row.book_id})
    row.revision += 1
    row.changed_at, row.changed_by = call.at, str(call.actor)[:120]
    row.save()


def differs(row: Row, name: str) -> bool:
    """Whether a cell of a row of the base is not what the base has."""
    return bool(row.base_key) and row.cells.get(name, "") != row.base.get(name, "")


@action("ledgers.settle_conflict")
def settle_conflict(
    call: Call, *, submission: int, choices: Mapping[str, str], revision: int
) -> dict[str, Any]:
    """裁定冲突: ``choices`` says ``mine`` or ``theirs`` for each cell in question; ``revision`` is the row's as shown.

    Both versions stay in the history. Raises Conflict when it is decided or the row has changed again, InvalidInput.
    """
    found = get(call, Submission, "settle", pk=submission)
    row = Row.objects.select_for_update().select_related("book").get(pk=found.row_id)
    access.require(call.actor, "fill", row)
    if found.state != Submission.State.OPEN:
        raise Conflict(Text("这处冲突已经裁定。", "This conflict is settled already."))
    if row.revision != revision:
        raise Conflict(
            Text("这一行又被修改过，请重新比较后再定。", "The row has changed again; look once more.")
        )
    wanted = {one["column"] for one in found.clashes}
    wrong = {
        name: Text("请选“用我的”或“用对方的”。", "Choose mine or theirs.")
        for name in wanted
        if choices.get(name) not in ("mine", "theirs")
    }
    if wrong:
        raise InvalidInput(fields=wrong)
    cells = settle(row.cells, found.sent, choices)
    write(call, row, cells, found.standing, found.note, row.state == Row.State.DONE or _complete(row, cells))
    found.state, found.choices = Submission.State.SETTLED, dict(choices)
    found.revision, found.after = row.revision, row.cells
    found.settled_by, found.settled_at = str(call.actor)[:120], call.at
    found.save()
    audit.note(row=row.pk, submission=found.pk, choices=dict(choices))
    return Sent(Outcome.APPLIED, row_dict(row), found.pk).to_dict()


def _complete(row: Row, cells: Mapping[str, str]) -> bool:
    return not columns.missing_cells(row.book.design, cells)


@action("ledgers.add_row")
def add_row(
    call: Call, *, book: int, client_id: str, cells: Mapping[str, Any], region_code: str = "", note: str = ""
) -> dict[str, Any]:
    """现场新增一行. ``client_id`` is made where the row was entered: the same one again gives the same row.

    Cells the city knows by the row's key are filled in. Raises InvalidInput, Conflict, TooLarge.
    """
    found = _book_for(call, book)
    same = Row.objects.filter(book=found, client_id=client_id).first()
    if same is not None:
        access.require(call.actor, "fill", same)
        return Sent(Outcome.APPLIED, row_dict(same), 0).to_dict()
    _may_add(found, client_id)
    sent, faults = columns.read_cells(found.design, cells, {}, clock.day_of(call.at))
    key = sent.get(found.key_column, "")
    if found.key_column and not key:
        faults[found.key_column] = Text("必填", "Required")
    elif key and Row.objects.filter(book=found, key=key).exists():
        faults[found.key_column] = Text(
            "台账里已有这一行，请在原行上修改。", "The ledger has this row already."
        )
    prefix = people.region_prefix(found.region_code)
    known = base.fill_by_key(found.prefilled, [key], [prefix]).get(key, {}) if key and not faults else {}
    whole = {**known, **sent}
    faults |= {name: Text("必填", "Required") for name in columns.missing_cells(found.design, whole)}
    if faults:
        raise InvalidInput(fields=faults)
    row = outfitting.new_row(
        call, found, outfitting.next_number(found), key, known, whole, region_code or _place_of(call, found),
        base_key=[key] if known else [], client_id=client_id, standing=Row.Standing.ADDED,
    )  # fmt: skip
    row.assignee_id, row.note = call.actor.user_id, note.strip()[:300]
    row.state, row.done_at = Row.State.DONE, call.at
    row.differing = sum(1 for one in found.prefilled if differs(row, one.name))
    row.save()
    access.require(call.actor, "fill", row)
    kept = Submission.objects.create(
        row=row, base_revision=0, revision=1, sent=sent, after=row.cells, note=row.note,
        by_id=call.actor.user_id, by=str(call.actor)[:120], at=call.at,
    )  # fmt: skip
    events.emit("ledgers.row.done", found.code, {"row": row.pk, "book": found.pk})
    audit.note(book=found.code, row=row.pk, known=len(known))
    return Sent(Outcome.APPLIED, row_dict(row), kept.pk).to_dict()


def _book_for(call: Call, book: int) -> Book:
    """A book one may add rows to: of one's area, or with rows of one's own."""
    access.require(call.actor, "fill", Row)
    found: Book | None = Book.objects.filter(pk=book).first()
    mine = access.visible(call.actor, Row, verb="fill").filter(book_id=book)
    if found is None or not (
        access.allowed(call.actor, "run", found) or mine.exists() or _place_of(call, found)
    ):
        raise Forbidden(Text("您不填报这本台账。", "You do not fill this ledger."))
    return found


def _place_of(call: Call, book: Book) -> str:
    """The area of the one who adds, if it lies in the book's; the first of several."""
    prefix = people.region_prefix(book.region_code)
    for grant in call.actor.grants:
        if grant.role in (outfitting.WORKER, "ledgers.clerk") and grant.region_prefix.startswith(prefix):
            return grant.region_prefix
    return ""


def _may_add(book: Book, client_id: str) -> None:
    must_be(book, State.OPEN)
    if not book.may_add:
        raise Conflict(Text("这本台账不能新增行。", "No rows can be added to this ledger."))
    if not 8 <= len(client_id) <= 64 or not client_id.isascii():
        wrong = Text("缺少行的编号。", "The number of the row is missing.")
        raise InvalidInput(wrong, fields={"client_id": wrong})
    if Row.objects.filter(book=book).count() >= (most := limits.whole("book_rows")):
        raise TooLarge(Text(f"一本台账最多{most}行。", f"A ledger has at most {most} rows."))


@action("ledgers.add_photo")
def add_photo(call: Call, *, row: int, photo: UploadedFile, client_id: str = "") -> int:
    """添加照片 to a row; the same ``client_id`` once. Returns its number. Raises InvalidInput, TooLarge, Conflict."""
    found = get(call, Row, "fill", pk=row)
    same = found.pictures.filter(client_id=client_id).first() if client_id else None
    if same is not None:
        return int(same.pk)
    must_be(found.book, State.OPEN)
    if found.pictures.count() >= found.book.photos:
        most = found.book.photos
        raise Conflict(Text(f"这一行最多{most}张照片。", f"This row takes at most {most} photos."))
    if not photo:
        raise InvalidInput(fields={"photo": Text("请选择照片。", "Choose a photo.")})
    photos.check(photo)
    kept = Photo.objects.create(
        row=found, file=photo, client_id=client_id, at=call.at, by=str(call.actor)[:120]
    )
    audit.note(row=found.pk, photo=kept.pk)
    return int(kept.pk)
