"""Forms of the open sensors page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.sensorthings.models import ObservedProperty
from quancheng.capabilities.sensorthings.queries import label


class SensorFilterForm(forms.Form):
    """筛选数据流."""

    text = forms.CharField(label=_("名称"), required=False, max_length=60)
    property = forms.ChoiceField(label=_("观测要素"), required=False)
    region = forms.ChoiceField(label=_("区县"), required=False)

    def __init__(self, *args: Any, language: str = "zh", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = ObservedProperty.objects.filter(public=True).order_by("name")
        names = {one.name: label(one, language) for one in known[:500]}
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
