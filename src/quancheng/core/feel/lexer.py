"""Tokens of FEEL, read on demand: names with spaces cannot be cut before the parser knows them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from .errors import FeelSyntaxError
from .values.number import CONTEXT

SPACE = r"\t\n\x0b\x0c\r \x85\xa0\u1680\u180e\u2000-\u200b\u2028\u2029\u202f\u205f\u3000\ufeff"
_START = (
    r"A-Za-z_\xc0-\xd6\xd8-\xf6\xf8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f"
    r"\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
START = rf"(?![{SPACE}])[{_START}]"
PART = rf"(?![{SPACE}])[{_START}0-9\xb7\u0300-\u036f\u203f-\u2040]"
SYMBOLS = r"./\-'’+*"

_GAP = re.compile(rf"(?:[{SPACE}]+|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_NUMBER = re.compile(rf"(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{{1,6}}(?!{PART}))?", re.ASCII)
_WORD = re.compile(rf"{START}(?:{PART})*|\?")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_OPERATOR = re.compile(r"\.\.|\*\*|<=|>=|!=|->|[-+*/()\[\]{},.:<>=@]")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{6}|.)", re.DOTALL)
_SIMPLE = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\"}

_KEYWORDS = "for return if then else some every satisfies in and or between instance function true false null"
KEYWORDS = frozenset(_KEYWORDS.split())


class Kind(Enum):
    """What a token is."""

    NUMBER = "number"
    STRING = "string"
    WORD = "word"
    OPERATOR = "operator"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """One token and where it stands; ``value`` of numbers and strings."""

    kind: Kind
    text: str
    start: int
    end: int
    value: Decimal | str | None = None


def unescape(body: str) -> str:
    """The characters a string literal stands for; surrogate pairs become one character.

    An unknown escape such as ``\\s`` keeps its backslash, so that patterns can be written plainly.
    """
    if "\\" not in body:
        return body

    def one(match: re.Match[str]) -> str:
        mark = match.group(1)
        if len(mark) > 1:
            code = int(mark[1:], 16)
            return chr(code) if code <= 0x10FFFF else match.group(0)
        return _SIMPLE.get(mark, match.group(0))

    text = _ESCAPE.sub(one, body)
    if any("\ud800" <= character <= "\udfff" for character in text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _number(match: re.Match[str]) -> Decimal:
    try:
        return CONTEXT.create_decimal(match.group())
    except ArithmeticError:
        raise FeelSyntaxError("数字超出范围", "this number is out of range", match.start()) from None


class Lexer:
    """Reads the token at a position; remembers what it read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._known: dict[int, Token] = {}

    def skip(self, position: int) -> int:
        """The first position at or after ``position`` that is neither space nor comment."""
        match = _GAP.match(self.text, position)
        return match.end() if match else position

    def token(self, position: int) -> Token:
        """The token that starts at or after ``position``."""
        found = self._known.get(position)
        if found is None:
            found = self._known[position] = self._read(self.skip(position))
        return found

    def _read(self, start: int) -> Token:
        text = self.text
        if start >= len(text):
            return Token(Kind.END, "", len(text), len(text))
        if match := _WORD.match(text, start):
            return Token(Kind.WORD, match.group(), start, match.end())
        if match := _NUMBER.match(text, start):
            return Token(Kind.NUMBER, match.group(), start, match.end(), _number(match))
        if match := _STRING.match(text, start):
            body = unescape(match.group()[1:-1])
            return Token(Kind.STRING, match.group(), start, match.end(), body)
        if match := _OPERATOR.match(text, start):
            return Token(Kind.OPERATOR, match.group(), start, match.end())
        if text[start] == '"':
            raise FeelSyntaxError("字符串没有结束的引号", "this string has no closing quote", start)
        raise FeelSyntaxError(f"不认识的字符“{text[start]}”", f"unexpected character {text[start]!r}", start)
