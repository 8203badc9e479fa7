"""内容寻址存储: files kept under the SHA-256 of their content, written once, never changed.

Used by this capability and those above it for pictures and documents of people. A file is written
beside its place and renamed, so a reader never sees half of one.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings

from quancheng.core.text import Text
from quancheng.kernel.errors import TooLarge

__all__ = ["digest_like", "path_of", "put"]

_DIGEST = re.compile(r"[0-9a-f]{64}")


def digest_like(text: str) -> bool:
    """Whether a text is a SHA-256 in hexadecimal."""
    return _DIGEST.fullmatch(text) is not None


def path_of(digest: str) -> Path:
    """Where a content lies; raises ValueError for anything that is not a digest."""
    if not digest_like(digest):
        raise ValueError("not a SHA-256 digest")
    return Path(settings.MEDIA_ROOT) / digest[:2] / digest[2:4] / digest


def put(chunks: Iterable[bytes], limit: int) -> tuple[str, int]:
    """Store a content read in chunks; returns its digest and size. Raises TooLarge above ``limit``."""
    root = Path(settings.MEDIA_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    handle, part = tempfile.mkstemp(prefix=".part-", dir=root)
    try:
        with os.fdopen(handle, "wb") as stream:
            for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise TooLarge(_too_large(limit))
                digest.update(chunk)
                stream.write(chunk)
            stream.flush()
            os.fsync(stream.fileno())
        target = path_of(digest.hexdigest())
        if target.exists():
            os.unlink(part)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(part, target)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
    return digest.hexdigest(), size


def _too_large(limit: int) -> Text:
    megabytes = limit / 1024 / 1024
    return Text(f"文件超过{megabytes:g} MB。", f"The file is larger than {megabytes:g} MB.")
