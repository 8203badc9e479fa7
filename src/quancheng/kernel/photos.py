"""照片: what may be sent as a photo of a scene or a repair, checked by content and not by name."""

from __future__ import annotations

import contextlib
from typing import Any

from PIL import Image, UnidentifiedImageError

from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput, TooLarge

LIMIT = 5 * 1024 * 1024
SUFFIX = {"JPEG": "jpg", "PNG": "png"}


def check(photo: Any) -> None:
    """Give an uploaded picture a neutral name; raises TooLarge, InvalidInput."""
    if not photo:
        return
    if photo.size > LIMIT:
        raise TooLarge(Text("照片不能超过5 MB。", "A photo may have at most 5 MB."))
    try:
        with Image.open(photo) as picture:
            kind = picture.format or ""
            picture.verify()
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as wrong:
        raise _no_photo() from wrong
    finally:
        with contextlib.suppress(ValueError):
            photo.seek(0)
    if kind not in SUFFIX:
        raise _no_photo()
    photo.name = f"photo.{SUFFIX[kind]}"


def _no_photo() -> InvalidInput:
    text = Text("照片应为JPG或PNG图片。", "A photo is a JPG or PNG picture.")
    return InvalidInput(text, fields={"photo": text})
