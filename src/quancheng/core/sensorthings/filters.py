"""语法: ``$filter`` and ``$orderby`` to the tree of :mod:`.expressions`, by recursive descent.

Precedence, weakest first: or, and, not, comparisons, add sub, mul div mod, minus (OData 4.0 part 2
§ 5.1.1.9; ``not a eq b`` denies the comparison, as every SensorThings server reads it).
"""

from __future__ import annotations

from typing import NamedTuple

from quancheng.core.sensorthings import times
from quancheng.core.sensorthings.expressions import (
    ARITHMETIC,
    Binary,
    Clock,
    Day,
    Duration,
    Expression,
    Function,
    Geometry,
    Instant,
    Not,
    Number,
    Op,
    Path,
    Period,
    Several,
    Truth,
    Word,
)
from quancheng.core.sensorthings.faults import BadQuery
from quancheng.core.sensorthings.functions import FUNCTIONS, PERIODS, PLACES, TRUTHS
from quancheng.core.sensorthings.lexing import Token, tokens
from quancheng.core.sensorthings.model import RELATIONS

MAXIMUM_DEPTH = 60
"""Brackets, ``not`` and functions inside each other."""
MAXIMUM_NODES = 2_000
_COMPARE = {"eq", "ne", "gt", "ge", "lt", "le"}
_RESERVED = _COMPARE | {"and", "or", "not", "add", "sub", "mul", "div", "mod", "in", "asc", "desc"}
_TRUTHS = {"true": True, "false": False, "null": None}


class Order(NamedTuple):
    """One key of ``$orderby``."""

    by: Expression
    descending: bool


def parse_filter(source: str) -> Expression:
    """The tree of a ``$filter``. Raises BadQuery."""
    parser = _Parser(source)
    tree = parser.either()
    parser.end()
    _check_condition(tree)
    return tree


def _check_condition(tree: Expression) -> None:
    """Refuse what can never be true or false; a path may lead to a truth inside JSON."""
    match tree:
        case Binary(op, left, right):
            if op in (Op.AND, Op.OR):
                _check_condition(left)
                _check_condition(right)
                return
            if op not in ARITHMETIC:
                return
        case Not(inner):
            return _check_condition(inner)
        case Function(name) if name in TRUTHS:
            return
        case Truth():
            return
        case Path(steps) if len(steps) > 1 or steps == ("result",):
            return
    raise BadQuery("条件须为真假值。", "A condition must be true or false.")


def parse_orderby(source: str) -> tuple[Order, ...]:
    """The keys of an ``$orderby``: expressions, each with ``asc`` or ``desc``. Raises BadQuery."""
    parser = _Parser(source)
    keys = []
    while True:
        by = parser.sum()
        word = parser.take_name("asc", "desc")
        keys.append(Order(by, word == "desc"))
        if not parser.take_mark(","):
            break
    parser.end()
    if len(keys) > 20:
        raise BadQuery("排序键过多。", "Too many keys to order by.")
    return tuple(keys)


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.words = tokens(source)
        self.place = 0
        self.depth = 0
        self.nodes = 0

    # -- words ----------------------------------------------------------------------------
    @property
    def word(self) -> Token:
        return self.words[self.place]

    def step(self) -> Token:
        found = self.word
        self.place += 1
        return found

    def take_mark(self, mark: str) -> bool:
        if self.word.kind == "mark" and self.word.text == mark:
            self.place += 1
            return True
        return False

    def take_name(self, *names: str) -> str | None:
        if self.word.kind == "name" and self.word.text.lower() in names:
            return self.step().text.lower()
        return None

    def need(self, mark: str) -> None:
        if not self.take_mark(mark):
            raise self.wrong(mark)

    def end(self) -> None:
        if self.word.kind != "end":
            raise self.wrong()

    def wrong(self, wanted: str = "") -> BadQuery:
        found = self.word.text or "…"
        place = self.word.at + 1
        return BadQuery(
            f"第{place}个字符处“{found}”不合语法" + (f"，应为“{wanted}”。" if wanted else "。"),
            f"Unexpected '{found}' at character {place}" + (f", expected '{wanted}'." if wanted else "."),
        )

    def count(self) -> None:
        self.nodes += 1
        if self.nodes > MAXIMUM_NODES:
            raise BadQuery("表达式过于复杂。", "The expression is too complex.")

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAXIMUM_DEPTH:
            raise BadQuery(f"嵌套过深（最多{MAXIMUM_DEPTH}层）。", f"Nested deeper than {MAXIMUM_DEPTH}.")

    # -- grammar --------------------------------------------------------------------------
    def either(self) -> Expression:
        left = self.both()
        while self.take_name("or"):
            self.count()
            left = Binary(Op.OR, left, self.both())
        return left

    def both(self) -> Expression:
        left = self.denied()
        while self.take_name("and"):
            self.count()
            left = Binary(Op.AND, left, self.denied())
        return left

    def denied(self) -> Expression:
        if self.word.kind == "name" and self.word.text.lower() == "not":
            self.step()
            self.deeper()
            inner = self.denied()
            self.depth -= 1
            return Not(inner)
        return self.compared()

    def compared(self) -> Expression:
        left = self.sum()
        self.count()
        word = self.take_name(*_COMPARE, "in", *PERIODS)
        if word is None:
            return left
        if word == "in":
            return Binary(Op.IN, left, self.several())
        if word in PERIODS:
            return Function(word, (left, self.sum()))
        return Binary(Op(word), left, self.sum())

    def several(self) -> Several:
        self.need("(")
        items = [self.sum()]
        while self.take_mark(","):
            self.count()
            items.append(self.sum())
        self.need(")")
        return Several(tuple(items))

    def sum(self) -> Expression:
        left = self.product()
        while word := self.take_name("add", "sub"):
            self.count()
            left = Binary(Op(word), left, self.product())
        return left

    def product(self) -> Expression:
        left = self.signed()
        while word := self.take_name("mul", "div", "mod"):
            self.count()
            left = Binary(Op(word), left, self.signed())
        return left

    def signed(self) -> Expression:
        if not self.take_mark("-"):
            return self.single()
        self.deeper()
        inner = self.signed()
        self.depth -= 1
        match inner:
            case Number(value):
                return Number(-value)
            case Duration(value):
                return Duration(-value)
        return Binary(Op.SUB, Number(0), inner)

    def single(self) -> Expression:
        self.count()
        if self.take_mark("("):
            self.deeper()
            inner = self.either()
            self.depth -= 1
            self.need(")")
            return inner
        word = self.word
        if word.kind == "name":
            return self.named()
        if word.kind in ("mark", "end"):
            raise self.wrong()
        self.step()
        try:
            return _literal(word)
        except times.BadTime as bad:
            raise BadQuery(f"不是时间：{word.text}", f"Not a time: {word.text}") from bad

    def named(self) -> Expression:
        word = self.step()
        lower = word.text.lower()
        if self.word.kind == "mark" and self.word.text == "(" and lower not in _RESERVED:
            return self.called(word)
        if lower in _RESERVED and not (self.word.kind == "mark" and self.word.text == "/"):
            self.place -= 1
            raise self.wrong()
        if word.text in _TRUTHS:
            return Truth(_TRUTHS[word.text])
        return Path(self.path(word.text))

    def path(self, first: str) -> tuple[str | int, ...]:
        steps: list[str | int] = [first]
        while True:
            if self.take_mark("/"):
                steps.append(self.path_step())
            elif self.take_mark("["):
                if not self.word.text.isdigit() or len(self.word.text) > 6:
                    raise self.wrong("0")
                steps.append(int(self.step().text))
                self.need("]")
            else:
                break
            if len(steps) > 30:
                raise BadQuery("路径过长。", "The path is too long.")
        if steps[-1] == "@iot.id" and (len(steps) == 1 or steps[-2] in RELATIONS):
            steps[-1] = "id"
        return tuple(steps)

    def path_step(self) -> str | int:
        if self.word.kind == "name":
            return self.step().text
        if self.word.kind == "number" and self.word.text.isdigit() and len(self.word.text) <= 6:
            return int(self.step().text)
        raise self.wrong()

    def called(self, word: Token) -> Expression:
        name = word.text.lower()
        if name not in FUNCTIONS:
            raise BadQuery(f"没有函数 {word.text}。", f"There is no function {word.text}.")
        self.deeper()
        self.need("(")
        arguments: list[Expression] = []
        if not self.take_mark(")"):
            arguments.append(self.either())
            while self.take_mark(","):
                arguments.append(self.either())
            self.need(")")
        self.depth -= 1
        least, most = FUNCTIONS[name]
        if not least <= len(arguments) <= most:
            raise BadQuery(
                f"函数 {name} 应有{least}个参数，实有{len(arguments)}个。",
                f"Function {name} takes {least} arguments, not {len(arguments)}.",
            )
        if name in PLACES and not all(isinstance(one, Path | Geometry | Function) for one in arguments[:2]):
            raise BadQuery(f"函数 {name} 需要几何。", f"Function {name} needs geometries.")
        return Function(name, tuple(arguments))


def _literal(word: Token) -> Expression:
    match word.kind:
        case "number":
            return Number(_number(word.text))
        case "string":
            return Word(_inner(word.text))
        case "instant":
            stamp = _zoned(word.text)
            return Instant(times.parse_instant(stamp, zone_needed=False), times.offset_minutes(stamp))
        case "period":
            start, slash, end = word.text.partition("/")
            return Period(times.parse_interval(f"{_end(start)}{slash}{_end(end)}"))
        case "day":
            return Day(times.parse_instant(word.text, zone_needed=False) // 86_400_000_000)
        case "clock":
            return Clock(times.parse_instant(f"1970-01-01T{word.text}Z"))
    return _typed(word)


def _typed(word: Token) -> Expression:
    kind, _, rest = word.text.partition("'")
    inner = _inner("'" + rest)
    match kind:
        case "duration":
            sign, body = (-1, inner[1:]) if inner.startswith("-") else (1, inner)
            return Duration(sign * times.parse_duration(body))
        case "geography" | "geometry":
            return Geometry(_wkt(inner))
        case "date":
            return Day(times.parse_instant(inner, zone_needed=False) // 86_400_000_000)
        case "time" | "timeofday":
            return Clock(times.parse_instant(f"1970-01-01T{inner}Z"))
    return Instant(times.parse_instant(inner, zone_needed=False), times.offset_minutes(inner))


def _wkt(text: str) -> str:
    import shapely

    body = text.strip()
    if body.upper().startswith("SRID="):
        body = body.partition(";")[2]
    try:
        found = shapely.from_wkt(body)
    except (shapely.errors.ShapelyError, ValueError) as bad:
        raise BadQuery(f"不是WKT几何：{text[:60]}", f"Not a WKT geometry: {text[:60]}") from bad
    return str(found.wkt)


def _number(text: str) -> int | float:
    if text.isdigit():
        return int(text)
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise BadQuery(f"数值过大：{text}", f"Number too large: {text}")
    return value


def _inner(text: str) -> str:
    return text[1:-1].replace("''", "'")


def _end(text: str) -> str:
    return text if text.startswith("P") else _with_zone(_zoned(text))


def _zoned(text: str) -> str:
    """An offset whose plus sign became a space on the way."""
    return text.replace(" ", "+")


def _with_zone(stamp: str) -> str:
    return stamp if stamp[-1] in "Zz" or "+" in stamp or stamp.count("-") > 2 else stamp + "Z"
