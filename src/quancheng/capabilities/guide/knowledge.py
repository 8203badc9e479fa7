"""知识 Knowledge: the index over matters, articles and learnt synonyms, and what is shown of each entry."""

from __future__ import annotations

import os
import threading
import tomllib
from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Max

from quancheng.capabilities.guide import calibration, embedding, entries
from quancheng.capabilities.guide.answering import Decision, decide
from quancheng.capabilities.guide.models import Article, Synonym
from quancheng.capabilities.guide.ranking import Index
from quancheng.capabilities.guide.triage import rules
from quancheng.capabilities.guide.values import Candidate
from quancheng.capabilities.services import queries as services
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.actor import Actor

FOLDER = Path(__file__).parent / "resources"
OUTSIDE = Text("全国公开的办事分工", "Who does what, as published")
_lock = threading.Lock()
_built: tuple[Any, Index] | None = None


def machine(question: str) -> Decision:
    """What the machine does with a question, with the knowledge of this moment."""
    found = index()
    name = found.embedder.name if found.embedder else ""
    return decide(question, found, calibration.shipped(name), rules())


def index() -> Index:
    """The index; built again when a matter, an article or a synonym changed."""
    global _built
    key = _state()
    built = _built
    if built is not None and built[0] == key:
        return built[1]
    with _lock:
        if _built is None or _built[0] != key:
            _built = (key, _build())
        return _built[1]


def embedder_name() -> str:
    """The embedder an operator switched on, empty for none."""
    return str(getattr(settings, "GUIDE_EMBEDDER", "") or os.environ.get("QUANCHENG_EMBEDDER", ""))


def _reader() -> Actor:
    return Actor.system("guide")


def _state() -> tuple[Any, ...]:
    """Cheap to ask, different when the index is out of date."""
    matters = tuple((one.pk, one.current_id) for one in services.desk_matters(_reader()) if one.enabled)
    articles = tuple(Article.objects.filter(enabled=True).order_by("pk").values_list("pk", "current_id"))
    learnt = Synonym.objects.filter(active=True).aggregate(last=Max("pk"))["last"]
    count = Synonym.objects.filter(active=True).count()
    return matters, articles, learnt, count, embedder_name()


def _build() -> Index:
    words: dict[str, list[str]] = defaultdict(list)
    for target, phrases in seeded().items():
        words[target] += phrases
    for phrase, target in Synonym.objects.filter(active=True).values_list("phrase", "target"):
        words[target].append(phrase)
    matters = [one for one in services.desk_matters(_reader()) if one.enabled]
    found = [entries.of_matter(one.current.content, words[one.code]) for one in matters if one.current]
    for row in Article.objects.filter(enabled=True).select_related("current"):
        if row.current is not None:
            found.append(entries.of_article(row.current.content, words[entries.article_key(row.code)]))
    found += [entries.of_elsewhere(row, words[key]) for key, row in entries.elsewhere().items()]
    return Index(found, embedding.load(embedder_name()))


@lru_cache(maxsize=1)
def seeded() -> Mapping[str, list[str]]:
    """Synonyms the module comes with."""
    found: dict[str, list[str]] = tomllib.loads((FOLDER / "synonyms.toml").read_text(encoding="utf-8"))[
        "words"
    ]
    return found


# -- what is shown ----------------------------------------------------------------------------
def candidate(key: str) -> Candidate | None:
    """What is shown of an entry; None when it is gone."""
    if key.startswith("k:"):
        return _article(key)
    if key.startswith("e:"):
        return _elsewhere(key)
    return _matter(key)


def title(key: str) -> Text:
    """Name of an entry for lists; the key itself when it is gone."""
    found = index().entries.get(key)
    return Text(found.names[0], found.names[1]) if found else Text(key, key)


def _matter(code: str) -> Candidate | None:
    matter = next((one for one in services.desk_matters(_reader()) if one.code == code), None)
    if matter is None or matter.current is None or not matter.enabled:
        return None
    spec, version = matter.current.spec, matter.current
    return Candidate(
        key=code,
        kind=entries.MATTER,
        title=spec.name.text,
        text=spec.summary.text,
        link=f"/matters/{code}/",
        source=Text(f"事项指南第{version.number}版", f"Guide of the matter, version {version.number}"),
        as_of=version.published_at.astimezone(clock.LOCAL).date(),
        simulated=spec.simulated,
        facts=_facts(spec),
    )


def _facts(spec: Any) -> tuple[tuple[Text, Text], ...]:
    """Where, with which papers, at what price: the three things people ask next."""
    place = (
        Text("网上可办，也可到窗口", "Online, or at a counter")
        if spec.online
        else (spec.offline_note.text if spec.offline_note else Text("到窗口办理", "At a counter"))
    )
    bring = [row.name for row in spec.material if row.source == "upload"]
    papers = (
        Text("、".join(row.zh for row in bring), ", ".join(row.en for row in bring))
        if bring
        else Text("不用带材料，由系统核验", "None; checked by the system")
    )
    return (
        (Text("在哪办", "Where"), place),
        (Text("要带什么", "Papers"), papers),
        (Text("收费", "Fee"), spec.fee.text.text),
    )


def _article(key: str) -> Candidate | None:
    row = Article.objects.filter(code=key[2:], enabled=True).select_related("current").first()
    if row is None or row.current is None:
        return None
    version = row.current
    return Candidate(
        key=key,
        kind=entries.ARTICLE,
        title=version.title,
        text=version.part("body"),
        link=str(version.content.get("link", "")),
        source=version.part("source"),
        as_of=version.valid_from,
        valid_to=version.valid_to,
        simulated=version.simulated,
        stale=version.stale(clock.today()),
    )


def _elsewhere(key: str) -> Candidate | None:
    row = entries.elsewhere().get(key)
    if row is None:
        return None
    return Candidate(
        key=key,
        kind=entries.ELSEWHERE,
        title=Text.of(row["title"]),
        text=Text.of(row["go"]),
        link="",
        source=OUTSIDE,
        as_of=None,
    )


def outdated(on: date) -> int:
    """Articles past their day of review."""
    return Article.objects.filter(enabled=True, current__valid_to__lt=on).count()
