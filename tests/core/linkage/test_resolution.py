"""From pairs to people: partners, clusters, numbers that stay, golden records, decisions that bind."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.identity import compute_check
from quancheng.core.linkage import (
    Change,
    ChangeKind,
    CutReason,
    Decision,
    Decisions,
    Edge,
    FieldRule,
    Frame,
    Guard,
    LinkageError,
    LinkageReason,
    Numbers,
    ScoredPair,
    SourceRecord,
    Strategy,
    Thresholds,
    Verdict,
    build_golden,
    cluster,
    link,
    link_with,
    one_to_one,
    renumber,
    resident_id,
    review_queue,
    unmerge,
)
from tests.core.linkage.registry import COMPARISONS, registries
from tests.core.linkage.registry import RULES as BLOCKS

WIDE = Guard(most=50)
MORNING = datetime(2026, 7, 18, 9)


def pick(*pairs: tuple[int, int, float], margin: float = 1.0) -> tuple[list[int], list[int], list[int]]:
    columns = [np.array(column) for column in zip(*pairs, strict=True)]
    found = one_to_one(
        columns[0].astype(np.int32), columns[1].astype(np.int32), columns[2].astype(np.float32), margin=margin
    )
    return found.picked.tolist(), found.unclear.tolist(), found.outbid.tolist()


def test_the_better_pair_takes_the_row_and_the_loser_finds_another() -> None:
    assert pick((1, 8, 20), (1, 9, 15), (2, 8, 12), (2, 9, 9)) == ([0, 3], [], [1, 2])


def test_twins_are_left_to_a_person() -> None:
    assert pick((1, 8, 20), (1, 9, 20), (2, 7, 5)) == ([2], [0, 1], [])


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(st.tuples(st.integers(0, 6), st.integers(0, 6)), st.integers(0, 40), min_size=1))
def test_nobody_has_two_partners_and_every_pair_has_one_fate(world: dict[tuple[int, int], int]) -> None:
    pairs = [(i, j, float(w)) for (i, j), w in world.items()]
    picked, unclear, outbid = pick(*pairs)
    assert sorted(picked + unclear + outbid) == list(range(len(pairs)))
    for side in (0, 1):
        rows = [pairs[place][side] for place in picked]
        assert len(set(rows)) == len(rows)
        assert not {pairs[place][side] for place in unclear} & set(rows)


def test_a_chain_is_cut_at_its_weakest_pair() -> None:
    chain = [Edge("a", "b", 20), Edge("b", "c", 4), Edge("c", "d", 18)]
    found = cluster("abcd", chain, Guard(most=50, density=0.6))
    assert found.groups == (("a", "b"), ("c", "d"))
    assert [(cut.edge.bits, cut.reason, cut.size) for cut in found.cuts] == [(4, CutReason.TOO_THIN, 4)]
    assert cluster("abcd", chain, WIDE).groups == (("a", "b", "c", "d"),)
    assert cluster("abcd", chain, Guard(most=3)).cuts[0].reason is CutReason.TOO_BIG


def test_a_dense_family_of_records_stays_together() -> None:
    edges = [Edge(a, b, 9) for a in "abc" for b in "abc" if a < b]
    assert cluster("abcx", edges, Guard(most=5, density=1.0)).groups == (("a", "b", "c"), ("x",))


def test_a_person_binds_the_machine() -> None:
    edges = [Edge("a", "b", 20), Edge("b", "c", 9), Edge("c", "d", 3)]
    found = cluster("abcd", edges, WIDE, different=[("a", "c")])
    # cut between a and c, at the weaker of their two pairs; d, which nobody doubted, stays with c
    assert found.groups == (("a", "b"), ("c", "d"))
    assert found.cuts[0].reason is CutReason.FORBIDDEN
    assert cluster("ab", [], WIDE, same=[("a", "b")]).groups == (("a", "b"),)
    kept = cluster("abc", [Edge("b", "c", 1)], Guard(most=2), same=[("a", "b")])
    assert kept.groups == (("a", "b"), ("c",))
    with pytest.raises(LinkageError) as error:
        cluster("abc", [], WIDE, same=[("a", "b"), ("b", "c")], different=[("a", "c")])
    assert error.value.reason is LinkageReason.CONTRADICTION


NAMES = st.sampled_from("abcdefg")
PAIRS = st.lists(st.tuples(NAMES, NAMES), max_size=5)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(NAMES, NAMES, st.integers(1, 30)), max_size=15), PAIRS, st.integers(2, 5))
def test_clusters_part_the_records_and_keep_every_ban(edges: list, different: list, most: int) -> None:
    banned = [pair for pair in different if pair[0] != pair[1]]
    found = cluster("abcdefg", [Edge(*edge) for edge in edges], Guard(most=most), different=banned)
    assert sorted(record for group in found.groups for record in group) == list("abcdefg")
    assert all(len(group) <= most for group in found.groups)
    assert not any(set(pair) <= set(group) for group in found.groups for pair in banned)


def test_numbers_stay_and_are_never_given_twice() -> None:
    state, events = renumber(Numbers(), [("a", "b"), ("c",)])
    assert state.of == {"a": 1, "b": 1, "c": 2} and {e.kind for e in events} == {ChangeKind.CREATED}
    assert renumber(state, [("c",), ("b", "a")]) == (state, ())
    merged, events = renumber(state, [("a", "b", "c")])
    assert events == (Change(ChangeKind.MERGED, 1, (2,)),) and merged.current(2) == 1
    parted, events = renumber(merged, [("a", "b"), ("c",)])
    assert events == (Change(ChangeKind.SPLIT, 1, (3,)),) and parted.of["c"] == 3
    empty, events = renumber(parted, [("a", "b")])
    assert events == (Change(ChangeKind.RETIRED, 3),) and empty.next == 4
    with pytest.raises(LinkageError):
        renumber(empty, [("a",), ("a", "b")])


GROUPS = st.lists(st.integers(0, 3), min_size=6, max_size=6)


@settings(max_examples=80, deadline=None)
@given(st.lists(GROUPS, min_size=1, max_size=5))
def test_over_many_runs_old_numbers_lead_to_living_ones(runs: list[list[int]]) -> None:
    state, ever = Numbers(), set()
    for run in runs:
        groups = [
            tuple(name for name, place in zip("abcdef", run, strict=True) if place == g) for g in set(run)
        ]
        before = state
        state, _ = renumber(state, groups)
        made = set(state.of.values()) - set(before.of.values())
        assert not made & ever and len(set(state.of.values())) == len(groups)
        ever |= made
        assert all(state.current(number) in state.of.values() for number in ever)
        assert renumber(state, groups) == (state, ())


POLICE = SourceRecord("police", "p1", date(2020, 1, 1), {"name": "王傑", "phone": "1", "home": None})
HEALTH = SourceRecord("health", "h1", date(2026, 5, 1), {"name": "王杰", "phone": "2", "home": "泉城路1号"})
SCHOOL = SourceRecord("school", "s1", None, {"name": "王杰", "phone": "2", "home": "历下区泉城路1号"})
RULES = (
    FieldRule("name", (Strategy.MOST_TRUSTED,), ("police", "health")),
    FieldRule("phone", (Strategy.NEWEST,)),
    FieldRule("home", (Strategy.MOST_COMPLETE, Strategy.NEWEST)),
    FieldRule("grave", (Strategy.MAJORITY,)),
)


def test_every_value_knows_where_it_comes_from_and_what_it_beat() -> None:
    golden = build_golden([SCHOOL, POLICE, HEALTH], RULES)
    assert golden.values == {"name": "王傑", "phone": "2", "home": "历下区泉城路1号"}
    name = golden.fields[0]
    assert (name.best.record, name.because) == ("p1", Strategy.MOST_TRUSTED)
    assert [one.record for one in name.losers] == ["h1", "s1"]
    assert [one.field for one in golden.conflicts] == ["name", "phone", "home"]
    assert "police" in name.text.zh and "最权威" in name.text.zh
    majority = build_golden([SCHOOL, POLICE, HEALTH], [FieldRule("name", (Strategy.MAJORITY,))])
    assert majority.values == {"name": "王杰"}


def test_one_source_repeating_itself_is_no_majority() -> None:
    echo = [SourceRecord("health", f"h{n}", None, {"x": "b"}) for n in range(5)]
    others = [SourceRecord(f"s{n}", f"s{n}", None, {"x": "a"}) for n in range(2)]
    assert build_golden(echo + others, [FieldRule("x", (Strategy.MAJORITY,))]).values == {"x": "a"}


def test_a_merge_can_be_taken_back_and_stays_back() -> None:
    golden = build_golden([SCHOOL, POLICE, HEALTH], RULES)
    apart = unmerge(golden, ["p1"], RULES)
    assert apart.taken == build_golden([POLICE], RULES) and apart.kept == build_golden(
        [HEALTH, SCHOOL], RULES
    )
    edges = [Edge("p1", "h1", 30), Edge("h1", "s1", 30)]
    assert cluster(["p1", "h1", "s1"], edges, WIDE, different=apart.different).groups == (
        ("h1", "s1"),
        ("p1",),
    )
    for wrong in ([], ["p1", "h1", "s1"], ["nobody"]):
        with pytest.raises(LinkageError):
            unmerge(golden, wrong, RULES)


@settings(max_examples=50, deadline=None)
@given(st.permutations([SCHOOL, POLICE, HEALTH]))
def test_the_order_of_sources_does_not_matter(members: list[SourceRecord]) -> None:
    assert build_golden(members, RULES) == build_golden([SCHOOL, POLICE, HEALTH], RULES)


def test_the_queue_shows_what_a_decision_is_worth() -> None:
    pairs = [
        ScoredPair("a", "b", 0.2),
        ScoredPair("c", "d", 3.0, stake=50),
        ScoredPair("e", "f", 40.0),
        ScoredPair("g", "h", -20.0),
        ScoredPair("i", "j", 40.0, unclear=True),
    ]
    thresholds = Thresholds(accept=0.95, review=0.5)
    queue = review_queue(pairs, thresholds, Decisions())
    assert [item.pair.left for item in queue] == ["c", "i", "a"]
    decided = Decisions().decide(Decision("d", "c", False, "clerk", MORNING, "父子"))
    assert [item.pair.left for item in review_queue(pairs, thresholds, decided)] == ["i", "a"]
    assert decided.verdict("c", "d", Verdict.ACCEPT) is Verdict.REJECT
    assert decided.verdict("a", "b", Verdict.REVIEW) is Verdict.REVIEW


def test_decisions_may_be_revised_but_not_contradict() -> None:
    def say(state: Decisions, left: str, right: str, same: bool, hour: int) -> Decisions:
        return state.decide(Decision(left, right, same, "clerk", MORNING.replace(hour=hour), "核对户口簿"))

    state = say(say(Decisions(), "a", "b", True, 9), "b", "c", True, 10)
    with pytest.raises(LinkageError) as error:
        say(state, "a", "c", False, 11)
    assert error.value.reason is LinkageReason.CONTRADICTION
    revised = say(say(state, "c", "b", False, 12), "a", "c", False, 13)
    assert revised.same == (("a", "b"),) and revised.different == (("a", "c"), ("b", "c"))
    with pytest.raises(LinkageError):
        say(revised, "b", "c", True, 8)
    with pytest.raises(LinkageError):
        say(revised, "a", "a", True, 14)


def test_changed_rows_alone_find_their_old_partners() -> None:
    left, right, _ = registries(400, 3)
    frame = Frame.link(left, right)
    whole, fitting = link(frame, COMPARISONS, BLOCKS, Thresholds(0.95, 0.5), np.random.default_rng(1))
    changed = np.zeros(frame.rows, bool)
    changed[400:450] = True
    part = link_with(fitting.model, frame, BLOCKS, Thresholds(0.95, 0.5), touching=changed)
    wanted = {
        (a, b) for a, b in zip(*map(np.ndarray.tolist, whole.rows(whole.accepted)), strict=True) if b < 50
    }
    assert set(zip(*map(np.ndarray.tolist, part.rows(part.accepted)), strict=True)) == wanted
    assert len(part.bits) < len(whole.bits)
    with pytest.raises(LinkageError):
        link_with(fitting.model, frame, BLOCKS, Thresholds(0.95, 0.5), touching=changed[:3])


def test_two_sound_numbers_that_differ_are_two_people_and_a_mistyped_one_is_a_slip() -> None:
    """Twins: numbers of one day and place differ in sequence and check digit, both pass GB 11643."""
    first, twin = (body + compute_check(body) for body in ("37010220150601001", "37010220150601003"))
    mistyped = first[:16] + "9" + first[17:]
    frame = Frame.dedupe({"id": [first, twin, mistyped]})
    levels = resident_id("id").compare(frame, np.array([0, 0, 1], np.int32), np.array([1, 2, 2], np.int32))
    assert levels.tolist() == [4, 3, 2]  # two people; one slip; two slips
    assert [resident_id("id").vetoes(level) for level in range(6)] == [False] * 4 + [True, False]


def test_one_number_against_everything_else_is_for_a_person() -> None:
    """Two people were given one number: the date inside it agrees too, and is no second witness."""
    left, right, both = registries(2000, 11)
    stranger = {field: values[both] for field, values in right.items()}
    for field in ("id", "birth"):
        stranger[field] = left[field][both]
    left, right = ({field: [*values] for field, values in one.items()} for one in (left, right))
    for field, value in stranger.items():
        right[field].append(value)
    frame, thresholds = Frame.link(left, right), Thresholds(accept=0.95, review=0.5)
    pair = (both, len(right["id"]) - 1)

    careless, _ = link(frame, COMPARISONS, BLOCKS, thresholds, np.random.default_rng(11))
    assert pair in set(zip(*(rows.tolist() for rows in careless.rows(careless.accepted)), strict=True))

    careful, fitting = link(
        frame, COMPARISONS, BLOCKS, thresholds, np.random.default_rng(11), dependent=("id", "birth")
    )
    again = link_with(fitting.model, frame, BLOCKS, thresholds, dependent=("id", "birth"))
    for found in (careful, again):
        assert pair not in set(zip(*(rows.tolist() for rows in found.rows(found.accepted)), strict=True))
        assert pair in set(zip(*(rows.tolist() for rows in found.rows(found.unclear)), strict=True))
        assert len(careless.accepted) - 30 < len(found.accepted) < len(careless.accepted)
