"""检索排序: BM25 over one or several fields.

Robertson and Zaragoza, *The Probabilistic Relevance Framework: BM25 and Beyond*, 2009: formula 3.8
for a field, 3.19–3.21 (BM25F) for several with weights: a term's frequencies are first added over
the fields, each divided by its length norm, and saturated once, so that a word in title and
abstract is not counted as two words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import log

__all__ = ["Field", "Statistics", "bm25f", "idf", "idf_robertson"]


@dataclass(frozen=True, slots=True)
class Field:
    """A field's weight and how much its length matters (字段权重): ``b`` from 0 to 1."""

    weight: float = 1.0
    b: float = 0.75


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the ranking knows of the collection (统计量): number of documents, mean tokens per field."""

    documents: int
    mean_length: Mapping[str, float]


def idf(documents: int, having: int) -> float:
    """Inverse document frequency that never is negative (逆文档频率): ln(1 + (N − n + ½)/(n + ½))."""
    return log(1 + (documents - having + 0.5) / (having + 0.5))


def idf_robertson(documents: int, having: int) -> float:
    """The original, ln((N − n + ½)/(n + ½)), not below 1e-6, as SQLite FTS5 has it."""
    return max(1e-6, log((documents - having + 0.5) / (having + 0.5)))


def bm25f(
    frequencies: Mapping[str, Mapping[str, int]],
    lengths: Mapping[str, int],
    having: Mapping[str, int],
    statistics: Statistics,
    fields: Mapping[str, Field],
    k1: float = 1.2,
    inverse: Callable[[int, int], float] = idf,
) -> float:
    """Score of one document (得分), higher is better, zero if no term is there.

    ``frequencies``: term → field → count in the document; ``lengths``: field → tokens in the
    document; ``having``: term → number of documents that have it. Fields without a :class:`Field`
    do not count.
    """
    score = 0.0
    for term, counts in frequencies.items():
        weighted = 0.0
        for name, count in counts.items():
            settings = fields.get(name)
            if settings is None or not count:
                continue
            mean = statistics.mean_length.get(name, 0.0)
            relative = lengths.get(name, 0) / mean if mean else 1.0
            weighted += settings.weight * count / (1 - settings.b + settings.b * relative)
        if weighted:
            score += inverse(statistics.documents, having[term]) * weighted * (k1 + 1) / (k1 + weighted)
    return score
