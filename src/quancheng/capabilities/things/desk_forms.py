"""Forms of the device desk: filters, maintenance, repair, alarms. What is allowed is decided by the actions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.things.forms import choose, department_choices, district_choices
from quancheng.capabilities.things.models import (
    Alarm,
    Calibration,
    Kind,
    Level,
    Maintainer,
    RepairOrder,
    Result,
    Status,
)

_ALL = ("", _("全部"))
_YES_NO = [_ALL, ("yes", _("是")), ("no", _("否"))]
MINUTES = ((60, _("1小时")), (240, _("4小时")), (1440, _("1天")), (10080, _("7天")), (43200, _("30天")))


def maintainer_choices(language: str) -> list[tuple[str, str]]:
    """Maintainers by code."""
    return [(one.code, one.text.pick(language)) for one in Maintainer.objects.order_by("code")]


class FilterForm(forms.Form):
    """A filter whose state is in the address; what is not valid is left out."""

    def wanted(self) -> dict[str, Any]:
        """Valid filters."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


class DeviceFilterForm(FilterForm):
    """筛选设备."""

    text = forms.CharField(label=_("名称、站码、站址或序列号"), required=False, max_length=60)
    kind = forms.ChoiceField(label=_("类别"), required=False, choices=[_ALL, *Kind.choices])
    status = forms.ChoiceField(label=_("状态"), required=False, choices=[_ALL, *Status.choices])
    region = forms.ChoiceField(label=_("区县"), required=False)
    department = forms.ChoiceField(label=_("管理单位"), required=False)
    maintainer = forms.ChoiceField(label=_("运维单位"), required=False)
    due = forms.ChoiceField(
        label=_("待办"),
        required=False,
        choices=[_ALL, ("calibration", _("检定到期")), ("repair", _("维修中"))],
    )

    def __init__(self, *args: Any, language: str = "zh", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = {
            "region": district_choices(language),
            "department": department_choices(language),
            "maintainer": maintainer_choices(language),
        }
        self.maintainers: list[Any] = [_ALL, *choices["maintainer"]]
        """The choices, for the form below the list: asked for once."""
        for name, rows in choices.items():
            choose(self, name, [_ALL, *rows])


class AlarmDeskForm(FilterForm):
    """筛选告警."""

    state = forms.ChoiceField(
        label=_("状态"), required=False, choices=[_ALL, ("open", _("未关闭")), *Alarm.State.choices]
    )
    level = forms.ChoiceField(label=_("级别"), required=False, choices=[_ALL, *Level.choices])
    rule = forms.ChoiceField(label=_("规则"), required=False)
    department = forms.ChoiceField(label=_("管理单位"), required=False)
    region = forms.ChoiceField(label=_("区县"), required=False)
    muted = forms.ChoiceField(label=_("已静音"), required=False, choices=_YES_NO)
    escalated = forms.ChoiceField(label=_("已升级"), required=False, choices=_YES_NO)
    ended = forms.ChoiceField(label=_("已恢复"), required=False, choices=_YES_NO)
    exercise = forms.ChoiceField(label=_("演练"), required=False)

    def __init__(
        self,
        *args: Any,
        exercises: list[str],
        rules: list[tuple[str, str]],
        language: str = "zh",
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        choices = {
            "rule": [_ALL, *rules],
            "department": [_ALL, *department_choices(language)],
            "region": [_ALL, *district_choices(language)],
            "exercise": [("", _("真实运行")), *((one, one) for one in exercises)],
        }
        for name, rows in choices.items():
            choose(self, name, rows)

    def wanted(self) -> dict[str, Any]:
        """Valid filters, the level as a number."""
        found = super().wanted()
        return found | ({"level": int(found["level"])} if "level" in found else {})


class CloseForm(forms.Form):
    """关闭告警."""

    result = forms.ChoiceField(label=_("结论"), choices=Result.choices, required=False, initial=Result.REAL)
    note = forms.CharField(label=_("处理说明"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class MuteForm(forms.Form):
    """静音."""

    minutes = forms.TypedChoiceField(label=_("静音时长"), choices=MINUTES, coerce=int)
    reason = forms.CharField(label=_("静音原因"), max_length=300)


class DowngradeForm(forms.Form):
    """降级."""

    level = forms.TypedChoiceField(label=_("降为"), choices=Level.choices, coerce=int)
    reason = forms.CharField(label=_("降级原因"), max_length=300)


class EscalateForm(forms.Form):
    """人工升级."""

    reason = forms.CharField(label=_("升级原因"), max_length=300)


class OrderFilterForm(FilterForm):
    """筛选工单."""

    state = forms.ChoiceField(
        label=_("状态"), required=False, choices=[_ALL, ("open", _("未办结")), *RepairOrder.State.choices]
    )
    cause = forms.ChoiceField(label=_("原因"), required=False, choices=[_ALL, *RepairOrder.Cause.choices])
    maintainer = forms.ChoiceField(label=_("运维单位"), required=False)
    late = forms.ChoiceField(label=_("已超时"), required=False, choices=[_ALL, ("yes", _("是"))])

    def __init__(self, *args: Any, language: str = "zh", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self, "maintainer", [_ALL, *maintainer_choices(language)])


class OrderForm(forms.Form):
    """派修."""

    cause = forms.ChoiceField(label=_("原因"), choices=RepairOrder.Cause.choices)
    maintainer = forms.ChoiceField(label=_("运维单位"))
    text = forms.CharField(label=_("情况"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, language: str = "zh", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self, "maintainer", maintainer_choices(language))


class StepForm(forms.Form):
    """工单的一步."""

    note = forms.CharField(
        label=_("说明"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    photo = forms.FileField(label=_("现场照片"), required=False, help_text=_("JPG或PNG，最大5 MB，可不传"))


class CalibrationForm(forms.Form):
    """检定记录."""

    on = forms.DateField(label=_("检定日期"), widget=forms.DateInput(attrs={"type": "date"}))
    outcome = forms.ChoiceField(label=_("结论"), choices=Calibration.Outcome.choices)
    certificate = forms.CharField(label=_("证书编号"), max_length=60, required=False)
    note = forms.CharField(label=_("说明"), max_length=300, required=False)


class MaintainerForm(forms.Form):
    """登记运维单位."""

    code = forms.CharField(label=_("编号"), max_length=40, help_text=_("2–40位字母、数字或连字符"))
    zh = forms.CharField(label=_("名称"), max_length=80)
    en = forms.CharField(label=_("英文名称"), max_length=120)
    contact = forms.CharField(label=_("联系人"), max_length=40, required=False)
    phone = forms.CharField(label=_("电话"), max_length=30, required=False)


class BulkForm(forms.Form):
    """批量变更运维单位; the choices are those of the filter above the list."""

    maintainer = forms.ChoiceField(label=_("运维单位"))

    def __init__(self, *args: Any, choices: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self, "maintainer", choices)


class UploadForm(forms.Form):
    """登记文件."""

    file = forms.FileField(label=_("登记文件"), help_text=_("CSV，UTF-8或GB 18030编码，最大8 MB、20000行"))


class QualityFilterForm(FilterForm):
    """筛选数据质量."""

    day = forms.DateField(label=_("日期"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    kind = forms.ChoiceField(label=_("类别"), required=False, choices=[_ALL, *Kind.choices])
    department = forms.ChoiceField(label=_("管理单位"), required=False)
    region = forms.ChoiceField(label=_("区县"), required=False)

    def __init__(self, *args: Any, language: str = "zh", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self, "department", [_ALL, *department_choices(language)])
        choose(self, "region", [_ALL, *district_choices(language)])
