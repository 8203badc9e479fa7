"""Reads XPath regular expressions into trees of tuples.

``("set", predicate)``, ``("group", index, tree)``, ``("cat", trees)``, ``("alt", trees)``,
``("rep", tree, low, high, greedy)``, ``("bol",)``, ``("eol",)``, ``("ref", index)``.
"""

from __future__ import annotations

import re
from typing import Any

from .charset import CLASSES, Predicate, category, difference, folded, negated, union

MAX_DEPTH = 50
MAX_REPEAT = 1000
_ESCAPED = "\\|.-^?*+{}()[]$"
_CONTROL = {"n": "\n", "r": "\r", "t": "\t"}
_COUNT = re.compile(r"\{(\d{1,4})(,(\d{0,4}))?\}", re.ASCII)
_CATEGORY = re.compile(r"\{([A-Za-z0-9-]+)\}", re.ASCII)

Tree = tuple[Any, ...]


class BadPattern(ValueError):
    """Not a regular expression of XPath."""


class Reader:
    """One pass over the pattern."""

    def __init__(self, pattern: str, flags: str) -> None:
        self.text = self._without_space(pattern) if "x" in flags else pattern
        self.place = 0
        self.groups = 0
        self.closed: set[int] = set()
        self.fold = "i" in flags
        self.dot_all = "s" in flags
        self.refers = False
        self.depth = 0

    @staticmethod
    def _without_space(pattern: str) -> str:
        result, inside, escaped = "", 0, False
        for c in pattern:
            if not escaped:
                inside += (c == "[") - (c == "]" and inside > 0)
            if inside or c not in " \t\n\r":
                result += c
            escaped = c == "\\" and not escaped
        return result

    def read(self) -> Tree:
        """The tree of the whole pattern."""
        tree = self._alternatives()
        if self.place < len(self.text):
            raise BadPattern
        return tree

    def _peek(self) -> str:
        return self.text[self.place] if self.place < len(self.text) else ""

    def _next(self) -> str:
        if self.place >= len(self.text):
            raise BadPattern
        self.place += 1
        return self.text[self.place - 1]

    def _alternatives(self) -> Tree:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise BadPattern
        branches = [self._branch()]
        while self._peek() == "|":
            self._next()
            branches.append(self._branch())
        self.depth -= 1
        return branches[0] if len(branches) == 1 else ("alt", branches)

    def _branch(self) -> Tree:
        pieces: list[Tree] = []
        while self._peek() not in ("", "|", ")"):
            pieces.append(self._quantified(self._atom()))
        return ("cat", pieces)

    def _quantified(self, atom: Tree) -> Tree:
        mark = self._peek()
        if mark == "{":
            match = _COUNT.match(self.text, self.place)
            if match is None:
                raise BadPattern
            self.place = match.end()
            low = int(match[1])
            high = low if match[2] is None else int(match[3]) if match[3] else None
            if low > MAX_REPEAT or (high is not None and (high < low or high > MAX_REPEAT)):
                raise BadPattern
        elif mark and mark in "?*+":
            self._next()
            low, high = {"?": (0, 1), "*": (0, None), "+": (1, None)}[mark]
        else:
            return atom
        greedy = self._peek() != "?"
        if not greedy:
            self._next()
        return ("rep", atom, low, high, greedy)

    def _atom(self) -> Tree:
        c = self._next()
        if c == "(":
            return self._group()
        if c == "[":
            return ("set", self._class())
        if c == ".":
            return ("set", (lambda _: True) if self.dot_all else (lambda x: x not in "\n\r"))
        if c in "^$":
            return ("bol",) if c == "^" else ("eol",)
        if c == "\\":
            return self._escape()
        if c in "?*+{}])":
            raise BadPattern
        return ("set", self._folded(_one(c)))

    def _folded(self, test: Predicate) -> Predicate:
        return folded(test) if self.fold else test

    def _group(self) -> Tree:
        if self.text.startswith("?:", self.place):
            self.place += 2
            tree = self._alternatives()
            self._close()
            return tree
        self.groups += 1
        index = self.groups
        tree = self._alternatives()
        self._close()
        self.closed.add(index)
        return ("group", index, tree)

    def _close(self) -> None:
        if self._next() != ")":
            raise BadPattern

    def _escape(self) -> Tree:
        c = self._peek()
        if c and c in "123456789":
            index = int(self._next())
            while (
                self._peek().isascii()
                and self._peek().isdigit()
                and index * 10 + int(self._peek()) <= self.groups
            ):
                index = index * 10 + int(self._next())
            if index not in self.closed:
                raise BadPattern
            self.refers = True
            return ("ref", index)
        member = self._member()
        return ("set", self._folded(_one(member)) if isinstance(member, str) else member)

    def _member(self) -> str | Predicate:
        """What a backslash means: one character or a set."""
        c = self._next()
        if c in _CONTROL:
            return _CONTROL[c]
        if c in _ESCAPED:
            return c
        if c.lower() in CLASSES:
            test = CLASSES[c.lower()]
            return test if c.islower() else negated(test)
        if c in "pP":
            match = _CATEGORY.match(self.text, self.place)
            found = category(match[1]) if match else None
            if match is None or found is None:
                raise BadPattern
            self.place = match.end()
            return found if c == "p" else negated(found)
        raise BadPattern

    def _class(self) -> Predicate:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise BadPattern
        inverted = self._peek() == "^"
        if inverted:
            self._next()
        singles: set[str] = set()
        ranges: list[tuple[str, str]] = []
        tests: list[Predicate] = []
        removed: Predicate | None = None
        empty = True
        while self._peek() != "]" or empty:
            if self.text.startswith("-[", self.place) and not empty:
                self.place += 2
                removed = self._class()
                break
            self._class_member(singles, ranges, tests)
            empty = False
        if self._next() != "]":
            raise BadPattern
        self.depth -= 1
        test = union(singles, ranges, tests, self.fold)
        test = negated(test) if inverted else test
        return test if removed is None else difference(test, removed)

    def _class_member(self, singles: set[str], ranges: list[tuple[str, str]], tests: list[Predicate]) -> None:
        c = self._next()
        if c in "[]":
            raise BadPattern
        low = self._member() if c == "\\" else c
        if not isinstance(low, str):
            tests.append(low)
            return
        after = self.text[self.place + 1 : self.place + 2]
        if self._peek() != "-" or after in ("]", "[", ""):
            singles.add(low)
            return
        self._next()
        c = self._next()
        high = self._member() if c == "\\" else c
        if not isinstance(high, str) or high < low:
            raise BadPattern
        ranges.append((low, high))


def _one(c: str) -> Predicate:
    return lambda x: x == c
