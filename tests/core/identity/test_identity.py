"""Identity numbers: the standards' examples, oracles, and what typing errors do."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import ric as oracle_ric
from stdnum.cn import uscc as oracle_uscc

from quancheng.core.identity import (
    IdentityNumberError,
    IdentityReason,
    Sex,
    compute_check,
    compute_organisation_check,
    compute_uscc_check,
    is_resident_id,
    is_uscc,
    mask,
    mask_email,
    mask_name,
    mask_phone,
    mask_resident_id,
    normalise_resident_id,
    organisation_code_ok,
    parse_resident_id,
    parse_uscc,
)

DATES = st.dates(date(1900, 1, 1), date(2026, 12, 31))
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@st.composite
def resident_ids(draw: st.DrawFn) -> str:
    region = draw(st.integers(110000, 999999))
    body = f"{region}{draw(DATES):%Y%m%d}{draw(st.integers(0, 999)):03d}"
    return body + compute_check(body)


@st.composite
def usccs(draw: st.DrawFn) -> str:
    head = draw(st.text("159Y", min_size=1, max_size=1)) + draw(st.sampled_from("129"))
    region = f"{draw(st.integers(0, 999999)):06d}"
    inner = draw(st.text(ALPHABET, min_size=9, max_size=9))
    return head + region + inner + compute_uscc_check(head + region + inner)


def reason_of(number: str, on: date | None = None) -> IdentityReason:
    with pytest.raises(IdentityNumberError) as caught:
        parse_resident_id(number, on=on)
    assert caught.value.text.zh
    assert number.strip() not in str(caught.value) or not number.strip()
    assert str(caught.value).startswith(caught.value.reason)
    return caught.value.reason


def test_examples_of_the_standard() -> None:
    woman = parse_resident_id("11010519491231002X")
    assert woman.region_code == "110105"
    assert woman.birth_date == date(1949, 12, 31)
    assert woman.sequence == "002"
    assert woman.sex is Sex.FEMALE
    assert woman.sex.text.zh == "女"
    man = parse_resident_id("440524188001010014")
    assert man.sex is Sex.MALE
    assert man.sex.text.en == "male"


def test_normalisation() -> None:
    wide = "　１１０１０５ 19491231 ００２ｘ\n"
    assert normalise_resident_id(wide) == "11010519491231002X"
    assert parse_resident_id(wide) == parse_resident_id("11010519491231002x")


def test_shown_masked() -> None:
    person = parse_resident_id("11010519491231002X")
    assert str(person) == person.masked == "110105********002X"
    assert "19491231" not in repr(person)


def test_reasons() -> None:
    assert reason_of("") is IdentityReason.LENGTH
    assert reason_of("110105491231002") is IdentityReason.LENGTH
    assert reason_of("1101051949123100٢X") is IdentityReason.CHARACTERS
    assert reason_of("X10105194912310020") is IdentityReason.CHARACTERS
    assert reason_of("11010519490230002X") is IdentityReason.BIRTH_DATE
    assert reason_of("110105194912310020") is IdentityReason.CHECK_DIGIT
    young = "37010220300101001"
    young += compute_check(young)
    assert reason_of(young, date(2029, 12, 31)) is IdentityReason.FUTURE_BIRTH
    assert is_resident_id(young, on=date(2030, 1, 1))
    assert is_resident_id(young)
    assert not is_resident_id(young, on=date(2026, 1, 1))
    with pytest.raises(IdentityNumberError) as caught:
        parse_resident_id("110105491231002")
    assert "15位" in caught.value.text.zh


@pytest.mark.parametrize("bad", ["", "1234567890123456", "1234567890123456X", "１" * 17])
def test_compute_check_needs_17_digits(bad: str) -> None:
    with pytest.raises(ValueError, match="17"):
        compute_check(bad)


@given(resident_ids())
def test_check_character_agrees_with_stdnum(number: str) -> None:
    assert oracle_ric.calc_check_digit(number) == number[-1]
    assert parse_resident_id(number).number == number


@settings(max_examples=50)
@given(resident_ids(), st.data())
def test_any_changed_character_is_rejected(number: str, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, 17))
    others = [c for c in "0123456789X" if c != number[position]]
    changed = number[:position] + data.draw(st.sampled_from(others)) + number[position + 1 :]
    assert not is_resident_id(changed)


@settings(max_examples=50)
@given(resident_ids(), st.integers(0, 16))
def test_swapped_neighbours_are_rejected(number: str, at: int) -> None:
    swapped = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    assert swapped == number or not is_resident_id(swapped)


@given(st.text(max_size=24))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    assert is_resident_id(text) in (True, False)
    assert is_uscc(text) in (True, False)


@given(resident_ids(), st.dates(date(2027, 1, 1), date(2099, 12, 31)))
def test_age_counts_birthdays(number: str, day: date) -> None:
    person = parse_resident_id(number)
    month_day = (person.birth_date.month, person.birth_date.day)
    if month_day != (2, 29):
        expected = day.year - person.birth_date.year - ((day.month, day.day) < month_day)
        assert person.age_on(day) == expected


def test_age_at_the_edges() -> None:
    body = "37010220000229001"
    person = parse_resident_id(body + compute_check(body))
    assert person.age_on(date(2000, 2, 29)) == 0
    assert person.age_on(date(2018, 2, 27)) == 17
    assert person.age_on(date(2018, 2, 28)) == 18
    assert person.age_on(date(2020, 2, 28)) == 19
    assert person.age_on(date(2020, 2, 29)) == 20
    with pytest.raises(ValueError, match="before the date of birth"):
        person.age_on(date(2000, 2, 28))


def test_uscc_example() -> None:
    code = parse_uscc(" 91 110000-600037341l")
    assert str(code) == "91110000600037341L"
    assert (code.department_code, code.category_code, code.region_code) == ("9", "1", "110000")
    assert code.organisation_code == "600037341"
    assert code.organisation_code_display == "60003734-1"
    assert code.organisation_check_ok
    assert parse_uscc("９１110000600037341Ｌ") == code
    assert is_uscc(code.number, require_organisation_check=True)


def test_uscc_inner_check_is_a_flag() -> None:
    body = "91110000600037342"
    number = body + compute_uscc_check(body)
    assert not parse_uscc(number).organisation_check_ok
    assert not is_uscc(number, require_organisation_check=True)
    with pytest.raises(IdentityNumberError) as caught:
        parse_uscc(number, require_organisation_check=True)
    assert caught.value.reason is IdentityReason.ORGANISATION_CHECK


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("9111000060003734", IdentityReason.LENGTH),
        ("91110000600037341I", IdentityReason.CHARACTERS),
        ("9111000A600037341L", IdentityReason.CHARACTERS),
        ("911100006000373410", IdentityReason.CHECK_DIGIT),
    ],
)
def test_uscc_reasons(number: str, reason: IdentityReason) -> None:
    with pytest.raises(IdentityNumberError) as caught:
        parse_uscc(number)
    assert caught.value.reason is reason


def test_organisation_codes() -> None:
    assert organisation_code_ok("D2143569-X")  # the example of GB 11714-1997
    assert compute_organisation_check("D2143569") == "X"
    assert not organisation_code_ok("D2143569-1")
    assert not organisation_code_ok("D2143569")
    assert not organisation_code_ok("D214356一X")
    for bad in ("", "D214356", "d2143569"):
        with pytest.raises(ValueError, match="8"):
            compute_organisation_check(bad)
    for bad in ("", "I" * 17):
        with pytest.raises(ValueError, match="17"):
            compute_uscc_check(bad)


@given(usccs())
def test_uscc_agrees_with_stdnum(number: str) -> None:
    assert oracle_uscc.calc_check_digit(number[:17]) == number[-1]
    assert parse_uscc(number).number == number
    if number[0].isdigit():
        assert oracle_uscc.is_valid(number)


@settings(max_examples=50)
@given(usccs(), st.data())
def test_any_changed_uscc_character_is_rejected(number: str, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, 17))
    others = [c for c in ALPHABET if c != number[position]]
    changed = number[:position] + data.draw(st.sampled_from(others)) + number[position + 1 :]
    assert not is_uscc(changed)


@pytest.mark.parametrize(
    ("masked", "expected"),
    [
        (mask_resident_id("370102199001011234"), "370102********1234"),
        (mask_resident_id("123"), "***"),
        (mask_phone("13812345678"), "138****5678"),
        (mask_phone("+86 13812345678"), "+86 138****5678"),
        (mask_phone("0531-81234512"), "0531-******12"),
        (mask_phone("12345"), "***45"),
        (mask_phone("123"), "***"),
        (mask_phone("4008001234"), "********34"),
        (mask_name("张三丰"), "张**"),
        (mask_name("张"), "*"),
        (mask_name(""), ""),
        (mask_email("zhang@example.cn"), "z****@example.cn"),
        (mask_email("nonsense"), "********"),
        (mask("abc", 2, 1), "***"),
        (mask("abcdefgh", 2, 2), "ab****gh"),
    ],
)
def test_masks(masked: str, expected: str) -> None:
    assert masked == expected


def test_mask_refuses_negative_counts() -> None:
    with pytest.raises(ValueError, match="negative"):
        mask("abc", -1, 0)


@given(st.text(max_size=30), st.integers(0, 9), st.integers(0, 9))
def test_a_mask_keeps_length_and_never_shows_more(value: str, head: int, tail: int) -> None:
    masked = mask(value, head, tail)
    assert len(masked) == len(value)
    hidden = len(value) - head - tail
    if value and hidden > 0 and masked != "*" * len(value):
        assert masked[head : len(value) - tail] == "*" * hidden
