"""排序 Ranking: which entry speaks of a question, with what evidence. Pure, no Django.

Lexical: BM25 over character uni- and bigrams with weighted fields, and phrases (names, keywords,
accepted synonyms) found in the question. An embedder, when there is one, decides first and the
words correct it: plain rank fusion lost to this on colloquial questions (notes/services.md §3).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from quancheng.capabilities.guide.embedding import Embedder
from quancheng.capabilities.guide.wording import content_length, grams, plain

__all__ = ["Entry", "Hit", "Index"]

K1, B = 1.2, 0.5
NAME, SYNONYM, QUESTION, BODY = 5, 4, 2, 1
"""How often a word of each field counts (BM25F)."""
UNIGRAM = 0.2
PHRASE = 3.0
"""What one character of a phrase found in the question adds."""
EXACT = 30.0
NEAR = 0.5
"""A phrase with one wrong character (居住正) counts half."""
DENSE_WEIGHT = 60.0
"""Turns a difference of cosine (they lie close together) into the scale of words."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What can be found (条目): a matter, an article, or something handled elsewhere."""

    key: str
    kind: str
    names: tuple[str, ...]
    synonyms: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    body: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry with its score and the evidence the confidence is made of."""

    key: str
    kind: str
    score: float
    words: float
    """BM25 of the question's words."""
    coverage: float
    """Share of the question's weight this entry speaks of, 0 … 1."""
    phrase: float
    """Share of the question's characters that are a name or synonym of it, 0 … 1."""
    likeness: float
    """Dice likeness to the nearest of its names, synonyms and questions, 0 … 1."""
    cosine: float = 0.0
    """Nearness by the embedder, 0 without one."""


class Index:
    """An immutable index (索引); build it again when an entry changes."""

    def __init__(self, entries: Iterable[Entry], embedder: Embedder | None = None) -> None:
        self.entries = {entry.key: entry for entry in entries}
        self.embedder = embedder
        self._fields = {key: _weighted(entry) for key, entry in self.entries.items()}
        self._lengths = {key: sum(found.values()) for key, found in self._fields.items()}
        total = len(self.entries)
        self._mean = sum(self._lengths.values()) / total if total else 1.0
        seen = Counter(term for found in self._fields.values() for term in found)
        self._idf = {term: math.log(1 + (total - n + 0.5) / (n + 0.5)) for term, n in seen.items()}
        self._unknown = math.log(1 + total + 0.5)
        self._phrases = {key: _phrases(entry) for key, entry in self.entries.items()}
        self._samples = {key: _samples(entry) for key, entry in self.entries.items()}
        self._matrix = (
            embedder.passages([_passage(one) for one in self.entries.values()]) if embedder else None
        )

    def search(self, question: str, limit: int = 10) -> list[Hit]:
        """Entries that speak of the question, best first; nothing for an empty question."""
        wanted = Counter(grams(question))
        if not wanted:
            return []
        even, size = plain(question), max(content_length(question), 1)
        mass = sum(self._weight(term) for term in wanted)
        cosines = self._cosines(question)
        hits = []
        for key, entry in self.entries.items():
            words, matched = self._bm25(key, wanted)
            covered = _covered(self._phrases[key], even)
            if not words and not covered and not cosines:
                continue
            near = cosines.get(key, 0.0)
            score = words + PHRASE * covered + (EXACT if even in self._phrases[key] else 0.0)
            hits.append(
                Hit(
                    key=key,
                    kind=entry.kind,
                    score=score + DENSE_WEIGHT * near if cosines else score,
                    words=words,
                    coverage=matched / mass if mass else 0.0,
                    phrase=min(covered / size, 1.0),
                    likeness=0.0,
                    cosine=near,
                )
            )
        hits.sort(key=lambda hit: (-hit.score, hit.key))
        return [replace(hit, likeness=self._likeness(hit.key, wanted)) for hit in hits[:limit]]

    def _likeness(self, key: str, wanted: Counter[str]) -> float:
        """Evidence for the confidence only, so worked out for the few that are handed back."""
        return max((_dice(wanted, one) for one in self._samples[key]), default=0.0)

    def _cosines(self, question: str) -> dict[str, float]:
        """Nearness above the mean of all entries: raw cosines of E5 all lie between 0.75 and 0.95."""
        if self.embedder is None or self._matrix is None:
            return {}
        found = self.embedder.likeness(question, self._matrix)
        mean = sum(found) / len(found) if found else 0.0
        return {key: value - mean for key, value in zip(self.entries, found, strict=True)}

    def _weight(self, term: str) -> float:
        return self._idf.get(term, self._unknown) * (1.0 if len(term) > 1 else UNIGRAM)

    def _bm25(self, key: str, wanted: Counter[str]) -> tuple[float, float]:
        found, length = self._fields[key], self._lengths[key]
        norm = K1 * (1 - B + B * length / self._mean)
        score = matched = 0.0
        for term in wanted:
            if seen := found.get(term, 0):
                weight = self._weight(term)
                score += weight * seen * (K1 + 1) / (seen + norm)
                matched += weight
        return score, matched


def _weighted(entry: Entry) -> Counter[str]:
    counts: Counter[str] = Counter()
    fields = (
        (NAME, entry.names),
        (SYNONYM, entry.synonyms),
        (QUESTION, entry.questions),
        (BODY, (entry.body,)),
    )
    for weight, texts in fields:
        for text in texts:
            for term in grams(text):
                counts[term] += weight
    return counts


def _phrases(entry: Entry) -> frozenset[str]:
    found = {plain(text) for text in (*entry.names, *entry.synonyms)}
    return frozenset(one for one in found if len(one) >= 2)


def _samples(entry: Entry) -> list[Counter[str]]:
    texts = (*entry.names, *entry.synonyms, *entry.questions)
    return [counts for text in texts if (counts := Counter(grams(text)))]


def _passage(entry: Entry) -> str:
    """What an embedder reads of an entry: Chinese name, how people say it, what it is about."""
    return "。".join([entry.names[0], "、".join(entry.synonyms[:12]), *entry.questions[:4], entry.body[:160]])


def _covered(phrases: frozenset[str], even: str) -> float:
    """Characters of the question that belong to a phrase; the longest phrases claim first."""
    taken: set[int] = set()
    total = 0.0
    for phrase in sorted(phrases, key=len, reverse=True):
        start = even.find(phrase)
        if start >= 0:
            new = set(range(start, start + len(phrase))) - taken
            total += len(new)
            taken |= new
    if not taken:
        total = max((NEAR * len(one) for one in phrases if _nearly(one, even)), default=0.0)
    return total


def _nearly(phrase: str, even: str) -> bool:
    """Whether the question holds the phrase with its last character mistyped (three or more long)."""
    if not 3 <= len(phrase) <= 8 or phrase.isascii():
        return False
    for start in range(len(even) - len(phrase) + 1):
        wrong = sum(a != b for a, b in zip(phrase, even[start : start + len(phrase)], strict=True))
        if wrong == 1:
            return True
    return False


def _dice(wanted: Counter[str], sample: Counter[str]) -> float:
    shared = sum((wanted & sample).values())
    return 2 * shared / (wanted.total() + sample.total())


def spread(hits: Sequence[Hit]) -> float:
    """How far the first stands before the second, 0 … 1."""
    if not hits:
        return 0.0
    if len(hits) == 1:
        return 1.0
    return (hits[0].score - hits[1].score) / (abs(hits[0].score) or 1.0)
