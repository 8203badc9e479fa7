"""Forms of verifiable credentials."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.credentials import issuing
from quancheng.capabilities.credentials.models import Question


class QuestionFilter(forms.Form):
    """筛选出示请求."""

    q = forms.CharField(label=_("用途"), required=False, max_length=60)
    state = forms.ChoiceField(
        label=_("状态"), required=False, choices=[("", _("全部")), *Question.State.choices]
    )


class QuestionForm(forms.Form):
    """请求出示: a licence type is chosen first, then its facts."""

    department = forms.ChoiceField(label=_("请求单位"))
    purpose = forms.CharField(label=_("用途"), max_length=200)
    claims = forms.MultipleChoiceField(label=_("所需事实"), widget=forms.CheckboxSelectMultiple)

    def __init__(
        self, *args: Any, kind: Any, departments: list[tuple[int, str]], language: str = "zh", **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        facts = issuing.configuration(kind).claims
        self.fields["claims"].choices = [(name, text.pick(language)) for name, text in facts]  # type: ignore[attr-defined]
        self.fields["department"].choices = [(str(pk), name) for pk, name in departments]  # type: ignore[attr-defined]
