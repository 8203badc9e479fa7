"""Forms of the citizen code."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.code.models import Scan, Verifier
from quancheng.capabilities.code.vocabulary import scenes


def _scene_choices(language: str) -> list[tuple[str, str]]:
    return [(one.code, one.text.pick(language)) for one in scenes()]


class SeenFilter(forms.Form):
    """筛选扫码记录."""

    scene = forms.ChoiceField(label=_("使用场景"), required=False)
    finding = forms.ChoiceField(label=_("复核结论"), required=False)
    since = forms.DateField(label=_("开始日期"), required=False, widget=forms.DateInput({"type": "date"}))
    until = forms.DateField(label=_("结束日期"), required=False, widget=forms.DateInput({"type": "date"}))

    def __init__(self, *args: Any, language: str = "zh", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        everything = [("", _("全部"))]
        self.fields["scene"].choices = [*everything, *_scene_choices(language)]  # type: ignore[attr-defined]
        self.fields["finding"].choices = [*everything, *Scan.Finding.choices]  # type: ignore[attr-defined]


class SettlementFilter(forms.Form):
    """筛选乘车清分."""

    scene = forms.ChoiceField(label=_("使用场景"), required=False)
    since = forms.DateField(label=_("开始日期"), required=False, widget=forms.DateInput({"type": "date"}))
    until = forms.DateField(label=_("结束日期"), required=False, widget=forms.DateInput({"type": "date"}))

    def __init__(self, *args: Any, language: str = "zh", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rides = [(one.code, one.text.pick(language)) for one in scenes() if one.kind == "transit"]
        self.fields["scene"].choices = [("", _("全部")), *rides]  # type: ignore[attr-defined]


class ScanFilter(SeenFilter):
    """筛选验码点的扫码记录."""

    verifier = forms.CharField(label=_("验码点编号"), required=False, max_length=40)
    field_order = ("verifier",)


class VerifierFilter(forms.Form):
    """筛选验码点."""

    q = forms.CharField(label=_("名称或编号"), required=False, max_length=60)
    scene = forms.ChoiceField(label=_("使用场景"), required=False)
    state = forms.ChoiceField(label=_("状态"), required=False)

    def __init__(self, *args: Any, language: str = "zh", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        everything = [("", _("全部"))]
        self.fields["scene"].choices = [*everything, *_scene_choices(language)]  # type: ignore[attr-defined]
        self.fields["state"].choices = [*everything, *Verifier.State.choices]  # type: ignore[attr-defined]


class VerifierForm(forms.Form):
    """登记验码点."""

    code = forms.SlugField(
        label=_("编号"), max_length=40, help_text=_("字母、数字和连字符，如 metro-3-baotu-a1")
    )
    name = forms.CharField(label=_("名称"), max_length=80)
    kind = forms.ChoiceField(label=_("种类"), choices=Verifier.Kind.choices)
    scene = forms.ChoiceField(label=_("使用场景"))
    department = forms.ChoiceField(label=_("管理单位"))

    def __init__(
        self, *args: Any, departments: list[tuple[int, str]], language: str = "zh", **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scene"].choices = _scene_choices(language)  # type: ignore[attr-defined]
        self.fields["department"].choices = [(str(pk), name) for pk, name in departments]  # type: ignore[attr-defined]
