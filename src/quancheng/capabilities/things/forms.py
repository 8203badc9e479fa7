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


def choose(form: forms.Form, name: str, choices: Any) -> None:
    """Give a field its choices, which depend on the reader or the database."""
    field = form.fields[name]
    if isinstance(field, forms.ChoiceField):
        field.choices = choices


class StationFilterForm(forms.Form):
    """筛选站点."""

    text = forms.CharField(label=_("名称、站码或站址"), required=False, max_length=60)
    kind = forms.ChoiceField(label=_("类别"), required=False, choices=[("", _("全部")), *Kind.choices])
    status = forms.ChoiceField(label=_("状态"), required=False, choices=[("", _("全部")), *Status.choices])
    region = forms.ChoiceField(label=_("区县"), required=False)

    def __init__(self, *args: Any, language: str = "zh", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self, "region", [("", _("全部")), *district_choices(language)])

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
        choose(self, "exercise", [("", _("真实运行")), *((one, one) for one in exercises)])

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
        choose(self, "exercise", [("", _("真实运行")), *((one, one) for one in exercises)])
        choose(self, "reason", [("", _("全部")), *reasons])

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
    protocol = forms.ChoiceField(label=_("规约"), required=False)
    address = forms.CharField(
        label=_("设备地址"),
        required=False,
        max_length=64,
        help_text=_("SL 651 十位站址、HJ 212 的MN、车载终端号等；人工站留空"),
    )
    department = forms.ChoiceField(label=_("管理单位"))
    maintainer = forms.ChoiceField(label=_("运维单位"), required=False)
    maker = forms.CharField(label=_("厂商"), required=False, max_length=80)
    model = forms.CharField(label=_("型号"), required=False, max_length=80)
    serial = forms.CharField(label=_("序列号"), required=False, max_length=80)
    installed_on = forms.DateField(
        label=_("安装日期"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, language: str = "zh", **kwargs: Any) -> None:
        from quancheng.capabilities.things.facts import PROTOCOLS
        from quancheng.capabilities.things.models import Maintainer

        super().__init__(*args, **kwargs)
        firms = [(one.code, one.text.pick(language)) for one in Maintainer.objects.order_by("code")]
        choose(self, "region", district_choices(language))
        choose(self, "department", department_choices(language))
        choose(self, "protocol", [(name, text.pick(language)) for name, text in PROTOCOLS.items()])
        choose(self, "maintainer", [("", "—"), *firms])


class NoteForm(forms.Form):
    """说明."""

    note = forms.CharField(label=_("说明"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class StatusForm(forms.Form):
    """变更状态."""

    status = forms.ChoiceField(
        label=_("状态"), choices=[one for one in Status.choices if one[0] != Status.PLANNED]
    )
    note = forms.CharField(label=_("说明"), max_length=300, required=False)
