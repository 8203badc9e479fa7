"""Forms of the security officer and of key custodians."""

from __future__ import annotations

import base64
from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.security.actions.certificates import OWN_PROFILES
from quancheng.capabilities.security.metering import SERVICES
from quancheng.capabilities.security.models import Gathering, Key, KeyChange
from quancheng.capabilities.security.words import PURPOSES, REASONS
from quancheng.core.keys import Algorithm
from quancheng.core.pki import RevocationReason

ALL = ("", _("全部"))
SMALL_FILE = 64 * 1024
PICTURE, DOCUMENT = 512 * 1024, 32 * 1024 * 1024


def _language() -> str:
    return get_language() or "zh-hans"


def _departments() -> list[tuple[str, str]]:
    return [(one.code, one.text.pick(_language())) for one in people.subtree("jn")]


class SmallFile(forms.FileField):
    """A file of bounded size."""

    def __init__(self, *, most: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.most = most

    def clean(self, data: Any, initial: Any = None) -> Any:
        file = super().clean(data, initial)
        if file and file.size > self.most:
            raise forms.ValidationError(_("文件太大，最多%(most)d KB"), params={"most": self.most // 1024})
        return file


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


class CertificateFilter(forms.Form):
    """筛选证书."""

    q = forms.CharField(label=_("名称或序列号"), required=False, max_length=60)
    purpose = forms.ChoiceField(label=_("用途"), required=False)
    state = forms.ChoiceField(
        label=_("状态"),
        required=False,
        choices=[ALL, ("good", _("有效期内")), ("revoked", _("已吊销")), ("ended", _("已过有效期"))],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = [(str(one), text.pick(_language())) for one, text in PURPOSES.items()]
        self.fields["purpose"].choices = [ALL, *found]  # type: ignore[attr-defined]


class IssueForm(forms.Form):
    """签发证书."""

    csr = SmallFile(label=_("证书申请文件（PEM）"), most=SMALL_FILE)
    profile = forms.ChoiceField(label=_("用途"))
    department = forms.ChoiceField(label=_("部门"))
    subject = forms.CharField(
        label=_("证书名称"), required=False, max_length=64, help_text=_("留空则用申请文件中的名称")
    )
    owner = forms.CharField(label=_("持有者"), required=False, max_length=120)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        profiles = [(str(one), PURPOSES[one].pick(_language())) for one in OWN_PROFILES]
        self.fields["profile"].choices = profiles  # type: ignore[attr-defined]
        self.fields["department"].choices = [("", _("请选择")), *_departments()]  # type: ignore[attr-defined]

    def clean_csr(self) -> str:
        try:
            return str(self.cleaned_data["csr"].read().decode("ascii"))
        except UnicodeDecodeError:
            raise forms.ValidationError(_("请上传PEM格式的证书申请文件")) from None


class RevokeForm(forms.Form):
    """吊销证书."""

    reason = forms.ChoiceField(label=_("吊销原因"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = [(str(one), REASONS[one].pick(_language())) for one in RevocationReason]
        self.fields["reason"].choices = [("", _("请选择")), *found]  # type: ignore[attr-defined]


class StampFilter(forms.Form):
    """筛选时间戳."""

    q = forms.CharField(label=_("序列号或杂凑值"), required=False, max_length=128)
    requester = forms.CharField(label=_("申请者"), required=False, max_length=60)


class VerifyForm(forms.Form):
    """核验时间戳."""

    token = SmallFile(label=_("时间戳文件（.tsr、.tst）"), most=SMALL_FILE)
    document = SmallFile(
        label=_("原文件"), most=DOCUMENT, required=False, help_text=_("只在本机计算杂凑值后比对，不保存")
    )


class TextFilter(forms.Form):
    """筛选印章、调用方."""

    q = forms.CharField(label=_("名称或编号"), required=False, max_length=60)


class QuotaForm(forms.Form):
    """设定配额."""

    caller = forms.CharField(label=_("调用方"), max_length=60)
    service = forms.ChoiceField(label=_("服务"))
    per_day = forms.IntegerField(label=_("每日次数"), min_value=0, max_value=10**12)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = [(name, text.pick(_language())) for name, text in SERVICES.items()]
        self.fields["service"].choices = found  # type: ignore[attr-defined]


class ClientForm(forms.Form):
    """登记调用方."""

    code = forms.SlugField(label=_("编码"), max_length=40, help_text=_("小写字母、数字和短横线"))
    name = forms.CharField(label=_("名称"), max_length=80)
    department = forms.ChoiceField(label=_("部门"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"].choices = [("", _("请选择")), *_departments()]  # type: ignore[attr-defined]


class SealForm(forms.Form):
    """制章."""

    name = forms.CharField(label=_("印章名称"), max_length=64)
    department = forms.ChoiceField(label=_("部门"))
    picture = SmallFile(label=_("印模图片（PNG）"), most=PICTURE)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"].choices = [("", _("请选择")), *_departments()]  # type: ignore[attr-defined]

    def clean_picture(self) -> str:
        data = self.cleaned_data["picture"].read()
        if not data.startswith(b"\x89PNG\r\n\x1a\n"):
            raise forms.ValidationError(_("请上传PNG图片"))
        return base64.b64encode(data).decode()


class CeremonyForm(forms.Form):
    """发起密钥仪式."""

    name = forms.CharField(label=_("名称"), max_length=80)
    custodians = forms.TypedMultipleChoiceField(
        label=_("保管人"), coerce=int, widget=forms.CheckboxSelectMultiple
    )
    threshold = forms.IntegerField(
        label=_("门限"), min_value=2, max_value=9, help_text=_("至少几人到场才能使用根密钥")
    )

    def __init__(self, *args: Any, holders: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(key, format_html('<span lang="zh-Hans">{}</span>', name)) for key, name in holders]
        self.fields["custodians"].choices = named  # type: ignore[attr-defined]


class GatheringForm(forms.Form):
    """发起会合."""

    kind = forms.ChoiceField(
        label=_("目的"),
        choices=[one for one in Gathering.Kind.choices if one[0] != Gathering.Kind.RESPLIT],
        widget=forms.RadioSelect,
    )


class ShareForm(forms.Form):
    """交份额."""

    share = forms.CharField(
        label=_("我的份额"),
        max_length=400,
        widget=forms.Textarea({"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
        help_text=_("以QSS1开头；大小写和空格不限"),
    )
