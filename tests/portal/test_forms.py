"""Forms: labels, hints, errors built from labels, dates people type."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation

from quancheng.portal.datefields import WrittenDateField, parse_written
from quancheng.portal.forms import SizedFileField
from quancheng.portal.gallery import SampleForm

Render = Callable[..., str]
PAGE = "{% error_summary form %}{{ form }}"


def test_empty_form_shows_labels_and_no_browser_validation(render: Render) -> None:
    html = render(PAGE, form=SampleForm())
    assert "申请人姓名" in html
    assert "（选填）" in html
    assert " required" not in html
    assert "error" not in html
    assert 'autocomplete="name"' in html
    assert "格式：JPG、PNG、PDF。不超过10 MB。" in html


def test_errors_name_the_field_and_link_to_it(render: Render) -> None:
    form = SampleForm({"phone": "123", "born_year": "1956"})
    html = render(PAGE, form=form)
    for anchor, text in [
        ("#id_name", "请填写申请人姓名"),
        ("#id_phone", "手机号码至少11个字"),
        ("#id_born_0", "日期缺少：月 日"),
        ("#id_district", "请选择所在区县"),
        ("#id_way_0", "请选择领取方式"),
        ("#id_agree", "请勾选：我已阅读并同意授权说明"),
    ]:
        assert f'<a href="{anchor}">{text}</a>' in html
        assert f'id="{anchor[1:]}"' in html
    assert 'aria-invalid="true"' in html
    assert "data-focus" in html
    assert 'value="123"' in html


def test_english_errors(render: Render) -> None:
    with translation.override("en"):
        html = render(PAGE, form=SampleForm({"phone": "123"}))
    assert "Enter the name of applicant" in html
    assert "The mobile number must have at least 11 characters" in html
    assert "Please correct the following" in html


def test_own_messages_are_left_alone(render: Render) -> None:
    class Own(forms.Form):
        a = forms.CharField(label="甲", error_messages={"required": "甲不能空着"})

        def clean(self) -> None:
            raise forms.ValidationError("两处不一致")

    html = render(PAGE, form=Own({}))
    assert "甲不能空着" in html
    assert "请填写甲" not in html
    assert html.count("两处不一致") == 2


def test_error_text_is_escaped(render: Render) -> None:
    class Own(forms.Form):
        a = forms.ChoiceField(label="<b>甲</b>", choices=[("1", "一")])

    html = render(PAGE, form=Own({"a": "<script>"}))
    assert "<b>" not in html
    assert "<script>" not in html


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-7-18", date(2026, 7, 18)),
        ("2026年7月18日", date(2026, 7, 18)),
        ("20260718", date(2026, 7, 18)),
        (" 2026/07/18 ", date(2026, 7, 18)),
        ("2026.7.8", date(2026, 7, 8)),
        ("2026-02-30", None),
        ("18/7/2026", None),
        ("明天", None),
        ("", None),
    ],
)
def test_written_dates(text: str, found: date | None) -> None:
    assert parse_written(text) == found


def test_date_parts() -> None:
    good = {"born_year": "1956", "born_month": "07", "born_day": "18"}
    form = SampleForm(good)
    form.full_clean()
    assert form.cleaned_data["born"] == date(1956, 7, 18)
    form = SampleForm({"born": "1956-07-18"})
    form.full_clean()
    assert form.cleaned_data["born"] == date(1956, 7, 18)
    for bad in (
        {**good, "born_month": "13"},
        {**good, "born_day": "x"},
        {**good, "born_year": "99999999999"},
    ):
        assert SampleForm(bad).errors["born"] == ["没有这一天，请检查年月日"]


def test_written_date_field() -> None:
    class Own(forms.Form):
        d = WrittenDateField(label="日期")

    assert Own({"d": "x"}).errors["d"] == ["日期请写成 2026-07-18 这样"]
    assert Own({"d": "2026年7月18日"}).is_valid()


def test_file_limits() -> None:
    class Own(forms.Form):
        f = SizedFileField(label="照片", max_bytes=10, kinds=("png",))

    def errors(name: str, size: int) -> object:
        return Own({}, {"f": SimpleUploadedFile(name, b"x" * size)}).errors.get("f")

    assert errors("a.png", 10) is None
    assert errors("a.png", 11)
    assert errors("a.exe", 5)


def test_title_prefix(render: Render) -> None:
    assert render("{% title_prefix %}", form=SampleForm({})) == "错误："
    assert render("{% title_prefix %}", form=SampleForm()) == ""
