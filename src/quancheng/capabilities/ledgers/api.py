"""HTTP interface of ledgers, below ``/api/v1/ledgers/``: what phones speak, and lists for other programs."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import get_token
from ninja import File, Form, Query, Router, Schema
from ninja.files import UploadedFile
from ninja.security import django_auth

from quancheng.capabilities.ledgers import actions, base, limits, queries
from quancheng.capabilities.ledgers.fetching import row_dict
from quancheng.capabilities.ledgers.models import Book, Row
from quancheng.capabilities.people import queries as people
from quancheng.kernel import clock, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import InvalidInput
from quancheng.kernel.middleware import call_of

router = Router(auth=django_auth)


class LedgerFilter(Schema):
    """Filters of lists."""

    text: str = ""
    state: str = ""
    cursor: str = ""
    size: str = ""


class LedgerRowSent(Schema):
    """Cells of a row as they were entered, with the revision they were entered on."""

    base_revision: int
    cells: dict[str, str] = {}
    standing: str = ""
    note: str = ""
    done: bool = True


class LedgerRowAdded(Schema):
    """A new row; ``client_id`` is made where it was entered."""

    client_id: str
    cells: dict[str, str] = {}
    region_code: str = ""
    note: str = ""


class LedgerSettled(Schema):
    """Which version of each cell in question counts: ``mine`` or ``theirs``."""

    choices: dict[str, str]
    revision: int


def _actor(request: HttpRequest) -> Actor:
    return call_of(request).actor


def _book_dict(book: Book) -> dict[str, Any]:
    return {
        "id": book.pk, "code": book.code, "name": book.text.to_dict(), "state": book.state,
        "region": book.region_code, "due_on": book.due_on.isoformat(), "round": book.round,
        "department": book.department.text.to_dict(), "simulated": book.simulated,
    }  # fmt: skip


def _page(page: Any, shown: Any) -> dict[str, Any]:
    return {"items": [shown(one) for one in page], "next": page.next, "previous": page.previous}


# -- the phone ----------------------------------------------------------------------------------
@router.get("/collect/", summary="我要填的台账 Ledgers to fill")
def collect(request: HttpRequest) -> dict[str, Any]:
    """Who is signed in, the token for sending, and the ledgers with rows of theirs."""
    actor = _actor(request)
    books = [
        _book_dict(one) | {"total": queries.my_rows(actor, one).count(),
                           "left": queries.my_rows(actor, one).filter(state=Row.State.TODO).count()}
        for one in queries.books_to_fill(actor)[:100]
    ]  # fmt: skip
    return {"user": actor.user_id, "name": str(actor), "token": get_token(request), "books": books,
            "days": limits.whole("phone_days"), "at": clock.now().isoformat()}  # fmt: skip


@router.get("/collect/{code}/", summary="下载一本台账 One ledger to fill")
def package(request: HttpRequest, code: str, after: int = 0) -> dict[str, Any]:
    """The form and the rows of the asker, by number from ``after``; ``more`` says whether there are others."""
    actor = _actor(request)
    book = queries.book_to_fill(actor, code)
    most = limits.whole("phone_rows")
    found = list(queries.my_rows(actor, book).filter(number__gt=after).order_by("number")[: most + 1])
    places = {one.region_code for one in found}
    clashes = queries.conflicts(actor, book).filter(row__in=found)
    return {
        "user": actor.user_id, "token": get_token(request), "book": _book_dict(book) | {
            "columns": [one.to_dict() for one in book.design], "key_column": book.key_column, "purpose": book.purpose,
            "may_add": book.may_add, "photos": book.photos,
        },
        "rows": [row_dict(one) for one in found[:most]], "more": len(found) > most,
        "places": {code: people.region_name(code).to_dict() for code in places},
        "conflicts": [
            {"submission": one.pk, "row": one.row_id, "clashes": one.clashes, "by": one.by, "at": one.at.isoformat()}
            for one in clashes
        ],
        "at": clock.now().isoformat(),
    }  # fmt: skip


@router.get("/books/{code}/prefill/", summary="按标识预填 What the city knows by key")
def prefill(request: HttpRequest, code: str, key: str = "") -> dict[str, Any]:
    """Pre-filled cells for a key (身份证号, 户号 …) within the book's area; empty when the city knows nothing."""
    actor = _actor(request)
    book = queries.book_to_fill(actor, code)
    if not 2 <= len(key.strip()) <= 60:
        raise InvalidInput()
    prefix = people.region_prefix(book.region_code)
    return {"cells": base.fill_by_key(book.prefilled, [key.strip()], [prefix]).get(key.strip(), {})}


@router.post("/rows/{pk}/", summary="填报一行 Fill a row")
def send_row(request: HttpRequest, pk: int, sent: LedgerRowSent) -> dict[str, Any]:
    """Applied, merged or conflict; with an ``Idempotency-Key`` the same sending gets the first answer again."""
    return actions.save_row(call_of(request), row=pk, **sent.dict())


@router.post("/books/{code}/rows/", summary="新增一行 Add a row")
def send_new_row(request: HttpRequest, code: str, sent: LedgerRowAdded) -> dict[str, Any]:
    """A row found in the field; the same ``client_id`` gives the same row."""
    book = queries.book_to_add(_actor(request), code)
    return actions.add_row(call_of(request), book=book.pk, **sent.dict())


@router.post("/conflicts/{pk}/", summary="裁定冲突 Settle a conflict")
def settle(request: HttpRequest, pk: int, sent: LedgerSettled) -> dict[str, Any]:
    """Decide each cell in question."""
    return actions.settle_conflict(call_of(request), submission=pk, **sent.dict())


@router.post("/rows/{pk}/photos/", summary="添加照片 Add a photo")
def photo(
    request: HttpRequest, pk: int, file: UploadedFile = File(...), client_id: str = Form("")
) -> dict[str, Any]:
    """A JPG or PNG of at most 5 MB."""
    return {"photo": actions.add_photo(call_of(request), row=pk, photo=file, client_id=client_id[:64])}


# -- lists --------------------------------------------------------------------------------------
@router.get("/books/", summary="台账 Ledgers")
def books(request: HttpRequest, wanted: Query[LedgerFilter]) -> dict[str, Any]:
    """Ledgers the asker may see."""
    found = queries.books(_actor(request), text=wanted.text, state=wanted.state)
    page = pagination.page(found, ("-id",), wanted.dict())
    return _page(page, lambda one: _book_dict(one) | {"rows": one.total, "done": one.done})


@router.get("/books/{code}/rows/", summary="台账行 Rows of a ledger")
def rows(request: HttpRequest, code: str, wanted: Query[LedgerFilter]) -> dict[str, Any]:
    """Rows the asker may see."""
    actor = _actor(request)
    found = queries.rows(actor, queries.book(actor, code), text=wanted.text, state=wanted.state)
    return _page(pagination.page(found, ("number", "id"), wanted.dict()), row_dict)


@router.get("/differences/", summary="差异 Differences")
def differences(request: HttpRequest, wanted: Query[LedgerFilter]) -> dict[str, Any]:
    """Differences the asker may see."""
    found = queries.differences(_actor(request), text=wanted.text, state=wanted.state)
    return _page(pagination.page(found, ("-id",), wanted.dict()), _difference_dict)


def _difference_dict(one: Any) -> dict[str, Any]:
    return {
        "id": one.pk, "kind": one.kind, "state": one.state, "organ": one.organ.code, "label": one.label,
        "column": one.column, "base": one.base, "found": one.found, "region": one.region_code, "reason": one.reason,
        "version": one.version, "sent_at": one.sent_at.isoformat(),
    }  # fmt: skip


@router.get("/returned/", summary="返还数据 Returned tables")
def returned(request: HttpRequest, wanted: Query[LedgerFilter]) -> dict[str, Any]:
    """Tables given back that the asker may see."""
    page = pagination.page(queries.returned(_actor(request), text=wanted.text), ("-id",), wanted.dict())
    return _page(page, lambda one: {"id": one.pk, "table": one.table, "name": one.text.to_dict(),
                                    "organ": one.organ.code, "active": one.active})  # fmt: skip


@router.get("/returned/{pk}/rows/", summary="本辖区的行 Rows of one's own area")
def returned_rows(
    request: HttpRequest,
    pk: int,
    area: str = "",
    text: str = "",
    column: str = "",
    value: str = "",
    offset: str = "0",
) -> dict[str, Any]:
    """Rows of the asker's own area, with a watermark; each look is an entry of the audit."""
    asked = {"text": text, "column": column, "value": value, "offset": offset}
    seen = actions.look_at_returned(call_of(request), returned=pk, area=area, filters=asked)
    items = [{cell["name"]: cell["text"] for cell in row} for row in seen["rows"]]
    return {
        "items": items,
        "total": seen["total"],
        "next": seen["next"],
        "mark": seen["mark"],
        "area": seen["area"],
    }


@router.get("/comparisons/", summary="我的比对 My comparisons")
def comparisons(request: HttpRequest, wanted: Query[LedgerFilter]) -> dict[str, Any]:
    """The asker's own comparisons with their figures."""
    page = pagination.page(queries.comparisons(_actor(request)), ("-id",), wanted.dict())
    return _page(page, lambda one: {"id": one.pk, "name": one.zh, "counts": one.counts,
                                    "at": one.created_at.isoformat()})  # fmt: skip


@router.get("/burden/", summary="基层负担 Burden by community")
def burden(request: HttpRequest, month: str = "", digits: int = 12) -> dict[str, Any]:
    """Books, rows, cells pre-filled and typed of a month (``2026-07``, default this one) by 6, 9 or 12 digits."""
    if digits not in (6, 9, 12):
        raise InvalidInput()
    try:
        day = date.fromisoformat(f"{month}-01") if month else clock.today()
    except ValueError as wrong:
        raise InvalidInput() from wrong
    found = queries.burden(_actor(request), day, digits=digits)
    return {"items": [
        {"area": one.code, "books": one.books, "rows": one.rows, "prefilled": one.spared, "typed": one.typed,
         "prefilled_share": one.share} for one in found
    ]}  # fmt: skip
