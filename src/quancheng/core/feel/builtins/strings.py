"""Functions on strings; positions count Unicode characters from 1."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..limits import Environment
from ..regex import Pattern, compile_pattern
from .registry import builtin


@builtin("substring", "string: string, start position: number, length?: number")
def _substring(env: Environment, string: str, start: Decimal, length: Decimal | None = None) -> str | None:
    place = int(start)
    if place == 0 or abs(place) > len(string) or (length is not None and length < 1):
        return None
    begin = place - 1 if place > 0 else len(string) + place
    return string[begin:] if length is None else string[begin : begin + min(int(length), len(string))]


@builtin("string length", "string: string")
def _length(env: Environment, string: str) -> Decimal:
    return Decimal(len(string))


@builtin("upper case", "string: string")
def _upper(env: Environment, string: str) -> str:
    return string.upper()


@builtin("lower case", "string: string")
def _lower(env: Environment, string: str) -> str:
    return string.lower()


@builtin("trim", "string: string")
def _trim(env: Environment, string: str) -> str:
    return string.strip()


@builtin("substring before", "string: string, match: string")
def _before(env: Environment, string: str, match: str) -> str:
    place = string.find(match)
    return string[:place] if place > 0 else ""


@builtin("substring after", "string: string, match: string")
def _after(env: Environment, string: str, match: str) -> str:
    place = string.find(match)
    return string[place + len(match) :] if place >= 0 else ""


@builtin("contains", "string: string, match: string")
def _contains(env: Environment, string: str, match: str) -> bool:
    return match in string


@builtin("starts with", "string: string, match: string")
def _starts(env: Environment, string: str, match: str) -> bool:
    return string.startswith(match)


@builtin("ends with", "string: string, match: string")
def _ends(env: Environment, string: str, match: str) -> bool:
    return string.endswith(match)


def _pattern(pattern: str, flags: str | None, env: Environment) -> Pattern | None:
    found = compile_pattern(pattern, flags or "")
    if found is None:
        env.warn(f"正则表达式或其标志无效：{pattern[:60]}", f"not a regular expression: {pattern[:60]}")
    return found


@builtin("matches", "input: string, pattern: string, flags?: string|null")
def _matches(env: Environment, text: str, pattern: str, flags: str | None = None) -> bool | None:
    found = _pattern(pattern, flags, env)
    return None if found is None else found.search(text, 0, env.tick) is not None


@builtin("replace", "input: string, pattern: string, replacement: string, flags?: string|null")
def _replace(
    env: Environment, text: str, pattern: str, replacement: str, flags: str | None = None
) -> str | None:
    found = _pattern(pattern, flags, env)
    if found is None or found.search("", 0, env.tick) is not None:
        # XPath's error FORX0003: a pattern that matches nothing at all has no replacement.
        return None
    parts: list[str] = []
    size = done = 0
    for match in found.find_all(text, env.tick):
        filled = found.fill(replacement, text, match)
        if filled is None:
            return None
        parts += [text[done : match[0]], filled]
        size += match[0] - done + len(filled)
        env.check_text(size)
        done = match[1]
    return "".join(parts) + text[done:]


@builtin("split", "string: string, delimiter: string")
def _split(env: Environment, string: str, delimiter: str) -> list[Any] | None:
    found = _pattern(delimiter, None, env)
    if found is None:
        return None
    parts: list[Any] = []
    done = 0
    for match in found.find_all(string, env.tick):
        if match[0] == match[1]:
            continue
        parts.append(string[done : match[0]])
        done = match[1]
        env.check_items(len(parts) + 1)
    return [*parts, string[done:]]


@builtin("string join", "list: list, delimiter?: string|null")
def _join(env: Environment, items: list[Any], delimiter: str | None = None) -> str | None:
    texts = [item for item in items if item is not None]
    if not all(isinstance(item, str) for item in texts):
        return None
    env.tick(len(texts))
    env.check_text(sum(map(len, texts)) + len(delimiter or "") * len(texts))
    return (delimiter or "").join(texts)
