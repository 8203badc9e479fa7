"""What all parts of the parser share: position, budget, scopes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .errors import FeelLimitError, FeelSyntaxError
from .lexer import Kind, Lexer, Token
from .limits import Limits
from .names import Names, extend, layer_of, normalise
from .nodes import Node

_PROPERTIES = (
    "year month day weekday hour minute second timezone years months days hours minutes seconds start end"
)
PROPERTIES = _PROPERTIES.split()
LONG_PROPERTIES = ["time offset", "start included", "end included"]


@dataclass(frozen=True, slots=True)
class Mark:
    """A place to come back to."""

    position: int
    depth: int
    in_filter: int
    layers: int


class Cursor:
    """A place in the text, the names known there, and how much reading is still allowed."""

    def __init__(self, text: str, names: Iterable[str], builtins: Iterable[str], limits: Limits) -> None:
        if len(text) > limits.max_length:
            raise FeelLimitError(
                f"表达式超过 {limits.max_length} 个字符", f"longer than {limits.max_length} characters"
            )
        self.text = text
        self.lexer = Lexer(text)
        self.position = 0
        self.names = Names()
        known = layer_of(tuple(names))
        self.names.share(layer_of(tuple(builtins)))
        self.names.share(known)
        self.names.push()
        self.members = Names()
        self.members.share(layer_of((*PROPERTIES, *LONG_PROPERTIES)))
        self.members.share(known)
        self.members.push()
        self.in_filter = 0
        self.asks = False
        self._limits = limits
        self._depth = 0
        # Backtracking (brackets that close or filter) must not become exponential.
        self._budget = 2_000 + 60 * len(text)

    def expression(self) -> Node:
        """Any expression; :class:`.parser.Parser` knows how."""
        raise NotImplementedError

    def additive(self, brackets: bool = True) -> Node:
        """An operand of a comparison; without ``brackets`` a ``[`` after it is left alone."""
        raise NotImplementedError

    def peek(self) -> Token:
        """The next token."""
        return self.lexer.token(self.position)

    def advance(self) -> Token:
        """Take the next token."""
        token = self.peek()
        self.position = token.end
        return token

    def at(self, *texts: str) -> bool:
        """Whether the next token is one of these operators or keywords."""
        token = self.peek()
        return token.text in texts and token.kind in (Kind.OPERATOR, Kind.WORD)

    def accept(self, text: str) -> bool:
        """Take the next token if it is this one."""
        if self.at(text):
            self.advance()
            return True
        return False

    def expect(self, text: str) -> Token:
        """Take this token or fail."""
        if not self.at(text):
            raise self.unexpected(text)
        return self.advance()

    def unexpected(self, wanted: str = "") -> FeelSyntaxError:
        """The error that the next token does not belong here."""
        token = self.peek()
        found = token.text[:40]
        zh = "表达式没有写完" if token.kind is Kind.END else f"这里不应是“{found}”"
        en = "the expression ends too early" if token.kind is Kind.END else f"unexpected {found!r}"
        if wanted:
            zh, en = f"{zh}，应为“{wanted}”", f"{en}, expected {wanted!r}"
        return FeelSyntaxError(zh, en, token.start)

    def enter(self) -> None:
        """Go one level deeper."""
        self._depth += 1
        self._budget -= 1
        if self._depth > self._limits.max_depth:
            raise FeelLimitError("表达式嵌套过深", "the expression is nested too deeply")
        if self._budget < 0:
            raise FeelLimitError("表达式过于复杂，无法解析", "the expression is too complex to read")

    def leave(self) -> None:
        """Come back up."""
        self._depth -= 1

    def rise(self, levels: int) -> None:
        """Come up several levels."""
        self._depth -= levels

    def mark(self) -> Mark:
        """Remember the place, to come back with :meth:`reset`."""
        return Mark(self.position, self._depth, self.in_filter, self.names.depth)

    def reset(self, mark: Mark) -> None:
        """Go back to a place; what was learned of members stays."""
        self.position, self._depth, self.in_filter = mark.position, mark.depth, mark.in_filter
        self.names.cut(mark.layers)

    def take_name(self, names: Names) -> tuple[str, int, int]:
        """(name, start, end) of the name here: a known one, or the words that stand together."""
        token = self.peek()
        match = names.match(self.text, token.start)
        if match is None:
            name, end = token.text, token.end
        else:
            name, end = match
        longer = extend(self.text, end)
        if longer > end:
            name, end = normalise(self.text[token.start : longer]), longer
        self.position = end
        return name, token.start, end
