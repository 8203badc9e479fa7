"""Trees of regular expressions as programs for the matcher.

Instructions are ``(code, argument, argument)``; ``SPLIT`` prefers its first target.
"""

from __future__ import annotations

from typing import Any

from .parse import BadPattern, Tree

SET, SPLIT, JUMP, SAVE, BOL, EOL, REF, MATCH = range(8)
MAX_PROGRAM = 5_000

Instruction = tuple[int, Any, Any]


class Builder:
    """Appends the instructions of a tree."""

    def __init__(self) -> None:
        self.code: list[Instruction] = []

    def build(self, tree: Tree) -> list[Instruction]:
        """The whole program."""
        self._emit(SAVE, 0)
        self._tree(tree)
        self._emit(SAVE, 1)
        self._emit(MATCH)
        return self.code

    def _emit(self, code: int, first: Any = None, second: Any = None) -> int:
        if len(self.code) >= MAX_PROGRAM:
            raise BadPattern
        self.code.append((code, first, second))
        return len(self.code) - 1

    def _tree(self, tree: Tree) -> None:
        kind = tree[0]
        if kind == "set":
            self._emit(SET, tree[1])
        elif kind == "cat":
            for piece in tree[1]:
                self._tree(piece)
        elif kind == "group":
            self._emit(SAVE, 2 * tree[1])
            self._tree(tree[2])
            self._emit(SAVE, 2 * tree[1] + 1)
        elif kind == "alt":
            self._alternatives(tree[1])
        elif kind == "rep":
            self._repeat(tree)
        else:
            self._emit({"bol": BOL, "eol": EOL, "ref": REF}[kind], tree[1] if kind == "ref" else None)

    def _split(self, place: int, first: int, second: int, greedy: bool = True) -> None:
        self.code[place] = (SPLIT, first, second) if greedy else (SPLIT, second, first)

    def _alternatives(self, branches: list[Tree]) -> None:
        jumps: list[int] = []
        for branch in branches[:-1]:
            split = self._emit(SPLIT)
            self._tree(branch)
            jumps.append(self._emit(JUMP))
            self._split(split, split + 1, len(self.code))
        self._tree(branches[-1])
        for jump in jumps:
            self.code[jump] = (JUMP, len(self.code), None)

    def _repeat(self, tree: Tree) -> None:
        _, body, low, high, greedy = tree
        for _ in range(low):
            self._tree(body)
        if high is None:
            split = self._emit(SPLIT)
            self._tree(body)
            self._emit(JUMP, split)
            self._split(split, split + 1, len(self.code), greedy)
            return
        splits: list[int] = []
        for _ in range(high - low):
            splits.append(self._emit(SPLIT))
            self._tree(body)
        for split in splits:
            self._split(split, split + 1, len(self.code), greedy)
