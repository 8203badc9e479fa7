"""办件台和评价的表单; application forms are definitions (``definitions.py``), drawn by ``answering.py``."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.functional import lazy
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.services.flow import State
from quancheng.capabilities.services.spec import Label, MatterSpec
from quancheng.core.text import Text


def _pick(zh: str, en: str) -> str:
    return Text(zh, en).pick(get_language() or "zh")


_lazy_pick = lazy(_pick, str)


def say(label: Label | Text) -> Any:
    """A two-language text as a lazy string in the reader's language."""
    return _lazy_pick(label.zh, label.en)


# -- desk -----------------------------------------------------------------------------------
class InboxFilter(forms.Form):
    """Filters of the desk's inbox; the state lives in the URL."""

    q = forms.CharField(label=_("编号或姓名"), required=False, max_length=60)
    matter = forms.ChoiceField(label=_("事项"), required=False)
    state = forms.ChoiceField(label=_("状态"), required=False)
    due = forms.ChoiceField(
        label=_("办理时限"),
        required=False,
        choices=[
            ("", _("全部")),
            ("overdue", _("已超期")),
            ("today", _("今天到期")),
            ("week", _("七天内到期")),
        ],
    )
    region = forms.ChoiceField(label=_("区县"), required=False)

    def __init__(self, *args: Any, matters: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        states = [("", _("待办")), ("all", _("全部")), ("done", _("已办"))]
        states += [(state.value, say(state.text)) for state in State]
        self.fields["state"].choices = states  # type: ignore[attr-defined]
        self.fields["matter"].choices = [("", _("全部")), *((one.code, say(one.text)) for one in matters)]  # type: ignore[attr-defined]
        regions = [(one.code, say(one.text)) for one in people.regions()]
        self.fields["region"].choices = [("", _("全部")), *regions]  # type: ignore[attr-defined]


class ReturnForm(forms.Form):
    """退回补正: what to correct."""

    reason = forms.CharField(
        label=_("需要补正的内容"),
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("申请人会原样看到，请写明改什么、怎么改"),
    )


class RefuseForm(forms.Form):
    """不予办理: the ground from the matter's list, and the reason in words."""

    ground = forms.ChoiceField(label=_("不予办理的情形与依据"), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("具体理由"),
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("写明事实；申请人会原样看到，并被告知复议和诉讼的权利"),
    )

    def __init__(self, *args: Any, spec: MatterSpec, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        grounds = [
            (row.id, _lazy_pick(f"{row.text.zh}({row.basis.zh})", f"{row.text.en} ({row.basis.en})"))
            for row in spec.grounds()
        ]
        self.fields["ground"].choices = grounds  # type: ignore[attr-defined]


class NoteForm(forms.Form):
    """内部备注."""

    text = forms.CharField(
        label=_("内部备注"), max_length=500, widget=forms.Textarea({"rows": 2}), help_text=_("申请人看不到")
    )


class ApproveForm(forms.Form):
    """准予: an opinion, and the confirmation that what a person must judge was judged."""

    opinion = forms.CharField(
        label=_("审批意见"), max_length=500, required=False, widget=forms.Textarea({"rows": 2})
    )
    judged = forms.BooleanField(label=_("我已逐项核对需人工判断的内容和照片"))


class RatingForm(forms.Form):
    """好差评."""

    score = forms.TypedChoiceField(
        label=_("您满意吗"),
        coerce=int,
        widget=forms.RadioSelect,
        choices=[
            (5, _("非常满意")),
            (4, _("满意")),
            (3, _("基本满意")),
            (2, _("不满意")),
            (1, _("非常不满意")),
        ],
    )
    text = forms.CharField(
        label=_("想说的话"), required=False, max_length=300, widget=forms.Textarea({"rows": 2})
    )
