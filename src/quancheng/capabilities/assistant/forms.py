"""Forms of the assistant's pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.assistant.kinds import kinds
from quancheng.capabilities.assistant.values import Outcome, ReadState
from quancheng.core.text import Text

__all__ = ["JudgeForm", "ReadingFilter"]


def _say(text: Text) -> str:
    return text.pick(get_language() or "zh")


class ReadingFilter(forms.Form):
    """What the list shows; everything is in the address."""

    q = forms.CharField(label=_("受理编号或申请人"), required=False, max_length=60)
    state = forms.ChoiceField(label=_("读取状态"), required=False)
    outcome = forms.ChoiceField(label=_("最重结论"), required=False)
    type = forms.ChoiceField(label=_("证照类型"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        everything = [("", _("全部"))]
        self.fields["state"].choices = everything + [(one.value, _say(one.text)) for one in ReadState]  # type: ignore[attr-defined]
        self.fields["outcome"].choices = everything + [(one.value, _say(one.text)) for one in Outcome]  # type: ignore[attr-defined]
        self.fields["type"].choices = everything + [(one.code, _say(one.name.text)) for one in kinds()]  # type: ignore[attr-defined]


class JudgeForm(forms.Form):
    """人工判断: the outcome, and why when it is not the machine's."""

    outcome = forms.ChoiceField(
        label=_("您的判断"),
        choices=[(Outcome.PASS.value, _("相符")), (Outcome.FAIL.value, _("不符"))],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(label=_("理由"), required=False, max_length=300)
