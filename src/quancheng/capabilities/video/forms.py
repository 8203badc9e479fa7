"""Forms of video: filters, the request to watch, decisions, peers. What is allowed is decided by the actions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.video.models import Direction, Kind, Play, PlayRequest, Status

ALL = ("", _("全部"))


def district_choices(language: str) -> list[tuple[str, str]]:
    """Districts of the city by code."""
    return [(one.code, one.text.pick(language)) for one in people.regions() if one.level == "district"]


class _Filter(forms.Form):
    def wanted(self) -> dict[str, Any]:
        """Valid filters; what is not valid is left out."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


class CameraFilterForm(_Filter):
    """筛选摄像机."""

    text = forms.CharField(label=_("名称、编码或地点"), required=False, max_length=60)
    region = forms.ChoiceField(label=_("区县"), required=False)
    status = forms.ChoiceField(label=_("状态"), required=False, choices=[ALL, *Status.choices])
    kind = forms.ChoiceField(label=_("类型"), required=False, choices=[ALL, *Kind.choices])
    smart = forms.ChoiceField(
        label=_("智能"), required=False, choices=[ALL, ("yes", _("是")), ("no", _("否"))]
    )

    def __init__(self, *args: Any, language: str = "zh", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].choices = [ALL, *district_choices(language)]  # type: ignore[attr-defined]


class RequestFilterForm(_Filter):
    """筛选申请."""

    state = forms.ChoiceField(label=_("状态"), required=False, choices=[ALL, *PlayRequest.State.choices])


class PlatformFilterForm(_Filter):
    """筛选对端."""

    text = forms.CharField(label=_("名称或编码"), required=False, max_length=60)
    direction = forms.ChoiceField(label=_("方向"), required=False, choices=[ALL, *Direction.choices])


class AskForm(forms.Form):
    """申请调阅."""

    kind = forms.ChoiceField(label=_("调阅方式"), choices=Play.choices)
    purpose = forms.CharField(label=_("用途"), max_length=200, widget=forms.Textarea(attrs={"rows": 2}))
    start = forms.DateTimeField(
        label=_("录像起"), required=False, help_text=_("回放和下载填写，如 2026-07-18 17:00")
    )
    end = forms.DateTimeField(label=_("录像止"), required=False)


class DecideForm(forms.Form):
    """审批."""

    hours = forms.IntegerField(label=_("有效小时数"), min_value=1, max_value=24, initial=24)
    note = forms.CharField(label=_("审批意见"), max_length=200, required=False)


class CutForm(forms.Form):
    """切断."""

    reason = forms.CharField(label=_("切断原因"), max_length=200)


class PlatformForm(forms.Form):
    """登记对端."""

    code = forms.CharField(label=_("20位编码"), max_length=20)
    name = forms.CharField(label=_("名称"), max_length=120)
    direction = forms.ChoiceField(label=_("方向"), choices=Direction.choices)
    region = forms.CharField(label=_("区划代码"), max_length=12)
    host = forms.CharField(label=_("上级平台地址"), max_length=64, required=False)
    port = forms.IntegerField(label=_("端口"), initial=5060, min_value=1, max_value=65535)
    transport = forms.ChoiceField(label=_("传输"), choices=[("udp", "UDP"), ("tcp", "TCP")])
    password = forms.CharField(
        label=_("上级给定的口令"),
        max_length=120,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    share_region = forms.CharField(label=_("共享范围（区划代码前缀）"), max_length=12, required=False)
