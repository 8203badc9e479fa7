"""条目 Entries: matters, articles and things handled elsewhere, in the form the ranking reads. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from quancheng.capabilities.guide.ranking import Entry
from quancheng.core.text import Text

__all__ = [
    "ARTICLE",
    "ELSEWHERE",
    "MATTER",
    "article_key",
    "elsewhere",
    "of_article",
    "of_elsewhere",
    "of_matter",
]

FOLDER = Path(__file__).parent / "resources"
MATTER, ARTICLE, ELSEWHERE = "matter", "article", "elsewhere"


def article_key(code: str) -> str:
    """Key of an article: ``k:hall-hours``; a matter's key is its code."""
    return f"k:{code}"


def of_matter(content: Mapping[str, Any], learnt: Sequence[str] = ()) -> Entry:
    """From a matter's definition (its published content) and what people were found to call it."""
    faq = content.get("faq") or ()
    body = [content["summary"]]
    body += [row["text"] for row in content.get("condition") or ()]
    body += [row["name"] for row in content.get("material") or ()]
    body += [row["a"] for row in faq]
    return Entry(
        key=content["code"],
        kind=MATTER,
        names=_both([content["name"]]),
        synonyms=_unique([*(content.get("keywords") or ()), *learnt]),
        questions=_both(row["q"] for row in faq),
        body=" ".join(_both(body)),
    )


def of_article(content: Mapping[str, Any], learnt: Sequence[str] = ()) -> Entry:
    """From an article's content (as in ``knowledge.toml``)."""
    return Entry(
        key=article_key(content["code"]),
        kind=ARTICLE,
        names=_both([content["title"]]),
        synonyms=_unique([*content.get("keywords", ()), *learnt]),
        questions=tuple(content.get("questions", ())),
        body=" ".join(_both([content["body"]])),
    )


def of_elsewhere(row: Mapping[str, Any], learnt: Sequence[str] = ()) -> Entry:
    """Something the guide knows not to be its own."""
    return Entry(
        key=f"e:{row['code']}",
        kind=ELSEWHERE,
        names=_both([row["title"]]),
        synonyms=_unique([*row["words"], *learnt]),
    )


@lru_cache(maxsize=1)
def elsewhere() -> dict[str, Mapping[str, Any]]:
    """What is handled elsewhere, by key."""
    rows = tomllib.loads((FOLDER / "elsewhere.toml").read_text(encoding="utf-8"))["elsewhere"]
    return {f"e:{row['code']}": row for row in rows}


def _both(texts: Iterable[Mapping[str, str]]) -> tuple[str, ...]:
    return tuple(part for text in texts for part in (Text.of(text).zh, Text.of(text).en))


def _unique(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))
