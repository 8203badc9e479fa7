"""Reads types: ``list<number>``, ``context<a: string>``, ``function<number>->string``."""

from __future__ import annotations

from .lexer import KEYWORDS, Kind
from .names import KEY, Names, normalise
from .parser_base import Cursor
from .types import ALIASES, SIMPLE, Type

_BUILTIN = Names()
_BUILTIN.push([*SIMPLE, *ALIASES, "Any", "Null", "days and time duration"])


def parse_type_at(cursor: Cursor) -> Type:
    """The type at the cursor."""
    cursor.enter()
    kind = _parse(cursor)
    cursor.leave()
    return kind


def _parse(cursor: Cursor) -> Type:
    token = cursor.peek()
    if token.kind is not Kind.WORD:
        raise cursor.unexpected()
    name = _name(cursor)
    if cursor.at("<"):
        if name in ("list", "range"):
            cursor.advance()
            element = parse_type_at(cursor)
            cursor.expect(">")
            return Type(name, element=element)
        if name == "context":
            return _context(cursor)
    return _function(cursor) if name == "function" else Type(name)


def _name(cursor: Cursor) -> str:
    start = cursor.peek().start
    match = _BUILTIN.match(cursor.text, start)
    declared = cursor.names.match(cursor.text, start)
    if match and (declared is None or declared[1] <= match[1]):
        cursor.position = match[1]
        return ALIASES.get(match[0], match[0])
    if declared:
        cursor.position = declared[1]
        return declared[0]
    end = cursor.advance().end
    while _continues(cursor):
        end = cursor.advance().end
    return normalise(cursor.text[start:end])


def _continues(cursor: Cursor) -> bool:
    token = cursor.peek()
    if token.kind is Kind.OPERATOR:
        # A qualified name such as ``library.tPerson``.
        return token.text == "."
    return token.kind is Kind.WORD and token.text not in KEYWORDS


def _context(cursor: Cursor) -> Type:
    cursor.expect("<")
    entries: list[tuple[str, Type]] = []
    while not cursor.at(">"):
        match = KEY.match(cursor.text, cursor.peek().start)
        if match is None:
            raise cursor.unexpected()
        cursor.position = match.end()
        entries.append((normalise(match.group(1)), parse_type_at(cursor)))
        cursor.members.add(entries[-1][0])
        if not cursor.accept(","):
            break
    cursor.expect(">")
    return Type("context", entries=tuple(entries))


def _function(cursor: Cursor) -> Type:
    if not cursor.accept("<"):
        return Type("function")
    parameters: list[Type] = []
    while not cursor.at(">", "->"):
        parameters.append(parse_type_at(cursor))
        if not cursor.accept(","):
            break
    cursor.expect(">")
    cursor.expect("->")
    return Type("function", parameters=tuple(parameters), result=parse_type_at(cursor))
