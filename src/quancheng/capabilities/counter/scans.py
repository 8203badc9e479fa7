"""扫描件: a picture scanned at the counter is decoded, limited and kept under its hash.

The type is what the decoder says, never the name. Limits are the dated parameters of uploads.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

from PIL import Image, UnidentifiedImageError

from quancheng.capabilities.trust import queries as trust
from quancheng.core.text import Text
from quancheng.kernel import rulebook
from quancheng.kernel.errors import InvalidInput, TooLarge, Unsupported

TYPES = {"JPEG": "image/jpeg", "PNG": "image/png"}


@dataclass(frozen=True, slots=True)
class Scan:
    """A kept scan: what services asks of an uploaded file."""

    digest: str
    media_type: str
    size: int
    width: int
    height: int


def keep(upload: Any) -> Scan:
    """Check and store one scan. Raises TooLarge, Unsupported (no JPEG or PNG), InvalidInput (damaged)."""
    limit = rulebook.find("services.upload.max_bytes").integer()
    if upload.size is None or upload.size > limit:
        megabytes = limit / 1024 / 1024
        raise TooLarge(
            Text(f"扫描件超过{megabytes:g} MB，没有收下。", f"The scan is larger than {megabytes:g} MB."),
            todo=Text("请用较低分辨率重新扫描。", "Scan it again at a lower resolution."),
        )
    if not upload.size:
        raise InvalidInput(Text("扫描件是空的，请重新扫描。", "The scan is empty; scan it again."))
    media_type, width, height = _decoded(upload)
    upload.seek(0)
    digest, size = trust.store_blob(upload.chunks(), limit)
    return Scan(digest, media_type, size, width, height)


def _decoded(upload: Any) -> tuple[str, int, int]:
    most = rulebook.find("services.upload.max_pixels").integer()
    upload.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(upload, formats=tuple(TYPES)) as image:
                kind, (width, height) = str(image.format), image.size
                if width * height > most:
                    raise InvalidInput(
                        Text(
                            f"像素太多（最多{most // 10**6}百万）。",
                            f"At most {most // 10**6} million pixels.",
                        )
                    )
                image.load()
    except UnidentifiedImageError as wrong:
        raise Unsupported(
            Text("这不是 JPEG 或 PNG 图片。", "This is not a JPEG or PNG picture."),
            todo=Text("请把扫描仪设为 JPEG 或 PNG。", "Set the scanner to JPEG or PNG."),
        ) from wrong
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as broken:
        raise InvalidInput(
            Text("扫描件已损坏，打不开，请重新扫描。", "The scan is damaged; scan it again.")
        ) from broken
    return TYPES[kind], width, height
