"""Forms of things: filters and the register form. What a station may be is decided by the action."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.things.models import Alarm, Kind, Level, Status


def district_choices(language: str) -> list[tuple[str, str]]:
    """Districts of the city by code."""
    return [(one.code, one.text.pick(language)) for one in people.regions() if one.level == "district"]


def department_choices(language: str) -> list[tuple[str, str]]:
    """The city's bureaus by code."""
    return [(one.code, one.text.pick(language)) for one in people.departments("jn")]


class StationFilterForm(forms.Form):
    """筛选站点."""

    text = forms.CharField(label=_("名称、站码或站址"), required=False, max_length=60)
    kind = forms.ChoiceField(label=_("类别"), required=False, choices=[("", _("全部")), *Kind.choices])
    status = forms.ChoiceField(label=_("状态"), required=False, choices=[("", _("全部")), *Status.choices])
    region = forms.ChoiceField(label=_("区县"), required=False)

    def __init__(self, *args: Any, language: str = "zh", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].choices = [("", _("全部")), *district_choices(language)]

    def wanted(self) -> dict[str, str]:
        """Valid filters; what is not valid is left out."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


class AlarmFilterForm(forms.Form):
    """筛选告警."""

    state = forms.ChoiceField(
        label=_("状态"),
        required=False,
        choices=[("", _("全部")), ("open", _("未关闭")), *Alarm.State.choices],
    )
    level = forms.ChoiceField(label=_("级别"), required=False, choices=[("", _("全部")), *Level.choices])
    exercise = forms.ChoiceField(label=_("演练"), required=False)

    def __init__(self, *args: Any, exercises: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["exercise"].choices = [("", _("真实运行")), *((one, one) for one in exercises)]

    def wanted(self) -> dict[str, Any]:
        """Valid filters."""
        self.is_valid()
        found: dict[str, Any] = {name: value for name, value in self.cleaned_data.items() if value}
        if "level" in found:
            found["level"] = int(found["level"])
        return found


class LetterFilterForm(forms.Form):
    """筛选拒收报文."""

    reason = forms.ChoiceField(label=_("原因"), required=False)
    address = forms.CharField(label=_("遥测站地址"), required=False, max_length=10)
    exercise = forms.ChoiceField(label=_("演练"), required=False)

    def __init__(
        self, *args: Any, exercises: list[str], reasons: list[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["exercise"].choices = [("", _("真实运行")), *((one, one) for one in exercises)]
        self.fields["reason"].choices = [("", _("全部")), *reasons]

    def wanted(self) -> dict[str, str]:
        """Valid filters."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


class RegisterForm(forms.Form):
    """登记站点."""

    code = forms.CharField(
        label=_("站码"), max_length=40, help_text=_("2–40位字母、数字或连字符，如 JN-R-201")
    )
    zh = forms.CharField(label=_("名称"), max_length=80)
    en = forms.CharField(label=_("英文名称"), max_length=120)
    kind = forms.ChoiceField(label=_("类别"), choices=Kind.choices)
    region = forms.ChoiceField(label=_("区县"))
    lon = forms.FloatField(label=_("经度"), help_text=_("2000国家大地坐标系，如 117.0205"))
    lat = forms.FloatField(label=_("纬度"), help_text=_("如 36.6701"))
    address = forms.CharField(
        label=_("遥测站地址"), required=False, max_length=10, help_text=_("SL 651 十位站址；人工站留空")
    )
    department = forms.ChoiceField(label=_("管理单位"))

    def __init__(self, *args: Any, language: str = "zh", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].choices = district_choices(language)
        self.fields["department"].choices = department_choices(language)


class NoteForm(forms.Form):
    """说明."""

    note = forms.CharField(label=_("说明"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class StatusForm(forms.Form):
    """变更状态."""

    status = forms.ChoiceField(
        label=_("状态"), choices=[one for one in Status.choices if one[0] != Status.PLANNED]
    )
    note = forms.CharField(label=_("说明"), max_length=300, required=False)
