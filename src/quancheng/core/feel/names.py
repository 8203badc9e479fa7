"""Names with spaces and operators: the longest known name at a position wins (DMN 1.5, 10.3.1.2).

First names are matched as written (any run of spaces counts as one); only when none fits, spaces
around the symbols ``. / - ' + *`` are ignored, so that ``a - b`` stays a subtraction when there
is an ``a``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from .lexer import KEYWORDS, PART, SPACE, START, SYMBOLS

_SPACES = re.compile(rf"[{SPACE}]+")
_PIECES = re.compile(rf"(?:{PART})+|[^{SPACE}]")
_LAST_PART = re.compile(PART)
_WORD = re.compile(rf"(?:{PART})+")
_MORE_WORDS = re.compile(rf"[{SPACE}]+((?:{PART})+)")
# Possessive about spaces, so that a long run of them costs no more than its length.
_BODY = rf"{START}(?:[{SPACE}]*+(?:{PART}|[{SYMBOLS}]))*?"
KEY = re.compile(rf"({_BODY})[{SPACE}]*+:(?!:)")
PARAMETER = re.compile(rf"({_BODY})[{SPACE}]*+(?=[:,)])")
ITERATOR = re.compile(rf"({_BODY})[{SPACE}]++in(?!{PART})")


def normalise(name: str) -> str:
    """A name with single spaces."""
    return _SPACES.sub(" ", name).strip()


@lru_cache(maxsize=20_000)
def _patterns(name: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    end = rf"(?!{PART})" if _LAST_PART.match(name[-1]) else ""
    strict = rf"[{SPACE}]+".join(re.escape(part) for part in name.split(" "))
    loose = ""
    previous_word = False
    for piece in _PIECES.findall(name):
        word = bool(_LAST_PART.match(piece))
        loose += (rf"[{SPACE}]+" if word and previous_word else rf"[{SPACE}]*") if loose else ""
        loose += re.escape(piece)
        previous_word = word
    return re.compile(strict + end), re.compile(loose + end)


@lru_cache(maxsize=20_000)
def _plain(name: str) -> bool:
    """Whether a name is one word, which needs no pattern to be found."""
    return _WORD.fullmatch(name) is not None


def _ends(name: str, text: str, position: int, loosely: bool) -> int | None:
    """Where ``name`` ends if it stands at ``position``."""
    if _plain(name):
        end = position + len(name)
        return end if text.startswith(name, position) and not _LAST_PART.match(text, end) else None
    found = _patterns(name)[loosely].match(text, position)
    return found.end() if found else None


@lru_cache(maxsize=512)
def layer_of(names: tuple[str, ...]) -> dict[str, list[str]]:
    """A layer to :meth:`Names.share`: names by their first character, made once for many expressions."""
    layers = Names()
    layers.push(names)
    return layers.innermost


class Names:
    """Layers of known names; the parser pushes a layer for each scope it enters."""

    def __init__(self) -> None:
        self._layers: list[dict[str, list[str]]] = []

    @property
    def innermost(self) -> dict[str, list[str]]:
        """The layer that :meth:`add` writes to."""
        return self._layers[-1]

    def share(self, layer: dict[str, list[str]]) -> None:
        """Enter a scope whose layer others use as well: push another before adding names."""
        self._layers.append(layer)

    def push(self, names: Iterable[str] = ()) -> None:
        """Enter a scope."""
        self._layers.append({})
        for name in names:
            self.add(name)

    def pop(self) -> None:
        """Leave the innermost scope."""
        self._layers.pop()

    @property
    def depth(self) -> int:
        """How many scopes are open."""
        return len(self._layers)

    def cut(self, depth: int) -> None:
        """Leave all scopes opened after ``depth``."""
        del self._layers[depth:]

    def add(self, name: str) -> None:
        """Learn a name in the innermost scope."""
        name = normalise(name)
        if name:
            bucket = self._layers[-1].setdefault(name[0], [])
            if name not in bucket:
                bucket.append(name)

    def match(self, text: str, position: int) -> tuple[str, int] | None:
        """(name, end) of the longest known name that starts at ``position``."""
        if position >= len(text):
            return None
        candidates = [name for layer in self._layers for name in layer.get(text[position], ())]
        for loosely in (False, True):
            best: tuple[str, int] | None = None
            for name in candidates:
                end = _ends(name, text, position, loosely)
                if end is not None and (best is None or end > best[1]):
                    best = (name, end)
            if best is not None:
                return best
        return None


def extend(text: str, end: int) -> int:
    """Where a name that nobody declared ends: it takes the words that follow, keywords excepted."""
    while (match := _MORE_WORDS.match(text, end)) and match.group(1) not in KEYWORDS:
        end = match.end()
    return end
