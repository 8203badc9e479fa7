"""Forms of messages: one's own settings, the desk's filter."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.messages.models import Delivery


class PhoneForm(forms.Form):
    """登记手机号."""

    phone = forms.CharField(
        label=_("手机号"), max_length=20, widget=forms.TextInput({"autocomplete": "tel", "inputmode": "tel"})
    )


class EmailForm(forms.Form):
    """登记邮箱."""

    email = forms.CharField(
        label=_("电子邮箱"),
        max_length=254,
        widget=forms.TextInput({"autocomplete": "email", "inputmode": "email"}),
    )


class CodeForm(forms.Form):
    """填写验证码."""

    code = forms.CharField(
        label=_("验证码"),
        max_length=6,
        widget=forms.TextInput({"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class SettingsForm(forms.Form):
    """接收设置."""

    sms_on = forms.BooleanField(label=_("短信提醒"), required=False)
    email_on = forms.BooleanField(label=_("邮件提醒"), required=False)
    quiet_from = forms.TimeField(
        label=_("免打扰开始"), required=False, widget=forms.TimeInput({"type": "time"}, format="%H:%M")
    )
    quiet_until = forms.TimeField(
        label=_("免打扰结束"), required=False, widget=forms.TimeInput({"type": "time"}, format="%H:%M")
    )


class DeliveryFilter(forms.Form):
    """筛选投递."""

    q = forms.CharField(label=_("地址或内容"), required=False, max_length=60)
    channel = forms.ChoiceField(label=_("渠道"), required=False)
    state = forms.ChoiceField(label=_("状态"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["channel"].choices = [("", _("全部")), ("sms", _("短信")), ("email", _("邮件"))]  # type: ignore[attr-defined]
        self.fields["state"].choices = [("", _("全部")), *Delivery.State.choices]  # type: ignore[attr-defined]
