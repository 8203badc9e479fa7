"""批量文件: CSV limited to the grant, each row marked for whom it was made."""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings

from quancheng.core.tabular import safe_cell
from quancheng.core.text import Text
from quancheng.kernel.errors import Unavailable

WATERMARK = "_watermark"


@dataclass(frozen=True, slots=True)
class Written:
    """A finished file (已生成文件)."""

    name: str
    size: int
    rows: int
    sha256: str
    sha512: bytes


def folder() -> Path:
    """Where files wait to be fetched."""
    return Path(settings.HOME) / "exchange" / "files"


def place_of(name: str) -> Path:
    """A file's path; its name was made here."""
    return folder() / name


def write(fields: list[str], rows: Iterable[dict[str, object]], watermark: str) -> Written:
    """Write rows as CSV with a byte order mark (spreadsheets), fsynced; raises Unavailable when the disk is full."""
    name = f"{uuid4().hex}.csv"
    place, temporary = place_of(name), folder() / f".{name}"
    count = 0
    try:
        folder().mkdir(parents=True, exist_ok=True, mode=0o700)
        with temporary.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*fields, WATERMARK])
            for row in rows:
                writer.writerow([*(_cell(row.get(field)) for field in fields), watermark])
                count += 1
            file.flush()
            os.fsync(file.fileno())
        sha256, sha512, size = _digests(temporary)
        temporary.rename(place)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise Unavailable(
            Text(f"无法写入文件：{error.strerror}。", f"The file cannot be written: {error.strerror}."),
            todo=Text("请检查磁盘空间后重试。", "Look at the disk and try again."),
        ) from error
    return Written(name, size, count, sha256, sha512)


def remove(name: str) -> None:
    """Take a file away; one that is not there is fine."""
    place_of(name).unlink(missing_ok=True)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(safe_cell(str(value)))


def _digests(place: Path) -> tuple[str, bytes, int]:
    short, long = hashlib.sha256(), hashlib.sha512()
    size = 0
    with place.open("rb") as file:
        while part := file.read(1 << 20):
            short.update(part)
            long.update(part)
            size += len(part)
    return short.hexdigest(), long.digest(), size
