"""先看的话 Triage: danger, wishes for a person, small talk, other cities; before anything is searched. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from quancheng.capabilities.guide.wording import plain
from quancheng.core.text import Text

__all__ = ["Rules", "Sign", "rules"]

FILE = Path(__file__).parent / "resources" / "triage.toml"
SHORT = 8
"""Greetings are answered as such only when the question is hardly more than that."""


@dataclass(frozen=True, slots=True)
class Sign:
    """What the words show at once (征象)."""

    kind: str
    """emergency | person | greet | thanks | who | off_topic | other_city | nothing"""
    say: Text | None = None
    telephone: str = ""
    place: str = ""


NONE = Sign("")
"""Nothing to be seen at once."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The word lists of ``triage.toml`` (词表)."""

    emergencies: tuple[tuple[str, Text, tuple[str, ...], tuple[str, ...]], ...]
    person: tuple[str, ...]
    small: Mapping[str, tuple[str, ...]]
    off_topic: tuple[str, ...]
    home: tuple[str, ...]
    elsewhere: tuple[str, ...]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Rules:
        """Read a parsed file; words are compared in their plain form."""
        return cls(
            emergencies=tuple(
                (row["number"], Text.of(row["say"]), _plain(row["words"]), _plain(row["unless"]))
                for row in document["emergency"]
            ),
            person=_plain(document["person"]["words"]),
            small={kind: _plain(words) for kind, words in document["small"].items()},
            off_topic=_plain(document["off_topic"]["words"]),
            home=_plain(document["places"]["home"]),
            elsewhere=_plain(document["places"]["elsewhere"]),
        )

    def look(self, question: str) -> Sign:
        """The first sign in order of weight; danger before all else."""
        even = plain(question)
        for number, say, words, unless in self.emergencies:
            if _any(words, even) and not _any(unless, even):
                return Sign("emergency", say, number)
        if len(set(even)) < 2 or (even.isascii() and even.isdigit()):
            return Sign("nothing")
        if _any(self.person, even):
            return Sign("person")
        for kind, words in self.small.items():
            if even in words or (len(even) <= SHORT and not even.isascii() and even.startswith(words)):
                return Sign(kind)
        if _any(self.off_topic, even):
            return Sign("off_topic")
        place = next((one for one in self.elsewhere if one in even), "")
        if place and not _any(self.home, even) and _about(place, even):
            return Sign("other_city", place=place)
        return NONE


def _about(place: str, even: str) -> bool:
    """Whether the place is where it is to be done (在北京…, 青岛的…), not where somebody is from."""
    at = even.index(place)
    before, after = even[:at], even[at + len(place) :]
    moved = before.endswith(("从", "是", "户口在", "来自", "籍")) or after.startswith(
        ("人", "户口", "户籍", "来", "的户口")
    )
    return not moved


def _any(words: Sequence[str], even: str) -> bool:
    return any(word in even for word in words)


def _plain(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted({plain(word) for word in words}, key=len, reverse=True))


@lru_cache(maxsize=1)
def rules() -> Rules:
    """The shipped rules."""
    return Rules.of(tomllib.loads(FILE.read_text(encoding="utf-8")))
