"""The linter: each problem an author can make is told in both languages, with values that show it."""

from __future__ import annotations

import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.feel import dmn
from quancheng.core.feel.dmn.regions import Space, gap, is_hidden, overlaps

from . import build as b
from .test_tables import CELLS, MEANING

Kind = dmn.ProblemKind


def _problems(*parts: str) -> list[dmn.Problem]:
    return dmn.check(dmn.read(b.definitions(*parts)))


def _table(
    rules: list[tuple[list[str], list[str]]], columns: list[tuple[str, str]], **more: object
) -> list[dmn.Problem]:
    names = [name for name, _ in columns]
    inputs = [b.input_data(name, kind) for name, kind in columns]
    return _problems(*inputs, b.decision("D", b.table(columns, [""], rules, **more), needs=names))  # type: ignore[arg-type]


def test_a_sound_model_has_no_problem() -> None:
    rules = [(["< 18", "-"], ["1"]), ([">= 18", "true"], ["2"]), ([">= 18", "false"], ["3"])]

    assert _table(rules, [("age", "number"), ("local", "boolean")]) == []


def test_circles_are_shown_as_a_chain() -> None:
    (problem,) = _problems(
        b.decision("A", b.literal("B"), decisions=["B"]),
        b.decision("B", b.literal("C"), decisions=["C"]),
        b.decision("C", b.literal("A"), decisions=["A"]),
    )

    assert problem.kind is Kind.CYCLE
    assert problem.text.zh == "循环依赖：A → B → C → A"
    assert "circle" in problem.text.en


def test_a_requirement_that_leads_nowhere() -> None:
    (problem,) = _problems(b.decision("A", b.literal("1"), decisions=["Ghost"]))

    assert (problem.element, problem.kind) == ("A", Kind.MISSING)
    assert "#_Ghost" in problem.text.zh


def test_syntax_errors_name_the_decision_and_the_cell() -> None:
    problems = _table([(["< 18 <"], ["1"]), ([">= 18"], ["(2"])], [("age", "number")])

    told = [problem.text.zh for problem in problems if problem.kind is Kind.EXPRESSION]
    assert len(told) == 2
    assert all("D" in each for each in told)
    assert any("D › 规则 1 › 条件 1" in each for each in told)
    assert any("D › 规则 2 › 结论 1" in each for each in told)


def test_unknown_names_are_told() -> None:
    problems = _problems(
        b.input_data("age"), b.decision("D", b.literal("age + agee + sum([1])"), needs=["age"])
    )

    assert [(p.kind, "agee" in p.text.zh) for p in problems] == [(Kind.NAME, True)]


def test_iterators_parameters_and_entries_are_known_names() -> None:
    text = "for x in [1] return {f: function(a) a + x, g: f(1)}.g"
    entries = (
        f"<contextEntry>{b.variable('one')}{b.literal('1')}</contextEntry>"
        f"<contextEntry>{b.literal('one + 1')}</contextEntry>"
    )

    assert _problems(b.decision("D", b.literal(text)), b.decision("E", f"<context>{entries}</context>")) == []


def test_unknown_types_are_told_wherever_they_stand() -> None:
    problems = _problems(
        b.item("tA", type_ref="tMissing"),
        b.input_data("x", "tNone"),
        b.decision("D", b.literal("1", "tNowhere")),
    )

    assert {p.kind for p in problems} == {Kind.TYPE}
    told = " ".join(p.text.zh for p in problems)
    assert all(name in told for name in ("tMissing", "tNone", "tNowhere"))


def test_a_type_that_is_only_itself() -> None:
    problems = _problems(b.item("tA", type_ref="tB"), b.item("tB", type_ref="tA"))

    assert any("循环引用" in p.text.zh for p in problems)


def test_a_name_used_twice() -> None:
    (problem,) = _problems(
        b.input_data("x"),
        '<decision name="x" id="other"><literalExpression><text>1</text></literalExpression></decision>',
    )

    assert problem.kind is Kind.NAME


def test_overlap_of_a_unique_table_has_exact_values() -> None:
    (problem,) = _table(
        [
            (["<= 18", '"a"'], ["1"]),
            ([">= 18", '"a","b"'], ["2"]),
            (["-", 'not("a","b")'], ["3"]),
            (["< 18", '"b"'], ["4"]),
        ],
        [("age", "number"), ("kind", "string")],
    )

    assert (problem.kind, problem.severity, problem.rules) == (Kind.OVERLAP, dmn.Severity.ERROR, (1, 2))
    assert dict(problem.example) == {"age": Decimal(18), "kind": "a"}
    assert "规则 1 与规则 2 重叠" in problem.text.zh
    assert "age = 18" in problem.text.en


def test_gap_has_exact_values_and_is_a_warning() -> None:
    (problem,) = _table([(["< 18"], ["1"]), (["> 18"], ["2"])], [("age", "number")])

    assert (problem.kind, problem.severity) == (Kind.GAP, dmn.Severity.WARNING)
    assert dict(problem.example) == {"age": Decimal(18)}


@pytest.mark.parametrize(
    ("rules", "column"),
    [
        ([(["true"], ["1"]), (["false"], ["2"])], ("b", "boolean")),
        (
            [
                (['date("2026-01-01")'], ["1"]),
                (['< date("2026-01-01")'], ["2"]),
                (['>= date("2026-01-02")'], ["3"]),
            ],
            ("d", "date"),
        ),
        ([(['"a"'], ["1"]), (['"b"'], ["2"])], ("s", "tAB")),
        ([(["[0..1)"], ["1"]), (["[1..2]"], ["2"]), (["< 0, > 2"], ["3"])], ("n", "number")),
    ],
)
def test_complete_tables_without_overlap_are_sound(
    rules: list[tuple[list[str], list[str]]], column: tuple[str, str]
) -> None:
    types = b.item("tAB", type_ref="string", allowed='"a", "b"')
    table = b.decision("D", b.table([column], [""], rules), needs=[column[0]])

    assert _problems(types, b.input_data(*column), table) == []


def test_a_missing_enumeration_value_is_found() -> None:
    types = b.item("tAB", type_ref="string", allowed='"a", "b", "c"')
    rules = [(['"a"'], ["1"]), (['"b"'], ["2"])]
    (problem,) = _problems(
        types, b.input_data("s", "tAB"), b.decision("D", b.table([("s", "tAB")], [""], rules), needs=["s"])
    )

    assert dict(problem.example) == {"s": "c"}


def test_a_default_closes_gaps() -> None:
    assert _table([(["< 18"], ["1"])], [("age", "number")], defaults=["0"]) == []


def test_what_cannot_be_decided_is_not_reported() -> None:
    rules = [(["< limit"], ["1"]), ([">= limit"], ["2"])]
    columns = [("age", "number")]
    table = b.decision("D", b.table(columns, [""], rules), needs=["age", "limit"])

    assert _problems(b.input_data("age"), b.input_data("limit"), table) == []


def test_any_tables_are_told_where_rules_disagree() -> None:
    rules = [(["< 18"], ["1"]), (["< 20"], ["1"]), (["> 19"], ["2"]), (["20"], ["1"])]
    problems = _table(rules, [("age", "number")], policy="ANY")

    assert [(p.kind, p.rules) for p in problems] == [(Kind.OVERLAP, (2, 3)), (Kind.OVERLAP, (3, 4))]


def test_rules_that_never_come_to_bear() -> None:
    rules = [
        (["< 10", "-"], ["1"]),
        ([">= 10", "true"], ["2"]),
        (["[5..20]", "true"], ["3"]),
        (["-", "-"], ["4"]),
    ]
    (problem,) = _table(rules, [("n", "number"), ("b", "boolean")], policy="FIRST")

    assert (problem.kind, problem.severity, problem.rules) == (Kind.UNREACHABLE, dmn.Severity.WARNING, (3,))


def test_a_rule_outside_the_allowed_values_is_never_met() -> None:
    types = b.item("tAB", type_ref="string", allowed='"a", "b"')
    rules = [(['"a"'], ["1"]), (['"b"'], ["2"]), (['"c"'], ["3"])]
    table = b.decision("D", b.table([("s", "string")], [""], rules), needs=["s"])
    (problem,) = _problems(types, b.input_data("s", "tAB"), table)

    assert (problem.kind, problem.rules) == (Kind.UNREACHABLE, (3,))


def test_a_decision_without_logic_is_a_warning() -> None:
    (problem,) = _problems(b.decision("D", ""))

    assert problem.severity is dmn.Severity.WARNING


def test_columns_of_one_expression_are_one_question() -> None:
    rules = [(["< 5", "> 2"], ["1"]), (["-", "<= 2"], ["2"]), ([">= 5", "-"], ["3"])]
    inputs = [("n", "number"), ("n", "number")]
    table = b.decision("D", b.table(inputs, [""], rules), needs=["n"])

    assert _problems(b.input_data("n"), table) == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"policy": "PRIORITY"}, "优先次序"),
        ({"policy": "FIRST", "aggregation": "SUM"}, "收集"),
        ({"policy": "FIRST", "output_values": ["2, 3"]}, "不在结论值之内"),
        ({"policy": "FIRST", "output_types": ["string"]}, "不符合类型 string"),
    ],
)
def test_output_columns_that_do_not_fit(more: dict[str, object], words: str) -> None:
    problems = _table([(["-"], ["1"])], [("n", "number")], **more)

    assert [p.kind for p in problems] == [Kind.TABLE]
    assert words in problems[0].text.zh


def test_rules_with_missing_cells_and_outputs_without_names() -> None:
    problems = _problems(
        b.input_data("n"),
        b.decision("D", b.table([("n", "number")], ["a", ""], [(["-"], ["1"])], policy="FIRST"), needs=["n"]),
    )

    told = " ".join(p.text.zh for p in problems)
    assert "格数" in told
    assert "须有名称" in told


# --- against brute force

HALVES = [Decimal(n) / 2 for n in range(-2, 16)]


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5))
def test_overlaps_and_gaps_agree_with_brute_force(cells: list[tuple[str, str]]) -> None:
    rules = [([x, y], [str(n)]) for n, (x, y) in enumerate(cells)]
    problems = _table(rules, [("x", "number"), ("y", "number")])
    pairs = {p.rules for p in problems if p.kind is Kind.OVERLAP}
    gaps = [p for p in problems if p.kind is Kind.GAP]

    hits = [
        {n for n, (x, y) in enumerate(cells, 1) if MEANING[x](a) and MEANING[y](c)}
        for a, c in itertools.product(HALVES, repeat=2)
    ]
    assert pairs == {pair for found in hits for pair in itertools.combinations(sorted(found), 2)}
    assert bool(gaps) == any(not found for found in hits)
    for problem in problems:
        a, c = problem.example["x"], problem.example["y"]
        a, c = Decimal(1) if a is None else a, Decimal(1) if c is None else c
        found = {n for n, (x, y) in enumerate(cells, 1) if MEANING[x](a) and MEANING[y](c)}
        assert set(problem.rules) <= found if problem.rules else not found


@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=3).flatmap(
        lambda sizes: st.tuples(
            st.just(tuple(sizes)),
            st.lists(st.tuples(*(st.integers(0, (1 << s) - 1) for s in sizes)), max_size=6),
        )
    )
)
def test_regions_agree_with_enumeration(case: tuple[tuple[int, ...], list[tuple[int, ...]]]) -> None:
    sizes, regions = case
    points = list(itertools.product(*(range(size) for size in sizes)))

    def inside(point: tuple[int, ...], region: tuple[int, ...]) -> bool:
        return all(bits >> p & 1 for p, bits in zip(point, region, strict=True))

    found = gap(Space(sizes), regions)
    uncovered = [p for p in points if not any(inside(p, r) for r in regions)]
    assert (found in uncovered) if uncovered else found is None
    meeting = {
        (a, c)
        for a, c in itertools.combinations(range(len(regions)), 2)
        if any(inside(p, regions[a]) and inside(p, regions[c]) for p in points)
    }
    assert {(a, c) for a, c, _ in overlaps(regions)} == meeting
    for number, region in enumerate(regions):
        seen = [p for p in points if inside(p, region) and not any(inside(p, r) for r in regions[:number])]
        assert is_hidden(Space(sizes), regions[: number + 1]) == (not seen)
