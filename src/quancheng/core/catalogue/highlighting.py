"""高亮: which characters of a text answer a query, and a short excerpt around them.

Spans are character offsets of the *original* text; markup is the page's business, so nothing has to
be unescaped.
"""

from __future__ import annotations

from dataclasses import dataclass

from quancheng.core.catalogue.query import Query
from quancheng.core.catalogue.tokens import tokens

__all__ = ["Excerpt", "Span", "excerpt", "spans"]

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """摘录: a part of a text and the spans in it; ``cut_before`` and ``cut_after`` tell that more is there."""

    text: str
    spans: tuple[Span, ...]
    cut_before: bool
    cut_after: bool


def spans(query: Query, text: str) -> tuple[Span, ...]:
    """The parts of a text that answer the query (高亮区间): sorted, apart from each other.

    A prefix lights up what was typed of it: one Chinese character, not the pair that begins with it.
    Clauses are lit even if others find nothing here, since a document has several texts.
    """
    found = tokens(text)
    lit: list[Span] = []
    for clause in query.wanted:
        for token in Query((clause,)).hits(found):
            end = token.end
            shorter = [u for u in clause.units if u.prefix and token.text.startswith(u.text)]
            exact = any(not u.prefix and u.text == token.text for u in clause.units)
            if shorter and not exact and token.end - token.start == len(token.text):
                end = token.start + max(len(unit.text) for unit in shorter)
            lit.append((token.start, end))
    return _joined(lit)


def excerpt(query: Query, text: str, width: int = 60) -> Excerpt:
    """The stretch of at most ``width`` characters with the most lit ones (摘录), the first of equals."""
    lit = spans(query, text)
    if len(text) <= width:
        return Excerpt(text, lit, False, False)
    best, most = 0, -1
    for start, _ in lit or ((0, 0),):
        begin = max(0, min(start - width // 6, len(text) - width))
        covered = sum(max(0, min(end, begin + width) - max(one, begin)) for one, end in lit)
        if covered > most:
            best, most = begin, covered
    inside = tuple(
        (max(start, best) - best, min(end, best + width) - best)
        for start, end in lit
        if start < best + width and end > best
    )
    return Excerpt(text[best : best + width], inside, best > 0, best + width < len(text))


def _joined(lit: list[Span]) -> tuple[Span, ...]:
    joined: list[Span] = []
    for start, end in sorted(lit):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)
