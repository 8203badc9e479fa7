"""The smallest Excel 97 workbook: BIFF8 records ([MS-XLS]) in a compound file ([MS-CFB]), by hand."""

from __future__ import annotations

import struct

SECTOR = 512


def record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def text(value: str, wide: bytes) -> bytes:
    return wide + b"\x01" + value.encode("utf-16-le")


def workbook(rows: list[list[str | float | None]], merges: list[tuple[int, int, int, int]] = ()) -> bytes:  # type: ignore[assignment]
    """One sheet “册” with texts and numbers; merges as (first row, last row, first column, last column)."""
    begin = record(0x809, struct.pack("<HHHHII", 0x600, 0x5, 0, 0, 0, 0))
    page = record(0x42, struct.pack("<H", 1200))
    name = text("册", b"\x01")
    at = len(begin) + len(page) + 4 + 6 + len(name) + 4
    globals_ = begin + page + record(0x85, struct.pack("<IBB", at, 0, 0) + name) + record(0x0A, b"")
    sheet = record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            place = struct.pack("<HHH", row, column, 0)
            if isinstance(cell, str):
                sheet += record(0x204, place + text(cell, struct.pack("<H", len(cell))))
            elif cell is not None:
                sheet += record(0x203, place + struct.pack("<d", cell))
    sheet += record(0xE5, struct.pack("<H", len(merges)) + b"".join(struct.pack("<4H", *m) for m in merges))
    return compound(globals_ + sheet + record(0x0A, b""))


def compound(stream: bytes) -> bytes:
    body = stream.ljust(max(4096, -(-len(stream) // SECTOR) * SECTOR), b"\0")
    count = len(body) // SECTOR
    chain = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, count + 2), 0xFFFFFFFE]
    fat = struct.pack(f"<{len(chain)}I", *chain).ljust(SECTOR, b"\xff")
    head = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(16)
        + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
        + bytes(6)
    )
    head += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0) + struct.pack("<I", 0)
    folder = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + entry("Workbook", 2, 0xFFFFFFFF, 2, len(body))
    return head.ljust(SECTOR, b"\xff") + fat + folder.ljust(SECTOR, b"\0") + body


def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    wide = name.encode("utf-16-le") + b"\0\0"
    nothing = 0xFFFFFFFF
    tail = struct.pack("<HBBIII", len(wide), kind, 1, nothing, nothing, child) + bytes(36)
    return wide.ljust(64, b"\0") + tail + struct.pack("<IQ", start, size)
