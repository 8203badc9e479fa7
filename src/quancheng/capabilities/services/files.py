"""材料文件: uploads are streamed, limited, decoded and only then kept.

The type is what the decoder says, never the name's ending. A file above its limit is skipped while
it arrives, so the rest of the form survives and memory stays flat.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection
from functools import wraps
from typing import Any, BinaryIO

from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import FileResponse, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from PIL import Image, UnidentifiedImageError

from quancheng.capabilities.services.checks import FileFact
from quancheng.capabilities.services.pdfs import PDF, check_pdf, is_pdf
from quancheng.capabilities.trust import queries as trust
from quancheng.core.text import Text
from quancheng.kernel import errors, rulebook

TYPES = {"JPEG": "image/jpeg", "PNG": "image/png"}
PICTURES = tuple(TYPES.values())
NAMES = {"image/jpeg": "JPEG", "image/png": "PNG", PDF: "PDF"}
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
            oversize: set[str | None] = getattr(self.request, OVERSIZE, set())
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
            request.upload_handlers.insert(0, _Limit(request, limit))
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
            f"文件超过{megabytes:g} MB，没有收下。",
            f"The file is larger than {megabytes:g} MB and was not taken.",
        ),
        todo=Text(
            "请在手机相册中缩小图片，或用较低分辨率重新拍照后再上传。",
            "Make the picture smaller or take it again at a lower resolution, then upload it.",
        ),
    )


def keep(upload: Any, accept: Collection[str] = PICTURES) -> FileFact:
    """Check an uploaded file, store it under its hash and say what it is.

    ``accept`` are media types; what the bytes are decides, not the name or what the browser says.
    Raises TooLarge, Unsupported (none of these types), InvalidInput (empty, damaged, too many pixels,
    a document with scripts or files inside).
    """
    limit = max_bytes()
    if upload.size is not None and upload.size > limit:
        raise too_large(limit)
    if not upload.size:
        raise errors.InvalidInput(Text("文件是空的，请重新选择。", "The file is empty; choose another."))
    stream = upload.file if hasattr(upload, "file") else upload
    if PDF in accept and is_pdf(stream):
        check_pdf(stream)
        media_type, width, height = PDF, 0, 0
    else:
        media_type, width, height = _decode(stream, accept)
    if media_type not in accept:
        raise _unsupported(accept)
    upload.seek(0)
    digest, size = trust.store_blob(upload.chunks(), limit)
    return FileFact(digest, media_type, size, width, height)


def renamed(name: str, media_type: str) -> Text | None:
    """A word to the sender when a file's name says another type than its content."""
    ending = name.rpartition(".")[2].lower()
    known = {"jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "pdf": PDF}
    if ending in known and known[ending] != media_type:
        real = NAMES[media_type]
        return Text(
            f"文件名是 .{ending}，内容其实是 {real}，已按 {real} 收下。",
            f"The name says .{ending} but the content is {real}; it was taken as {real}.",
        )
    return None


def _unsupported(accept: Collection[str]) -> errors.Unsupported:
    names = [NAMES[one] for one in (*PICTURES, PDF) if one in accept]
    zh, en = "、".join(names), " or ".join(names)
    if PDF in accept:
        return errors.Unsupported(
            Text(
                f"文件内容不是 {zh}（不看文件名，只看内容）。",
                f"The content is not {en}, whatever its name says.",
            ),
            todo=Text(f"请上传真正的 {zh} 文件。", f"Upload a real {en} file."),
        )
    return errors.Unsupported(
        Text("这不是 JPEG 或 PNG 图片。", "This is not a JPEG or PNG picture."),
        todo=Text(
            "请换成 JPEG 或 PNG 图片。iPhone 用户可在“设置-相机-格式”选择“兼容性最佳”。",
            "Use a JPEG or PNG picture. On an iPhone choose “Most Compatible” in the camera settings.",
        ),
    )


def _too_many_pixels(most: int) -> errors.InvalidInput:
    return errors.InvalidInput(
        Text(
            f"图片像素太多（最多{most // 10**6}百万）。",
            f"Too many pixels (at most {most // 10**6} million).",
        )
    )


def _decode(stream: BinaryIO, accept: Collection[str]) -> tuple[str, int, int]:
    """Type and pixels of a picture that can really be decoded."""
    most = rulebook.find("services.upload.max_pixels").integer()
    stream.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(stream, formats=tuple(TYPES)) as image:
                kind, (width, height) = str(image.format), image.size
                if width * height > most:
                    raise _too_many_pixels(most)
                image.load()
    except UnidentifiedImageError as wrong:
        raise _unsupported(accept) from wrong
    except Image.DecompressionBombError as bomb:  # the decoder's own limit, reached before ours
        raise _too_many_pixels(most) from bomb
    except (OSError, SyntaxError, ValueError) as broken:
        raise errors.InvalidInput(
            Text(
                "图片不完整或已损坏，打不开。请重新拍照上传。",
                "The picture is incomplete or damaged. Take and upload it again.",
            )
        ) from broken
    return TYPES[kind], width, height


def blob_answer(digest: str, media_type: str) -> FileResponse:
    """A stored content as an answer that no browser takes for something else. Raises NotFound."""
    path = trust.blob_path(digest)
    if not path.is_file():
        raise errors.NotFound()
    answer = FileResponse(path.open("rb"), content_type=media_type)
    answer["Content-Disposition"] = "inline"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
