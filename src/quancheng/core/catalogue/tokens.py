"""中文检索分词: character pairs for Chinese, whole words for the rest, with places in the original text.

A run of n Chinese characters gives n tokens: a pair at each place and the last character alone.
So every place starts exactly one token, positions count characters, a word of two or more
characters is a row of neighbouring pairs, and a single character is the *beginning* of a token.
This finds 公交 in 公交站列表 without a dictionary, where words would miss what a dictionary lacks and
triples would miss words of two characters. Pairs for Chinese retrieval: Nie and Ren 1999; Lucene's
``CJKBigramFilter`` does the same for the index side.

Everything is folded first (NFKC, case): full-width letters and digits equal plain ones.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["Token", "bigrams", "fold", "is_ideographic", "tokens"]

_IDEOGRAPHIC = (
    (0x3005, 0x3007),  # 々〆〇
    (0x3041, 0x30FF),  # kana
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xAC00, 0xD7A3),  # hangul
    (0xF900, 0xFAFF),
    (0x20000, 0x323AF),
)


@dataclass(frozen=True, slots=True)
class Token:
    """词元: the folded text, its position in the row of tokens, and the original characters from
    ``start`` to ``end`` (exclusive) that it stands for."""

    text: str
    position: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Char:
    text: str
    start: int
    end: int
    ideographic: bool


def fold(text: str) -> str:
    """One form for what people type in several (归一): NFKC, case folded, NFKC again."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def is_ideographic(char: str) -> bool:
    """Whether a character is written without blanks between words (是否连写文字)."""
    code = ord(char)
    return any(first <= code <= last for first, last in _IDEOGRAPHIC)


def tokens(text: str) -> list[Token]:
    """The tokens of a text for the index (索引分词), in order."""
    found: list[Token] = []
    for run in _runs(text):
        if not run[0].ideographic:
            word = "".join(char.text for char in run)
            found.append(Token(word, len(found), run[0].start, run[-1].end))
            continue
        for place, char in enumerate(run):
            following = run[place + 1] if place + 1 < len(run) else None
            pair = char.text + (following.text if following else "")
            found.append(Token(pair, len(found), char.start, following.end if following else char.end))
    return found


def bigrams(text: str) -> list[str]:
    """Only the tokens that tell texts apart (字对): pairs and words, single characters if alone."""
    found: list[str] = []
    for run in _runs(text):
        letters = [char.text for char in run]
        if not run[0].ideographic or len(run) == 1:
            found.append("".join(letters))
        else:
            found += [one + other for one, other in pairwise(letters)]
    return found


def _runs(text: str) -> Iterator[list[_Char]]:
    run: list[_Char] = []
    for char in _chars(text):
        if run and (not char.text or char.ideographic != run[0].ideographic):
            yield run
            run = []
        if char.text:
            run.append(char)
    if run:
        yield run


def _chars(text: str) -> Iterator[_Char]:
    """Folded characters with their places; separators come as an empty text."""
    for start, cluster in _clusters(text):
        end = start + len(cluster)
        for char in fold(cluster):
            if is_ideographic(char):
                yield _Char(char, start, end, True)
            elif char.isalnum() or unicodedata.category(char) in ("Mn", "Mc"):
                yield _Char(char, start, end, False)
            else:
                yield _Char("", start, end, False)


def _clusters(text: str) -> Iterator[tuple[int, str]]:
    """A character with the combining marks behind it, so that folding one equals folding all."""
    start = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or not unicodedata.combining(text[place]):
            yield start, text[start:place]
            start = place
