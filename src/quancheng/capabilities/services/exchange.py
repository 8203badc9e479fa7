"""事项导出导入: one matter as one JSON file, or as a zip with its process, tables and form beside it. Pure.

``import_matter(export_matter(v)) == v.content``. What comes from outside is read within limits; a file
that is no matter is refused with the reason, and nothing is written here: the caller publishes.
"""

from __future__ import annotations

import io
import json
import lzma
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any, Protocol

from pydantic import ValidationError

from quancheng.capabilities.services.spec import digest_of, read_spec
from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput, TooLarge

__all__ = ["FORMAT", "Version", "export_matter", "export_zip", "import_matter"]

FORMAT = "quancheng.matter/1"
MAX_BYTES = 8 * 1024 * 1024
MAX_DEPTH = 40
BESIDE = {"bpmn": "process.bpmn", "dmn": "decisions.dmn", "form_json": "form.json"}
"""Attribute of the content → file of the zip."""
_BROKEN = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, NotImplementedError, RuntimeError, ValueError,
    EOFError, OSError,
)  # fmt: skip
"""What ``zipfile`` raises on damaged, encrypted or strangely packed files."""
_MAIN = "matter.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)


class Version(Protocol):
    """What is exported: a ``MatterVersion``, or anything with its content and number."""

    @property
    def content(self) -> Mapping[str, Any]: ...

    @property
    def number(self) -> int: ...


def export_matter(version: Version) -> bytes:
    """One JSON document: format, version, digest and the whole content. The same content, the same bytes."""
    return _document(version, dict(version.content), {})


def export_zip(version: Version) -> bytes:
    """A zip with ``matter.json`` and, where the matter has them, its BPMN, DMN and form as files."""
    content = dict(version.content)
    files = {name: str(content.pop(key)) for key, name in BESIDE.items() if content.get(key)}
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        document = _document(version, content, {key: name for key, name in BESIDE.items() if name in files})
        for name, data in {_MAIN: document, **{name: text.encode() for name, text in files.items()}}.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)
    return kept.getvalue()


def import_matter(data: bytes) -> dict[str, Any]:
    """The content of an exported matter, checked; ``publish_matter`` takes it as it is.

    Raises TooLarge, InvalidInput (no matter, damaged, changed, or a definition with errors, each named).
    """
    if len(data) > MAX_BYTES:
        raise TooLarge(Text("事项文件不能超过8 MB。", "A matter file may not exceed 8 MB."))
    document, files = _unzipped(data) if data[:4] == b"PK\x03\x04" else (data, {})
    found = _parsed(document)
    content = {**_content(found), **files}
    if found.get("digest") not in (None, digest_of(content)):
        raise _wrong(
            "文件在导出后被改动，或没有完整下载：内容与摘要不符。",
            "The file was changed after export or is incomplete: its content does not fit its digest.",
        )
    try:
        read_spec(content)
    except ValidationError as wrong:
        places = "; ".join(f"{'.'.join(map(str, row['loc']))}: {row['msg']}" for row in wrong.errors()[:5])
        raise _wrong(f"事项定义有误：{places}", f"The definition is wrong: {places}") from wrong
    return content


def _document(version: Version, content: dict[str, Any], files: Mapping[str, str]) -> bytes:
    document = {
        "format": FORMAT,
        "code": content.get("code", ""),
        "version": version.number,
        "digest": digest_of(version.content),
        "files": dict(files),
        "content": content,
    }
    return (json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _content(found: Mapping[str, Any]) -> dict[str, Any]:
    if found.get("format") != FORMAT:
        raise _wrong(
            f"不是导出的事项文件：format 应为 {FORMAT}。",
            f"Not an exported matter: format should be {FORMAT}.",
        )
    content = found.get("content")
    if not isinstance(content, dict):
        raise _wrong("事项文件没有 content。", "The matter file has no content.")
    return content


def _parsed(document: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(document.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
        json.dumps(found, ensure_ascii=False).encode()  # a lone surrogate is no text
    except RecursionError as wrong:
        raise _wrong("事项文件嵌套过深。", "The matter file is nested too deeply.") from wrong
    except ValueError as wrong:
        raise _wrong(f"不是有效的 UTF-8 JSON：{wrong}", f"Not valid UTF-8 JSON: {wrong}") from wrong
    if not isinstance(found, dict):
        raise _wrong("事项文件应是一个 JSON 对象。", "A matter file is one JSON object.")
    if not _shallow(found, MAX_DEPTH):
        raise _wrong("事项文件嵌套过深。", "The matter file is nested too deeply.")
    return found


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _shallow(value: Any, left: int) -> bool:
    """Whether a value is nested no deeper than allowed, without recursion of its depth."""
    level = [value]
    while level and left >= 0:
        left -= 1
        level = [
            child
            for one in level
            if isinstance(one, dict | list)
            for child in (one.values() if isinstance(one, dict) else one)
        ]
    return not level


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise _wrong(f"键重复：{'、'.join(twice)}", f"A key is used twice: {', '.join(twice)}")
    return found


def _unzipped(data: bytes) -> tuple[bytes, dict[str, str]]:
    known = {_MAIN, *BESIDE.values()}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            rows = archive.infolist()
            names = [row.filename for row in rows]
            if set(names) - known or len(names) != len(set(names)) or _MAIN not in names:
                raise _wrong(
                    f"压缩包里只应有这些文件，各一个：{'、'.join(sorted(known))}。",
                    f"The zip may hold only these files, each once: {', '.join(sorted(known))}.",
                )
            if sum(row.file_size for row in rows) > MAX_BYTES:
                raise TooLarge(Text("解压后不能超过8 MB。", "Unpacked it may not exceed 8 MB."))
            texts = {row.filename: _entry(archive, row) for row in rows}
    except _BROKEN as wrong:
        raise _wrong(
            "压缩包已损坏或加密，无法读取。", "The zip is damaged or encrypted and cannot be read."
        ) from wrong
    try:
        files = {key: texts[name].decode("utf-8") for key, name in BESIDE.items() if name in texts}
    except UnicodeDecodeError as wrong:
        raise _wrong("压缩包里的文件不是 UTF-8 文本。", "A file of the zip is no UTF-8 text.") from wrong
    return texts[_MAIN], files


def _entry(archive: zipfile.ZipFile, row: zipfile.ZipInfo) -> bytes:
    """One file, never more than it says: the size in the directory may lie."""
    with archive.open(row) as source:
        found = source.read(MAX_BYTES + 1)
    if len(found) > MAX_BYTES:
        raise TooLarge(Text("解压后不能超过8 MB。", "Unpacked it may not exceed 8 MB."))
    return found


def _wrong(zh: str, en: str) -> InvalidInput:
    return InvalidInput(Text(zh, en))
