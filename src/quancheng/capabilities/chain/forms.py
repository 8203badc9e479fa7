"""Forms of the chain."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.chain.models import HASHERS
from quancheng.capabilities.chain.scenes import GROUPS, scenes


class SceneFilter(forms.Form):
    """筛选场景."""

    q = forms.CharField(label=_("上链场景名称"), required=False, max_length=60)
    group = forms.ChoiceField(label=_("领域"), required=False)

    def __init__(self, *args: Any, language: str = "zh", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = [(code, text.pick(language)) for code, text in GROUPS.items()]
        self.fields["group"].choices = [("", _("全部")), *rows]  # type: ignore[attr-defined]


class EntryFilter(forms.Form):
    """筛选存证."""

    q = forms.CharField(label=_("业务编号"), required=False, max_length=120)
    scene = forms.ChoiceField(label=_("上链场景"), required=False)
    late = forms.BooleanField(label=_("只看迟到的"), required=False)
    ungranted = forms.BooleanField(label=_("只看无授权的使用"), required=False)

    def __init__(self, *args: Any, language: str = "zh", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = [(one.code, one.text.pick(language)) for one in scenes()]
        self.fields["scene"].choices = [("", _("全部")), *rows]  # type: ignore[attr-defined]


class MemberForm(forms.Form):
    """接纳成员."""

    name = forms.SlugField(label=_("标识"), max_length=60, help_text=_("小写字母，如 zibo"))
    zh = forms.CharField(label=_("中文名称"), max_length=60)
    en = forms.CharField(label=_("英文名称"), max_length=60)
    url = forms.URLField(label=_("节点地址"), max_length=300, assume_scheme="https")
    log_key = forms.CharField(
        label=_("日志公钥"), max_length=3000, help_text=_("由对方当面或经第二条渠道核对")
    )
    witness_key = forms.CharField(label=_("见证公钥"), max_length=3000)
    hasher = forms.ChoiceField(
        label=_("杂凑算法"), choices=[(one, one.upper()) for one in HASHERS], initial="sha256"
    )


class CheckForm(forms.Form):
    """核验证明."""

    bundle = forms.CharField(
        label=_("证明（base64）"),
        max_length=60_000,
        widget=forms.Textarea({"rows": 6, "spellcheck": "false"}),
    )
