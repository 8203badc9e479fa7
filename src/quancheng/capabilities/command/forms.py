"""Forms: filters of lists and the citizen's report."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import FileExtensionValidator
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.command import flow, queries
from quancheng.capabilities.people import queries as people

ALL = ("", _("全部"))
LIMIT = 5 * 1024 * 1024


def _pick(text: Any) -> str:
    return str(text.pick(get_language() or "zh-hans"))


def _states(machine: flow.Machine) -> list[tuple[str, Any]]:
    return [ALL, ("open", _("在办")), *((state, _pick(text)) for state, text in machine.states.items())]


class IncidentFilter(forms.Form):
    """清单筛选."""

    text = forms.CharField(label=_("编号或标题"), max_length=60, required=False)
    state = forms.ChoiceField(label=_("状态"), required=False)
    type = forms.ChoiceField(label=_("类别"), required=False)
    level = forms.ChoiceField(label=_("级别"), required=False)
    region = forms.ChoiceField(label=_("区县"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["state"].choices = _states(flow.INCIDENT)
        self.fields["type"].choices = [
            ALL,
            *((key, _pick(text)) for key, text in queries.incident_types().items()),
        ]
        self.fields["level"].choices = [ALL, *((str(key), _pick(text)) for key, text in flow.LEVELS.items())]
        self.fields["region"].choices = [ALL, *((one.code, _pick(one.text)) for one in people.regions())]


class TaskFilter(forms.Form):
    """任务筛选."""

    state = forms.ChoiceField(label=_("状态"), required=False)
    department = forms.ChoiceField(label=_("责任部门"), required=False)
    overdue = forms.BooleanField(label=_("只看超时"), required=False)

    def __init__(self, *args: Any, departments: Any = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["state"].choices = _states(flow.TASK)
        self.fields["department"].choices = [ALL, *((one.code, _pick(one.text)) for one in departments)]


class ReportForm(forms.Form):
    """随手拍."""

    type = forms.ChoiceField(label=_("问题类别"), widget=forms.RadioSelect)
    region = forms.ChoiceField(label=_("所在区县"))
    place = forms.CharField(
        label=_("地点"),
        max_length=120,
        help_text=_("写明路名、门牌或附近的标志"),
        widget=forms.TextInput(attrs={"autocomplete": "street-address"}),
    )
    text = forms.CharField(label=_("情况说明"), max_length=500, widget=forms.Textarea(attrs={"rows": 4}))
    photo = forms.FileField(
        label=_("照片"),
        required=False,
        validators=[FileExtensionValidator(("jpg", "jpeg", "png"))],
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png", "capture": "environment"}),
    )
    lon = forms.FloatField(required=False, widget=forms.HiddenInput, min_value=-180, max_value=180)
    lat = forms.FloatField(required=False, widget=forms.HiddenInput, min_value=-90, max_value=90)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = queries.incident_types()
        self.fields["type"].choices = [
            (key, _pick(text)) for key, text in names.items() if key.startswith("command.")
        ]
        self.fields["region"].choices = [(one.code, _pick(one.text)) for one in people.regions()]
        self.fields["photo"].max_bytes = LIMIT


class ProofForm(forms.Form):
    """任务反馈."""

    text = forms.CharField(
        label=_("完成情况"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("做了什么、结果如何"),
    )
    photo = forms.FileField(
        label=_("现场照片"),
        required=False,
        validators=[FileExtensionValidator(("jpg", "jpeg", "png"))],
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png", "capture": "environment"}),
    )
    lon = forms.FloatField(required=False, widget=forms.HiddenInput, min_value=-180, max_value=180)
    lat = forms.FloatField(required=False, widget=forms.HiddenInput, min_value=-90, max_value=90)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["photo"].max_bytes = LIMIT
