"""Forms of the water scenario."""

from __future__ import annotations

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.people import queries as people
from quancheng.scenarios.water.words import KINDS


class FloodPointFilter(forms.Form):
    """Filter of the list of flood points; its state lives in the URL."""

    q = forms.CharField(label=_("名称或编号"), required=False, max_length=60)
    region = forms.ChoiceField(label=_("区县"), required=False)
    kind = forms.ChoiceField(label=_("类型"), required=False)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["region"].choices = [("", _("全部区县"))] + [  # type: ignore[attr-defined]
            (region.code, people.region_name(region.code).pick(get_language() or "zh"))
            for region in people.regions()
        ]
        self.fields["kind"].choices = [("", _("全部类型")), *KINDS.items()]  # type: ignore[attr-defined]
