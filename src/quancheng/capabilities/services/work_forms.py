"""Forms of the desk around a case: filters, opinions, visits, hand-over, clock, answers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.services.reviewing import WORDS
from quancheng.capabilities.services.running import OUTCOMES

__all__ = [
    "AbsenceForm", "AnswerForm", "AppealForm", "ComplaintAnswerForm", "ComplaintFilter", "ComplaintForm",
    "ReasonForm", "TaskFilter", "TransferForm", "VisitForm",
]  # fmt: skip

SIDES = [
    ("", _("全部")),
    ("review", _("会办意见")),
    ("visit", _("现场核查")),
    ("appeal", _("复核")),
    ("verify", _("部门核验")),
]
STATES = [("", _("待办")), ("done", _("已办")), ("all", _("全部"))]


def _words(rows: int = 3) -> forms.Textarea:
    return forms.Textarea({"rows": rows})


class TaskFilter(forms.Form):
    """Filters of the list of tasks; they live in the URL."""

    q = forms.CharField(label=_("编号或姓名"), required=False, max_length=60)
    side = forms.ChoiceField(label=_("任务类型"), required=False, choices=SIDES)
    state = forms.ChoiceField(label=_("状态"), required=False, choices=STATES)
    due = forms.ChoiceField(
        label=_("到期"),
        required=False,
        choices=[("", _("全部")), ("overdue", _("已超期")), ("week", _("七天内到期"))],
    )


class AnswerForm(forms.Form):
    """The outcome of a task and why."""

    outcome = forms.ChoiceField(label=_("结论"), widget=forms.RadioSelect)
    opinion = forms.CharField(
        label=_("意见"), max_length=500, required=False, widget=_words(),
        help_text=_("不同意、不通过和复核结论必须写明理由；申请人会看到"),
    )  # fmt: skip

    def __init__(self, *args: Any, side: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        from quancheng.capabilities.services.forms import say

        self.fields["outcome"].choices = [(one, say(WORDS[one])) for one in OUTCOMES[side]]  # type: ignore[attr-defined]


class VisitForm(forms.Form):
    """A proposed time of a site visit, local time."""

    day = forms.DateField(label=_("日期"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    time = forms.TimeField(label=_("时间"), widget=forms.TimeInput({"type": "time"}))
    note = forms.CharField(label=_("说明"), required=False, max_length=200)


class ReasonForm(forms.Form):
    """A reason in words."""

    reason = forms.CharField(label=_("理由"), max_length=500, widget=_words(2))


class AppealForm(ReasonForm):
    """申请复核."""

    reason = forms.CharField(label=_("不服的理由"), max_length=500, widget=_words(4))


class TransferForm(forms.Form):
    """移交 to a colleague."""

    user = forms.TypedChoiceField(label=_("接办人"), coerce=int, widget=forms.Select({"lang": "zh"}))
    reason = forms.CharField(label=_("原因"), required=False, max_length=200)

    def __init__(self, *args: Any, colleagues: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"].choices = colleagues  # type: ignore[attr-defined]


class AbsenceForm(forms.Form):
    """离岗代办."""

    substitute = forms.TypedChoiceField(label=_("代办人"), coerce=int, widget=forms.Select({"lang": "zh"}))
    since = forms.DateField(label=_("开始日期"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    until = forms.DateField(label=_("结束日期"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    reason = forms.CharField(label=_("原因"), required=False, max_length=100)

    def __init__(self, *args: Any, colleagues: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["substitute"].choices = colleagues  # type: ignore[attr-defined]


class ComplaintForm(forms.Form):
    """投诉."""

    text = forms.CharField(label=_("投诉内容"), max_length=500, widget=_words(4))


class ComplaintAnswerForm(forms.Form):
    """答复投诉."""

    answer = forms.CharField(label=_("答复内容"), max_length=500, widget=_words())


class ComplaintFilter(forms.Form):
    """Filters of the list of complaints."""

    q = forms.CharField(label=_("受理编号"), required=False, max_length=60)
    state = forms.ChoiceField(label=_("状态"), required=False, choices=STATES)
    kind = forms.ChoiceField(
        label=_("来源"), required=False,
        choices=[("", _("全部")), ("complaint", _("投诉")), ("rating", _("差评")), ("again", _("对答复不满意"))],
    )  # fmt: skip
