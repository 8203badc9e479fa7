"""检索式: what a person typed, as clauses over the tokens of :mod:`tokens`, and as text for the two
full-text engines.

``公交 站点`` asks for both; ``"公交站点"`` (or “公交站点”, 「公交站点」) for the exact row; ``bus*`` for words that begin
so; ``-停用`` without it. A single Chinese character is always the beginning of a token. Unknown
signs are separators; no input is an error, an empty query matches nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from quancheng.core.catalogue.tokens import Token, is_ideographic, tokens

__all__ = ["Clause", "Query", "Unit", "document_text", "document_vector", "parse", "to_fts5", "to_tsquery"]

_QUOTES = {'"': '"', "“": "”", "”": "”", "「": "」", "『": "』", "＂": "＂"}
_MOST_UNITS = 64
_LAST_POSITION = 16383  # of a PostgreSQL tsvector


@dataclass(frozen=True, slots=True)
class Unit:
    """检索单元: a token that must be there, or the beginning of one; ``offset`` from the clause's first."""

    text: str
    offset: int
    prefix: bool = False

    def fits(self, token: str) -> bool:
        """Whether a token of a document answers it (是否匹配)."""
        return token.startswith(self.text) if self.prefix else token == self.text


@dataclass(frozen=True, slots=True)
class Clause:
    """子句: units that must all be there, in a row if ``phrase``; none of that if ``excluded``."""

    units: tuple[Unit, ...]
    phrase: bool = False
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """检索式: all clauses hold (and)."""

    clauses: tuple[Clause, ...]

    @property
    def wanted(self) -> tuple[Clause, ...]:
        """The clauses that ask for something (肯定子句)."""
        return tuple(clause for clause in self.clauses if not clause.excluded)

    def matches(self, found: Sequence[Token]) -> bool:
        """Whether a row of tokens answers the query (是否命中); the oracle of the engines."""
        return bool(self.wanted) and all(
            bool(_places(clause, found)) != clause.excluded for clause in self.clauses
        )

    def hits(self, found: Sequence[Token]) -> list[Token]:
        """The tokens that answer a wanted clause (命中词元), for highlighting."""
        places = {place for clause in self.wanted for place in _places(clause, found)}
        return [found[place] for place in sorted(places)]


def parse(text: str, prefix_last: bool = False) -> Query:
    """Read what was typed (解析). ``prefix_last`` lets the last word be a beginning, as while typing."""
    clauses: list[Clause] = []
    room = _MOST_UNITS
    for words, quoted, excluded in _split(text):
        starred = words.endswith("*") or words.endswith("＊")
        units = _units(words, quoted, starred)[:room]
        room -= len(units)
        if units:
            clauses.append(Clause(tuple(units), quoted, excluded))
    if prefix_last and clauses and not clauses[-1].phrase and not clauses[-1].excluded:
        last = clauses[-1]
        unit = last.units[-1]
        opened = Unit(unit.text, unit.offset, True)
        clauses[-1] = Clause((*last.units[:-1], opened), last.phrase, last.excluded)
    return Query(tuple(clauses))


def document_text(text: str) -> str:
    """The tokens of a text with blanks between: the column of an SQLite FTS5 table (索引文本).

    Use ``tokenize="unicode61 remove_diacritics 0"``; every token is one word to it.
    """
    return " ".join(token.text for token in tokens(text))


def document_vector(text: str, weight: str = "D") -> str:
    """The tokens as a PostgreSQL ``tsvector`` literal with positions and a weight (索引向量).

    Cast it with ``::tsvector``, no parser of the server is involved. Positions end at 16383, which
    is the type's limit.
    """
    places: dict[str, list[int]] = {}
    for token in tokens(text):
        places.setdefault(token.text, []).append(min(token.position + 1, _LAST_POSITION))
    return " ".join(
        f"{_quoted(word)}:{','.join(f'{place}{weight}' for place in sorted(set(where))[:256])}"
        for word, where in sorted(places.items())
    )


def to_fts5(query: Query, any_of: bool = False) -> str:
    """The MATCH expression of SQLite FTS5 (sqlite.org/fts5 3), "" if the query matches nothing.

    ``any_of`` asks for any unit instead of all: the second try when nothing was found, ranked by how
    much is there.
    """
    if any_of:
        units = [unit for clause in query.wanted for unit in clause.units]
        wanted = " OR ".join(dict.fromkeys(_fts5_unit(unit) for unit in units))
    else:
        wanted = " AND ".join(_fts5_clause(clause) for clause in query.wanted)
    if not wanted:
        return ""
    unwanted = [_fts5_clause(clause) for clause in query.clauses if clause.excluded]
    return " NOT ".join([f"({wanted})", *unwanted])


def to_tsquery(query: Query, any_of: bool = False) -> str:
    """The same as a PostgreSQL ``tsquery`` literal, to be cast with ``::tsquery``."""
    if any_of:
        units = [unit for clause in query.wanted for unit in clause.units]
        wanted = " | ".join(dict.fromkeys(_ts_unit(unit) for unit in units))
    else:
        wanted = " & ".join(_ts_clause(clause) for clause in query.wanted)
    if not wanted:
        return ""
    unwanted = [f"!{_ts_clause(clause)}" for clause in query.clauses if clause.excluded]
    return " & ".join([f"({wanted})", *unwanted])


def _split(text: str) -> Iterable[tuple[str, bool, bool]]:
    """The words and quoted parts: text, whether quoted, whether excluded."""
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        excluded = text[place] in "-－" and place + 1 < len(text) and not text[place + 1].isspace()
        place += excluded
        close = _QUOTES.get(text[place])
        if close is not None:
            end = text.find(close, place + 1)
            end = len(text) if end < 0 else end
            yield text[place + 1 : end], True, excluded
            place = end + 1
            continue
        end = place
        while end < len(text) and not text[end].isspace() and (text[end] not in _QUOTES or end == place):
            end += 1
        yield text[place:end], False, excluded
        place = end


def _units(words: str, phrase: bool, starred: bool) -> list[Unit]:
    found = tokens(words)
    units: list[Unit] = []
    for place, token in enumerate(found):
        last = place == len(found) - 1
        single = _single(token)
        tail = single and place > 0 and found[place - 1].end == token.end
        if tail and (last or not phrase):
            continue
        prefix = (single and (last or not phrase)) or (starred and last and not single)
        units.append(Unit(token.text, token.position, prefix))
    return units


def _single(token: Token) -> bool:
    return len(token.text) == 1 and is_ideographic(token.text)


def _places(clause: Clause, found: Sequence[Token]) -> set[int]:
    """Places of the tokens that answer a clause; empty if it is not answered."""
    if clause.phrase:
        first = clause.units[0].offset
        spans = [
            [start + unit.offset - first for unit in clause.units]
            for start in range(len(found))
            if all(
                start + unit.offset - first < len(found)
                and unit.fits(found[start + unit.offset - first].text)
                for unit in clause.units
            )
        ]
        return {place for span in spans for place in span}
    answers = [{place for place, token in enumerate(found) if unit.fits(token.text)} for unit in clause.units]
    return set().union(*answers) if all(answers) else set()


def _fts5_unit(unit: Unit) -> str:
    # Tokens hold letters, digits and marks only (see tokens), so a quoted string needs no escape.
    return f'"{unit.text}"' + ("*" if unit.prefix else "")


def _fts5_clause(clause: Clause) -> str:
    if not clause.phrase:
        return "(" + " AND ".join(_fts5_unit(unit) for unit in clause.units) + ")"
    words = " ".join(unit.text for unit in clause.units)
    return f'"{words}"' + ("*" if clause.units[-1].prefix else "")


def _ts_unit(unit: Unit) -> str:
    return _quoted(unit.text) + (":*" if unit.prefix else "")


def _ts_clause(clause: Clause) -> str:
    joint = " & "
    if clause.phrase:
        parts = [_ts_unit(clause.units[0])]
        for before, unit in zip(clause.units, clause.units[1:], strict=False):
            parts.append(f"<{unit.offset - before.offset}> {_ts_unit(unit)}")
        return "(" + " ".join(parts) + ")"
    return "(" + joint.join(_ts_unit(unit) for unit in clause.units) + ")"


def _quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"
