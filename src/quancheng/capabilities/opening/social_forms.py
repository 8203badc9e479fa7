"""Forms of what the public says of open data."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.opening.forms import english
from quancheng.capabilities.opening.models import WishState
from quancheng.core.text import Text

_AREA = {"rows": 3}
STARS = [("5", "★★★★★"), ("4", "★★★★"), ("3", "★★★"), ("2", "★★"), ("1", "★")]
DECISIONS = [("accept", _("采纳")), ("decline", _("不采纳"))]


class FeedbackForm(forms.Form):
    """评价一个数据集."""

    stars = forms.ChoiceField(label=_("星级"), choices=STARS, initial="5")
    said = forms.CharField(label=_("评价内容"), max_length=1000, widget=forms.Textarea(_AREA))


class AnswerForm(forms.Form):
    """答复."""

    answer = forms.CharField(label=_("公开答复"), max_length=1000, widget=forms.Textarea(_AREA))


class WishForm(forms.Form):
    """提出开放需求."""

    title = forms.CharField(label=_("需要的数据"), max_length=80)
    purpose = forms.CharField(label=_("用来做什么"), max_length=1000, widget=forms.Textarea(_AREA))


class WishFilter(forms.Form):
    """筛选开放需求."""

    q = forms.CharField(label=_("关键词"), required=False, max_length=80)
    state = forms.ChoiceField(label=_("状态"), required=False, choices=[("", _("全部")), *WishState.choices])


class WishAnswerForm(AnswerForm):
    """答复开放需求."""

    decision = forms.ChoiceField(label=_("答复结论"), choices=DECISIONS)
    field_order = ("decision", "answer")


class ShowForm(forms.Form):
    """提交应用成果."""

    title = forms.CharField(label=_("成果名称"), max_length=80)
    link = forms.URLField(label=_("网址"), max_length=300, assume_scheme="https")
    datasets = forms.MultipleChoiceField(label=_("使用的数据集"), widget=forms.CheckboxSelectMultiple)
    about = forms.CharField(label=_("简介"), max_length=1000, widget=forms.Textarea(_AREA))

    def __init__(self, *args: Any, datasets: list[tuple[str, Text]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["datasets"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(name, text.en if english() else text.zh) for name, text in datasets]


class ModerateForm(forms.Form):
    """审核应用成果."""

    decision = forms.ChoiceField(
        label=_("审核结论"), choices=[("accept", _("展示")), ("decline", _("不通过"))]
    )
    reason = forms.CharField(label=_("不通过的理由"), required=False, max_length=300)
