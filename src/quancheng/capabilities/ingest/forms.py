"""Forms of ingest. What a device may be is decided by the action."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.ingest.models import DeadLetter, Protocol, Status
from quancheng.capabilities.ingest.payloads import FORMATS
from quancheng.capabilities.ingest.values import ChannelSpec

_ALL = ("", _("全部"))
FILE_BYTES = 2 * 1024 * 1024


def _offer(field: forms.Field, choices: list[Any]) -> None:
    """Set what can be chosen, when it is known only now."""
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices


class _Filter(forms.Form):
    def wanted(self) -> dict[str, Any]:
        """Valid filters; what is not valid is left out."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


class DeviceFilterForm(_Filter):
    """筛选设备."""

    text = forms.CharField(label=_("编码、地址或所属物"), required=False, max_length=60)
    protocol = forms.ChoiceField(label=_("协议"), required=False, choices=[_ALL, *Protocol.choices])
    status = forms.ChoiceField(label=_("状态"), required=False, choices=[_ALL, *Status.choices])
    connected = forms.ChoiceField(
        label=_("连接"), required=False, choices=[_ALL, ("yes", _("在线")), ("no", _("离线"))]
    )


class LetterFilterForm(_Filter):
    """筛选死信."""

    text = forms.CharField(label=_("设备编码或细节"), required=False, max_length=60)
    reason = forms.ChoiceField(label=_("原因"), required=False)
    state = forms.ChoiceField(label=_("状态"), required=False, choices=[_ALL, *DeadLetter.State.choices])
    day = forms.DateField(label=_("收到日期"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, reasons: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.fields["reason"], [_ALL, *reasons])


class ChannelsField(forms.CharField):
    """通道: one a line, ``element = stream`` and if needed ``× scale + offset``."""

    widget = forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})

    def clean(self, value: Any) -> list[ChannelSpec]:
        found: list[ChannelSpec] = []
        for line in str(super().clean(value)).splitlines():
            words = line.replace("=", " ").split()
            if not words:
                continue
            try:
                numbers = [float(one) for one in words[2:]]
                scale, offset = (*numbers, *(1.0, 0.0)[len(numbers) :])
                found.append(ChannelSpec(words[0], int(words[1]), scale, offset))
            except (ValueError, IndexError):
                raise forms.ValidationError(
                    _("“%(line)s”应为：要素 数据流编号 [系数 偏移]"), params={"line": line[:60]}
                ) from None
        return found


class DeviceForm(forms.Form):
    """登记接入设备."""

    code = forms.CharField(
        label=_("设备编码"), max_length=64, help_text=_("2–64位字母、数字、点、横线，如 JN-AQ-0001")
    )
    protocol = forms.ChoiceField(label=_("协议"), choices=Protocol.choices)
    address = forms.CharField(
        label=_("地址"), required=False, max_length=64, help_text=_("设备在其协议里的编号；留空即为设备编码")
    )
    payload = forms.ChoiceField(label=_("载荷格式"))
    thing = forms.CharField(label=_("所属物"), required=False, max_length=80)
    channels = ChannelsField(
        label=_("通道"), required=False, help_text=_("每行一个：要素 数据流编号 [系数 偏移]，如 pm25 1024")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.fields["payload"], [(one, one) for one in sorted(FORMATS)])
        self.fields["payload"].initial = "json"


class CommandForm(forms.Form):
    """下发指令."""

    body = forms.CharField(label=_("指令内容"), max_length=65_536, widget=forms.Textarea(attrs={"rows": 3}))


class CertificateForm(forms.Form):
    """信任设备证书."""

    fingerprint = forms.CharField(label=_("证书SHA-256指纹"), max_length=95)


class UploadForm(forms.Form):
    """补录读数."""

    file = forms.FileField(label=_("读数文件"), help_text=_("JSON数组或每行一个JSON对象，最大2 MB"))

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > FILE_BYTES:
            raise forms.ValidationError(_("文件超过2 MB"))
        return file
