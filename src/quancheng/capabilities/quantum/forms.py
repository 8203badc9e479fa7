"""Forms and filters of quantum-safe links."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.quantum.models import Link, LinkEvent


class LinkFilter(forms.Form):
    """筛选链路."""

    q = forms.CharField(label=_("链路或对端编码"), required=False, max_length=60)
    state = forms.ChoiceField(label=_("状态"), required=False, choices=[("", _("全部")), *Link.State.choices])
    alarmed = forms.ChoiceField(
        label=_("误码告警"), required=False, choices=[("", _("全部")), ("1", _("告警中"))]
    )


class EventFilter(forms.Form):
    """筛选事件."""

    link = forms.CharField(label=_("链路编码"), required=False, max_length=40)
    kind = forms.ChoiceField(
        label=_("链路事件"), required=False, choices=[("", _("全部")), *LinkEvent.Kind.choices]
    )
    days = forms.IntegerField(label=_("最近天数"), required=False, min_value=1, max_value=3660)


class ReasonForm(forms.Form):
    """停用或关闭的理由."""

    reason = forms.CharField(label=_("理由"), max_length=200)


class DocumentFilter(forms.Form):
    """筛选文档."""

    q = forms.CharField(label=_("文号或标题"), required=False, max_length=60)


class DocumentForm(forms.Form):
    """存入加密文档."""

    number = forms.SlugField(
        label=_("文号"), max_length=60, help_text=_("字母、数字和连字符，例如 jn-dsj-2026-031")
    )
    title = forms.CharField(label=_("文档标题"), max_length=200)
    department = forms.ChoiceField(label=_("所属部门"))
    text = forms.CharField(label=_("正文"), max_length=200_000, widget=forms.Textarea({"rows": 10}))
    suite = forms.ChoiceField(label=_("密码套件"), choices=Link.SuiteWord.choices)

    def __init__(self, *args: Any, departments: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"].choices = departments  # type: ignore[attr-defined]


class PeerForm(forms.Form):
    """登记对端."""

    code = forms.SlugField(label=_("节点编码"), max_length=40)
    zh = forms.CharField(label=_("节点名称"), max_length=60)
    en = forms.CharField(label=_("英文名称"), max_length=60)
    public_key = forms.CharField(
        label=_("身份公钥（JWK）"), max_length=8000, widget=forms.Textarea({"rows": 5, "spellcheck": "false"})
    )

    def clean_public_key(self) -> dict[str, Any]:
        try:
            value = json.loads(self.cleaned_data["public_key"])
        except ValueError as error:
            raise forms.ValidationError(_("请粘贴对端给出的 JWK 全文，以 { 开头")) from error
        if not isinstance(value, dict):
            raise forms.ValidationError(_("请粘贴对端给出的 JWK 全文，以 { 开头"))
        return value


class LinkForm(forms.Form):
    """登记链路."""

    code = forms.SlugField(label=_("链路编码"), max_length=40)
    zh = forms.CharField(label=_("链路名称"), max_length=60)
    en = forms.CharField(label=_("英文名称"), max_length=60)
    peer = forms.ChoiceField(label=_("对端节点"))
    address = forms.CharField(
        label=_("对端地址（主机:端口）"),
        max_length=120,
        required=False,
        help_text=_("留空表示由对端呼叫本节点"),
    )
    suite = forms.ChoiceField(label=_("密码套件"), choices=Link.SuiteWord.choices)
    weakest = forms.ChoiceField(
        label=_("最低强度"), choices=Link.StrengthWord.choices, initial=Link.StrengthWord.POST_QUANTUM
    )
    kme_url = forms.CharField(
        label=_("密钥管理机地址"), max_length=200, required=False, help_text=_("没有量子密钥线路时留空")
    )
    kme_identity = forms.CharField(label=_("本端应用标识"), max_length=80, required=False)
    kme_peer = forms.CharField(label=_("对端应用标识"), max_length=80, required=False)

    def __init__(self, *args: Any, peers: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["peer"].choices = peers  # type: ignore[attr-defined]
