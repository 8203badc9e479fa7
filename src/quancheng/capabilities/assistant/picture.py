"""Pictures 图片: opened safely, upright, at a size worth reading."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput, Unsupported

__all__ = ["Opened", "crop_jpeg", "opened"]

Pixels = NDArray[np.uint8]
_FORMATS = ("JPEG", "PNG")


@dataclass(frozen=True, slots=True)
class Opened:
    """A picture to read: pixels (blue green red), size as shown, and how much it was reduced."""

    pixels: Pixels
    width: int
    height: int
    scale: float
    """Pixels of the reading for one of the picture."""


def opened(content: bytes, *, max_pixels: int, working_side: int) -> Opened:
    """Decode an upload. Its header is asked before a single pixel is decoded.

    Raises Unsupported (not a picture, whatever its name says), InvalidInput (empty, damaged, more
    pixels than allowed).
    """
    if not content:
        raise InvalidInput(Text("文件是空的，没有内容可读。", "The file is empty; there is nothing to read."))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
                if image.width * image.height > max_pixels:
                    raise _too_many(image.width * image.height, max_pixels)
                upright = ImageOps.exif_transpose(image).convert("RGB")
    except UnidentifiedImageError as wrong:
        raise Unsupported(
            Text(
                "文件内容不是 JPEG 或 PNG 图片，与文件名不符。",
                "The content is not a JPEG or PNG picture, whatever the name of the file says.",
            ),
            todo=Text(
                "请退回补正，请申请人重新拍照上传。", "Return the case: the picture must be taken again."
            ),
        ) from wrong
    except Image.DecompressionBombError as bomb:
        raise _too_many(0, max_pixels) from bomb
    except (OSError, SyntaxError, ValueError) as broken:
        raise InvalidInput(
            Text("图片不完整或已损坏，打不开。", "The picture is incomplete or damaged.")
        ) from broken
    return _sized(upright, working_side)


def crop_jpeg(pixels: Pixels, box: tuple[int, int, int, int], *, margin: float = 0.25) -> bytes | None:
    """A cut-out with some surroundings as a JPEG; None when the box lies outside the picture."""
    height, width = pixels.shape[:2]
    left, top, right, bottom = box
    pad = max(round((bottom - top) * margin), 8)
    left, top = max(left - pad, 0), max(top - pad, 0)
    right, bottom = min(right + pad, width), min(bottom + pad, height)
    if right - left < 4 or bottom - top < 4:
        return None
    part = np.ascontiguousarray(pixels[top:bottom, left:right])
    done, kept = cv2.imencode(".jpg", part, [cv2.IMWRITE_JPEG_QUALITY, 85])
    return bytes(kept.tobytes()) if done else None


def _sized(image: Image.Image, side: int) -> Opened:
    width, height = image.size
    scale = min(1.0, side / max(width, height))
    if scale < 1.0:
        image = image.resize(
            (max(1, round(width * scale)), max(1, round(height * scale))), Image.Resampling.LANCZOS
        )
    pixels = np.ascontiguousarray(np.asarray(image, np.uint8)[:, :, ::-1])
    return Opened(pixels, width, height, scale)


def _too_many(pixels: int, most: int) -> InvalidInput:
    have = f"{pixels / 10**6:.0f}百万" if pixels else "过多"
    have_en = f"{pixels / 10**6:.0f} million" if pixels else "too many"
    return InvalidInput(
        Text(
            f"图片有{have}像素，超过{most // 10**6}百万，没有打开。",
            f"The picture has {have_en} pixels, more than {most // 10**6} million; it was not opened.",
        )
    )
