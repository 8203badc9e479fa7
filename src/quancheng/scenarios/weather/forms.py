"""Forms of weather: filter, draft, reason."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from quancheng.core.text import Text
from quancheng.scenarios.weather import areas, flow, steps, wording
from quancheng.scenarios.weather.flow import State

LEVELS = [
    (1, _("Ⅰ级 红色")),
    (2, _("Ⅱ级 橙色")),
    (3, _("Ⅲ级 黄色")),
    (4, _("Ⅳ级 蓝色")),
]
PARTS = ("headline", "description", "instruction")


def _reader() -> str:
    return get_language() or "zh-hans"


class WarningFilter(forms.Form):
    """Filter of the list; its state lives in the URL."""

    q = forms.CharField(label=_("标题或编号"), required=False, max_length=60)
    state = forms.ChoiceField(label=_("状态"), required=False)
    level = forms.TypedChoiceField(
        label=_("级别"), required=False, choices=[("", _("全部级别")), *LEVELS], coerce=int, empty_value=None
    )
    kind = forms.ChoiceField(
        label=_("实战或演练"),
        required=False,
        choices=[("", _("全部")), ("real", _("实战")), ("exercise", _("演练"))],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["state"].choices = [  # type: ignore[attr-defined]
            ("", _("全部状态")),
            ("live", _("未结束")),
            *((state.value, flow.NAMES[state].pick(_reader())) for state in State),
        ]


class DraftForm(forms.Form):
    """起草: level, districts, words in both languages."""

    level = forms.TypedChoiceField(
        label=_("预警级别"), choices=LEVELS, coerce=int, widget=forms.RadioSelect, empty_value=0
    )
    districts = forms.MultipleChoiceField(label=_("影响区县"), widget=forms.CheckboxSelectMultiple)
    headline_zh = forms.CharField(label=_("中文标题"), max_length=120)
    headline_en = forms.CharField(label=_("英文标题"), max_length=240)
    description_zh = forms.CharField(
        label=_("中文内容"), max_length=1200, widget=forms.Textarea(attrs={"rows": 4})
    )
    description_en = forms.CharField(
        label=_("英文内容"), max_length=2400, widget=forms.Textarea(attrs={"rows": 4})
    )
    instruction_zh = forms.CharField(
        label=_("中文防御指南"), max_length=1200, widget=forms.Textarea(attrs={"rows": 4})
    )
    instruction_en = forms.CharField(
        label=_("英文防御指南"), max_length=2400, widget=forms.Textarea(attrs={"rows": 4})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["districts"].choices = [  # type: ignore[attr-defined]
            (code, areas.name(code).pick(_reader())) for code in areas.codes()
        ]

    def draft(self) -> steps.Draft:
        """What the valid form says."""
        data = self.cleaned_data
        words = (Text(data[f"{part}_zh"], data[f"{part}_en"]) for part in PARTS)
        return steps.Draft(data["level"], data["districts"], wording.Words(*words))


def initial(level: int, districts: list[str], words: wording.Words) -> dict[str, Any]:
    """The first values of the drafting form."""
    found: dict[str, Any] = {"level": level, "districts": districts}
    for part in PARTS:
        told: Text = getattr(words, part)
        found |= {f"{part}_zh": told.zh, f"{part}_en": told.en}
    return found


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(label=_("理由"), max_length=200, widget=forms.Textarea(attrs={"rows": 2}))
