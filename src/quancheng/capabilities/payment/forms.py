"""Forms of unified payment."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from quancheng.core.payment import Amount, OrderState
from quancheng.kernel import clock

_YUAN = re.compile(r"(0|[1-9][0-9]{0,8})(\.[0-9]{1,2})?")


class YuanField(forms.CharField):
    """金额（元）: as people write it, kept as whole fen."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=12, widget=forms.TextInput({"inputmode": "decimal"}), **kwargs)

    def clean(self, value: Any) -> Any:
        text = str(super().clean(value)).replace(",", "").replace("，", "").strip()
        found = _YUAN.fullmatch(text)
        if found is None:
            raise forms.ValidationError(_("请写成 12.50 这样的金额，最多两位小数"))
        yuan, _dot, fen = text.partition(".")
        return Amount(int(yuan) * 100 + int((fen + "00")[:2]))


class OrderFilter(forms.Form):
    """筛选订单."""

    q = forms.CharField(label=_("缴款单号、业务编号或缴款人"), required=False, max_length=60)
    state = forms.ChoiceField(
        label=_("状态"),
        required=False,
        choices=[("", _("全部")), ("payable", _("待缴"))] + [(str(s), s.text.zh) for s in OrderState],
    )

    def __init__(self, *args: Any, language: str = "zh", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        states = [(str(one), one.text.pick(language)) for one in OrderState]
        self.fields["state"].choices = [("", _("全部")), ("payable", _("待缴")), *states]  # type: ignore[attr-defined]


class CancelForm(forms.Form):
    """撤销缴款单."""

    reason = forms.CharField(label=_("撤销理由"), max_length=300)


class RefundForm(forms.Form):
    """申请退款."""

    amount = YuanField(label=_("退款金额（元）"))
    reason = forms.CharField(label=_("退款理由"), max_length=300, widget=forms.Textarea({"rows": 3}))


class NoteForm(forms.Form):
    """意见."""

    note = forms.CharField(
        label=_("说明"), max_length=300, widget=forms.Textarea({"rows": 3}), required=False
    )


class SettleForm(forms.Form):
    """登记到账."""

    arrived = YuanField(label=_("到账金额（元）"))
    on = forms.DateField(label=_("到账日期"), initial=clock.today)

    def clean_on(self) -> date:
        on: date = self.cleaned_data["on"]
        if on > clock.today():
            raise forms.ValidationError(_("到账日期不能在今天之后"))
        return on
