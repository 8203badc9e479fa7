"""Topic matching: the examples of MQTT 5.0 §4.7 (non-normative comments), and an oracle by regular expression."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.mqtt import Tree, is_filter, is_name, matches, shared

# source: OASIS MQTT 5.0 §4.7.1.2, §4.7.1.3, §4.7.2
CASES = [
    ("sport/tennis/player1/#", "sport/tennis/player1", True),
    ("sport/tennis/player1/#", "sport/tennis/player1/ranking", True),
    ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", True),
    ("sport/#", "sport", True),
    ("sport/tennis/+", "sport/tennis/player1", True),
    ("sport/tennis/+", "sport/tennis/player2", True),
    ("sport/tennis/+", "sport/tennis/player1/ranking", False),
    ("sport/+", "sport", False),
    ("sport/+", "sport/", True),
    ("+/+", "/finance", True),
    ("/+", "/finance", True),
    ("+", "/finance", False),
    ("#", "$SYS/monitor", False),
    ("+/monitor/Clients", "$SYS/monitor/Clients", False),
    ("$SYS/#", "$SYS/monitor", True),
    ("$SYS/monitor/+", "$SYS/monitor/Clients", True),
    ("accounts", "ACCOUNTS", False),
]


@pytest.mark.parametrize(("filter", "topic", "wanted"), CASES)
def test_the_examples_of_the_standard(filter: str, topic: str, wanted: bool) -> None:
    assert matches(filter, topic) is wanted
    tree: Tree[int] = Tree()
    tree.put(filter, "k", 1)
    assert bool(list(tree.find(topic))) is wanted


@pytest.mark.parametrize(
    ("filter", "valid"),
    [("#", True), ("sport/tennis/#", True), ("sport/tennis#", False), ("sport/tennis/#/ranking", False),
     ("+", True), ("+/tennis/#", True), ("sport+", False), ("sport/+/player1", True), ("", False),
     ("$share/g/sport/+", True), ("$share/g", False), ("$share//t", False), ("$share/a+/t", False)],
)  # fmt: skip
def test_which_filters_are_valid(filter: str, valid: bool) -> None:
    """MQTT 5.0 §4.7.1.2, §4.7.1.3, §4.8.2."""
    assert is_filter(filter) is valid


def test_names_and_shares() -> None:
    assert is_name("/") and is_name("a b") and not is_name("") and not is_name("a/+")
    assert shared("$share/g/a/b") == ("g", "a/b")
    assert shared("a") is None


level = st.sampled_from(["", "a", "b", "$x"])
names = st.lists(level, min_size=1, max_size=4).map("/".join).filter(bool)
filters = st.lists(st.sampled_from(["", "a", "b", "$x", "+"]), min_size=1, max_size=4).flatmap(
    lambda found: st.sampled_from(["/".join(found), "/".join([*found, "#"])])
)


def _oracle(filter: str, topic: str) -> bool:
    if topic.startswith("$") and filter[0] in "+#":
        return False
    if filter == "#":
        return True
    body, rest = (filter[:-2], "(/.*)?") if filter.endswith("/#") else (filter, "")
    parts = ["[^/]*" if one == "+" else re.escape(one) for one in body.split("/")]
    return re.fullmatch("/".join(parts) + rest, topic) is not None


@settings(max_examples=500, deadline=None)
@given(filters.filter(is_filter), names)
def test_matching_agrees_with_a_regular_expression(filter: str, topic: str) -> None:
    assert matches(filter, topic) is _oracle(filter, topic)


@settings(max_examples=200, deadline=None)
@given(st.lists(filters.filter(is_filter), max_size=12), st.lists(st.integers(0, 11), max_size=6), names)
def test_the_tree_finds_what_matches_and_forgets_what_is_gone(
    wanted: list[str], gone: list[int], topic: str
) -> None:
    tree: Tree[str] = Tree()
    for place, one in enumerate(wanted):
        tree.put(one, place, one)
    left = dict(enumerate(wanted))
    for place in gone:
        if place in left:
            assert tree.remove(left.pop(place), place)
    assert len(tree) == len(left)
    assert sorted(key for key, _ in tree.find(topic)) == [p for p, one in left.items() if matches(one, topic)]
