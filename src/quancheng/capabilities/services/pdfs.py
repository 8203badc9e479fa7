"""PDF 材料: a document is read before it is kept, and one that could act by itself is refused.

Scripts, embedded files, launched programs and encryption have no place in a material. The reader is
pyHanko's, which also reads damaged cross-references strictly.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput

__all__ = ["PDF", "check_pdf", "is_pdf"]

PDF = "application/pdf"
_HEAD = 1024
_MOST_OBJECTS = 50_000
_ACTIVE = {
    "/JavaScript": Text("脚本", "scripts"),
    "/JS": Text("脚本", "scripts"),
    "/EmbeddedFiles": Text("嵌入的文件", "embedded files"),
    "/EmbeddedFile": Text("嵌入的文件", "embedded files"),
    "/Launch": Text("启动程序的动作", "actions that launch programs"),
    "/RichMedia": Text("多媒体", "rich media"),
    "/XFA": Text("动态表单", "dynamic forms"),
}


def is_pdf(stream: BinaryIO) -> bool:
    """Does the content begin as a PDF does (within the first kilobyte)?"""
    stream.seek(0)
    found = b"%PDF-" in stream.read(_HEAD)
    stream.seek(0)
    return found


def check_pdf(stream: BinaryIO) -> int:
    """Pages of a harmless PDF. Raises InvalidInput when it is damaged, locked or active."""
    stream.seek(0)
    try:
        reader = PdfFileReader(stream, strict=False)
        if reader.encrypted:
            raise InvalidInput(
                Text(
                    "PDF 设了密码，无法查看。请取消密码后再上传。", "The PDF is locked; remove its password."
                )
            )
        pages = int(reader.root["/Pages"]["/Count"])
        active = _active(reader)
    except InvalidInput:
        raise
    except (
        PdfError,
        KeyError,
        ValueError,
        TypeError,
        IndexError,
        AttributeError,
        RecursionError,
        OSError,
    ) as broken:
        raise _damaged() from broken
    if active is not None:
        raise InvalidInput(
            Text(
                f"PDF 里含有{active.zh}，不能收下。请另存为普通 PDF 或拍照后上传。",
                f"The PDF contains {active.en} and was not taken. Save it as a plain PDF or upload a photo.",
            )
        )
    if pages < 1:
        raise _damaged()
    return pages


def _damaged() -> InvalidInput:
    return InvalidInput(
        Text(
            "PDF 不完整或已损坏，打不开。请重新导出后上传。",
            "The PDF is incomplete or damaged; export it again.",
        )
    )


def _active(reader: PdfFileReader) -> Text | None:
    """The first thing in the document that could act by itself."""
    for value in _objects(reader):
        if not isinstance(value, generic.DictionaryObject):
            continue
        kind = value.raw_get("/S") if "/S" in value else None
        sort = value.raw_get("/Type") if "/Type" in value else None
        for name, text in _ACTIVE.items():
            if name in value or name in {str(kind), str(sort)}:
                return text
    return None


def _objects(reader: PdfFileReader) -> Iterator[Any]:
    """Every object reachable from the trailer, each once; too many is damage."""
    seen: set[tuple[int, int]] = set()
    waiting: list[Any] = [reader.trailer.flatten()]
    count = 0
    while waiting:
        value = waiting.pop()
        if isinstance(value, generic.IndirectObject):
            place = (value.idnum, value.generation)
            if place in seen:
                continue
            seen.add(place)
            value = value.get_object()  # type: ignore[no-untyped-call]
        count += 1
        if count > _MOST_OBJECTS * 10 or len(seen) > _MOST_OBJECTS:
            raise ValueError("too many objects")
        yield value
        if isinstance(value, generic.DictionaryObject):
            waiting.extend(value.raw_get(key) for key in value)
        elif isinstance(value, generic.ArrayObject):
            waiting.extend(value.raw_get(n) for n in range(len(value)))
