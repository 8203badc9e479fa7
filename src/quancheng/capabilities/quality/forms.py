"""Forms of quality. What may be decided is decided by the actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.quality.models import Issue
from quancheng.capabilities.quality.repairing import FILE_BYTES
from quancheng.core.quality import Dimension, Severity

_ALL = ("", _("全部"))
DIMENSIONS = [
    (Dimension.COMPLETE, _("完整性")),
    (Dimension.NORMATIVE, _("规范性")),
    (Dimension.ACCURATE, _("准确性")),
    (Dimension.CONSISTENT, _("一致性")),
    (Dimension.TIMELY, _("时效性")),
]
SEVERITIES = [(Severity.ERROR, _("错误")), (Severity.WARNING, _("警告")), (Severity.NOTE, _("提示"))]


def _day() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"})


class _Filter(forms.Form):
    def wanted(self) -> dict[str, Any]:
        """Valid filters; what is not valid is left out."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


class SheetFilterForm(_Filter):
    """筛选受检表."""

    text = forms.CharField(label=_("表名"), required=False, max_length=60)
    organ = forms.ChoiceField(label=_("来源单位"), required=False)
    state = forms.ChoiceField(
        label=_("状态"),
        required=False,
        choices=[
            _ALL,
            ("failing", _("有未办结问题")),
            ("fault", _("检查未完成")),
            ("unwatched", _("未监测")),
        ],
    )

    def __init__(self, *args: Any, organs: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.fields["organ"], [_ALL, *organs])


class IssueFilterForm(_Filter):
    """筛选质量问题."""

    text = forms.CharField(label=_("编号或表名"), required=False, max_length=60)
    organ = forms.ChoiceField(label=_("整改单位"), required=False)
    state = forms.ChoiceField(
        label=_("状态"),
        required=False,
        choices=[_ALL, ("open", _("未办结")), ("closed", _("已办结")), *Issue.State.choices],
    )
    origin = forms.ChoiceField(label=_("来源"), required=False, choices=[_ALL, *Issue.Origin.choices])
    dimension = forms.ChoiceField(label=_("维度"), required=False, choices=[_ALL, *DIMENSIONS])
    severity = forms.ChoiceField(label=_("严重程度"), required=False, choices=[_ALL, *SEVERITIES])
    overdue = forms.ChoiceField(label=_("期限"), required=False, choices=[_ALL, ("yes", _("已逾期"))])
    month = forms.RegexField(
        r"\d{4}-(0[1-9]|1[0-2])\Z",
        label=_("计入月份"),
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "2026-11", "inputmode": "numeric"}),
    )
    table = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, organs: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.fields["organ"], [_ALL, *organs])

    def wanted(self) -> dict[str, Any]:
        found = super().wanted()
        return found | ({"table": str(found["table"])} if "table" in found else {})


def _offer(field: forms.Field, choices: Sequence[Any]) -> None:
    assert isinstance(field, forms.ChoiceField)
    field.choices = list(choices)


class WatchForm(forms.Form):
    """监测设置."""

    watched = forms.BooleanField(label=_("纳入监测"), required=False)
    every_hours = forms.IntegerField(label=_("例行检查间隔（小时）"), min_value=1, max_value=744)
    four_eyes = forms.BooleanField(
        label=_("更正须他人复核"), required=False, help_text=_("单行更正由本单位另一人复核后写入")
    )
    missing = forms.CharField(
        label=_("视为空值的词"), required=False, max_length=300, help_text=_("用顿号分隔，如 无、-、不详")
    )

    def facts(self) -> dict[str, Any]:
        """What the action takes."""
        said = dict(self.cleaned_data)
        return said | {"missing": said["missing"].replace(",", "、").replace("，", "、").split("、")}


class ReasonForm(forms.Form):
    """写明理由."""

    reason = forms.CharField(label=_("理由"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


class NoteForm(forms.Form):
    """可附说明."""

    note = forms.CharField(
        label=_("说明"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )


class AcceptForm(ReasonForm):
    """按现状接受."""

    until = forms.DateField(
        label=_("接受至"), required=False, widget=_day(), help_text=_("留空即长期；到期后重新派单")
    )


class JudgeForm(ReasonForm):
    """裁定异议."""

    upheld = forms.ChoiceField(
        label=_("裁定"), choices=[("yes", _("异议成立，撤销问题")), ("no", _("异议不成立，继续整改"))],
        widget=forms.RadioSelect,
    )  # fmt: skip


class DecideForm(forms.Form):
    """审批规则."""

    note = forms.CharField(
        label=_("审批意见"), required=False, max_length=300, widget=forms.Textarea(attrs={"rows": 2})
    )


class UploadForm(forms.Form):
    """上传更正文件."""

    file = forms.FileField(
        label=_("更正后的文件"), help_text=_("CSV或Excel，含主键列；只写入本问题的不合格行，最大20 MB")
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > FILE_BYTES:
            raise forms.ValidationError(_("文件超过20 MB"))
        return file


class DoubtForm(forms.Form):
    """校核申请."""

    column = forms.ChoiceField(label=_("有疑义的列"))
    reason = forms.CharField(
        label=_("疑义和依据"), max_length=500, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("写明哪里不对、依据是什么，请勿填写无关的个人信息"),
    )  # fmt: skip

    def __init__(
        self, *args: Any, columns: Sequence[tuple[str, str]], keys: Mapping[str, str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.fields["column"], columns)
        self.keys = list(keys)
        for place, (name, label) in enumerate(keys.items()):
            self.fields[f"key{place}"] = forms.CharField(label=label, max_length=200, help_text=name)
        self.order_fields([*(f"key{place}" for place in range(len(self.keys))), "column", "reason"])

    def key(self) -> dict[str, str]:
        """The key as written."""
        return {name: self.cleaned_data[f"key{place}"] for place, name in enumerate(self.keys)}


class CorrectForm(forms.Form):
    """更正一行: a field for each column but the key, in the order of the table."""

    def __init__(
        self, *args: Any, columns: Sequence[Any], key: Sequence[str], first: Sequence[str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        chosen = [each for each in columns if each.name not in key]
        self.names: dict[str, str] = {}
        for place, column in enumerate(sorted(chosen, key=lambda each: each.name not in first)):
            self.names[f"c{place}"] = column.name
            self.fields[f"c{place}"] = forms.CharField(
                label=column.zh or column.name, required=False, max_length=4000, strip=False,
                help_text=_("查出问题的列") if column.name in first else "",
            )  # fmt: skip

    def texts(self) -> dict[str, str]:
        """What was written, by column."""
        return {name: self.cleaned_data[field] for field, name in self.names.items()}

    def field_of(self, column: str) -> str | None:
        """The field of a column."""
        return next((field for field, name in self.names.items() if name == column), None)
