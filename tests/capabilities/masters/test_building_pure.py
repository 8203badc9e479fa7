"""Building without a database: linking, changes that touch only what they reach, decisions, dwellings, tags, vacancy."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.linkage.registry import registries

from quancheng.capabilities.masters import purposes, tagging, theming, vacancies
from quancheng.capabilities.masters.building import Records, Settings, differences, gild, resolve
from quancheng.capabilities.masters.dwelling import Person, dwellings, place_of
from quancheng.capabilities.masters.recipe import first_rules, model_from, model_to, recipe, recipes
from quancheng.core.exchange import ConditionError
from quancheng.core.identity import compute_check
from quancheng.core.linkage import ChangeKind, Guard, LinkageError, Numbers, Thresholds

LIMITS = Settings(Thresholds(0.999, 0.3), Guard(12, 0.3))
POPULATION = recipe("population")


def records(rows: list[tuple[str, dict[str, str]]]) -> Records:
    names = POPULATION.names
    return Records(
        tuple(ref for ref, _ in rows),
        tuple(ref.partition(":")[0] for ref, _ in rows),
        tuple(date(2026, 1, 1) for _ in rows),
        {name: [said.get(name) for _, said in rows] for name in names},
    )


def registered(size: int = 300) -> Records:
    """Two sources that know mostly the same people, with the slips of the core's registry."""
    left, right, _both = registries(size, 5)
    rows = []
    for source, side in (("a", left), ("b", right)):
        for row in range(size):
            said = {
                field: value for field in ("name", "birth", "phone", "address") if (value := side[field][row])
            }
            if side["id"][row]:
                said["id_number"] = side["id"][row]
            rows.append((f"{source}:{row}", said))
    return records(rows)


@pytest.fixture(scope="module")
def whole() -> tuple[Records, object]:
    made = registered()
    return made, resolve(made, POPULATION, LIMITS, Numbers())


def test_people_of_two_sources_become_one_record_each(whole) -> None:
    made, found = whole
    pairs = [group for group in found.groups.values() if len(group) > 1]
    right = [group for group in pairs if {one.split(":")[1] for one in group} == {group[0].split(":")[1]}]
    assert len(right) == len(pairs)
    assert len(right) >= 0.97 * 210  # 70 % are in both
    assert sum(map(len, found.groups.values())) == len(made)


def test_a_stored_model_says_the_same(whole) -> None:
    made, found = whole
    again = model_from(POPULATION, model_to(found.model), found.model.prior)
    assert resolve(made, POPULATION, LIMITS, found.numbers, model=again).groups == found.groups


def test_a_change_touches_only_what_it_reaches_and_agrees_with_the_whole(whole) -> None:
    made, found = whole
    columns = {name: list(values) for name, values in made.columns.items()}
    for name in ("name", "birth", "phone", "address", "id_number"):
        columns[name][300] = columns[name][310]  # b:0 turns out to be the person of b:10
    moved = Records(made.ids, made.sources, made.updated, columns)
    part = resolve(moved, POPULATION, LIMITS, found.numbers, model=found.model, changed=[300])
    full = resolve(moved, POPULATION, LIMITS, found.numbers, model=found.model)
    assert len(part.groups) < 10
    assert all(full.groups[number] == group for number, group in part.groups.items())
    assert part.numbers.of == full.numbers.of
    same = part.numbers.of
    assert same["b:0"] == same["b:10"] != found.numbers.of["b:0"]


def test_nothing_changed_touches_nothing(whole) -> None:
    made, found = whole
    part = resolve(made, POPULATION, LIMITS, found.numbers, model=found.model, changed=[])
    assert not part.groups and not part.changes and part.numbers.of == found.numbers.of


def test_a_record_that_is_gone_retires_its_number(whole) -> None:
    made, found = whole
    alone = next(group[0] for group in found.groups.values() if len(group) == 1)
    keep = [row for row, one in enumerate(made.ids) if one != alone]
    less = Records(
        tuple(made.ids[row] for row in keep), tuple(made.sources[row] for row in keep),
        tuple(made.updated[row] for row in keep), {n: [v[row] for row in keep] for n, v in made.columns.items()},
    )  # fmt: skip
    part = resolve(less, POPULATION, LIMITS, found.numbers, model=found.model, changed=[])
    assert [(one.kind, one.number) for one in part.changes] == [(ChangeKind.RETIRED, found.numbers.of[alone])]


def test_decisions_bind_and_contradictions_are_refused(whole) -> None:
    made, found = whole
    pair = next(group for group in found.groups.values() if len(group) == 2)
    ends = (min(pair), max(pair))
    apart = Settings(LIMITS.thresholds, LIMITS.guard, different=(ends,))
    part = resolve(
        made, POPULATION, apart, found.numbers, model=found.model, changed=[made.ids.index(pair[0])]
    )
    assert part.numbers.of[pair[0]] != part.numbers.of[pair[1]]
    wrong = Settings(LIMITS.thresholds, LIMITS.guard, same=(ends,), different=(ends,))
    with pytest.raises(LinkageError):
        resolve(made, POPULATION, wrong, found.numbers, model=found.model)


def test_twins_stay_two(whole) -> None:
    made, found = whole
    rows = [
        (ref, {n: v for n in POPULATION.names if (v := made.columns[n][row])})
        for row, ref in enumerate(made.ids)
    ]
    shared = {"birth": "2017-06-01", "phone": "19900000000", "address": "济南市历下区泉城路1号2单元301室"}
    for place, said in enumerate(("一心", "一意")):
        body = f"37010220170601{981 + 2 * place}"
        number = body + compute_check(body)
        rows += [
            (f"{source}:twin{place}", {**shared, "name": "王" + said, "id_number": number}) for source in "ab"
        ]
    rows.append(
        ("c:tenant", {**shared, "name": "王一心"})
    )  # no number: it may be either, and must not join both
    found = resolve(records(rows), POPULATION, LIMITS, Numbers(), model=found.model)
    of = found.numbers.of
    assert of["a:twin0"] == of["b:twin0"] != of["a:twin1"] == of["b:twin1"]


def test_one_key_is_one_place_however_it_is_written() -> None:
    names = recipe("space").names
    written = ["历下区泉城路3号楼2单元501室", "历下区泉城路三号楼2-501", "历下区泉城路3号楼2单元502室", None]
    made = Records(
        ("a:1", "b:1", "b:2", "b:3"), ("a", "b", "b", "b"), (None,) * 4,
        {name: written if name == "address" else [None] * 4 for name in names},
    )  # fmt: skip
    found = resolve(made, recipe("space"), LIMITS, Numbers())
    assert sorted(found.groups.values()) == [("a:1", "b:1"), ("b:2",), ("b:3",)]


def test_a_golden_record_says_where_each_value_comes_from() -> None:
    made = records([("a:1", {"name": "王伟", "phone": "1"}), ("b:1", {"name": "王偉", "phone": "2"})])
    found = gild([made.record(0), made.record(1)], first_rules(POPULATION, ("a", "b")))
    assert found.values["name"] == "王伟" and found.sources == 2 and found.conflicts == 2
    assert found.origins["name"]["because"] == "MOST_TRUSTED"
    assert found.origins["name"]["losers"][0]["value"] == "王偉"
    assert found.digest == gild([made.record(1), made.record(0)], first_rules(POPULATION, ("a", "b"))).digest
    assert differences({"a": "1", "b": "2"}, {"a": "1", "c": "3"}) == {"b": ["2", ""], "c": ["", "3"]}


def test_a_home_knows_who_says_what() -> None:
    here, there = "历下区泉城路3号楼2单元501室", "历下区泉城路9号楼1单元101室"
    people = [
        Person("1", "王伟", here, "19800101", "H1", "head", True, (("公安", here), ("卫健", there))),
        Person("2", "李静", here, "19820101", "H1", "spouse", True, (("公安", here),)),
        Person("3", "赵一", here, "19500101", "", "", True, (("房管", here),)),
        Person("4", "钱二", here, "19300101", "", "", False, (("公安", here),)),
    ]
    found = dwellings(people)
    home = found[place_of(here)]
    assert home.residents == 3
    assert [[m["person"] for m in one["members"]] for one in home.households] == [["1", "2"], ["3"]]
    texts = [one["text"]["zh"] for one in home.contradictions]
    assert any("钱二已去世" in one for one in texts) and any("没有登记户主" in one for one in texts)
    other = found[place_of(there)]
    assert other.residents == 0 and other.contradictions[0]["sources"] == ["卫健"]


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["1号101", "1号102", ""])), max_size=8))
def test_everybody_alive_is_at_home_once(said: list[tuple[str, str]]) -> None:
    people = [
        Person(str(n), f"人{n}", address, said=((source, address),) if address else ())
        for n, (source, address) in enumerate(said)
    ]
    found = dwellings(people)
    members = [m["person"] for home in found.values() for one in home.households for m in one["members"]]
    assert sorted(members) == sorted(str(n) for n, (_, address) in enumerate(said) if address)


def test_tags_show_their_working_and_unknown_is_no_tag() -> None:
    facts = tagging.facts_of({"birth": "1950-06-01", "income": "1200"}, date(2026, 6, 1), {"low": 1021.0})
    found = {one.rule.code: one for one in tagging.tags("population", facts, date(2026, 6, 1))}
    assert set(found) == {"elder", "low-income-margin"}
    assert any("76" in line for line in found["elder"].working)
    assert (
        tagging.tags("population", tagging.facts_of({}, date(2026, 6, 1), {"low": 1021.0}), date(2026, 6, 1))
        == ()
    )
    assert "elder" not in {one.rule.code for one in tagging.tags("population", facts, date(2013, 6, 30))}


def test_purposes_are_dated_and_of_a_role() -> None:
    day = date(2026, 6, 1)
    assert purposes.find("relief", date(2014, 4, 30)) is None
    assert "quality" not in {one.code for one in purposes.offered("population", ["masters.reader"], day)}
    assert "quality" in {one.code for one in purposes.offered("population", ["masters.reviewer"], day)}
    for one in purposes.in_force(day):
        for code in one.masters:
            known = {*recipe(code).names, "*"}
            assert set(one.fields) & known, (one.code, code)


def test_vacancy_by_the_points_in_force(fixed_time) -> None:
    points = vacancies.in_force().rule
    empty = vacancies.judge({"water": 0.1, "electricity": 2.0, "gas": 0.0, "residents": 0.0}, points)
    lived = vacancies.judge({"water": 9.0, "electricity": 150.0, "gas": 12.0, "residents": 3.0}, points)
    assert (empty.state, lived.state) == ("VACANT", "OCCUPIED")
    assert vacancies.judge({"water": 0.1}, points).state == "UNKNOWN"
    with pytest.raises(LinkageError):
        vacancies.tried(points, 5, 1)
    assert vacancies.number("1.5") == 1.5 and vacancies.number("坏表") is None


@pytest.mark.parametrize(
    "line", [("nope", "eq", "1"), ("established", "ge", "去年"), ("uscc", "eq", ""), ("uscc", "sql", "1")]
)
def test_a_wrong_condition_names_its_field(line: tuple[str, str, str]) -> None:
    with pytest.raises(ConditionError):
        theming.condition_of([line], theming.master_schema(recipe("legal")))


def test_every_recipe_can_be_read() -> None:
    for code, made in recipes().items():
        assert made.code == code and made.field(made.key) and made.field(made.label)
        assert not made.about or made.field(made.about)
