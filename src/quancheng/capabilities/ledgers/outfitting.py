"""下发: rows of a book are made from the base, pre-filled, given to a community and a worker. Called by actions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from django.db.models import F, Max

from quancheng.capabilities.ledgers import base, columns, limits
from quancheng.capabilities.ledgers.models import Book, Row, State
from quancheng.capabilities.messages import actions as messages
from quancheng.capabilities.people import queries as people
from quancheng.core.text import Text
from quancheng.kernel import events
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import TooLarge

WORKER = "ledgers.worker"
_PLACES = ("社区", "社区名称", "所属社区", "村居", "所在社区", "区划代码", "社区代码")


def send_out(call: Call, book: Book) -> int:
    """Open a book: rows, workers, news. Returns how many rows it has."""
    if book.base is not None:
        _from_base(call, book)
    _hand_out(book)
    book.state, book.opened_at = State.OPEN, call.at
    book.save()
    rows = Row.objects.filter(book=book)
    data = {"book": book.pk, "region": book.region_code, "rows": rows.count()}
    events.emit("ledgers.book.opened", book.code, data)
    tell_workers(call, book, Text("有新的台账要填", "A ledger is waiting for you"), "opened")
    return int(data["rows"])


def _from_base(call: Call, book: Book) -> None:
    assert book.base is not None
    most = limits.whole("book_rows")
    prefix = people.region_prefix(book.region_code)
    found = base.rows_of(book.base, prefix, base.condition_of(book.base_where), most)
    if len(found) > most:
        raise TooLarge(
            Text(
                f"来源数据超过{most}行，请缩小范围或加上条件。",
                f"More than {most} rows; narrow area or condition.",
            )
        )
    schema = base.schema_of(book.base)
    keys = [base.key_of(schema, row) for row in found]
    others = _other_tables(book, ["/".join(key) for key in keys])
    known = set(Row.objects.filter(book=book).exclude(key="").values_list("key", flat=True))
    made = []
    for number, (row, key) in enumerate(zip(found, keys, strict=True), next_number(book)):
        name = "/".join(key)
        if name in known:
            continue
        known.add(name)
        cells = base.cells_of(book.design, book.base, row) | others.get(name, {})
        place = str(row.get(book.base.region_column) or "")[:12]
        made.append(new_row(call, book, number, name, cells, cells, place, base_key=key))
    Row.objects.bulk_create(made, batch_size=500)


def _other_tables(book: Book, keys: Sequence[str]) -> dict[str, dict[str, str]]:
    assert book.base is not None
    others = [one for one in book.prefilled if one.table != book.base.table]
    return base.fill_by_key(others, keys, [people.region_prefix(book.region_code)]) if others else {}


def new_row(
    call: Call,
    book: Book,
    number: int,
    key: str,
    known: Mapping[str, str],
    cells: Mapping[str, str],
    region: str,
    *,
    base_key: Sequence[str] = (),
    client_id: str = "",
    standing: str = Row.Standing.BASE,
) -> Row:
    """A row, not yet kept. ``known`` is what the city knew of it."""
    spared, typed = columns.counted(book.design, known, cells)
    return Row(
        book=book, number=number, key=key[:120], base_key=list(base_key),
        region_code=region if _lies_in(region, book) else book.region_code,
        base=dict(known), cells=dict(cells), client_id=client_id, standing=standing,
        spared=spared, typed=typed, changed_at=call.at, changed_by=str(call.actor)[:120],
    )  # fmt: skip


def _lies_in(region: str, book: Book) -> bool:
    return len(region) in (9, 12) and region.startswith(people.region_prefix(book.region_code))


def bring_in(call: Call, book: Book, rows: Iterable[Mapping[str, str]]) -> int:
    """Rows of a spreadsheet; those whose key is there already are left out. Returns how many are new."""
    names = {one.name for one in book.design}
    sent = [
        {name: text for name, text in row.items() if name in names} | {"": _place(book, row)} for row in rows
    ]
    keys = [row.get(book.key_column, "") if book.key_column else "" for row in sent]
    filled = base.fill_by_key(
        book.prefilled, [one for one in keys if one], [people.region_prefix(book.region_code)]
    )
    known = set(Row.objects.filter(book=book).exclude(key="").values_list("key", flat=True))
    made = []
    for row, key in zip(sent, keys, strict=True):
        place = row.pop("")
        if (key and key in known) or not row:
            continue
        known.add(key)
        cells = filled.get(key, {})
        number = next_number(book) + len(made)
        key_of_base = [key] if cells and book.base is not None else []
        made.append(new_row(call, book, number, key, cells, {**cells, **row}, place, base_key=key_of_base))
    Row.objects.bulk_create(made, batch_size=500)
    if book.state == State.OPEN:
        _hand_out(book)
    return len(made)


def _place(book: Book, row: Mapping[str, str]) -> str:
    """The community a row of a spreadsheet lies in, by code or by name; "" when it does not say."""
    said = next((row[name].strip() for name in _PLACES if row.get(name, "").strip()), "")
    if said.isdecimal():
        return said[:12]
    return _communities(book.region_code).get(said, "")


@lru_cache(maxsize=64)
def _communities(region: str) -> dict[str, str]:
    """Communities below a district or street, by name with and without 社区 or 村."""
    found: dict[str, str] = {}
    streets = [region] if len(region) == 9 else [one.code for one in people.regions(region)]
    for street in streets:
        for one in people.regions(street):
            found.setdefault(one.text.zh, one.code)
            found.setdefault(one.text.zh.removesuffix("社区").removesuffix("村"), one.code)
    return found


def next_number(book: Book) -> int:
    """The number after the last row's."""
    return int(Row.objects.filter(book=book).aggregate(last=Max(F("number")))["last"] or 0) + 1


# -- who fills ----------------------------------------------------------------------------------
def workers(book_region: str) -> dict[str, int]:
    """Field workers by the code of the area they have: ``{"370102001002": user}``, the longest codes count."""
    prefix = people.region_prefix(book_region)
    found: dict[str, int] = {}
    for user in people.officials(Actor.system("ledgers"), WORKER).order_by("pk"):
        for grant in user.role_grants.filter(role=WORKER, revoked_at=None):
            place = people.region_prefix(grant.region_code)
            if place.startswith(prefix) or prefix.startswith(place):
                found.setdefault(place, user.pk)
    return found


def worker_for(region: str, known: Mapping[str, int]) -> int | None:
    """Who has a community; a worker of the whole street has what nobody has in particular."""
    for length in (12, 9, 6, 4):
        if len(region) >= length and region[:length] in known:
            return known[region[:length]]
    return None


def _hand_out(book: Book) -> None:
    known = workers(book.region_code)
    waiting = Row.objects.filter(book=book, assignee_id=None)
    for region in list(waiting.values_list("region_code", flat=True).distinct()):
        user = worker_for(region, known)
        if user is not None:
            waiting.filter(region_code=region).update(assignee_id=user)


def tell_workers(call: Call, book: Book, title: Text, what: str) -> int:
    """A message to everybody who has rows to fill, once for each ``what``; returns to how many."""
    todo = Row.objects.filter(book=book, state=Row.State.TODO).exclude(assignee_id=None)
    counts: dict[int, int] = {}
    for user in todo.values_list("assignee_id", flat=True):
        counts[user] = counts.get(user, 0) + 1
    for user, number in counts.items():
        _tell(call, book, user, title, number, what)
    return len(counts)


def _tell(call: Call, book: Book, user: int, title: Text, number: int, what: str) -> None:
    body = Text(
        f"《{book.zh}》还有{number}行待填，截止{book.due_on:%Y-%m-%d}。已知内容都已预填，只核对不同的地方。",
        f"{book.text.en}: {number} rows to fill by {book.due_on:%Y-%m-%d}. What is known is filled in already.",
    )
    messages.send_message(
        Call.system("ledgers"), title=title, body=body, source=f"ledgers:{book.pk}:{what}", user_id=user,
        kind="notice", link=f"/work/ledgers/collect/{book.code}/", simulated=book.simulated,
    )  # fmt: skip
