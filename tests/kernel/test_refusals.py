"""A refused deed is said at the field it is about, in the reader's language."""

from __future__ import annotations

from django import forms
from django.utils import translation

from quancheng.core.text import Text
from quancheng.kernel.errors import Conflict, InvalidInput
from quancheng.kernel.refusals import mark


class Asked(forms.Form):
    title = forms.CharField(required=False)


def test_faults_stand_at_their_fields_and_the_rest_above() -> None:
    form = Asked({})
    assert form.is_valid()
    short, other = Text("太短", "Too short"), Text("不认识", "Unknown")
    with translation.override("en"):
        mark(form, InvalidInput(fields={"name": short, "nowhere": other}), {"name": "title"})
    assert form.errors == {"title": ["Too short"], "__all__": ["Unknown"]}


def test_a_refusal_without_fields_says_its_detail() -> None:
    form = Asked({})
    assert form.is_valid()
    with translation.override("zh-hans"):
        mark(form, Conflict(Text("已被使用", "Taken")))
    assert form.errors == {"__all__": ["已被使用"]}
