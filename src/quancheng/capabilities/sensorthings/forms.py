"""Forms of the open sensors page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.sensorthings.models import ObservedProperty
from quancheng.capabilities.sensorthings.queries import label


class Named(forms.Select):
    """A select whose Chinese names are marked as such for English readers."""

    def create_option(self, name: str, value: Any, label: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """As Django's, with ``lang``."""
        option: dict[str, Any] = super().create_option(name, value, label, *args, **kwargs)
        if not (get_language() or "zh").startswith("zh") and not str(label).isascii():
            option["attrs"]["lang"] = "zh-Hans"
        return option


class SensorFilterForm(forms.Form):
    """筛选数据流."""

    text = forms.CharField(label=_("名称"), required=False, max_length=60)
    property = forms.ChoiceField(label=_("观测要素"), required=False, widget=Named)
    region = forms.ChoiceField(label=_("区县"), required=False)

    def __init__(self, *args: Any, language: str = "zh", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = ObservedProperty.objects.filter(public=True).order_by("name")
        names: dict[str, str] = {}
        for one in known[:500]:  # of two of one name, the one that has an English name says it
            shown = label(one, language)
            if names.get(one.name, one.name) == one.name:
                names[one.name] = shown
        fields: dict[str, Any] = self.fields
        fields["property"].choices = [("", _("全部")), *names.items()]
        districts = [one for one in people.regions() if one.level == "district"]
        fields["region"].choices = [
            ("", _("全部")),
            *((one.code, one.text.pick(language)) for one in districts),
        ]

    def wanted(self) -> dict[str, str]:
        """Valid filters; what is not valid is left out."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}
