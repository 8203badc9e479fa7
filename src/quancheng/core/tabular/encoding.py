"""字符编码: which of the encodings of Chinese offices a text has, and lines of it with limits.

UTF-8 has a strict form (RFC 3629), so text that decodes without an error is UTF-8 beyond doubt; GB 18030
accepts nearly everything and therefore comes last. Files begin with long stretches of ASCII (heads,
codes), so the evidence is taken where it is: from the chunks that hold other bytes.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from quancheng.core.tabular.errors import Reason, TableError
from quancheng.core.tabular.model import Limits
from quancheng.core.text import Text

__all__ = ["Encoding", "TextSource", "check_size", "detect_encoding", "undecoded"]

CHUNK = 1 << 16
_EVIDENCE = 8  # chunks with bytes beyond ASCII that are looked at
_TOLERATED = 0.05  # share of undecodable among the characters beyond ASCII
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, ""),
    (codecs.BOM_UTF32_BE, ""),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding by its Python name and the evidence for it (编码)."""

    name: str
    why: Text


def check_size(stream: BinaryIO, limit: int) -> int:
    """Size of the stream in bytes; ``TableError`` above the limit. Rewinds it; reads nothing."""
    size = stream.seek(0, 2)
    stream.seek(0)
    if size > limit:
        raise TableError(Reason.TOO_MANY_BYTES, f"{size} > {limit}")
    return size


def detect_encoding(stream: BinaryIO) -> Encoding:
    """Tell the encoding of a text (识别编码): marks first, then zero bytes, then decoding.

    Reads on until it has seen enough bytes beyond ASCII, so a file whose first Chinese character
    comes after a hundred megabytes is still told. ``TableError(UNKNOWN_ENCODING)`` if none fits.
    """
    stream.seek(0)
    start = stream.read(CHUNK)
    for mark, name in _BOMS:
        if start.startswith(mark):
            if not name:
                raise TableError(Reason.UNKNOWN_ENCODING, "UTF-32")
            return Encoding(name, Text("有字节顺序标记。", "It has a byte order mark."))
    wide = _utf16_without_mark(start)
    if wide:
        return Encoding(wide, Text("零字节的分布符合 UTF-16。", "Its zero bytes lie as in UTF-16."))
    if b"\0" in start:
        raise TableError(Reason.UNKNOWN_ENCODING, "zero bytes")
    return _by_decoding(start, stream)


def _utf16_without_mark(sample: bytes) -> str:
    """Delimiters and line ends of a table are ASCII: their zero halves lie all on one side."""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if min(even, odd) * 20 > max(even, odd) or max(even, odd) * 20 < len(sample):
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


def _by_decoding(start: bytes, stream: BinaryIO) -> Encoding:
    counts = {"utf-8": [0, 0], "gb18030": [0, 0]}
    decoders = {name: codecs.getincrementaldecoder(name)("surrogateescape") for name in counts}
    seen, chunk = 0, start
    while chunk and seen < _EVIDENCE:
        seen += not chunk.isascii()
        for name, decoder in decoders.items():
            text = decoder.decode(chunk)
            if not text.isascii():
                counts[name][0] += undecoded(text)
                counts[name][1] += sum(character > "\x7f" for character in text)
        chunk = stream.read(CHUNK)
    stream.seek(0)
    if not seen:
        return Encoding("utf-8", Text("全是 ASCII 字符。", "It is all ASCII."))
    shares = {name: bad / max(all_, 1) for name, (bad, all_) in counts.items()}
    best = min(shares, key=lambda name: shares[name])
    if shares[best] > _TOLERATED:
        raise TableError(Reason.UNKNOWN_ENCODING, ", ".join(f"{n} {s:.3f}" for n, s in shares.items()))
    bad = counts[best][0]
    if bad:
        why = Text(
            f"最接近 {best}，但有 {bad} 处无法解码。", f"{best} fits best, with {bad} undecodable bytes."
        )
    else:
        why = Text(f"全部可按 {best} 解码。", f"It decodes as {best} without an error.")
    return Encoding(best, why)


def undecoded(text: str) -> int:
    """How many bytes of a text could not be decoded (they stand there as lone surrogates, PEP 383)."""
    if text.isascii():
        return 0
    return sum("\udc80" <= character <= "\udcff" for character in text)


class TextSource:
    """Lines and chunks of a stream, decoded, with pushback (文本来源). Never closes the stream."""

    def __init__(self, stream: BinaryIO, encoding: str, limits: Limits) -> None:
        stream.seek(0)
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("surrogateescape")
        self._limit = limits.row
        self._left = limits.bytes
        self._back: list[tuple[int, str, bool]] = []
        self._line = 0
        self._lines = self._read_lines()

    def chunk(self) -> str:
        """The next stretch of text, empty at the end."""
        while True:
            block = self._stream.read(CHUNK)
            self._left -= len(block)
            if self._left < 0:
                raise TableError(Reason.TOO_MANY_BYTES, "while reading")
            try:
                text = self._decoder.decode(block, not block)
            except UnicodeDecodeError as error:
                raise TableError(Reason.BROKEN_FILE, f"cannot be decoded as {error.encoding}") from error
            if text or not block:
                return text

    def line(self) -> tuple[int, str, bool] | None:
        """The next line with its number and end, and whether it was cut for its length; ``None`` at the end."""
        if self._back:
            return self._back.pop()
        return next(self._lines, None)

    def push_back(self, lines: list[tuple[int, str, bool]]) -> None:
        """Put lines back that were read too far, in their order."""
        self._back.extend(reversed(lines))

    def _read_lines(self) -> Iterator[tuple[int, str, bool]]:
        rest = ""
        cut = False
        while text := self.chunk():
            if rest.endswith("\r"):  # the \n of \r\n may be in the next chunk
                text, rest = rest + text, ""
            lines = (rest + text).split("\n") if "\r" not in text else _split(rest + text)
            rest = lines.pop()
            for line in lines:
                yield self._number(line + "\n", cut)
                cut = False
            if len(rest) > self._limit:
                rest, cut = rest[: self._limit], True
        if rest.endswith("\r"):
            rest = rest[:-1]
        if rest or cut:
            yield self._number(rest, cut)

    def _number(self, line: str, cut: bool) -> tuple[int, str, bool]:
        self._line += 1
        return (self._line, line[: self._limit], cut or len(line) > self._limit)


def _split(text: str) -> list[str]:
    r"""Split at \n, \r\n and \r; a last \r stays with the rest, its \n may follow."""
    tail = "\r" if text.endswith("\r") else ""
    lines = text[: len(text) - len(tail)].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    lines[-1] += tail
    return lines
