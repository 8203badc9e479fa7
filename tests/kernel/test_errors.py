"""Every expected failure says what happened, whose fault it is and what to do, in both languages."""

from __future__ import annotations

import pytest

from quancheng.core.text import Text
from quancheng.kernel import errors


def all_errors() -> list[type[errors.QuanchengError]]:
    found, queue = [], [errors.QuanchengError]
    while queue:
        kind = queue.pop()
        found.append(kind)
        queue.extend(kind.__subclasses__())
    return found


@pytest.mark.parametrize("kind", all_errors())
def test_each_error_is_complete_in_both_languages(kind: type[errors.QuanchengError]) -> None:
    body = errors.problem(kind(), instance="/x", language="en", request_id="r1")
    assert body["type"] == f"urn:quancheng:problem:{kind.code}"
    assert 400 <= body["status"] < 600
    assert body["request_id"] == "r1"
    assert body["text"]["detail"]["zh"] != body["text"]["detail"]["en"]
    assert body["text"]["todo"]["zh"] and body["text"]["todo"]["en"]


def test_codes_are_unique() -> None:
    codes = [kind.code for kind in all_errors()]
    assert len(codes) == len(set(codes))


def test_fields_say_where_and_extra_members_are_kept() -> None:
    error = errors.InvalidInput(
        Text("身份证号有误。", "The identity number is wrong."),
        fields={"id_number": Text("末位不对", "The last digit is wrong")},
        extra={"matter": "senior-card"},
    )
    body = errors.problem(error, instance="/m", language="zh-hans")
    assert body["detail"] == "身份证号有误。"
    assert body["fields"]["id_number"]["en"] == "The last digit is wrong"
    assert body["matter"] == "senior-card"
    assert "request_id" not in body
    assert str(error).startswith("身份证号有误。 / ")


def test_fault_follows_status_class() -> None:
    for kind in all_errors():
        if kind.status < 500:
            assert kind.fault is errors.Fault.CALLER, kind
        else:
            assert kind.fault is not errors.Fault.CALLER, kind
