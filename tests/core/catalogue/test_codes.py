"""Resource codes: the national rule, a provincial variant, errors that name the segment."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.catalogue import Alphabet, CodeError, CodeReason, CodeRule, Segment
from quancheng.core.text import Text
from tests.core.catalogue.worlds import NATIONAL, patient

PROVINCE = CodeRule(
    "province",
    [
        Segment("region", Text("行政区划", "Region"), 6, 6),
        Segment("organ", Text("部门", "Organ"), 1, 8, Alphabet.ALPHANUMERIC, separator="-"),
        Segment("kind", Text("类别", "Kind"), 1, 1, choices=("1", "2", "3"), separator="-"),
        Segment("serial", Text("顺序码", "Serial"), 5, 5, serial=True, width=5),
    ],
)


def reason_of(rule: CodeRule, code: str) -> tuple[CodeReason, str, int]:
    with pytest.raises(CodeError) as caught:
        rule.parse(code)
    assert caught.value.text.zh.endswith("。")
    return caught.value.reason, caught.value.segment, caught.value.position


def test_a_national_code_is_taken_apart_and_put_together() -> None:
    parts = NATIONAL.parse("307015/12").parts
    assert parts == {"class": "3", "entry": "07", "subject": "015", "detail": "", "serial": "12"}
    assert NATIONAL.parse("3070150042/12").parts["detail"] == "0042"
    assert NATIONAL.build(parts) == "307015/12"


def test_a_provincial_rule_is_only_another_table() -> None:
    parts = {"region": "370100", "organ": "JTj", "kind": "2", "serial": "7"}
    assert PROVINCE.build(parts) == "370100-JTj-200007"
    assert PROVINCE.parse("370100-JTj-200007").parts == parts | {"serial": "00007"}
    assert not NATIONAL.ok("370100-JTj-200007")


@pytest.mark.parametrize(
    ("code", "reason", "segment", "position"),
    [
        ("", CodeReason.MISSING, "class", 0),
        ("407015/1", CodeReason.CHOICE, "class", 0),
        ("3", CodeReason.MISSING, "entry", 1),
        ("30", CodeReason.TOO_SHORT, "entry", 1),
        ("30701/1", CodeReason.TOO_SHORT, "subject", 3),
        ("307015", CodeReason.SEPARATOR, "serial", 6),
        ("307015/", CodeReason.MISSING, "serial", 7),
        ("307015/1234567", CodeReason.TOO_LONG, "serial", 7),
        ("307015/1a", CodeReason.CHARACTER, "serial", 8),
        ("３07015/1", CodeReason.CHARACTER, "class", 0),
        ("307 15/1", CodeReason.CHARACTER, "subject", 3),
        ("307015/1/2", CodeReason.CHARACTER, "serial", 8),
        ("3070151234567890123/1", CodeReason.TOO_LONG, "detail", 6),
        ("307015/1\n", CodeReason.CHARACTER, "serial", 8),
        ("307015/٣", CodeReason.CHARACTER, "serial", 7),
    ],
)
def test_an_error_says_which_segment_and_where(
    code: str, reason: CodeReason, segment: str, position: int
) -> None:
    assert reason_of(NATIONAL, code) == (reason, segment, position)


def test_too_much_behind_a_fixed_end_is_named() -> None:
    assert reason_of(PROVINCE, "370100-JT-2000079") == (CodeReason.TOO_LONG, "serial", 16)


def test_building_checks_the_same_and_refuses_unknown_parts() -> None:
    with pytest.raises(CodeError) as caught:
        NATIONAL.build({"class": "3", "entry": "7", "subject": "015", "serial": "1"})
    assert (caught.value.reason, caught.value.segment) == (CodeReason.TOO_SHORT, "entry")
    with pytest.raises(CodeError) as caught:
        NATIONAL.build({"class": "3", "entry": "07", "subject": "015", "serial": "1", "sub": "1"})
    assert caught.value.reason is CodeReason.UNKNOWN_SEGMENT


def test_the_next_number_is_behind_the_highest_ever_given() -> None:
    front = {"class": "3", "entry": "07", "subject": "015"}
    assert NATIONAL.next_free(front, []) == "307015/1"
    taken = ["307015/1", "307015/9", "307016/40", "2070150/77", "no code at all"]
    assert NATIONAL.next_free(front, taken) == "307015/10"
    assert PROVINCE.next_free({"region": "370100", "organ": "A", "kind": "1"}, ["370100-A-100041"]) == (
        "370100-A-100042"
    )


def test_a_full_serial_is_not_wrapped_around() -> None:
    with pytest.raises(CodeError) as caught:
        NATIONAL.next_free({"class": "3", "entry": "07", "subject": "015"}, ["307015/999999"])
    assert caught.value.reason is CodeReason.EXHAUSTED


@pytest.mark.parametrize(
    "segments",
    [
        [],
        [Segment("a", Text.of("a"), 1, 3), Segment("b", Text.of("b"), 1, 3)],
        [Segment("a", Text.of("a"), 2, 2), Segment("a", Text.of("a"), 2, 2)],
        [Segment("a", Text.of("a"), 3, 2)],
        [Segment("a", Text.of("a"), 1, 1), Segment("b", Text.of("b"), 1, 1, separator="7")],
        [Segment("a", Text.of("a"), 1, 2, Alphabet.LETTERS, serial=True)],
        [Segment("a", Text.of("a"), 1, 1, choices=("12",))],
        [Segment("a", Text.of("a"), 1, 1, serial=True), Segment("b", Text.of("b"), 1, 1, serial=True)],
    ],
)
def test_a_rule_with_two_readings_or_none_is_refused(segments: list[Segment]) -> None:
    with pytest.raises(CodeError) as caught:
        CodeRule("bad", segments)
    assert caught.value.reason is CodeReason.RULE


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"id": "x", "segments": "abc"},
        {"id": "x", "segments": [{"name": "a", "length": 1}]},
        {"id": "x", "segments": [{"key": "a", "name": "a", "length": "1"}]},
        {"id": "x", "segments": [{"key": "a", "name": "a", "length": 1, "lenght": 2}]},
        {"id": "x", "segments": [{"key": "a", "name": "a", "length": 1, "alphabet": "klingon"}]},
        {"id": "x", "segments": [{"key": "a", "name": "a", "length": True}]},
    ],
)
def test_a_table_with_a_slip_is_refused(table: dict[str, object]) -> None:
    with pytest.raises(CodeError) as caught:
        CodeRule.of(table)
    assert caught.value.reason is CodeReason.RULE


@st.composite
def rules(draw: st.DrawFn) -> CodeRule:
    """Rules with one segment of free length at most between two separators."""
    segments = []
    for group in range(draw(st.integers(1, 3))):
        count = draw(st.integers(1, 3))
        free = draw(st.integers(0, count - 1))
        for place in range(count):
            least = draw(st.integers(0 if place == free else 1, 3))
            most = max(1, least + (draw(st.integers(0, 3)) if place == free else 0))
            separator = draw(st.sampled_from(["-", "/", "--", "-/"])) if place == 0 and group else ""
            alphabet = draw(st.sampled_from(Alphabet))
            key = f"s{group}{place}"
            segments.append(Segment(key, Text.of(key), least, most, alphabet, separator))
    return CodeRule("drawn", segments)


@patient
@given(st.data())
def test_what_is_built_is_read_back_as_the_same_parts(data: st.DataObject) -> None:
    rule = data.draw(rules())
    parts = {
        segment.key: data.draw(
            st.text(segment.alphabet.value, min_size=segment.minimum, max_size=segment.maximum)
        )
        for segment in rule.segments
    }
    code = rule.build(parts)
    assert rule.parse(code).parts == parts


@patient
@given(rules(), st.text("0123456789ABCFabc-/ ０", max_size=14))
def test_any_text_is_read_or_refused_with_a_known_segment(rule: CodeRule, text: str) -> None:
    try:
        parts = rule.parse(text).parts
    except CodeError as error:
        refused = error
    else:
        assert rule.build(parts) == text
        return
    assert refused.segment in {segment.key for segment in rule.segments}
    assert 0 <= refused.position <= len(text)


@patient
@given(st.lists(st.integers(1, 40), max_size=30))
def test_given_numbers_never_come_twice(withdrawn: list[int]) -> None:
    taken = {f"307015/{number}" for number in withdrawn}
    front = {"class": "3", "entry": "07", "subject": "015"}
    given_codes = []
    for _ in range(5):
        code = NATIONAL.next_free(front, taken)
        assert code not in taken
        taken.add(code)
        given_codes.append(int(code.rpartition("/")[2]))
    assert all(later == earlier + 1 for earlier, later in pairwise(given_codes))
