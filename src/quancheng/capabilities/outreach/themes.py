"""主题: a group of people with a right, as a FEEL condition over register facts. Pure.

A theme says whom it concerns (``condition``), since when (``moment``: a date), and what makes one
cause different from another (``cause``), so that nobody is told twice of the same thing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from quancheng.core import feel
from quancheng.core.text import Text

__all__ = ["Label", "Match", "Theme", "digest_of", "match", "problems", "read"]

_LIMITS = feel.Limits(max_length=2_000, max_depth=30, max_steps=20_000, max_items=2_000)
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,39}$")]


class Label(BaseModel):
    """A text in both languages."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    zh: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]

    @property
    def text(self) -> Text:
        return Text(self.zh, self.en)


class Theme(BaseModel):
    """One theme of the file (主题)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    code: Code
    name: Label
    subject: Literal["person", "firm"] = "person"
    condition: Annotated[str, Field(min_length=1, max_length=2_000)]
    moment: Annotated[str, Field(max_length=500)] = ""
    cause: Annotated[str, Field(min_length=1, max_length=500)]
    reason: Label
    """Words with ``{date}`` for the moment."""
    todo: Label
    matter: Code
    basis: Label
    sensitive: bool = False
    """The message's title and words never show the cause."""
    order: int = 100


@dataclass(frozen=True, slots=True)
class Match:
    """Somebody a theme concerns, and why (命中)."""

    cause: str
    moment: date | None
    reason: Text


def read(raw: Mapping[str, Any]) -> Theme:
    """A theme of its file's row; raises pydantic.ValidationError."""
    return Theme.model_validate(dict(raw))


def digest_of(theme: Theme) -> str:
    """The same content is the same digest."""
    return hashlib.sha256(
        json.dumps(theme.model_dump(), sort_keys=True, ensure_ascii=False).encode()
    ).hexdigest()


@lru_cache(maxsize=512)
def _parsed(text: str) -> feel.Expression:
    return feel.parse(text, limits=_LIMITS)


def problems(theme: Theme) -> list[Text]:
    """What is wrong with a theme's expressions, before it is published."""
    found: list[Text] = []
    known = {theme.subject, "today"}
    for text in filter(None, (theme.condition, theme.moment, theme.cause)):
        try:
            unknown = _parsed(text).names - known
        except feel.FeelError as wrong:
            found.append(Text(f"“{text}”读不了：{wrong}", f"“{text}” cannot be read: {wrong}"))
            continue
        if unknown:
            names = "、".join(sorted(unknown))
            found.append(Text(f"“{text}”用了没有的数据：{names}", f"“{text}” uses unknown data: {names}"))
    return found


def match(theme: Theme, facts: Mapping[str, Any], today: date) -> Match | None:
    """Whether a theme concerns the one these facts are of; what cannot be judged concerns nobody.

    Raises FeelLimitError when the condition is too costly.
    """
    scope = {theme.subject: facts, "today": feel.Date(today.year, today.month, today.day)}
    if _ask(theme.condition, scope) is not True:
        return None
    cause = _ask(theme.cause, scope)
    moment = _ask(theme.moment, scope) if theme.moment else None
    if not isinstance(cause, str):
        return None
    day = date(moment.year, moment.month, moment.day) if isinstance(moment, feel.Date) else None
    return Match(cause[:100], day, _worded(theme.reason, day))


def _ask(text: str, scope: dict[str, Any]) -> Any:
    return _parsed(text).evaluate(scope, feel.Environment(limits=_LIMITS))


def _worded(reason: Label, day: date | None) -> Text:
    zh = f"{day.year}年{day.month}月{day.day}日" if day else ""
    return Text(reason.zh.replace("{date}", zh), reason.en.replace("{date}", day.isoformat() if day else ""))
