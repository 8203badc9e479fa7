"""材料照片: an uploaded picture is decoded, limited and kept under its hash; nothing is kept otherwise."""

from __future__ import annotations

import warnings
from typing import Any

from PIL import Image, UnidentifiedImageError

from quancheng.capabilities.trust import queries as trust
from quancheng.core.text import Text
from quancheng.kernel import rulebook
from quancheng.kernel.errors import InvalidInput, TooLarge, Unsupported

__all__ = ["keep"]

TYPES = {"JPEG": "image/jpeg", "PNG": "image/png"}


def keep(upload: Any) -> dict[str, Any]:
    """What is known of a stored picture: digest, media_type, size, width, height, name.

    Raises TooLarge, Unsupported (not a JPEG or PNG), InvalidInput (empty, damaged).
    """
    limit = rulebook.find("services.upload.max_bytes").integer()
    if upload.size > limit:
        raise TooLarge(
            Text(
                f"文件超过{limit / 1024 / 1024:g} MB，没有收下。",
                f"The file is larger than {limit / 1024 / 1024:g} MB.",
            )
        )
    if not upload.size:
        raise InvalidInput(Text("文件是空的，请重新选择。", "The file is empty; choose another."))
    kind, width, height = _decoded(upload)
    upload.seek(0)
    digest, size = trust.store_blob(upload.chunks(), limit)
    return {
        "digest": digest, "media_type": TYPES[kind], "size": size, "width": width, "height": height,
        "name": str(upload.name)[-120:],
    }  # fmt: skip


def _decoded(upload: Any) -> tuple[str, int, int]:
    upload.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(upload, formats=tuple(TYPES)) as picture:
                picture.load()
                return str(picture.format), picture.width, picture.height
    except UnidentifiedImageError as wrong:
        raise Unsupported(Text("只收 JPEG 或 PNG 图片。", "Only JPEG or PNG pictures are taken.")) from wrong
    except (
        OSError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as wrong:
        raise InvalidInput(
            Text("图片打不开或太大，请重新拍照。", "The picture cannot be opened or is too large.")
        ) from wrong
