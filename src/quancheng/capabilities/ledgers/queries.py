"""Reads of ledgers, always from what the asker may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Substr

from quancheng.capabilities.ledgers import base
from quancheng.capabilities.ledgers.models import (
    Book,
    Comparison,
    Difference,
    Line,
    Photo,
    Receipt,
    Returned,
    Row,
    State,
    Submission,
)
from quancheng.capabilities.people import queries as people
from quancheng.kernel import access, clock
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import InvalidInput, NotFound

FILLERS = frozenset({"ledgers.worker", "ledgers.clerk"})


# -- books --------------------------------------------------------------------------------------
def books(actor: Actor, *, text: str = "", state: str = "", region: str = "") -> QuerySet[Book]:
    """Books the actor may see, with ``total`` and ``done`` rows."""
    found = access.visible(actor, Book).select_related("department")
    if text.strip():
        found = found.filter(Q(zh__icontains=text.strip()) | Q(code__icontains=text.strip()))
    if state:
        found = found.filter(state=state)
    if region:
        found = found.filter(people.in_region(region))
    return found.annotate(total=Count("rows"), done=Count("rows", filter=Q(rows__state=Row.State.DONE)))


def book(actor: Actor, code: str) -> Book:
    """One book, with ``total`` and ``done``; raises NotFound."""
    found = books(actor).filter(code=code).first()
    if found is None:
        raise NotFound()
    return found


def books_to_fill(actor: Actor) -> QuerySet[Book]:
    """Open books with rows the actor may fill, with ``mine`` and ``left`` (rows of theirs, not yet filled)."""
    mine = access.visible(actor, Row, verb="fill").filter(book=OuterRef("pk"))
    wanted: Q | Exists = Exists(mine)
    for grant in actor.grants:
        # a book that begins without rows is filled by whoever has the area
        if grant.role in FILLERS and len(grant.region_prefix) >= 6:
            wanted = Q(wanted) | _covering(grant.region_prefix)
    return Book.objects.filter(wanted, state=State.OPEN).select_related("department").order_by("due_on", "pk")


def _covering(prefix: str) -> Q:
    """Books new rows may be added to whose area holds an area."""
    codes = ["370100", *(prefix[:size] for size in (6, 9, 12) if size <= len(prefix))]
    return Q(may_add=True, region_code__in=codes)


def book_to_fill(actor: Actor, code: str) -> Book:
    """One book to fill; raises NotFound."""
    found = books_to_fill(actor).filter(code=code).first()
    if found is None:
        raise NotFound()
    return found


def book_to_add(actor: Actor, code: str) -> Book:
    """An open book the actor may add rows to: one they fill or whose area theirs lies in; raises NotFound."""
    found = books_to_fill(actor).filter(code=code).first()
    if found is None:
        for one in Book.objects.filter(code=code, state=State.OPEN):
            prefix = people.region_prefix(one.region_code)
            if any(
                grant.role in FILLERS and grant.region_prefix.startswith(prefix) for grant in actor.grants
            ):
                found = one
    if found is None:
        raise NotFound()
    return found


def rows(actor: Actor, found: Book, *, text: str = "", state: str = "", region: str = "", standing: str = "",
         differing: str = "") -> QuerySet[Row]:  # fmt: skip
    """Rows of a book the actor may see, narrowed; ``text`` looks in key, note and whom it was changed by."""
    wanted = access.visible(actor, Row).filter(book=found)
    if text.strip():
        words = text.strip()
        wanted = wanted.filter(Q(key__icontains=words) | Q(note__icontains=words) | Q(cells__icontains=words))
    if state:
        wanted = wanted.filter(state=state)
    if standing:
        wanted = wanted.filter(standing=standing)
    if differing:
        wanted = wanted.filter(differing__gt=0)
    if region:
        wanted = wanted.filter(people.in_region(region))
    return wanted


def my_rows(actor: Actor, found: Book) -> QuerySet[Row]:
    """Rows of a book the actor may fill."""
    return access.visible(actor, Row, verb="fill").filter(book=found)


def row(actor: Actor, found: Book, number: int) -> Row:
    """One row of a book; raises NotFound."""
    wanted = access.visible(actor, Row).filter(book=found, number=number).select_related("book").first()
    if wanted is None:
        raise NotFound()
    return wanted


def history(actor: Actor, found: Row) -> QuerySet[Submission]:
    """Everything that was sent for a row, newest first."""
    return access.visible(actor, Submission).filter(row=found).order_by("-id")


def conflicts(actor: Actor, found: Book | None = None) -> QuerySet[Submission]:
    """Open conflicts the actor may see."""
    wanted = access.visible(actor, Submission).filter(state=Submission.State.OPEN).select_related("row__book")
    return wanted.filter(row__book=found) if found is not None else wanted


def pictures(actor: Actor, found: Row) -> QuerySet[Photo]:
    """Photos of a row."""
    return access.visible(actor, Photo).filter(row=found).order_by("pk")


def picture(actor: Actor, pk: int) -> Photo:
    """One photo; raises NotFound."""
    found = access.visible(actor, Photo).filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


@dataclass(frozen=True, slots=True)
class Progress:
    """进度 of one area or worker."""

    code: str
    total: int
    done: int
    differing: int
    absent: int
    added: int

    @property
    def share(self) -> int:
        return round(100 * self.done / self.total) if self.total else 0


def progress(actor: Actor, found: Book, by: str = "region_code") -> list[Progress]:
    """How far each community (or ``assignee_id``) is, the least filled first."""
    if by not in ("region_code", "assignee_id"):
        raise InvalidInput()
    counted = (
        access.visible(actor, Row).filter(book=found).order_by().values(by).annotate(
            total=Count("pk"), done=Count("pk", filter=Q(state=Row.State.DONE)),
            different=Count("pk", filter=Q(differing__gt=0)),
            absent=Count("pk", filter=Q(standing=Row.Standing.ABSENT)),
            added=Count("pk", filter=Q(standing=Row.Standing.ADDED)),
        )
    )  # fmt: skip
    made = [
        Progress(str(one[by] or ""), one["total"], one["done"], one["different"], one["absent"], one["added"])
        for one in counted
    ]
    return sorted(made, key=lambda one: (one.share, one.code))


def answers(actor: Actor, found: Book) -> list[dict[str, Any]]:
    """Answers counted for each column with choices or yes and no, for charts."""
    wanted = [one for one in found.design if one.choices or one.kind.value == "boolean"]
    counts: dict[str, dict[str, int]] = {
        one.name: dict.fromkeys(one.choices or ("是", "否"), 0) for one in wanted
    }
    if counts:
        for cells in access.visible(actor, Row).filter(book=found).values_list("cells", flat=True).iterator():
            for name, numbers in counts.items():
                if (text := cells.get(name)) in numbers:
                    numbers[text] += 1
    return [{"name": name, "answers": list(numbers.items())} for name, numbers in counts.items()]


# -- burden -------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Burden:
    """基层负担 of an area in a month: what ledgers asked of it and what the city spared it."""

    code: str
    books: int
    rows: int
    spared: int
    typed: int

    @property
    def share(self) -> float:
        """Cells pre-filled of all cells with a value, per cent."""
        both = self.spared + self.typed
        return round(100 * self.spared / both, 1) if both else 0.0


def burden(actor: Actor, month: date, *, digits: int = 12) -> list[Burden]:
    """Burden by area (``digits`` of its code) of books sent out in a month, the heaviest first."""
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    begin, end = _midnight(month.replace(day=1)), _midnight(following)
    counted = (
        access.visible(actor, Row)
        .filter(book__opened_at__gte=begin, book__opened_at__lt=end)
        .order_by()
        .annotate(area=Substr("region_code", 1, digits))
        .values("area")
        .annotate(
            books_=Count("book", distinct=True), rows_=Count("pk"), spared_=Sum("spared"), typed_=Sum("typed")
        )
    )
    made = [
        Burden(one["area"], one["books_"], one["rows_"], one["spared_"] or 0, one["typed_"] or 0)
        for one in counted
    ]
    return sorted(made, key=lambda one: (-one.typed, -one.rows, one.code))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), clock.LOCAL)


# -- data return --------------------------------------------------------------------------------
def returned(actor: Actor, *, text: str = "") -> QuerySet[Returned]:
    """Returned tables the actor may see."""
    found = access.visible(actor, Returned).select_related("organ")
    return (
        found.filter(Q(zh__icontains=text.strip()) | Q(organ__zh__icontains=text.strip()))
        if text.strip()
        else found
    )


def one_returned(actor: Actor, pk: int) -> Returned:
    """One returned table; raises NotFound."""
    found = returned(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def receipts(actor: Actor, found: Returned) -> QuerySet[Receipt]:
    """Receipts of a table, newest first."""
    return access.visible(actor, Receipt).filter(returned=found).order_by("-at", "-id")


def reconciliation(actor: Actor, found: Returned) -> dict[str, Any]:
    """对账: rows the city gives to each district beside what was last receipted; together with the rows without a
    region they are all rows of the table. For who sees all areas."""
    counts = base.counts_by_area(found, 6)
    whole = base.view_of(found).rows
    last = {one.region_code: one for one in receipts(actor, found).order_by("at")}
    lines = [
        {"code": code, "given": number, "receipt": last.get(code), "known": len(code) == 6}
        for code, number in sorted(counts.items())
    ]
    return {
        "lines": lines,
        "total": whole,
        "sum": sum(counts.values()),
        "equal": whole == sum(counts.values()),
    }


# -- differences --------------------------------------------------------------------------------
def differences(
    actor: Actor, *, state: str = "", kind: str = "", book: str = "", text: str = ""
) -> QuerySet[Difference]:
    """Differences the actor may see, narrowed."""
    found = access.visible(actor, Difference).select_related("organ", "book", "returned")
    if state:
        found = found.filter(state=state)
    if kind:
        found = found.filter(kind=kind)
    if book:
        found = found.filter(book__code=book)
    if text.strip():
        found = found.filter(Q(label__icontains=text.strip()) | Q(column__icontains=text.strip()))
    return found


def difference(actor: Actor, pk: int) -> Difference:
    """One difference; raises NotFound."""
    found = differences(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def by_organ(actor: Actor) -> list[dict[str, Any]]:
    """Differences counted by source organ and state."""
    counted = access.visible(actor, Difference).order_by().values("organ__zh", "organ__en").annotate(
        waiting=Count("pk", filter=Q(state=Difference.State.WAITING)),
        accepted=Count("pk", filter=Q(state=Difference.State.ACCEPTED)),
        rejected=Count("pk", filter=Q(state=Difference.State.REJECTED)),
    )  # fmt: skip
    return list(counted.order_by(F("waiting").desc(), "organ__zh"))


# -- comparisons --------------------------------------------------------------------------------
def comparisons(actor: Actor) -> QuerySet[Comparison]:
    """The actor's own comparisons."""
    return access.visible(actor, Comparison)


def comparison(actor: Actor, pk: int) -> Comparison:
    """One own comparison; raises NotFound."""
    found = comparisons(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def lines(actor: Actor, found: Comparison, side: str = "") -> QuerySet[Line]:
    """Lines of a comparison, of one class."""
    wanted = access.visible(actor, Line).filter(comparison=found)
    return wanted.filter(side=side) if side else wanted
