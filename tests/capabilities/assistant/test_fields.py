"""From lines to fields, without a model: labels on the left, two columns, tilt, turned pages, prose, misreadings."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.capabilities.assistant import normal
from quancheng.capabilities.assistant.fields import classify, extract
from quancheng.capabilities.assistant.kinds import expected_types, is_ignored, kind, kinds
from quancheng.capabilities.assistant.layout import page_of
from quancheng.capabilities.assistant.ocr import Line

SIZE = 28


def line(
    text: str, x: float, y: float, *, size: float = SIZE, tilt: float = 0.0, score: float = 0.99
) -> Line:
    """A line whose upper left lies at (x, y) on a page that is then turned by ``tilt`` degrees."""
    wide = sum(size if ord(one) > 255 else size / 2 for one in text)
    corners = [(x, y), (x + wide, y), (x + wide, y + size), (x, y + size)]
    cosine, sine = math.cos(math.radians(tilt)), math.sin(math.radians(tilt))
    turned = [(px * cosine - py * sine, px * sine + py * cosine) for px, py in corners]
    return Line(text, tuple(turned), score)  # type: ignore[arg-type]


ROWS = (
    ("营业执照", 500, 40), ("统一社会信用代码", 80, 120), ("91350100M000100Y43", 340, 122),
    ("名称", 80, 200), ("济南泉盛餐饮管理有限公司", 240, 200), ("注册资本", 760, 200), ("壹佰万元整", 920, 200),
    ("类型", 80, 270), ("有限责任公司（自然人独资）", 240, 270), ("成立日期", 760, 270), ("2019年05月17日", 920, 270),
    ("法定代表人", 80, 340), ("王秀英", 260, 340), ("住所", 760, 340), ("山东省济南市历下区泉城路1", 900, 340),
    ("98号", 900, 380), ("经营范围", 80, 410), ("许可项目：餐饮服务；食品销", 240, 410), ("售。", 240, 450),
    ("登记机关", 760, 560),
)  # fmt: skip


def licence(tilt: float = 0.0) -> list[Line]:
    return [line(text, x, y, tilt=tilt) for text, x, y in ROWS]


@pytest.mark.parametrize("tilt", [0, 4, -6])
def test_a_business_licence_in_two_columns(tilt):
    page = page_of(licence(tilt))
    spec, sure = classify(page)
    assert spec.code == "business-licence"
    assert sure > 0.9
    found = {key: one.value for key, one in extract(page, spec).items()}
    assert found == {
        "code": "91350100M000100Y43",
        "name": "济南泉盛餐饮管理有限公司",
        "form": "有限责任公司(自然人独资)",
        "capital": "壹佰万元整",
        "established": "2019-05-17",
        "legal_person": "王秀英",
        "address": "山东省济南市历下区泉城路198号",
        "scope": "许可项目:餐饮服务;食品销售",
    }


def test_labels_and_values_may_share_a_line_or_be_printed_wide():
    lines = [
        line("姓", 80, 80), line("名", 140, 80), line("王秀英", 220, 80), line("性别女民族汉", 80, 150),
        line("出生1949年12月31日", 80, 220), line("住址", 80, 290), line("山东省济南市历下区", 220, 290),
        line("泉城路1号", 220, 330), line("公民身份号码", 80, 450), line("11010519491231002X", 340, 450),
    ]  # fmt: skip
    page = page_of(lines)
    spec, _ = classify(page)
    found = extract(page, kind("id-card-front"))
    assert spec.code == "id-card-front"
    assert {key: one.value for key, one in found.items()} == {
        "name": "王秀英", "sex": "女", "nation": "汉", "birth_date": "1949-12-31",
        "address": "山东省济南市历下区泉城路1号", "id_number": "11010519491231002X",
    }  # fmt: skip
    assert found["id_number"].ok is True


def test_a_dash_for_one_and_one_wrong_character_in_a_label_are_forgiven():
    lines = licence()
    lines[1] = line("统—社会信用代码", 80, 120)
    lines[11] = line("法定伐表人", 80, 340)
    found = extract(page_of(lines), kind("business-licence"))
    assert found["code"].ok
    assert found["legal_person"].value == "王秀英"


def test_parents_are_not_mixed_up():
    lines = [
        line("出生医学证明", 500, 40), line("新生儿姓名", 80, 120), line("李晓", 260, 120),
        line("母亲姓名", 80, 200), line("王芳", 260, 200), line("父亲姓名", 80, 270), line("李强", 260, 270),
    ]  # fmt: skip
    found = extract(page_of(lines), kind("birth-certificate"))
    assert (found["mother"].value, found["father"].value) == ("王芳", "李强")


def test_prose_is_searched():
    lines = [
        line("学士学位证书", 500, 40), line("郭宇怡，男，1996年10月06日生。在山东", 300, 150),
        line("大学完成了本科学习计划，授予工学学", 300, 200), line("士学位。", 300, 250),
        line("证书编号", 80, 500), line("1042242014504943", 240, 500),
    ]  # fmt: skip
    found = extract(page_of(lines), kind("degree-certificate"))
    assert {key: one.value for key, one in found.items()} == {
        "name": "郭宇怡", "sex": "男", "birth_date": "1996-10-06", "degree": "工学学士", "issuer": "山东大学",
        "number": "1042242014504943",
    }  # fmt: skip


def test_a_cat_is_no_licence():
    assert classify(page_of([])) == (None, 0.0)
    spec, sure = classify(page_of([line("喵", 10, 10), line("HAPPY CAT", 60, 90)]))
    assert spec is None
    assert sure < 0.5


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=12), st.integers(-50, 2000), st.integers(-50, 2000)), max_size=15))
def test_nothing_that_is_read_breaks_it(rows):
    page = page_of([line(text, x, y) for text, x, y in rows])
    classify(page)
    for one in kinds():
        extract(page, one)


@pytest.mark.parametrize(
    ("kind_of", "printed", "value", "ok"),
    [
        ("uscc", " 91350100 M000100Y43", "91350100M000100Y43", True),
        ("uscc", "91350100M000100Y44", "91350100M000100Y44", False),
        ("resident", "11O10519491231002x", "11010519491231002X", True),
        ("resident", "11010519491231002", "11010519491231002", False),
        ("disability", "11010519491231002X44", "11010519491231002X44", True),
        ("disability", "11010519491231002X94", "11010519491231002X94", False),
        ("date", "２０１９年5月7日", "2019-05-07", True),
        ("date", "2019年13月7日", "2019年13月7日", False),
        ("period", "2018.05.06-2038.05.06", "2018-05-06/2038-05-06", True),
        ("period", "2018.05.06—长期", "2018-05-06/长期", True),
        ("text", "（自然人独资）", "(自然人独资)", None),
    ],
)
def test_values_are_made_comparable_and_checked(kind_of, printed, value, ok):
    assert normal.normal(kind_of, printed) == value
    assert normal.checked(kind_of, value) is ok


def test_seal_words_fit_with_junk_at_both_ends_but_not_another_office():
    assert normal.alike("出济构佛慧动物医院绝", "济南佛慧动物医院") > 0.8
    assert normal.alike("济南市历下区市场监督管理局", "济南市历下区市场监督管理局三十七") == 1.0
    assert normal.alike("济南市公安局历下区分局", "济南市历下区行政审批服务局") < 0.75
    assert normal.alike("王芳", "王芳芳") < 1
    assert normal.alike("", "王芳") == 0


def test_which_types_a_material_asks_for():
    assert expected_types("营业执照（副本）") == ("business-licence",)
    assert set(expected_types("双方身份证")) == {"id-card-front", "id-card-back"}
    assert expected_types("就业、住所或就读证明(照片)") == ("property-deed",)
    assert not is_ignored("就业、住所或就读证明(照片)")
    assert not is_ignored("狂犬病免疫证(照片)")
    assert all(
        is_ignored(one) for one in ("近期免冠照片", "经营场所平面布局图(照片)", "犬只正面照片", "本人相片")
    )
