"""原始文件: what a source sent, kept as it came under its SHA-256, so that a run can begin again from it."""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from quancheng.capabilities.collection import config
from quancheng.core.text import Text
from quancheng.kernel.errors import NotFound, TooLarge, Unavailable

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Raw:
    """A kept file: SHA-256, bytes."""

    digest: str
    size: int


def chunks(stream: BinaryIO) -> Iterator[bytes]:
    """A stream in pieces."""
    while piece := stream.read(CHUNK):
        yield piece


def keep(pieces: Iterable[bytes], *, most: int | None = None) -> Raw:
    """Write a delivery whole, then name it by its content. Raises TooLarge; nothing is left then."""
    most = most or config.limits().bytes
    folder = config.home() / "raw"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = folder / f".{os.getpid()}.{uuid.uuid4().hex}"
    state, size = hashlib.sha256(), 0
    try:
        with temporary.open("xb") as file:
            os.chmod(temporary, 0o600)
            for piece in pieces:
                size += len(piece)
                if size > most:
                    raise TooLarge(
                        Text(
                            f"文件超过 {most // config.MEBI} MB。",
                            f"The file is larger than {most // config.MEBI} MB.",
                        )
                    )
                state.update(piece)
                _write(file, piece)
            _write(file, b"")
        path = path_of(state.hexdigest())
        path.parent.mkdir(exist_ok=True, mode=0o700)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return Raw(state.hexdigest(), size)


def _write(file: BinaryIO, piece: bytes) -> None:
    """Write, or with nothing to write make durable; a full disk is our fault, not the source's."""
    try:
        file.write(piece)
        if not piece:
            file.flush()
            os.fsync(file.fileno())
    except OSError as full:
        raise Unavailable(
            Text("存储空间不足，未能保存来源文件。", "The delivered file could not be stored.")
        ) from full


def path_of(digest: str) -> Path:
    """Where a file of this digest lies."""
    return config.home() / "raw" / digest[:2] / digest


def opened(digest: str) -> BinaryIO:
    """Open a kept file; NotFound when it was cleared away."""
    try:
        return path_of(digest).open("rb")
    except OSError as gone:
        raise NotFound(
            Text("原始文件已清理，无法重新处理。", "The delivered file was cleared away."),
            todo=Text("请来源部门重新报送。", "Ask the source to send it again."),
        ) from gone


def folder_of(run: object) -> Path:
    """The folder of a run's own files, made if it is not there."""
    folder = config.home() / "runs" / str(run)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def forget(run: object) -> None:
    """Remove a run's staged rows; its refused rows stay for download."""
    folder = config.home() / "runs" / str(run)
    for path in folder.glob("accepted*"):
        path.unlink(missing_ok=True)


def forget_all(run: object) -> bool:
    """Remove everything a run kept beside its rows in tables; whether there was anything."""
    folder = config.home() / "runs" / str(run)
    there = folder.is_dir()
    shutil.rmtree(folder, ignore_errors=True)
    return there


def forget_raw(needed: Collection[str], before: float) -> int:
    """Remove kept files that nobody needs and that are older than a moment (epoch seconds); how many."""
    gone = 0
    for path in (config.home() / "raw").glob("*/*"):
        if path.name not in needed and path.stat().st_mtime < before:
            path.unlink(missing_ok=True)
            gone += 1
    for path in (config.home() / "raw").glob(".*"):  # unfinished ones of writers that died
        if path.stat().st_mtime < before:
            path.unlink(missing_ok=True)
    return gone
