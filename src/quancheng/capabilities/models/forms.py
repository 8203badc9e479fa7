"""Forms of the registry and of the console."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.models.values import OUTCOME_TEXTS
from quancheng.core.text import Text

RISKS = [("low", _("低风险")), ("medium", _("中风险")), ("high", _("高风险"))]
_AREA = {"rows": 3}


def language() -> str:
    """The reader's language."""
    return get_language() or "zh-hans"


class ModelForm(forms.Form):
    """登记模型."""

    code = forms.SlugField(
        label=_("模型编码"), max_length=60, help_text=_("小写字母、数字和连字符，登记后不变。")
    )
    zh = forms.CharField(label=_("模型名称"), max_length=60)
    en = forms.CharField(label=_("英文名称"), max_length=80)
    purpose_zh = forms.CharField(label=_("用途说明"), max_length=300, widget=forms.Textarea(_AREA))
    purpose_en = forms.CharField(label=_("英文用途说明"), max_length=300, widget=forms.Textarea(_AREA))
    organ_id = forms.TypedChoiceField(label=_("负责部门"), coerce=int)
    licence = forms.CharField(label=_("许可"), max_length=80, help_text=_("如 Apache-2.0。"))
    risk = forms.ChoiceField(label=_("风险等级"), choices=RISKS)
    uses = forms.CharField(
        label=_("允许用途"), required=False, max_length=300, help_text=_("多个用逗号分开；不填为不限。")
    )

    def __init__(self, *args: Any, organs: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["organ_id"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(organs)

    def wanted(self) -> dict[str, Any]:
        """What ``register_model`` takes."""
        said = self.cleaned_data
        uses = [one.strip() for one in said["uses"].replace("，", ",").split(",") if one.strip()]
        return {
            "code": said["code"], "name": Text(said["zh"], said["en"]),
            "purpose": Text(said["purpose_zh"], said["purpose_en"]), "organ_id": said["organ_id"],
            "licence": said["licence"], "risk": said["risk"], "uses": uses,
        }  # fmt: skip


class VersionForm(forms.Form):
    """上传新版本."""

    file = forms.FileField(label=_("模型文件（ONNX）"))
    provenance = forms.CharField(label=_("模型来源"), max_length=500, widget=forms.Textarea(_AREA))
    card = forms.CharField(
        label=_("模型卡"), required=False, max_length=4000, widget=forms.Textarea({"rows": 6}),
        help_text=_("训练数据、适用范围、已知偏差和限制。"),
    )  # fmt: skip


class EvaluationForm(forms.Form):
    """登记评测."""

    dataset = forms.CharField(label=_("评测数据集"), max_length=120)
    dataset_version = forms.CharField(label=_("数据集版本"), max_length=80)
    rows = forms.IntegerField(label=_("样本数"), min_value=1)
    accuracy = forms.FloatField(label=_("准确率"), required=False, min_value=0, max_value=1)
    f1 = forms.FloatField(label=_("F1 值"), required=False, min_value=0, max_value=1)
    recall_at_k = forms.FloatField(label=_("前 k 召回率"), required=False, min_value=0, max_value=1)
    cer = forms.FloatField(label=_("字错率"), required=False, min_value=0)
    latency_ms = forms.FloatField(label=_("时延（毫秒）"), required=False, min_value=0)

    def metrics(self) -> dict[str, float]:
        """Metrics that were given."""
        names = ("accuracy", "f1", "recall_at_k", "cer", "latency_ms")
        return {name: self.cleaned_data[name] for name in names if self.cleaned_data.get(name) is not None}


class DeedForm(forms.Form):
    """批准、启用、回退或停用."""

    share = forms.IntegerField(
        label=_("分给它的调用（1–100）"), required=False, min_value=1, max_value=100, initial=100
    )
    reason = forms.CharField(label=_("理由或说明"), required=False, max_length=300)

    def __init__(self, *args: Any, has_share: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_share:
            del self.fields["share"]


class UseFilter(forms.Form):
    """筛选调用记录."""

    process = forms.CharField(label=_("算法编号"), required=False, max_length=120)
    outcome = forms.ChoiceField(label=_("调用结果"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["outcome"]
        assert isinstance(field, forms.ChoiceField)
        named = [(str(one), text.pick(language())) for one, text in OUTCOME_TEXTS.items()]
        field.choices = [("", _("全部")), *named]


class ConsoleForm(forms.Form):
    """试一试: inputs as JSON."""

    inputs = forms.CharField(label=_("输入（JSON）"), max_length=200_000, widget=forms.Textarea({"rows": 8}))
    purpose = forms.CharField(label=_("调用用途"), required=False, max_length=200)

    def __init__(self, *args: Any, has_purpose: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_purpose:
            del self.fields["purpose"]

    def clean_inputs(self) -> dict[str, Any]:
        """A JSON object."""
        try:
            said = json.loads(self.cleaned_data["inputs"])
        except (ValueError, RecursionError) as wrong:
            raise forms.ValidationError(_("不是有效的 JSON。")) from wrong
        if not isinstance(said, dict):
            raise forms.ValidationError(_("应为 JSON 对象。"))
        return said
