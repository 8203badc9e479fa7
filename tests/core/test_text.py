"""Bilingual text."""

from __future__ import annotations

import pytest

from quancheng.core.text import Text


def test_pick_and_read() -> None:
    text = Text("泉城", "Spring City")
    assert str(text) == "泉城"
    assert [text.pick(tag) for tag in ("en", "EN-gb", "zh-CN", "", "fr")] == [
        "Spring City",
        "Spring City",
        "泉城",
        "泉城",
        "泉城",
    ]
    assert Text.of(text) is text
    assert Text.of(text.to_dict()) == text
    assert Text.of("济南") == Text("济南", "济南")
    assert Text.of({"zh": "济南"}) == Text("济南", "济南")
    assert Text.of({"en": "Jinan"}) == Text("Jinan", "Jinan")


@pytest.mark.parametrize("value", [{}, {"fr": "x"}, {"zh": "x", "fr": "y"}, {"zh": 1}])
def test_wrong_mappings(value: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="needs zh or en"):
        Text.of(value)


def test_not_a_text() -> None:
    with pytest.raises(TypeError, match="3"):
        Text.of(3)  # type: ignore[arg-type]
