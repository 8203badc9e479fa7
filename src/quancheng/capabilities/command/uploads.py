"""照片 Photos from the scene: what may be sent, checked by content and not by name."""

from __future__ import annotations

import contextlib
from typing import Any

from PIL import Image, UnidentifiedImageError

from quancheng.capabilities.command.deeds import refuse
from quancheng.core.text import Text
from quancheng.kernel.errors import TooLarge

LIMIT = 5 * 1024 * 1024
SUFFIX = {"JPEG": "jpg", "PNG": "png"}


def check_photo(photo: Any) -> None:
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
        raise _not_a_photo() from wrong
    finally:
        with contextlib.suppress(ValueError):
            photo.seek(0)
    if kind not in SUFFIX:
        raise _not_a_photo()
    photo.name = f"photo.{SUFFIX[kind]}"


def _not_a_photo() -> Exception:
    return refuse("photo", "照片应为JPG或PNG图片。", "A photo is a JPG or PNG picture.")
