"""Forms of the guide. What may be done is decided by the actions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.guide.models import MAX_TEXT, Callback, Correction
from quancheng.core.text import Text

ALL = ("", _("全部"))


class AskForm(forms.Form):
    """提问."""

    text = forms.CharField(label=_("您的问题"), max_length=MAX_TEXT, widget=forms.Textarea({"rows": 2}))


class MessageForm(forms.Form):
    """留言."""

    phone = forms.CharField(
        label=_("联系电话"), max_length=20, widget=forms.TextInput({"type": "tel", "autocomplete": "tel"})
    )
    text = forms.CharField(label=_("留言内容"), max_length=500, widget=forms.Textarea({"rows": 4}))


class CallbackForm(forms.Form):
    """答复留言."""

    result = forms.CharField(label=_("答复内容"), max_length=300, widget=forms.Textarea({"rows": 3}))


class SearchForm(forms.Form):
    """筛选 with one search field."""

    q = forms.CharField(label=_("查找"), max_length=60, required=False)


class CallbackFilterForm(SearchForm):
    """筛选留言."""

    state = forms.ChoiceField(label=_("状态"), required=False, choices=Callback.State.choices)


class CorrectionFilterForm(SearchForm):
    """筛选更正."""

    state = forms.ChoiceField(label=_("状态"), required=False, choices=[ALL, *Correction.State.choices])


class CorrectionForm(forms.Form):
    """这个答案不对."""

    right = forms.ChoiceField(label=_("正确的事项或条目"), required=False)
    phrase = forms.CharField(
        label=_("关键说法"), max_length=30, required=False, help_text=_("市民话里最能说明问题的几个字")
    )
    note = forms.CharField(label=_("说明"), max_length=200, required=False)

    def __init__(
        self, *args: Any, choices: list[tuple[str, Text]], language: str = "zh", **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        named = [(key, text.pick(language)) for key, text in choices]
        right: Any = self.fields["right"]
        right.choices = [("", _("都不是，应当说不知道")), *named]


class ArticleForm(forms.Form):
    """知识条目."""

    code = forms.CharField(label=_("代码"), max_length=60)
    title_zh = forms.CharField(label=_("标题（中文）"), max_length=60)
    title_en = forms.CharField(label=_("标题（英文）"), max_length=120)
    body_zh = forms.CharField(label=_("内容（中文）"), max_length=1500, widget=forms.Textarea({"rows": 5}))
    body_en = forms.CharField(label=_("内容（英文）"), max_length=3000, widget=forms.Textarea({"rows": 5}))
    questions = forms.CharField(
        label=_("人们怎么问"), required=False, max_length=3000, widget=forms.Textarea({"rows": 4}),
        help_text=_("一行一个"),
    )  # fmt: skip
    keywords = forms.CharField(label=_("关键词"), required=False, max_length=500, help_text=_("用空格分开"))
    source_zh = forms.CharField(label=_("来源（中文）"), max_length=200)
    source_en = forms.CharField(label=_("来源（英文）"), max_length=300)
    link = forms.CharField(label=_("链接"), max_length=200, required=False, help_text=_("本平台内的地址"))
    valid_from = forms.DateField(label=_("生效日期"))
    valid_to = forms.DateField(label=_("复核日期"), help_text=_("过了这一天，答案会标明可能过期"))

    def content(self) -> dict[str, Any]:
        """What the action takes."""
        data = self.cleaned_data
        both = {
            name: {"zh": data[f"{name}_zh"], "en": data[f"{name}_en"]} for name in ("title", "body", "source")
        }
        return {
            "code": data["code"],
            **both,
            "questions": data["questions"].splitlines(),
            "keywords": data["keywords"].split(),
            "link": data["link"],
            "valid_from": data["valid_from"].isoformat(),
            "valid_to": data["valid_to"].isoformat(),
        }

    @staticmethod
    def initial_of(content: dict[str, Any]) -> dict[str, Any]:
        """An article's content as the form shows it."""
        both = {
            f"{name}_{key}": content[name][key]
            for name in ("title", "body", "source")
            for key in ("zh", "en")
        }
        return {
            **both,
            "code": content["code"],
            "questions": "\n".join(content["questions"]),
            "keywords": " ".join(content["keywords"]),
            "link": content["link"],
            "valid_from": content["valid_from"],
            "valid_to": content["valid_to"],
        }


class CannedForm(forms.Form):
    """常用语."""

    code = forms.CharField(label=_("代码"), max_length=40)
    zh = forms.CharField(label=_("中文"), max_length=300)
    en = forms.CharField(label=_("英文"), max_length=300)
    active = forms.BooleanField(label=_("启用"), required=False, initial=True)
