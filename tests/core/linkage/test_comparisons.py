"""What counts as alike: numbers, names, dates, phones and addresses as clerks write them."""

from __future__ import annotations

import numpy as np
import pytest

from quancheng.core.linkage import (
    Alike,
    Comparison,
    Edits,
    Frame,
    LinkageError,
    LinkageReason,
    Overlap,
    Same,
    Step,
    address,
    chinese_name,
    date_of,
    exact,
    forms,
    phone,
    resident_id,
)
from quancheng.core.text import Text

BIRTH = Text("出生日期", "birth date")
NAME = chinese_name(
    "f",
    folded=forms.name_folded({"傑": "杰"}),
    pinyin=forms.name_pinyin({"张": "zhang", "章": "zhang", "伟": "wei", "维": "wei"}),
    given=forms.given_name(["欧阳"]),
)


def label(comparison: Comparison, first: str | None, second: str | None) -> str:
    frame = Frame.link({comparison.field: [first]}, {comparison.field: [second]})
    level = comparison.compare(frame, np.array([0], np.int32), np.array([1], np.int32))[0]
    return comparison.level_label(int(level)).en


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        # the example of GB 11643-1999, and the same number in 15 digits
        ("11010519491231002X", "110105491231002", "the same"),
        ("11010519491231002X", "１１０１０５１９４９１２３１００２ｘ", "the same"),
        ("11010519491231002X", "11010519491213002X", "one slip"),
        ("11010519491231002X", "11010519491231012X", "one slip"),
        ("11010519491231002X", "11011519491231012X", "two slips"),
        ("11010519491231002X", "110105194912318888", "same region and birth date"),
        ("11010519491231002X", "370102199001011234", "different"),
        ("11010519491231002X", "", "missing"),
        ("11010519491231002X", "   ", "missing"),
    ],
)
def test_resident_numbers(first: str, second: str, expected: str) -> None:
    assert label(resident_id("f"), first, second) == expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("王杰", " 王 杰 ", "written the same"),
        ("王杰", "王傑", "the same with variants folded"),
        ("张伟", "章维", "the same sound"),
        ("欧阳建国", "司马建国", "different"),
        ("欧阳建国", "王建国", "same given name, other family name"),
        ("阿依古丽·买买提", "阿依古丽•买买提", "written the same"),
        ("王建国华", "王建国", "similarity at least 0.8"),
        ("王杰", None, "missing"),
    ],
)
def test_names(first: str, second: str | None, expected: str) -> None:
    given = "same given name" in expected
    assert label(NAME, first, second).startswith("same given" if given else expected.split("|")[0])


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("1990-03-07", "1990年3月7日", "the same"),
        ("1990-03-07", "19900703", "day and month swapped"),
        ("1990-03-07", "1991-03-07", "one slip"),
        ("1990-03-07", "1990-03-17", "one slip"),
        ("1990-03-07", "1985-11-21", "different"),
        ("1990-03-07", "不详", "missing"),
    ],
)
def test_dates(first: str, second: str, expected: str) -> None:
    assert label(date_of("f", BIRTH), first, second) == expected


def test_phones_with_and_without_the_country() -> None:
    assert label(phone("f"), "+86 138-0531-0000", "13805310000") == "the same"
    assert label(phone("f"), "13805310000", "13805310001") == "one slip"
    assert label(phone("f"), "13805310000", "13912345678") == "different"


def test_addresses_are_words_and_numbers() -> None:
    whole = "济南市历下区泉城路180号齐鲁花园3号楼2单元501室"
    assert label(address("f"), whole, "济南市历下区泉城路180号齐鲁花园三号楼二单元501") == "the same"
    assert label(address("f"), "泉城路180号3-2-501", "泉城路180号3号楼2单元501室") == "the same"
    assert label(address("f"), whole, "青岛市市南区香港中路10号") == "different"
    assert forms.ADDRESS.make("幸福路1号楼1单元101室") == "幸福路 1 1'2 101"
    assert forms.ADDRESS.make("经十路十二号") == "经十路 12"


def test_a_wrong_house_number_weighs_more_than_a_missing_district() -> None:
    rows = [
        "历下区泉城路180号3号楼501",
        "泉城路180号3号楼501",
        "历下区泉城路180号3号楼502",
        "市中区经十路1号",
        "历下区山大路7号",
    ]
    column = Frame.dedupe({"f": rows}).column("f", forms.ADDRESS)
    ids, weights = column.tokens(4.0)
    mine, short, other = (dict(zip(ids[c], weights[c], strict=True)) for c in column.codes[:3])
    assert sum(w for word, w in mine.items() if word not in short) < sum(
        w for word, w in mine.items() if word not in other
    )


def test_text_beyond_the_width_of_the_kernels_is_compared_whole() -> None:
    base = "泉" * 70
    one = Comparison(
        "f", BIRTH, "f", (Step(BIRTH, Same(forms.PLAIN)), Step(Text("近", "near"), Edits(forms.PLAIN, 1)))
    )
    assert label(one, base + "城", base + "水") == "near"
    assert label(one, base + "城市", base + "水土") == "different"
    alike = Comparison("f", BIRTH, "f", (Step(Text("似", "alike"), Alike(forms.PLAIN, 0.95)),))
    assert label(alike, base + "城", base + "水") == "alike"


def test_hostile_values_do_no_harm() -> None:
    nasty = [
        "\0\0",
        "𠮷野家",
        "=cmd|' /C calc'!A0",
        "x" * 5000,
        "'; DROP TABLE people; --",
        "\u202e321",
        "　",
    ]
    for comparison in (resident_id("f"), NAME, date_of("f", BIRTH), phone("f"), address("f")):
        for value in nasty:
            assert label(comparison, value, value) in {"the same", "missing", "written the same"}
            assert label(comparison, value, None) == "missing"


@pytest.mark.parametrize("bad", [0, -1, 1.5])
def test_settings_outside_their_range_are_refused(bad: float) -> None:
    with pytest.raises(LinkageError):
        Alike(forms.PLAIN, bad)
    with pytest.raises(LinkageError):
        Overlap(forms.PLAIN, bad)


def test_bad_frames_say_where() -> None:
    with pytest.raises(LinkageError) as length:
        Frame.link({"a": ["1"], "b": ["1", "2"]}, {"a": ["1"], "b": ["2"]})
    assert (length.value.reason, length.value.place) == (LinkageReason.COLUMN_LENGTH, "b")
    with pytest.raises(LinkageError) as kind:
        Frame.dedupe({"a": [1, 2]})  # type: ignore[list-item]
    assert kind.value.reason is LinkageReason.COLUMN_TYPE
    with pytest.raises(LinkageError) as field:
        exact("x", BIRTH, "missing").compare(Frame.dedupe({"a": ["1", "1"]}), np.array([0]), np.array([1]))
    assert "missing" in str(field.value) and "字段" in field.value.text.zh
