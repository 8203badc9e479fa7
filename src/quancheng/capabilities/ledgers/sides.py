"""清单来源: a list to compare comes from a spreadsheet, a ledger or a returned table; its words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from quancheng.capabilities.ledgers import areas, base, limits
from quancheng.capabilities.ledgers.models import Book, Returned, Row
from quancheng.capabilities.ledgers.spreadsheet import ReadSheet
from quancheng.core.text import Text
from quancheng.kernel import access
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound, TooLarge

_SIDES = {
    "left": Text("只在左表", "Only left"), "right": Text("只在右表", "Only right"),
    "differing": Text("内容不同", "Different"), "same": Text("完全相同", "Same"), "unsure": Text("无法比对", "Unclear"),
}  # fmt: skip
_WHY = {
    "": Text("", ""), "no_key": Text("标识为空", "No key"), "doubled": Text("标识重复", "Key stands twice"),
    "several": Text("有几个同样相近的人", "Several alike"),
}  # fmt: skip


@dataclass(frozen=True)
class ListRef:
    """One list: where it is from, its columns and rows. Two are equal for idempotency when they say the same."""

    kind: str
    id: int
    name: str
    names: tuple[str, ...]
    rows: list[dict[str, str]] = field(repr=False)
    refused: int = 0

    def about(self) -> dict[str, Any]:
        """What is kept of it besides its rows."""
        return {"kind": self.kind, "id": self.id, "name": self.name, "names": list(self.names),
                "rows": len(self.rows), "refused": self.refused}  # fmt: skip


def of_sheet(sheet: ReadSheet) -> ListRef:
    """A spreadsheet."""
    names = tuple(one.name for one in sheet.columns)
    return ListRef("file", 0, sheet.name, names, sheet.rows, len(sheet.refused))


def of_book(actor: Actor, pk: int) -> ListRef:
    """Rows of a ledger the actor may see; raises NotFound."""
    book = access.visible(actor, Book).filter(pk=pk).first()
    if book is None:
        raise NotFound()
    names = tuple(one.name for one in book.design)
    rows = access.visible(actor, Row).filter(book=book).order_by("number").values_list("cells", flat=True)
    return ListRef("book", book.pk, book.zh, names, [dict(one) for one in rows])


def of_table(actor: Actor, pk: int) -> ListRef:
    """Rows of a returned table in the actor's area; raises NotFound, Forbidden, TooLarge."""
    found = access.visible(actor, Returned, verb="read").filter(pk=pk).first()
    if found is None:
        raise NotFound()
    most = limits.whole("compared_rows")
    rows = base.rows_of(found, areas.own_prefix(actor), None, most)
    if len(rows) > most:
        raise TooLarge(Text(f"《{found.zh}》超过{most}行。", f"{found.text.en} has more than {most} rows."))
    names = tuple(one.zh or one.name for one in base.shown_columns(found))
    return ListRef("table", found.pk, found.zh, names, [dict(base.texts_of(found, row)) for row in rows])


def table_of(about: Mapping[str, Any]) -> Returned | None:
    """The returned table a side was, if it was one and still is returned."""
    if about.get("kind") != "table":
        return None
    found: Returned | None = (
        Returned.objects.filter(pk=about.get("id"), active=True).select_related("organ").first()
    )
    return found


def side_text(side: str) -> Text:
    """A class in words."""
    return _SIDES[side]


def why_text(why: str) -> Text:
    """Why a row could not be compared."""
    return _WHY.get(why, Text(why, why))
