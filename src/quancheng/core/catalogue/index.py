"""内存索引: a full-text index of entries in memory; the clear one that an engine is compared with, and
enough for some thousand entries."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from quancheng.core.catalogue.query import Clause, Query, Unit
from quancheng.core.catalogue.ranking import Field, Statistics, bm25f
from quancheng.core.catalogue.tokens import Token, tokens
from quancheng.core.catalogue.values import Resource

__all__ = ["FIELDS", "Hit", "MemoryIndex", "texts_of"]

FIELDS: Mapping[str, Field] = {
    "name": Field(weight=4.0, b=0.4),
    "keywords": Field(weight=2.0, b=0.4),
    "items": Field(weight=1.5, b=0.6),
    "provider": Field(weight=1.0, b=0.3),
    "abstract": Field(weight=1.0, b=0.75),
    "code": Field(weight=1.0, b=0.0),
}
"""Weights for a catalogue: the name says most. A choice of ours, not of a standard."""


def texts_of(resource: Resource) -> dict[str, str]:
    """The texts of an entry that are searched, in both languages (检索文本)."""
    items = [part for item in resource.items for part in (item.name.zh, item.name.en, item.field)]
    return {
        "name": f"{resource.name.zh} | {resource.name.en}",
        "keywords": " | ".join(resource.keywords),
        "items": " | ".join(items),
        "provider": f"{resource.provider.name.zh} | {resource.provider.name.en}",
        "abstract": f"{resource.abstract.zh} | {resource.abstract.en}",
        "code": resource.code,
    }


@dataclass(frozen=True, slots=True)
class Hit:
    """命中: a document and its score."""

    id: str
    score: float


@dataclass(slots=True)
class _Document:
    tokens: dict[str, list[Token]]
    lengths: dict[str, int]


_Posting = Mapping[str, Mapping[str, int]]
"""Document → field → how often."""


class MemoryIndex:
    """Texts by document and field (内存索引); adding an id again replaces it."""

    def __init__(self, fields: Mapping[str, Field] = FIELDS) -> None:
        self._fields = dict(fields)
        self._documents: dict[str, _Document] = {}
        self._having: dict[str, dict[str, Counter[str]]] = {}
        self._words: list[str] = []
        self._lengths: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._documents)

    def add(self, id: str, texts: Mapping[str, str]) -> None:
        """Put a document in (加入); fields that the index does not weigh are left out."""
        self.remove(id)
        found = {name: tokens(text) for name, text in texts.items() if name in self._fields}
        lengths = {name: len(row) for name, row in found.items()}
        self._documents[id] = _Document(found, lengths)
        self._lengths.update(lengths)
        for name, row in found.items():
            for token in row:
                if token.text not in self._having:
                    insort(self._words, token.text)
                self._having.setdefault(token.text, {}).setdefault(id, Counter())[name] += 1

    def remove(self, id: str) -> None:
        """Take a document out (移除); unknown ids do no harm."""
        document = self._documents.pop(id, None)
        if document is None:
            return
        self._lengths.subtract(document.lengths)
        for word in {token.text for row in document.tokens.values() for token in row}:
            del self._having[word][id]
            if not self._having[word]:
                del self._having[word]
                del self._words[bisect_left(self._words, word)]

    def search(self, query: Query, limit: int = 20) -> list[Hit]:
        """The best documents (检索), best first, equal ones by id."""
        if not query.wanted:
            return []
        postings = {unit: self._posting(unit) for clause in query.clauses for unit in clause.units}
        candidates = set.intersection(*(self._holding(clause, postings) for clause in query.wanted))
        for clause in query.clauses:
            if clause.excluded:
                candidates -= self._holding(clause, postings)
        wanted = {unit: postings[unit] for clause in query.wanted for unit in clause.units}
        size = len(self._documents)
        means = {name: total / size for name, total in self._lengths.items()}
        statistics = Statistics(size, means)
        hits = [Hit(id, self._score(id, wanted, statistics)) for id in candidates]
        return sorted(hits, key=lambda hit: (-hit.score, hit.id))[:limit]

    def _expand(self, unit: Unit) -> list[str]:
        if not unit.prefix:
            return [unit.text] if unit.text in self._having else []
        start = bisect_left(self._words, unit.text)
        stop = bisect_left(self._words, unit.text + "\U0010ffff")
        return self._words[start:stop]

    def _posting(self, unit: Unit) -> _Posting:
        """Documents that answer a unit, with how often in which field."""
        words = self._expand(unit)
        if len(words) == 1:
            return self._having[words[0]]
        merged: dict[str, Counter[str]] = {}
        for word in words:
            for id, counts in self._having[word].items():
                merged.setdefault(id, Counter()).update(counts)
        return merged

    def _holding(self, clause: Clause, postings: Mapping[Unit, _Posting]) -> set[str]:
        found = set.intersection(*(set(postings[unit]) for unit in clause.units))
        if not clause.phrase:
            return found
        phrase = Query((Clause(clause.units, True),))
        return {id for id in found if any(phrase.matches(row) for row in self._documents[id].tokens.values())}

    def _score(self, id: str, wanted: Mapping[Unit, _Posting], statistics: Statistics) -> float:
        frequencies: dict[str, Mapping[str, int]] = {}
        having: dict[str, int] = {}
        for unit, posting in wanted.items():
            key = unit.text + ("*" if unit.prefix else "")
            frequencies[key] = posting[id]
            having[key] = len(posting)
        return bm25f(frequencies, self._documents[id].lengths, having, statistics, self._fields)
