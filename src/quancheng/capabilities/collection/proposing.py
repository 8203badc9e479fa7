"""建议: what the columns page shows of a sample, and what an officer made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from quancheng.capabilities.collection import config, rawfiles, staging
from quancheng.capabilities.collection.agreeing import looks_personal, propose_keys, propose_name
from quancheng.capabilities.collection.connectors.own import datasets
from quancheng.capabilities.collection.masking import mask
from quancheng.capabilities.collection.models import Feed
from quancheng.capabilities.collection.shapes import column_facts
from quancheng.capabilities.collection.values import Connector, Layout
from quancheng.core.tabular import Kind
from quancheng.core.tabular.model import show
from quancheng.core.text import Text

MOST = 500
SHOWN, CUT = 3, 24


@dataclass(frozen=True, slots=True)
class Proposal:
    """What was found and what is proposed (识别建议)."""

    rows: list[dict[str, Any]]
    """One for each source column: ``source name kind zh required level personal take key misfits cells``."""
    keys: list[str] = field(default_factory=list)
    why: Text = field(default_factory=lambda: Text("", ""))
    doubts: list[Text] = field(default_factory=list)
    confidence: int = 100
    head_rows: str = ""
    sheets: list[str] = field(default_factory=list)
    sheet: str = ""
    titles: list[str] = field(default_factory=list)
    on_double: str = "refuse"
    formulas: str = "saved"
    sampled: int = 0


def propose(feed: Feed, said: Mapping[str, str], posted: QueryDict | None = None) -> Proposal | None:
    """What the page shows: the module's own columns, or what a sample holds; ``None`` without either.

    ``said``: ``sheet`` and ``head`` (row numbers) as somebody corrected them. Raises TableError, NotFound.
    """
    if feed.connector == Connector.OWN.value:
        return _own(feed)
    if not feed.sample:
        return None
    layout = Layout(
        {}, head=_numbers(said.get("head", "")), sheet=said.get("sheet", "") or feed.plan_of_columns.sheet
    )
    if not layout.head and not said:
        layout = Layout({}, head=feed.plan_of_columns.head, sheet=layout.sheet)
    with rawfiles.opened(feed.sample) as stream:
        looked = staging.look(stream, feed.sample_name, config.limits(), layout)
    agreed_before = {one["name"]: one for one in feed.columns}
    mapped = feed.plan_of_columns.columns
    keys = propose_keys(looked.head.names, looked.rows)
    first = set(keys[0]) if keys else set()
    rows = []
    for at, (source, guess) in enumerate(zip(looked.head.names, looked.guesses, strict=True)):
        if source in (staging.PLACE, staging.WHY):
            continue
        before = agreed_before.get(mapped.get(source, ""))
        kind = Kind(before["kind"]) if before else guess.field.kind
        personal = bool(before.get("personal")) if before else looks_personal(source, kind)
        shown = [show(row.cells[at]) if at < len(row.cells) else "" for row in looked.rows[:SHOWN]]
        rows.append(
            {
                "at": at, "source": source, "name": mapped.get(source) or propose_name(source), "kind": kind.value,
                "zh": before.get("zh", "") if before else "", "required": bool(before and before.get("required")),
                "level": before.get("level", 1) if before else (3 if personal else 1), "personal": personal,
                "take": source not in feed.plan_of_columns.ignored, "mixed": guess.mixed, "fixed": bool(before),
                "key": (mapped.get(source) in feed.key) if feed.key else source in first,
                "misfits": [{"place": place.text(), "word": word[:60]} for place, word in guess.misfits[:3]],
                "cells": [mask(word) if personal else word[:CUT] for word in shown],
            }
        )  # fmt: skip
    return Proposal(
        rows=_with_posted(rows, posted), keys=["、".join(one) for one in keys[:5]], why=looked.found.why,
        doubts=[one.text for one in sorted(looked.head.doubts)], confidence=round(looked.head.confidence * 100),
        head_rows=" ".join(str(one) for one in looked.head.rows), sheets=[one.name for one in looked.found.sheets if not one.hidden],
        sheet=layout.sheet, titles=list(looked.head.titles[:3]), sampled=len(looked.rows),
        on_double=posted.get("on_double", "refuse") if posted else feed.plan_of_columns.on_double.value,
        formulas=posted.get("formulas", "saved") if posted else feed.plan_of_columns.formulas,
    )  # fmt: skip


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(one) for one in text.replace(",", " ").split()[:5] if one.isdecimal() and len(one) < 8)


def _own(feed: Feed) -> Proposal | None:
    dataset = datasets().get(str(feed.settings.get("dataset", "")))
    if dataset is None:
        return None
    rows = [
        column_facts(one)
        | {
            "at": at,
            "source": one.name,
            "take": True,
            "key": one.name in dataset.key,
            "fixed": bool(feed.columns),
            "misfits": [],
            "cells": [],
            "mixed": False,
        }
        for at, one in enumerate(dataset.columns)
    ]
    return Proposal(
        rows=rows, why=Text("由模块声明。", "The module declares it."), keys=["、".join(dataset.key)]
    )


def _with_posted(rows: list[dict[str, Any]], posted: QueryDict | None) -> list[dict[str, Any]]:
    """What somebody had entered, so that a refused form keeps it."""
    if posted is None:
        return rows
    for row in rows:
        prefix = f"c{row['at']}-"
        if f"{prefix}source" not in posted:
            continue
        for name in ("name", "kind", "zh"):
            row[name] = posted.get(prefix + name, row[name])
        for name in ("take", "key", "required", "personal"):
            row[name] = prefix + name in posted
    return rows


def _one_of(posted: QueryDict, name: str, words: tuple[str, ...]) -> str:
    """A choice of the form; the first, strictest one when it is none."""
    said = posted.get(name, words[0])
    return said if said in words else words[0]


def agreed(posted: QueryDict) -> tuple[list[dict[str, Any]], list[str], dict[str, Any]]:
    """Columns, key and layout as the form says them."""
    columns: list[dict[str, Any]] = []
    mapped: dict[str, str] = {}
    ignored: list[str] = []
    key: list[str] = []
    for at in range(MOST):
        source = posted.get(f"c{at}-source")
        if source is None:
            continue
        word = lambda name, at=at: posted.get(f"c{at}-{name}", "").strip()  # noqa: E731
        if not word("take"):
            ignored.append(source)
            continue
        level = word("level")
        columns.append(
            {
                "name": word("name"), "kind": word("kind"), "zh": word("zh") or word("name"), "en": word("en"),
                "required": bool(word("required")), "personal": bool(word("personal")),
                "level": int(level) if level.isdecimal() else 1,
            }
        )  # fmt: skip
        mapped[source] = word("name")
        key += [word("name")] if word("key") else []
    layout = {
        "columns": mapped, "ignored": ignored, "head": list(_numbers(posted.get("head", ""))) if posted.get("fixed_head") else [],
        "sheet": posted.get("sheet", ""), "on_double": _one_of(posted, "on_double", ("refuse", "first", "last")),
        "formulas": _one_of(posted, "formulas", ("saved", "trust", "refuse")),
        "hidden": "skip_hidden" not in posted,
    }  # fmt: skip
    return columns, key, layout
