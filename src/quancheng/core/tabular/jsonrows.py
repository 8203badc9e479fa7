"""JSON 记录: arrays of objects, lines of objects and GeoJSON features, one record at a time (RFC 8259, 7946).

The end of each record is found by counting brackets outside strings; only that stretch is parsed. So
memory is that of one record, and a broken record is refused without losing those that follow it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, BinaryIO, NoReturn

from quancheng.core.tabular.delimited import printable
from quancheng.core.tabular.encoding import TextSource, undecoded
from quancheng.core.tabular.errors import Reason, TableError
from quancheng.core.tabular.model import Broken, Format, Found, Limits, Place, Row, Value

__all__ = ["all_names", "array_member", "names_of", "read_json"]

GEOMETRY = "geometry"
_DEPTH = 64
_TOKEN = re.compile(r'["\\{}\[\]]')
_MEMBERS = ("features", "data", "rows", "records", "items", "list", "result", "results", "value")

Members = dict[str, Any]


class _BadRecordError(Exception):
    """A record that cannot be taken."""

    def __init__(self, reason: Reason = Reason.BAD_JSON) -> None:
        self.reason = reason


def read_json(stream: BinaryIO, found: Found, limits: Limits, names: tuple[str, ...] = ()) -> Iterator[Row]:
    """Rows of JSON records in the order of ``names`` (default ``found.names``) (读取 JSON).

    Numbers with a fraction become ``Decimal``, exactly as written; objects and arrays become their JSON
    text; a GeoJSON geometry becomes the cell ``geometry`` as JSON text. Members outside ``names`` are
    reported in ``Row.unknown``. A record that is no object, is malformed, nests too deep, names a member
    twice or holds NaN has a fault.
    """
    columns = {name: at for at, name in enumerate(names or found.names)}
    for number, (line, text, cut) in enumerate(_texts(stream, found, limits), 1):
        if number > limits.rows:
            raise TableError(Reason.TOO_MANY_ROWS, f"> {limits.rows}")
        place = Place("", number, line)
        try:
            if cut:
                raise _BadRecordError(Reason.ROW_TOO_LONG)
            members = _members(text, found.format)
        except _BadRecordError as error:
            yield Row(place, (printable(text[: limits.cell]),), error.reason)
        else:
            yield _row(place, members, columns, limits)


def _row(place: Place, members: Members, columns: dict[str, int], limits: Limits) -> Row:
    cells: list[Value] = [None] * len(columns)
    unknown = []
    for name, value in members.items():
        at = columns.get(name)
        if at is None:
            unknown.append(name)
        else:
            cells[at] = _value(value, limits.cell)
    return Row(place, tuple(cells), unknown=tuple(unknown[: limits.columns]))


def _value(value: Any, limit: int) -> Value:
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_number_text)
    if isinstance(value, str):
        if not value:
            return None
        if len(value) > limit:
            return Broken(Reason.CELL_TOO_LONG, printable(value[:limit]))
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            return Broken(Reason.BAD_ENCODING, printable(value))
        if "\0" in value:
            return Broken(Reason.CONTROL_CHARACTER, value.replace("\0", "�"))
    return value  # type: ignore[no-any-return]


def _number_text(value: object) -> float:
    assert isinstance(value, Decimal)
    return float(value)


def _refuse_constant(name: str) -> NoReturn:
    raise _BadRecordError


def _once(pairs: list[tuple[str, Any]]) -> Members:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _BadRecordError
    return members


def _members(text: str, kind: Format) -> Members:
    """The members of one record; of a feature its properties and geometry."""
    try:
        record = json.loads(
            text, parse_float=Decimal, parse_constant=_refuse_constant, object_pairs_hook=_once
        )
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise _BadRecordError(Reason.BAD_ENCODING if undecoded(text) else Reason.BAD_JSON) from error
    if not isinstance(record, dict):
        raise _BadRecordError
    if kind is not Format.GEOJSON:
        return record
    properties = record.get("properties")
    if record.get("type") != "Feature" or not isinstance(properties, dict | None):
        raise _BadRecordError
    members: Members = dict(properties or {})
    if "id" in record:
        members.setdefault("id", record["id"])
    members[GEOMETRY] = record.get("geometry")
    return members


def _texts(stream: BinaryIO, found: Found, limits: Limits) -> Iterator[tuple[int, str, bool]]:
    source = TextSource(stream, found.encoding, limits)
    if found.format is Format.NDJSON:
        while line := source.line():
            if line[1].strip():
                yield line
        return
    scanner = _Scanner(source, limits.row)
    scanner.enter(found.path)
    yield from scanner.elements()


class _Scanner:
    """Cuts the elements of one array out of a stream of text."""

    def __init__(self, source: TextSource, limit: int) -> None:
        self._source = source
        self._limit = limit
        self._text = ""
        self._at = 0
        self._line = 1  # of the character up to which lines are counted
        self._counted = 0

    def _more(self) -> bool:
        """Drop what was read, add the next chunk; false at the end."""
        self._where()
        chunk = self._source.chunk()
        self._text = self._text[self._at :] + chunk
        self._at = self._counted = 0
        return bool(chunk)

    def _where(self) -> int:
        """The line of the present character."""
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _skip(self, also: str = "") -> str:
        """Go to the next character that is no white space nor one of ``also``; empty at the end."""
        while True:
            while self._at < len(self._text):
                character = self._text[self._at]
                if not (character in " \t\r\n\ufeff" or character in also):
                    return character
                self._at += 1
            if not self._more():
                return ""

    def enter(self, member: str) -> None:
        """Go into the array: at the top, or under one member of the object at the top."""
        if member:
            self._expect("{")
            while (name := self._name()) != member:
                if not name:
                    raise TableError(Reason.BROKEN_FILE, f"no member {member}")
                self._expect(":")
                self._skip()
                self._element()
            self._expect(":")
        self._expect("[")

    def _expect(self, character: str) -> None:
        if self._skip() != character:
            raise TableError(Reason.BROKEN_FILE, f"{character} expected in line {self._where()}")
        self._at += 1

    def _name(self) -> str:
        if self._skip(",") != '"':
            return ""
        try:
            return str(json.loads(self._element()[1]))
        except ValueError:
            return ""

    def elements(self) -> Iterator[tuple[int, str, bool]]:
        """Elements of the array; ``TableError(BROKEN_FILE)`` if it does not end."""
        while (character := self._skip(",")) != "]":
            if not character:
                raise TableError(Reason.BROKEN_FILE, "the array does not end")
            yield self._element()
        self._at += 1

    def _element(self) -> tuple[int, str, bool]:
        """One value from here on: its line, its text (empty if it nests too deep), whether it is too long."""
        line = self._where()
        parts: list[str] = []
        size = 0
        value = _Value(self._text[self._at])
        while True:
            end = value.scan(self._text, self._at)
            stretch = self._text[self._at : end]
            self._at = end
            if size <= self._limit:
                parts.append(stretch[: self._limit + 1 - size])
            size += len(stretch)
            if value.done:
                break
            if not self._more():
                raise TableError(Reason.BROKEN_FILE, f"the record in line {line} does not end")
        return line, "".join(parts) if value.deepest <= _DEPTH else "", size > self._limit


_BARE_END = re.compile(r"[\s,\]}:{\[\"]")


class _Value:
    """How far the reading of one value has come: open brackets, inside a string, after a backslash."""

    def __init__(self, first: str) -> None:
        self.bare = first not in '"{['
        self.begun = False
        self.depth = 0
        self.deepest = 0
        self.quoted = False
        self.escaped = False
        self.done = False

    def scan(self, text: str, at: int) -> int:
        """Read on from ``at``; return where the value ends (then ``done``) or the end of the text."""
        if self.bare:
            return self._scan_bare(text, at)
        if self.escaped and at < len(text):
            at, self.escaped = at + 1, False
        while match := _TOKEN.search(text, at):
            at, mark = match.end(), match.group()
            if mark == "\\":
                if at == len(text):
                    self.escaped = True
                at += 1
            elif mark == '"':
                self.quoted = not self.quoted
            elif not self.quoted:
                self.depth += 1 if mark in "{[" else -1
                self.deepest = max(self.deepest, self.depth)
            if not self.depth and not self.quoted:
                self.done = True
                return at
        return len(text)

    def _scan_bare(self, text: str, at: int) -> int:
        """A number, a word or something stray: at least one character, up to the next delimiter."""
        match = _BARE_END.search(text, at if self.begun else at + 1)
        self.begun = True
        if match is None:
            return len(text)
        self.done = True
        return match.start()


def array_member(start: str) -> str | None:
    """Which member of the object that begins a text holds the records; ``None`` if none can be told.

    Looks at the usual names first, then at any member whose value begins with ``[{``.
    """
    for name in _MEMBERS:
        if re.search(rf'"{name}"\s*:\s*\[\s*[{{\]]', start):
            return name
    match = re.search(r'"([^"\\]+)"\s*:\s*\[\s*\{', start)
    return match.group(1) if match else None


def names_of(stream: BinaryIO, found: Found, limits: Limits, *, records: int) -> tuple[str, ...]:
    """Member names of the first records, in the order they appear (列名); faulty records are passed over."""
    names: dict[str, None] = {}
    try:
        for number, (_, text, cut) in enumerate(_texts(stream, found, limits), 1):
            if number > records:
                break
            try:
                names.update(dict.fromkeys({} if cut else _members(text, found.format)))
            except _BadRecordError:
                continue
            if len(names) > limits.columns:
                raise TableError(Reason.TOO_MANY_COLUMNS, f"> {limits.columns}")
    except TableError as error:
        if not names or error.reason is Reason.TOO_MANY_COLUMNS:
            raise
    return tuple(names)


def all_names(stream: BinaryIO, found: Found, limits: Limits) -> tuple[str, ...]:
    """Member names of all records: one more pass through the file, for records of uneven shape."""
    return names_of(stream, found, limits, records=limits.rows)
