"""审查要点: what the system can check about an application, as pure functions.

Each is registered under the name matters use and gives one finding. Thresholds are dated
parameters; what a check cannot know goes to a person.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from quancheng.capabilities.services.checking import (
    CHECKS,
    Facts,
    FileFact,
    Finding,
    Outcome,
    Subject,
    check,
    finding,
    run_checks,
    worst,
)
from quancheng.capabilities.services.spec import Condition
from quancheng.core.identity import IdentityNumberError, is_uscc, parse_resident_id
from quancheng.core.rules import region_prefix

__all__ = ["CHECKS", "Facts", "FileFact", "Finding", "Outcome", "Subject", "age_on", "run_checks", "worst"]


def _birth(subject: Subject, on: date) -> date | None:
    """Date of birth by identity number, else by register; None when neither tells."""
    if subject.resident_id:
        try:
            return parse_resident_id(subject.resident_id, on=on).birth_date
        except IdentityNumberError:
            return None
    return subject.birth_date


def age_on(birth: date, day: date) -> int:
    """Full years; a birthday on 29 February is completed on 28 February of common years."""
    years = day.year - birth.year
    try:
        birthday = birth.replace(year=day.year)
    except ValueError:
        birthday = date(day.year, 2, 28)
    return years if day >= birthday else years - 1


@check("age_at_least")
def age_at_least(condition: Condition, facts: Facts) -> Finding:
    """周岁: full years by identity number on the day of application."""
    parameter = facts.parameter(condition.options["parameter"])
    limit, birth = parameter.integer(), _birth(facts.subject, facts.on)
    if birth is None or birth > facts.on:
        return finding(
            condition,
            Outcome.PERSON,
            "无法从身份证号得出出生日期，请人工核对。",
            "The date of birth cannot be taken from the identity number; verify by hand.",
            parameter=parameter,
        )
    age = age_on(birth, facts.on)
    evidence = {"age": age, "source": "resident_id" if facts.subject.resident_id else "register"}
    if age >= limit:
        return finding(
            condition,
            Outcome.PASS,
            f"按身份证号计算,{facts.on}年满{age}周岁，已达到{limit}周岁。",
            f"By identity number {age} years old on {facts.on}; {limit} is required.",
            parameter=parameter,
            **evidence,
        )
    since = _reaches(birth, limit)
    return finding(
        condition,
        Outcome.FAIL,
        f"按身份证号计算,{facts.on}为{age}周岁，未满{limit}周岁;{since}起可以申请。",
        f"By identity number {age} years old on {facts.on}; {limit} is required. You may apply from {since}.",
        parameter=parameter,
        eligible_from=since.isoformat(),
        **evidence,
    )


def _reaches(birth: date, years: int) -> date:
    try:
        return birth.replace(year=birth.year + years)
    except ValueError:
        return date(birth.year + years, 2, 28)


@check("resident_in_city")
def resident_in_city(condition: Condition, facts: Facts) -> Finding:
    """居住地: the register shows residence in the city."""
    code = facts.subject.residence
    if not code:
        return finding(
            condition,
            Outcome.PERSON,
            "人口库中没有居住地登记，请人工核对居住情况。",
            "The register has no residence; verify by hand.",
        )
    inside = code.startswith(region_prefix(facts.region))
    zh = (
        "人口库登记的居住地在本市。"
        if inside
        else "人口库登记的居住地不在本市。如已搬来，请先办理居住登记再申请。"
    )
    en = (
        "The register shows a residence in this city."
        if inside
        else "The register shows a residence outside this city. If you have moved here, register it first."
    )
    return finding(
        condition, Outcome.PASS if inside else Outcome.FAIL, zh, en, residence=code[:6], source="population"
    )


@check("household_outside_city")
def household_outside_city(condition: Condition, facts: Facts) -> Finding:
    """户籍地: the household is registered outside the city."""
    code = facts.subject.household
    if not code:
        return finding(
            condition,
            Outcome.PERSON,
            "人口库中没有户籍地信息，请人工核对。",
            "The register has no household address; verify by hand.",
        )
    outside = not code.startswith(region_prefix(facts.region))
    return finding(
        condition,
        Outcome.PASS if outside else Outcome.FAIL,
        "户籍不在本市。" if outside else "户籍就在本市，不需要办理。",
        "The household is registered elsewhere."
        if outside
        else "The household is registered in this city; this is not needed.",
        household=code[:6],
        source="population",
    )


@check("no_duplicate")
def no_duplicate(condition: Condition, facts: Facts) -> Finding:
    """不重复办理: neither a valid licence of this type nor another open case."""
    if facts.licence_type and facts.licence_type in facts.licences:
        return finding(
            condition,
            Outcome.FAIL,
            "卡包中已有有效的同类证照，不必重复申请。",
            "A valid licence of this type is already in the wallet.",
            licence=facts.licence_type,
        )
    if facts.open_receipts:
        first = facts.open_receipts[0]
        return finding(
            condition,
            Outcome.FAIL,
            f"已有正在办理的同一事项({first}),请在“我的办件”查看。",
            f"The same matter is already in progress ({first}); see “My cases”.",
            receipt=first,
        )
    return finding(
        condition,
        Outcome.PASS,
        "没有有效的同类证照，也没有正在办理的同一事项。",
        "No valid licence of this type and no open case of this matter.",
    )


@check("photo")
def photo(condition: Condition, facts: Facts) -> Finding:
    """照片: present, decoded, and at least as large as the parameter asks."""
    key = str(condition.options.get("material", "photo"))
    parameter = facts.parameter(condition.options["parameter"])
    least = parameter.table()
    found = facts.files.get(key)
    if found is None:
        return finding(
            condition, Outcome.FAIL, "没有上传照片。", "No photo was uploaded.", parameter=parameter
        )
    width, height = _whole(least["min_width"]), _whole(least["min_height"])
    evidence = {
        "width": found.width,
        "height": found.height,
        "type": found.media_type,
        "sha256": found.digest,
    }
    if found.width < width or found.height < height:
        return finding(
            condition,
            Outcome.FAIL,
            f"照片为{found.width}×{found.height}像素，小于要求的{width}×{height}像素。",
            f"The photo has {found.width}×{found.height} pixels; at least {width}×{height} are needed.",
            parameter=parameter,
            **evidence,
        )
    return finding(
        condition,
        Outcome.PASS,
        f"照片可以打开,{found.width}×{found.height}像素。是否为本人近照由工作人员判断。",
        f"The photo opens, {found.width}×{found.height} pixels. "
        "Whether it shows the applicant is for the official to judge.",
        parameter=parameter,
        **evidence,
    )


@check("months_since")
def months_since(condition: Condition, facts: Facts) -> Finding:
    """居住满若干月: a date in the form lies at least so many months back."""
    parameter = facts.parameter(condition.options["parameter"])
    months, given = parameter.integer(), _day(facts.form.get(str(condition.options["field"])))
    if given is None:
        return finding(
            condition,
            Outcome.PERSON,
            "尚未填写日期，填写后再判断。",
            "The date is not filled in yet.",
            parameter=parameter,
        )
    passed = (facts.on.year - given.year) * 12 + facts.on.month - given.month - (facts.on.day < given.day)
    enough = passed >= months
    return finding(
        condition,
        Outcome.PASS if enough else Outcome.FAIL,
        f"从{given}到{facts.on}已满{max(passed, 0)}个月，要求{months}个月。",
        f"From {given} to {facts.on}: {max(passed, 0)} months; {months} are required.",
        parameter=parameter,
        months=passed,
    )


@check("within_months")
def within_months(condition: Condition, facts: Facts) -> Finding:
    """有效期内: a date in the form lies at most so many months back."""
    parameter = facts.parameter(condition.options["parameter"])
    months, given = parameter.integer(), _day(facts.form.get(str(condition.options["field"])))
    if given is None:
        return finding(
            condition,
            Outcome.PERSON,
            "尚未填写日期，填写后再判断。",
            "The date is not filled in yet.",
            parameter=parameter,
        )
    passed = (facts.on.year - given.year) * 12 + facts.on.month - given.month - (facts.on.day < given.day)
    good = passed < months
    return finding(
        condition,
        Outcome.PASS if good else Outcome.FAIL,
        f"{given}距今{max(passed, 0)}个月,{'在' if good else '已超过'}{months}个月以内。",
        f"{given} is {max(passed, 0)} months ago; {'within' if good else 'beyond'} {months} months.",
        parameter=parameter,
        months=passed,
    )


@check("number_at_most")
def number_at_most(condition: Condition, facts: Facts) -> Finding:
    """限值: a number in the form is not above the parameter; above it a person judges."""
    parameter = facts.parameter(condition.options["parameter"])
    raw, limit = facts.form.get(str(condition.options["field"])), parameter.number()
    try:
        value = float(raw)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return finding(
            condition,
            Outcome.PERSON,
            "尚未填写数值，填写后再判断。",
            "The number is not filled in yet.",
            parameter=parameter,
        )
    within = value <= limit
    return finding(
        condition,
        Outcome.PASS if within else Outcome.PERSON,
        f"填报{value:g},限值{limit:g}{'' if within else ',超过限值，需要专门论证'}。",
        f"Stated {value:g}; limit {limit:g}{'' if within else ', above it: needs a special review'}.",
        parameter=parameter,
        stated=value,
    )


@check("firm_registered")
def firm_registered(condition: Condition, facts: Facts) -> Finding:
    """市场主体: the applicant is a registered firm with a valid unified code."""
    code = facts.subject.unified_code
    good = facts.subject.kind == "firm" and is_uscc(code)
    return finding(
        condition,
        Outcome.PASS if good else Outcome.FAIL,
        f"法人库中有登记，统一社会信用代码{code}校验通过。"
        if good
        else "需要以企业身份申请：请切换到您代表的企业。",
        f"Registered; unified code {code} passes its check."
        if good
        else "Apply as a firm: switch to the firm you represent.",
    )


@check("person_judges")
def person_judges(condition: Condition, facts: Facts) -> Finding:
    """人工判断: what no register can tell."""
    return finding(
        condition, Outcome.PERSON, "由工作人员根据所交材料判断。", "An official judges by what was handed in."
    )


def _day(value: Any) -> date | None:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"a whole number is needed, not {value!r}")
    return value


from quancheng.capabilities.services import tables as _tables  # noqa: E402, F401 - registers the check "decision"
