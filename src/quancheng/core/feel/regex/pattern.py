"""Compiled patterns: search, all matches, replacement."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from .parse import BadPattern, Reader
from .program import BOL, EOL, JUMP, MATCH, REF, SAVE, SET, SPLIT, Builder, Instruction

Tick = Callable[[int], None]
Captures = tuple[int, ...]
MAX_PATTERN = 2_000
# Steps are paid for in bundles: a step of the matcher is far cheaper than one of an expression.
_BUNDLE = 8
_REFERENCE = re.compile(r"\\(.?)|\$(\d*)", re.ASCII | re.DOTALL)


class Pattern:
    """A program and how to run it; matches are tuples start, end, start of group 1, ..."""

    def __init__(self, code: list[Instruction], groups: int, multiline: bool, refers: bool, literal: bool):
        self._code = code
        self.groups = groups
        self._multiline = multiline
        self._refers = refers
        self._literal = literal

    def search(self, text: str, start: int, tick: Tick) -> Captures | None:
        """The first match at or after ``start``."""
        tried: set[int] = set()
        for place in range(start, len(text) + 1):
            found = self._run(text, place, tried, tick)
            if found is not None:
                return found
        return None

    def find_all(self, text: str, tick: Tick) -> Iterator[Captures]:
        """All matches from left to right that do not overlap."""
        place = 0
        while place <= len(text):
            found = self.search(text, place, tick)
            if found is None:
                return
            yield found
            place = found[1] + (found[0] == found[1])

    def fill(self, replacement: str, text: str, match: Captures) -> str | None:
        """The replacement with ``$1`` filled in; None when it is malformed."""
        if self._literal:
            return replacement
        bad = False

        def one(found: re.Match[str]) -> str:
            nonlocal bad
            if found[2] is None:
                bad = bad or found[1] not in ("\\", "$") or not found[1]
                return found[1]
            digits = found[2]
            if not digits:
                bad = True
                return ""
            keep = len(digits)
            while keep > 1 and int(digits[:keep]) > self.groups:
                keep -= 1
            return self._group(text, match, int(digits[:keep])) + digits[keep:]

        result = _REFERENCE.sub(one, replacement)
        return None if bad else result

    def _group(self, text: str, match: Captures, index: int) -> str:
        if index > self.groups or match[2 * index] < 0 or match[2 * index + 1] < 0:
            return ""
        return text[match[2 * index] : match[2 * index + 1]]

    def _run(self, text: str, begin: int, tried: set[int], tick: Tick) -> Captures | None:  # noqa: C901
        """Depth first with memory; one loop, because this is the hot path."""
        code, size, width = self._code, len(text), len(text) + 1
        captures = [-1] * (2 * self.groups + 2)
        stack: list[tuple[int, int]] = [(0, begin)]
        steps = 0
        while stack:
            counter, place = stack.pop()
            if counter < 0:
                # Undo a capture that a failed way had set.
                captures[-counter - 1] = place
                continue
            while True:
                steps += 1
                if steps >= _BUNDLE:
                    tick(1)
                    steps = 0
                kind, first, second = code[counter]
                if kind == SET:
                    if place >= size or not first(text[place]):
                        break
                    place += 1
                elif kind == SPLIT:
                    if not self._refers:
                        key = counter * width + place
                        if key in tried:
                            break
                        tried.add(key)
                    stack.append((second, place))
                    counter = first
                    continue
                elif kind == JUMP:
                    counter = first
                    continue
                elif kind == SAVE:
                    stack.append((-first - 1, captures[first]))
                    captures[first] = place
                elif kind == MATCH:
                    return tuple(captures)
                elif kind == REF:
                    part = self._group(text, tuple(captures), first)
                    if not text.startswith(part, place):
                        break
                    place += len(part)
                elif not self._anchored(kind, text, place):
                    break
                counter += 1
        return None

    def _anchored(self, kind: int, text: str, place: int) -> bool:
        if kind == BOL:
            return place == 0 or (self._multiline and text[place - 1] == "\n" and place < len(text))
        assert kind == EOL
        return place == len(text) or (self._multiline and text[place] == "\n")


@lru_cache(maxsize=512)
def compile_pattern(pattern: str, flags: str) -> Pattern | None:
    """The pattern, or None when it or its flags are not XPath's."""
    if len(pattern) > MAX_PATTERN or not set(flags) <= set("smixq"):
        return None
    try:
        if "q" in flags:
            escaped = re.sub(r"([\\|.?*+{}()\[\]$^-])", r"\\\1", pattern)
            reader = Reader(escaped, flags.replace("x", ""))
        else:
            reader = Reader(pattern, flags)
        code = Builder().build(reader.read())
    except BadPattern:
        return None
    return Pattern(code, reader.groups, "m" in flags and "q" not in flags, reader.refers, "q" in flags)
