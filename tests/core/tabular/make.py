"""Nasty files, made by hand, and limits for small ones."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import xlsxwriter

from quancheng.core.tabular import (
    Found,
    Limits,
    Row,
    Value,
    read,
    sniff,
)

LIMITS = Limits(
    bytes=10_000_000,
    in_memory=5_000_000,
    unpacked=40_000_000,
    ratio=200.0,
    parts=200,
    rows=20_000,
    columns=100,
    cell=2_000,
    row=50_000,
)


def rows_of(data: bytes, name: str = "表.csv", limits: Limits = LIMITS, **more: Any) -> list[Row]:
    stream = io.BytesIO(data)
    return list(read(stream, sniff(stream, name, limits), limits, **more))


def found_in(data: bytes, name: str = "") -> Found:
    return sniff(io.BytesIO(data), name, LIMITS)


def cells_of(data: bytes, **more: Any) -> list[tuple[Value, ...]]:
    return [row.cells for row in rows_of(data, **more)]


def xlsx(write: Any, **options: Any) -> bytes:
    """A workbook written by ``write(book, sheet)``."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True, **options})
    write(book, book.add_worksheet("名册"))
    book.close()
    return repack(target.getvalue(), fresh=True)


def repack(data: bytes, *, fresh: bool = False, **parts: bytes) -> bytes:
    """An archive again with other parts; ``fresh`` takes off the order to recalculate on opening."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            body = parts.get(info.filename, old.read(info))
            new.writestr(info.filename, body.replace(b' fullCalcOnLoad="1"', b"") if fresh else body)
    return target.getvalue()


def archive(parts: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name, body in parts.items():
            new.writestr(name, body)
    return target.getvalue()


def sheet_xml(rows: str, behind: str = "") -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="http://schemas.openxmlformats.org/'
        f'spreadsheetml/2006/main"><sheetData>{rows}</sheetData>{behind}</worksheet>'
    ).encode()


def workbook(sheet: bytes, *, head: bytes = b"", book: str = "") -> bytes:
    """The smallest workbook there is, with one sheet."""
    relations = (
        '<Relationships><Relationship Id="r1" Type="t" Target="worksheets/sheet1.xml"/></Relationships>'
    )
    body = f'<workbook>{book}<sheets><sheet name="一" sheetId="1" r:id="r1" xmlns:r="r"/></sheets></workbook>'
    return archive(
        {
            "[Content_Types].xml": b"<Types/>",
            "xl/workbook.xml": head + body.encode(),
            "xl/_rels/workbook.xml.rels": relations.encode(),
            "xl/worksheets/sheet1.xml": sheet,
        }
    )


def ods(rows: str) -> bytes:
    content = (
        '<office:document-content xmlns:office="o" xmlns:table="t" xmlns:text="x"><office:body>'
        f'<office:spreadsheet><table:table table:name="表一">{rows}</table:table></office:spreadsheet>'
        "</office:body></office:document-content>"
    )
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    return archive({"mimetype": kind, "content.xml": content.encode()})


def ods_cell(text: str, **attributes: str) -> str:
    written = "".join(
        f' {name.replace("_", ":", 1).replace("_", "-")}="{value}"' for name, value in attributes.items()
    )
    return f"<table:table-cell{written}><text:p>{text}</text:p></table:table-cell>"


class Sparse(io.RawIOBase):
    """A file of any size that costs nothing: it gives its head, then zero bytes, and counts what is read."""

    def __init__(self, head: bytes, size: int) -> None:
        self.head = head
        self.size = size
        self.at = 0
        self.given = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self.at = offset + (0, self.at, self.size)[whence]
        return self.at

    def tell(self) -> int:
        return self.at

    def read(self, count: int = -1) -> bytes:
        count = min(count if count >= 0 else self.size, self.size - self.at)
        body = self.head[self.at : self.at + count]
        body += b"\0" * (count - len(body))
        self.at += count
        self.given += count
        return body
