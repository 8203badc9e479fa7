"""解析: text to nodes, by recursive descent with bounded length and depth."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from quancheng.core.quality.errors import QualityError, Reason
from quancheng.core.quality.language.nodes import (
    And,
    Arithmetic,
    Call,
    Column,
    Compare,
    Function,
    If,
    In,
    Literal,
    Matches,
    Negative,
    Node,
    Not,
    Operator,
    Or,
    Present,
    Relation,
    Today,
)
from quancheng.core.quality.patterns import check_pattern
from quancheng.core.text import Text

__all__ = ["parse"]

LONGEST, DEEPEST, MOST_OPERATIONS, LARGEST_NUMBER = 2000, 24, 60, 2**53

_TOKEN = re.compile(
    r"""[ \t\r\n\u3000]*(?:
    (?P<number>\d+(?:\.\d+)?)
  | '(?P<text>(?:[^'\x00-\x1f]|'')*)'
  | "(?P<quoted>[^"\x00-\x1f]+)"
  | (?P<word>[^\W\d]\w*)
  | (?P<sign><=|>=|!=|<>|[=<>+\-*/(),])
  | (?P<end>\Z)
)""",
    re.VERBOSE,
)
_RELATIONS = {each.value: each for each in Relation} | {"<>": Relation.UNEQUAL}
_RESERVED = frozenset(
    [
        "and",
        "or",
        "not",
        "if",
        "then",
        "in",
        "is",
        "missing",
        "present",
        "between",
        "matches",
        "today",
        "true",
        "false",
        "date",
    ]
) | {each.value for each in Function}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int


def parse(text: str, place: str = "expression") -> Node:
    """Read an expression (解析表达式).

    ``place`` goes into errors. Raises ``QualityError`` with ``EXPRESSION`` (or ``PATTERN``) that names
    the character.
    """
    if len(text) > LONGEST:
        raise _error(place, f"超过{LONGEST}个字符", f"more than {LONGEST} characters")
    parser = _Parser(_tokens(text, place), place)
    node = parser.condition()
    parser.expect("end", "")
    return node


def _error(place: str, zh: str, en: str) -> QualityError:
    return QualityError(
        Reason.EXPRESSION, place, Text(f"表达式有误：{zh}。", f"The expression cannot be read: {en}.")
    )


def _tokens(text: str, place: str) -> list[_Token]:
    found, position = [], 0
    while True:
        match = _TOKEN.match(text, position)
        if not match or not match.lastgroup:
            raise _error(
                place, f"第{position + 1}个字符处无法识别", f"nothing known at character {position + 1}"
            )
        kind = match.lastgroup
        found.append(_Token(kind, match[kind], match.start(kind)))
        if kind == "end":
            return found
        position = match.end()


class _Parser:
    """One method for each level of binding, loosest first."""

    __slots__ = ("depth", "index", "operations", "place", "tokens")

    def __init__(self, tokens: list[_Token], place: str) -> None:
        self.tokens = tokens
        self.place = place
        self.index = 0
        self.depth = 0
        self.operations = 0

    def fail(self, zh: str, en: str) -> QualityError:
        token = self.tokens[self.index]
        shown = token.text or "末尾"
        return _error(
            self.place,
            f"第{token.start + 1}个字符“{shown}”处{zh}",
            f"{en} at character {token.start + 1}, “{token.text or 'the end'}”",
        )

    def take(self, kind: str, *texts: str) -> str | None:
        """Move over the next token if it is one of these."""
        token = self.tokens[self.index]
        if token.kind != kind or (texts and token.text not in texts):
            return None
        self.index += 1
        return token.text

    def expect(self, kind: str, *texts: str) -> str:
        found = self.take(kind, *texts)
        if found is None:
            wanted = "、".join(texts) or kind
            raise self.fail(f"应为{wanted}" if wanted != "end" else "应当结束", f"expected {wanted}")
        return found

    def condition(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.fail("嵌套过深", "too deep")
        if self.take("word", "if"):
            first = self.either()
            self.expect("word", "then")
            node: Node = If(first, self.condition())
        else:
            node = self.either()
        self.depth -= 1
        return node

    def either(self) -> Node:
        parts = [self.both()]
        while self.take("word", "or"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def both(self) -> Node:
        parts = [self.negation()]
        while self.take("word", "and"):
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def negation(self) -> Node:
        count = 0
        while self.take("word", "not"):
            count += 1
            if count > DEEPEST:
                raise self.fail("嵌套过深", "too deep")
        node = self.comparison()
        for _ in range(count):
            node = Not(node)
        return node

    def comparison(self) -> Node:
        left = self.sum()
        if sign := self.take("sign", *_RELATIONS):
            return Compare(_RELATIONS[sign], left, self.sum())
        if self.take("word", "is"):
            return self.presence(left)
        if self.take("word", "not"):
            return Not(self.membership(left, required=True))
        return self.membership(left, required=False)

    def presence(self, left: Node) -> Node:
        if not isinstance(left, Column):
            raise self.fail("只有列才可判断是否填写", "only a column is missing or present")
        negated = self.take("word", "not") is not None
        missing = self.expect("word", "missing", "present") == "missing"
        return Not(Present(left)) if missing != negated else Present(left)

    def membership(self, left: Node, *, required: bool) -> Node:
        if self.take("word", "in"):
            self.expect("sign", "(")
            values = [self.constant()]
            while self.take("sign", ","):
                values.append(self.constant())
            self.expect("sign", ")")
            return In(left, tuple(values))
        if self.take("word", "between"):
            least = self.sum()
            self.expect("word", "and")
            return And(
                (
                    Compare(Relation.GREATER_EQUAL, left, least),
                    Compare(Relation.LESS_EQUAL, left, self.sum()),
                )
            )
        if self.take("word", "matches"):
            pattern = self.expect("text").replace("''", "'")
            return Matches(left, check_pattern(pattern, self.place))
        if required:
            raise self.fail("应为in、between或matches", "expected in, between or matches")
        return left

    def sum(self) -> Node:
        node = self.product()
        while sign := self.take("sign", "+", "-"):
            node = self.arithmetic(sign, node, self.product())
        return node

    def product(self) -> Node:
        node = self.factor()
        while sign := self.take("sign", "*", "/"):
            node = self.arithmetic(sign, node, self.factor())
        return node

    def arithmetic(self, sign: str, left: Node, right: Node) -> Node:
        self.operations += 1
        if self.operations > MOST_OPERATIONS:
            raise self.fail("运算过多", "too much to compute")
        return Arithmetic(Operator(sign), left, right)

    def factor(self) -> Node:
        count = 0
        while self.take("sign", "-"):
            count += 1
        node = self.primary()
        if isinstance(node, Literal) and not isinstance(node.value, str | date | bool) and count:
            return Literal(-node.value if count % 2 else node.value)
        return Negative(node) if count % 2 else node

    def primary(self) -> Node:
        if self.take("sign", "("):
            node = self.condition()
            self.expect("sign", ")")
            return node
        if (quoted := self.take("quoted")) is not None:
            return Column(quoted)
        token = self.tokens[self.index]
        following = self.tokens[min(self.index + 1, len(self.tokens) - 1)]
        if token.kind == "word" and token.text not in {"date", "true", "false"}:
            return self.named(token.text, following)
        if token.kind == "word" and token.text == "date" and following.kind != "text":
            return self.named("date", following)
        return self.constant()

    def named(self, word: str, following: _Token) -> Node:
        """A function, ``today`` or a column."""
        if word == "today":
            self.index += 1
            return Today()
        if following.kind == "sign" and following.text == "(":
            return self.call(word)
        if word in _RESERVED:
            raise self.fail(
                "是保留字，列名请加双引号", "a word of the language; put a column's name in quotes"
            )
        self.index += 1
        return Column(word)

    def call(self, word: str) -> Node:
        if word not in {each.value for each in Function}:
            raise self.fail("没有这个函数", "no such function")
        self.index += 1
        self.expect("sign", "(")
        arguments = [self.condition()]
        while self.take("sign", ","):
            arguments.append(self.condition())
        self.expect("sign", ")")
        return Call(Function(word), tuple(arguments))

    def constant(self) -> Literal:
        negative = self.take("sign", "-") is not None
        if (digits := self.take("number")) is not None:
            value = float(digits) if "." in digits else int(digits)
            if value > LARGEST_NUMBER:
                raise self.fail("数字过大", "a number too large")
            return Literal(-value if negative else value)
        if not negative and (text := self.take("text")) is not None:
            return Literal(text.replace("''", "'"))
        if not negative and (word := self.take("word", "true", "false")):
            return Literal(word == "true")
        if not negative and self.take("word", "date"):
            return Literal(self.day(self.expect("text")))
        raise self.fail("应为常量", "expected a text, a number, a date or a column")

    def day(self, text: str) -> date:
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise self.fail("不是日期", "not a date such as date '2024-02-29'") from None
