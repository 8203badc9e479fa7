"""材料文件: uploads are streamed, limited, decoded and only then kept.

The type is what the decoder says, never the name's ending. A file above its limit is skipped while
it arrives, so the rest of the form survives and memory stays flat.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any, BinaryIO

from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from PIL import Image, UnidentifiedImageError

from quancheng.capabilities.services.checks import FileFact
from quancheng.capabilities.trust import queries as trust
from quancheng.core.text import Text
from quancheng.kernel import errors, rulebook

TYPES = {"JPEG": "image/jpeg", "PNG": "image/png"}
BODY_FACTOR = 8
"""A request may carry so many times one file's limit before it is refused unread."""
OVERSIZE = "_quancheng_oversize"


def max_bytes() -> int:
    """Largest file, by dated parameter."""
    return rulebook.find("services.upload.max_bytes").integer()


class _Limit(FileUploadHandler):
    """Skips a file as soon as it passes the limit and remembers its field."""

    def __init__(self, request: HttpRequest, limit: int) -> None:
        super().__init__(request)
        self._limit, self._seen = limit, 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self._seen = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self._seen += len(raw_data)
        if self._seen > self._limit:
            oversize = getattr(self.request, OVERSIZE, set())
            setattr(self.request, OVERSIZE, oversize | {self.field_name})
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


def limited_uploads(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view whose files are limited while they stream in; CSRF is checked after that is set up."""
    protected = csrf_protect(view)

    @csrf_exempt
    @wraps(view)
    def run(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        limit = max_bytes()
        if request.method == "POST":
            declared = request.META.get("CONTENT_LENGTH") or "0"
            if not declared.isdecimal() or int(declared) > limit * BODY_FACTOR:
                raise too_large(limit)
            request.upload_handlers.insert(0, _Limit(request, limit))  # type: ignore[arg-type]
        return protected(request, *args, **kwargs)

    return run


def oversize_fields(request: HttpRequest) -> frozenset[str]:
    """Fields whose file was skipped for its size."""
    return frozenset(getattr(request, OVERSIZE, ()))


def too_large(limit: int | None = None) -> errors.TooLarge:
    """The error for a file above the limit."""
    megabytes = (limit or max_bytes()) / 1024 / 1024
    return errors.TooLarge(
        Text(
            f"文件超过{megabytes:g} MB,没有收下。",
            f"The file is larger than {megabytes:g} MB and was not taken.",
        ),
        todo=Text(
            "请在手机相册中缩小图片，或用较低分辨率重新拍照后再上传。",
            "Make the picture smaller or take it again at a lower resolution, then upload it.",
        ),
    )


def keep(upload: Any) -> FileFact:
    """Check an uploaded picture, store it under its hash and say what it is.

    Raises TooLarge, Unsupported (not JPEG or PNG), InvalidInput (empty, truncated, too many pixels).
    """
    limit = max_bytes()
    if upload.size is not None and upload.size > limit:
        raise too_large(limit)
    if not upload.size:
        raise errors.InvalidInput(Text("文件是空的，请重新选择。", "The file is empty; choose another."))
    media_type, width, height = _decode(upload.file if hasattr(upload, "file") else upload)
    upload.seek(0)
    digest, size = trust.store_blob(upload.chunks(), limit)
    return FileFact(digest, media_type, size, width, height)


def _decode(stream: BinaryIO) -> tuple[str, int, int]:
    """Type and pixels of a picture that can really be decoded."""
    most = rulebook.find("services.upload.max_pixels").integer()
    stream.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(stream, formats=tuple(TYPES)) as image:
                kind, (width, height) = str(image.format), image.size
                if width * height > most:
                    raise errors.InvalidInput(
                        Text(
                            f"图片像素太多(最多{most // 10**6}百万)。",
                            f"Too many pixels (at most {most // 10**6} million).",
                        )
                    )
                image.load()
    except UnidentifiedImageError as wrong:
        raise errors.Unsupported(
            Text("这不是 JPEG 或 PNG 图片。", "This is not a JPEG or PNG picture."),
            todo=Text(
                "请换成 JPEG 或 PNG 图片。iPhone 用户可在“设置-相机-格式”选择“兼容性最佳”。",
                "Use a JPEG or PNG picture. On an iPhone choose “Most Compatible” in the camera settings.",
            ),
        ) from wrong
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as broken:
        raise errors.InvalidInput(
            Text(
                "图片不完整或已损坏，打不开。请重新拍照上传。",
                "The picture is incomplete or damaged. Take and upload it again.",
            )
        ) from broken
    return TYPES[kind], width, height
