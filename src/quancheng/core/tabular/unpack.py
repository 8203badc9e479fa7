"""解包: archives and XML from strangers, opened without unpacking much (zip bomb, entity expansion).

An archive is judged by its directory before a byte is unpacked: number of parts, sum of their sizes,
ratio of each. Each part is then read with the same limits, so a directory that lies gains nothing. XML
is read by expat as a stream; a document type ends the reading at once, so no entity is ever declared.
Sources: Fifield, "A better zip bomb" (WOOT 2019); OWASP XML External Entity Prevention.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from typing import BinaryIO
from xml.parsers import expat

from quancheng.core.tabular.encoding import CHUNK, check_size
from quancheng.core.tabular.errors import Reason, TableError
from quancheng.core.tabular.model import Limits

__all__ = ["Archive", "Attributes", "XmlReader", "local"]

Attributes = dict[str, str]

_SMALL = 1 << 16  # parts below this size may have any ratio: blank sheets compress a thousandfold
_BROKEN = (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, OSError, NotImplementedError, ValueError)


class Archive:
    """A zip file whose directory was found harmless (压缩包)."""

    def __init__(self, stream: BinaryIO, limits: Limits) -> None:
        check_size(stream, limits.bytes)
        self._limits = limits
        try:
            self._zip = zipfile.ZipFile(stream)
        except _BROKEN as error:
            raise TableError(Reason.BROKEN_FILE, str(error)) from error
        self._parts = {info.filename: info for info in self._zip.infolist()}
        self._check()

    def _check(self) -> None:
        infos = self._zip.infolist()
        if len(infos) > self._limits.parts or len(self._parts) < len(infos):
            raise TableError(Reason.TOO_MANY_PARTS, str(len(infos)))
        if sum(info.file_size for info in infos) > self._limits.unpacked:
            raise TableError(Reason.UNPACKED_TOO_LARGE, str(sum(info.file_size for info in infos)))
        for info in infos:
            if info.flag_bits & 0x1:
                raise TableError(Reason.ENCRYPTED, info.filename)
            if info.file_size > _SMALL and info.file_size > self._limits.ratio * max(info.compress_size, 1):
                ratio = info.file_size / max(info.compress_size, 1)
                raise TableError(Reason.RATIO_TOO_HIGH, f"{info.filename}: {ratio:.0f}")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parts."""
        return tuple(self._parts)

    def __contains__(self, name: str) -> bool:
        return name in self._parts

    def size(self, name: str) -> int:
        """Unpacked size of a part, in bytes."""
        return self._parts[name].file_size

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of a part in chunks; ``TableError(BROKEN_FILE)`` where it is damaged or missing."""
        if name not in self._parts:
            raise TableError(Reason.BROKEN_FILE, f"{name} is missing")
        left = self._limits.unpacked
        try:
            with self._zip.open(self._parts[name]) as part:
                while chunk := part.read(CHUNK):
                    left -= len(chunk)
                    if left < 0:
                        raise TableError(Reason.UNPACKED_TOO_LARGE, name)
                    yield chunk
        except _BROKEN as error:
            raise TableError(Reason.BROKEN_FILE, f"{name}: {error}") from error
        except Exception as error:
            if type(error).__module__ in ("zlib", "_lzma", "lzma"):
                raise TableError(Reason.BROKEN_FILE, f"{name}: {error}") from error
            raise

    def whole(self, name: str) -> io.BytesIO:
        """A part in memory, for readers that jump about."""
        return io.BytesIO(b"".join(self.chunks(name)))


def local(name: str) -> str:
    """An XML name without its prefix (本地名)."""
    return name.rpartition(":")[2]


class XmlReader:
    """A stream of XML turned into calls (流式 XML): ``start(name, attributes)``, ``end(name)``, ``text(data)``.

    Names come without prefix, attributes too. No namespace is looked up: transitional and strict
    workbooks, which differ only in that, are read alike.
    """

    def __init__(
        self,
        start: Callable[[str, Attributes], None],
        end: Callable[[str], None],
        text: Callable[[str], None],
    ) -> None:
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = lambda name, attributes: start(
            local(name), {local(key): value for key, value in attributes.items()}
        )
        self._parser.EndElementHandler = lambda name: end(local(name))
        self._parser.CharacterDataHandler = text
        self._parser.StartDoctypeDeclHandler = _refuse_doctype
        self._parser.EntityDeclHandler = _refuse_doctype

    def feed(self, chunk: bytes, *, last: bool = False) -> None:
        """Read on; ``TableError`` for a document type or XML that is not well formed."""
        try:
            self._parser.Parse(chunk, last)
        except expat.ExpatError as error:
            raise TableError(Reason.BROKEN_FILE, f"XML: {error}") from error

    def read(self, chunks: Iterator[bytes]) -> None:
        """Read a whole part."""
        for chunk in chunks:
            self.feed(chunk)
        self.feed(b"", last=True)


def _refuse_doctype(*_: object) -> None:
    raise TableError(Reason.ENTITY_DECLARED, "document type")
