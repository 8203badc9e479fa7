"""The operands of FEEL: literals, names, lists, contexts, ranges, functions, and what follows them."""

from __future__ import annotations

from .errors import FeelSyntaxError
from .lexer import KEYWORDS, Kind, Token
from .names import KEY, PARAMETER, normalise
from .nodes import (
    Call,
    CompareTest,
    ContextNode,
    Definition,
    Filter,
    ListNode,
    Literal,
    Malformed,
    Name,
    Node,
    Path,
    RangeNode,
)
from .parser_base import Cursor
from .parser_types import parse_type_at
from .types import Type
from .values.literal import parse_at_literal

_CONSTANTS = {"true": True, "false": False, "null": None}
_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")


def parse_postfix(cursor: Cursor, brackets: bool = True) -> Node:
    """A primary with its paths, filters and calls."""
    node = _primary(cursor)
    entered = 0
    while True:
        if cursor.at("."):
            cursor.advance()
            if cursor.peek().kind is not Kind.WORD:
                raise cursor.unexpected()
            name, _, end = cursor.take_name(cursor.members)
            node = Path(node.start, end, node, name)
        elif cursor.at("("):
            node = _call(cursor, node)
        elif brackets and cursor.at("["):
            node = _filter(cursor, node)
        else:
            break
        cursor.enter()
        entered += 1
    cursor.rise(entered)
    return node


def _filter(cursor: Cursor, operand: Node) -> Node:
    cursor.expect("[")
    cursor.names.push(("item",))
    cursor.in_filter += 1
    condition = cursor.expression()
    cursor.in_filter -= 1
    cursor.names.pop()
    end = cursor.expect("]").end
    return Filter(operand.start, end, operand, condition)


def _call(cursor: Cursor, function: Node) -> Node:
    cursor.expect("(")
    arguments: list[Node] = []
    names: list[str] = []
    while not cursor.at(")"):
        match = KEY.match(cursor.text, cursor.peek().start)
        if bool(match) != bool(names) and arguments:
            raise cursor.unexpected()
        if match:
            names.append(normalise(match.group(1)))
            cursor.position = match.end()
        arguments.append(cursor.expression())
        if not cursor.accept(","):
            break
    end = cursor.expect(")").end
    return Call(function.start, end, function, tuple(arguments), tuple(names) or None)


def _primary(cursor: Cursor) -> Node:
    token = cursor.peek()
    if token.kind is Kind.WORD:
        return _word(cursor, token)
    if token.kind in (Kind.NUMBER, Kind.STRING):
        known = cursor.names.match(cursor.text, token.start)
        if known and known[1] > token.end:
            # A declared name that starts with a digit or quotation mark: not FEEL's, but people's.
            cursor.position = known[1]
            return Name(token.start, known[1], known[0])
        cursor.advance()
        return Literal(token.start, token.end, token.value)
    if token.kind is Kind.OPERATOR:
        if token.text == "{":
            return _context(cursor)
        if token.text in ("[", "(", "]"):
            return _bracket(cursor)
        if token.text == "@":
            return _at_literal(cursor)
    raise cursor.unexpected()


def _word(cursor: Cursor, token: Token) -> Node:
    known = cursor.names.match(cursor.text, token.start)
    if token.text in KEYWORDS and (known is None or known[1] <= token.end):
        if token.text in _CONSTANTS:
            cursor.advance()
            return Literal(token.start, token.end, _CONSTANTS[token.text])
        if token.text == "function":
            return _definition(cursor)
        raise cursor.unexpected()
    if token.text == "?" and (known is None or known[1] <= token.end):
        cursor.advance()
        cursor.asks = True
        return Name(token.start, token.end, "?")
    if cursor.in_filter:
        member = cursor.members.match(cursor.text, token.start)
        if member and (known is None or member[1] > known[1]):
            name, start, end = cursor.take_name(cursor.members)
            return Name(start, end, name)
    name, start, end = cursor.take_name(cursor.names)
    return Name(start, end, name)


def _at_literal(cursor: Cursor) -> Node:
    start = cursor.expect("@").start
    token = cursor.advance()
    if token.kind is not Kind.STRING or not isinstance(token.value, str):
        raise FeelSyntaxError("“@”后面应是带引号的日期或时长", "a quoted text must follow @", token.start)
    value = parse_at_literal(token.value)
    return Malformed(start, token.end, token.value) if value is None else Literal(start, token.end, value)


def _bracket(cursor: Cursor) -> Node:
    opening = cursor.advance()
    if opening.text == "(" and cursor.at(*_COMPARISONS):
        operator = cursor.advance().text
        operand = cursor.expression()
        end = cursor.expect(")").end
        return CompareTest(opening.start, end, operator, operand)
    if opening.text == "[" and cursor.at("]"):
        return ListNode(opening.start, cursor.advance().end, ())
    first = _item(cursor)
    if cursor.at("..") or opening.text == "]":
        cursor.expect("..")
        return _range(cursor, opening, first)
    if opening.text == "(":
        cursor.expect(")")
        return first
    items = [first]
    while cursor.accept(","):
        items.append(_item(cursor))
    end = cursor.expect("]").end
    return ListNode(opening.start, end, tuple(items))


def _item(cursor: Cursor) -> Node:
    """An item of a list: also ``< 10``, the range that ``in`` looks for."""
    if not cursor.at(*_COMPARISONS):
        return cursor.expression()
    operator = cursor.advance()
    operand = cursor.expression()
    return CompareTest(operator.start, operand.end, operator.text, operand)


def _range(cursor: Cursor, opening: Token, low: Node) -> Node:
    """The rest of a range; ``[`` after its end may close it or begin a filter."""
    begin = cursor.mark()
    high = cursor.additive(False)
    if cursor.at("["):
        after = cursor.mark()
        try:
            cursor.reset(begin)
            longer = cursor.additive()
            if not cursor.at("]", ")", "["):
                raise cursor.unexpected("]")
            high = longer
        except FeelSyntaxError:
            cursor.reset(after)
    closing = cursor.peek()
    if not cursor.at("]", ")", "["):
        raise cursor.unexpected("]")
    cursor.advance()
    return RangeNode(opening.start, closing.end, low, high, opening.text == "[", closing.text == "]")


def _context(cursor: Cursor) -> Node:
    start = cursor.expect("{").start
    entries: list[tuple[str, Node]] = []
    cursor.names.push()
    while not cursor.at("}"):
        key = _key(cursor)
        entries.append((key, cursor.expression()))
        cursor.names.add(key)
        cursor.members.add(key)
        if not cursor.accept(","):
            break
    cursor.names.pop()
    end = cursor.expect("}").end
    return ContextNode(start, end, tuple(entries))


def _key(cursor: Cursor) -> str:
    token = cursor.peek()
    if token.kind is Kind.STRING:
        cursor.advance()
        cursor.expect(":")
        return str(token.value)
    match = KEY.match(cursor.text, token.start)
    if match is None:
        raise cursor.unexpected()
    cursor.position = match.end()
    key = normalise(match.group(1))
    # A function may call itself by the name it is about to get.
    cursor.names.add(key)
    return key


def _definition(cursor: Cursor) -> Node:
    start = cursor.expect("function").start
    cursor.expect("(")
    parameters: list[tuple[str, Type | None]] = []
    while not cursor.at(")"):
        match = PARAMETER.match(cursor.text, cursor.peek().start)
        if match is None:
            raise cursor.unexpected()
        cursor.position = match.end(1)
        kind = parse_type_at(cursor) if cursor.accept(":") else None
        parameters.append((normalise(match.group(1)), kind))
        if not cursor.accept(","):
            break
    cursor.expect(")")
    external = cursor.accept("external")
    cursor.names.push(name for name, _ in parameters)
    body = cursor.expression()
    cursor.names.pop()
    return Definition(start, body.end, tuple(parameters), body, external)
