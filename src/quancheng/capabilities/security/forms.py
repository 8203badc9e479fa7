"""Forms of the security officer."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.security.models import Key, KeyChange
from quancheng.core.keys import Algorithm

ALL = ("", _("全部"))


class KeyFilter(forms.Form):
    """筛选密钥."""

    q = forms.CharField(label=_("用途或密钥编号"), required=False, max_length=60)
    state = forms.ChoiceField(label=_("状态"), required=False, choices=[ALL, *Key.State.choices])
    algorithm = forms.ChoiceField(
        label=_("算法"), required=False, choices=[ALL, *((str(one), str(one)) for one in Algorithm)]
    )


class ChangeForm(forms.Form):
    """申请变更密钥."""

    kind = forms.ChoiceField(label=_("变更"), choices=KeyChange.Kind.choices, widget=forms.RadioSelect)
    reason = forms.CharField(label=_("理由"), max_length=300, widget=forms.Textarea({"rows": 3}))

    def __init__(self, *args: Any, rotates: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not rotates:
            self.fields["kind"].choices = [  # type: ignore[attr-defined]
                (KeyChange.Kind.COMPROMISE.value, KeyChange.Kind.COMPROMISE.label)
            ]
