"""One finding for each review point: what agrees passes, what surely contradicts fails, the rest is a person's."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from tests.capabilities.assistant.conftest import known, page

from quancheng.capabilities.assistant.facts import LicenceFact, Subject
from quancheng.capabilities.assistant.judging import judge, unreadable
from quancheng.capabilities.assistant.values import Outcome, PageRead, PointKey, Quality, SealRead
from quancheng.core.text import Text

TODAY = date(2026, 6, 1)
CARD = {
    "name": "王秀英", "sex": "女", "nation": "汉", "birth_date": "1949年12月31日", "address": "济南市泉城路1号",
    "id_number": "11010519491231002X",
}  # fmt: skip
DEED = {
    "number": "鲁（2020）济南市不动产权第8663995号", "name": "王秀英", "id_number": "11010519491231002X",
    "shared": "单独所有", "address": "济南市泉城路1号", "unit": "370146778150GB52232F46847575", "right": "所有权",
    "usage": "住宅", "area": "80平方米",
}  # fmt: skip
SEAL = SealRead((600, 400, 800, 600), "济南市自然资源和规划局", "不动产登记专用章", 0.97)


def outcomes(read: PageRead, about) -> dict[str, Outcome]:
    points = judge(read, about)
    assert all(0 <= one.confidence <= 1 for one in points)
    assert all(one.reason.zh and one.reason.en for one in points)
    assert [one.key for one in points] == sorted((one.key for one in points), key=list(PointKey).index)
    return {one.key: one.outcome for one in points}


def test_ones_own_card_agrees_in_all_points():
    register = Subject("person", "王秀英", "11010519491231002X", sex="女", birth_date="1949-12-31")
    about = known(TODAY, register=register, asked=True)
    found = outcomes(page("id-card-front", CARD), about)
    assert set(found.values()) == {Outcome.PASS}
    assert set(found) == {
        PointKey.CLARITY, PointKey.TYPE, PointKey.OWNER, PointKey.NAME, PointKey.NUMBER, PointKey.REGISTER,
    }  # fmt: skip


def test_somebody_elses_card_is_found():
    theirs = CARD | {"name": "郭浩", "id_number": "370103195101276518"}
    found = outcomes(page("id-card-front", theirs), known(TODAY))
    assert found[PointKey.OWNER] is Outcome.FAIL
    assert found[PointKey.NAME] is Outcome.FAIL
    point = next(
        one for one in judge(page("id-card-front", theirs), known(TODAY)) if one.key is PointKey.OWNER
    )
    assert "郭浩" in point.reason.zh
    assert point.read == "370103********6518", "numbers are shown with their middle hidden"
    assert point.box is not None


def test_somebody_else_whom_the_form_names_is_for_a_person():
    theirs = CARD | {"name": "郭浩", "id_number": "370103195101276518"}
    spouse = {"spouse_id": (Text("配偶身份证号", "Spouse's number"), "370103195101276518")}
    found = outcomes(page("id-card-front", theirs), known(TODAY, answers=spouse))
    assert found[PointKey.OWNER] is Outcome.PERSON


def test_a_number_that_fails_its_check_twice():
    bad = CARD | {"id_number": "110105194912310021"}
    read = page("id-card-front", bad)
    found = outcomes(read, known(TODAY))
    assert found[PointKey.NUMBER] is Outcome.FAIL
    assert found[PointKey.OWNER] is Outcome.PERSON, "an unsure number accuses nobody"
    blurred = replace(read, fields={key: replace(one, score=0.7) for key, one in read.fields.items()})
    assert outcomes(blurred, known(TODAY))[PointKey.NUMBER] is Outcome.PERSON


def test_the_wrong_document():
    found = outcomes(page("id-card-front", CARD), known(TODAY, expected=("business-licence",)))
    assert found[PointKey.TYPE] is Outcome.FAIL
    assert outcomes(page("id-card-front", CARD), known(TODAY, expected=()))[PointKey.TYPE] is Outcome.PERSON


def test_a_cat_an_unknown_page_and_a_file_that_is_no_picture():
    cat = PageRead(900, 600, "", 0.0, 0.0)
    assert outcomes(cat, known(TODAY)) == {PointKey.CLARITY: Outcome.FAIL, PointKey.TYPE: Outcome.FAIL}
    letter = replace(cat, quality=Quality(9, 0.98, 25, 800))
    assert outcomes(letter, known(TODAY))[PointKey.TYPE] is Outcome.PERSON
    (only,) = unreadable(Text("文件不是图片。", "No picture."))
    assert (only.key, only.outcome) == (PointKey.CLARITY, Outcome.FAIL)


def test_a_blurred_or_cut_off_page_goes_to_a_person():
    read = page("id-card-front", {"name": "王秀英"})
    assert outcomes(read, known(TODAY))[PointKey.CLARITY] is Outcome.PERSON
    small = replace(page("id-card-front", CARD), quality=Quality(8, 0.97, 9, 700))
    assert outcomes(small, known(TODAY))[PointKey.CLARITY] is Outcome.PERSON


@pytest.mark.parametrize(
    ("printed", "outcome"),
    [
        ("2020.01.01-2040.01.01", Outcome.PASS),
        ("2006.06.01-2026.06.01", Outcome.PASS),
        ("2006.05.31-2026.05.31", Outcome.FAIL),
        ("2016.05.31-长期", Outcome.PASS),
        ("看不清", Outcome.PERSON),
    ],
)
def test_validity_ends_with_its_last_day(printed, outcome):
    read = page("id-card-back", {"issuer": "济南市公安局历下区分局", "period": printed})
    found = outcomes(read, known(TODAY, expected=("id-card-back",)))
    assert found[PointKey.VALIDITY] is outcome
    assert found[PointKey.ISSUER] is Outcome.PASS
    assert PointKey.OWNER not in found


@pytest.mark.parametrize(
    ("seals", "colour", "outcome"),
    [
        ((SEAL,), 120, Outcome.PASS),
        ((replace(SEAL, ring="南市自然资源和规划局三"),), 120, Outcome.PASS),
        ((replace(SEAL, ring="济南泉盛餐饮管理有限公司"),), 120, Outcome.FAIL),
        ((replace(SEAL, ring="济", score=0.4),), 120, Outcome.PERSON),
        ((), 120, Outcome.FAIL),
        ((), 3, Outcome.PERSON),
    ],
)
def test_the_seal(seals, colour, outcome):
    read = page("property-deed", DEED, seals, quality=Quality(12, 0.99, 28, 900, colour))
    assert outcomes(read, known(TODAY, expected=("property-deed",)))[PointKey.SEAL] is outcome


def test_the_register_says_otherwise():
    register = Subject("person", "王秀兰", "11010519491231002X")
    found = outcomes(page("property-deed", DEED, (SEAL,)), known(TODAY, register=register, asked=True))
    assert found[PointKey.REGISTER] is Outcome.FAIL
    firm = Subject(
        "firm", "济南泉盛餐饮管理有限公司", "91350100M000100Y43", "王秀英", address="济南市经十路300号"
    )
    paper = {"code": firm.number, "name": firm.name, "legal_person": "王秀英", "address": "济南市泉城路1号"}
    found = outcomes(page("business-licence", paper), known(TODAY, applicant=firm, register=firm, asked=True))
    assert found[PointKey.REGISTER] is Outcome.PERSON, "an address may have changed"
    found = outcomes(page("property-deed", DEED, (SEAL,)), known(TODAY, asked=True))
    assert found[PointKey.REGISTER] is Outcome.PERSON, "nobody of that number"


def test_a_revoked_licence_is_caught_by_the_base_of_licences():
    firm = Subject("firm", "济南泉盛餐饮管理有限公司", "91350100M000100Y43", legal_person="王秀英")
    food = {
        "name": firm.name, "code": firm.number, "legal_person": "王秀英", "address": "济南", "premises": "济南",
        "format": "单位食堂", "number": "JY13701123456789", "issuer": "济南市历下区行政审批服务局",
        "valid_to": "2030年01月01日",
    }  # fmt: skip
    seal = replace(SEAL, ring="济南市历下区行政审批服务局")
    about = known(TODAY, applicant=firm, expected=("food-business",), register=firm, asked=True)
    assert set(outcomes(page("food-business", food, (seal,)), about).values()) == {Outcome.PASS}
    revoked = LicenceFact("JY13701123456789", firm.name, False, Text("已撤销", "Revoked"))
    found = outcomes(page("food-business", food, (seal,)), replace(about, licence=revoked))
    assert found[PointKey.REGISTER] is Outcome.FAIL
    other = LicenceFact("JY13701123456789", "济南别家商贸有限公司", True, Text("有效", "Valid"))
    assert outcomes(page("food-business", food, (seal,)), replace(about, licence=other))[
        PointKey.REGISTER
    ] is (Outcome.FAIL)


def test_the_form_says_otherwise():
    dog = {
        "name": "王秀英", "dog": "豆豆", "breed": "柯基犬", "vaccinated_on": "2026年01月10日",
        "valid_to": "2027年01月09日", "number": "370112345678", "issuer": "济南明湖动物医院",
    }  # fmt: skip
    seal = replace(SEAL, ring="济南明湖动物医院")
    label = Text("免疫日期", "Vaccinated on")
    about = known(TODAY, expected=("dog-vaccination",), answers={"vaccinated_on": (label, "2026-01-10")})
    found = outcomes(page("dog-vaccination", dog, (seal,)), about)
    assert set(found.values()) == {Outcome.PASS}
    lied = replace(about, answers={"vaccinated_on": (label, "2026-05-10")})
    assert outcomes(page("dog-vaccination", dog, (seal,)), lied)[PointKey.ANSWERS] is Outcome.FAIL


def test_one_parent_of_the_child_is_enough():
    paper = {
        "child": "王小满", "sex": "男", "birth_date": "2026年05月01日", "birth_place": "济南市", "mother": "王秀英",
        "mother_id": "11010519491231002X", "father": "郭浩", "father_id": "370103195101276518",
        "issuer": "济南市妇幼保健院", "issued_on": "2026年05月03日", "number": "T123456789",
    }  # fmt: skip
    seal = replace(SEAL, ring="济南市妇幼保健院")
    found = outcomes(page("birth-certificate", paper, (seal,)), known(TODAY, expected=("birth-certificate",)))
    assert found[PointKey.OWNER] is Outcome.PASS
    assert found[PointKey.NAME] is Outcome.PASS
