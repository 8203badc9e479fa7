"""Forms of ledgers. What a design may be is decided by the action."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.ledgers.models import Difference, Period, Row, State
from quancheng.core.exchange import Operator
from quancheng.core.tabular import Kind

_ALL = ("", _("全部"))
ASKED = "ask"
KINDS = [
    (Kind.TEXT.value, _("文字")), (Kind.INTEGER.value, _("整数")), (Kind.DECIMAL.value, _("小数")),
    (Kind.DATE.value, _("日期")), (Kind.DATETIME.value, _("日期时间")), (Kind.BOOLEAN.value, _("是否")),
    (Kind.RESIDENT_ID.value, _("身份证号")), (Kind.PHONE.value, _("电话")), (Kind.USCC.value, _("统一社会信用代码")),
]  # fmt: skip
OPERATORS = [
    (Operator.EQ.value, _("等于")), (Operator.LE.value, _("不大于（不晚于）")), (Operator.GE.value, _("不小于（不早于）")),
    (Operator.STARTS.value, _("开头是")),
]  # fmt: skip
_SEPARATORS = re.compile(r"[、,，;；\n\r|/]+")


def offer(field: forms.Field, choices: Sequence[Any]) -> None:
    """Set what can be chosen, when it is known only now."""
    assert isinstance(field, forms.ChoiceField)
    field.choices = list(choices)


class Filter(forms.Form):
    """A filter of a list."""

    def wanted(self) -> dict[str, Any]:
        """Valid filters; what is not valid is left out."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


class BookFilter(Filter):
    """筛选台账."""

    text = forms.CharField(label=_("名称或编号"), required=False, max_length=60)
    state = forms.ChoiceField(label=_("状态"), required=False, choices=[_ALL, *State.choices])


class RowFilter(Filter):
    """筛选台账行."""

    text = forms.CharField(label=_("标识、内容或备注"), required=False, max_length=60)
    state = forms.ChoiceField(label=_("状态"), required=False, choices=[_ALL, *Row.State.choices])
    standing = forms.ChoiceField(label=_("核查情况"), required=False, choices=[_ALL, *Row.Standing.choices])
    differing = forms.ChoiceField(label=_("与来源"), required=False, choices=[_ALL, ("yes", _("有不同"))])
    region = forms.ChoiceField(label=_("社区"), required=False, choices=[_ALL])

    def __init__(self, *args: Any, regions: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["region"], [_ALL, *regions])


class DifferenceFilter(Filter):
    """筛选差异."""

    text = forms.CharField(label=_("标识或字段"), required=False, max_length=60)
    state = forms.ChoiceField(label=_("状态"), required=False, choices=[_ALL, *Difference.State.choices])
    kind = forms.ChoiceField(label=_("差异类型"), required=False, choices=[_ALL, *Difference.Kind.choices])


class BookForm(forms.Form):
    """台账的基本信息."""

    zh = forms.CharField(label=_("台账名称"), max_length=60)
    en = forms.CharField(label=_("英文名称"), max_length=120, required=False)
    purpose = forms.CharField(label=_("用途"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))
    legal_basis = forms.CharField(
        label=_("采集依据"), max_length=300, required=False, help_text=_("文件名称或条款；没有可不填")
    )
    region_code = forms.ChoiceField(label=_("覆盖区域"))
    due_on = forms.DateField(
        label=_("截止日期"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    period = forms.ChoiceField(label=_("周期"), choices=Period.choices)
    base = forms.ChoiceField(
        label=_("来源数据"), required=False, help_text=_("选了来源，下发时按来源数据生成行，字段自动预填")
    )
    where_column = forms.CharField(label=_("来源条件字段"), required=False, max_length=80,
                                   help_text=_("来源字段的名称，如 出生日期；不填为全部"))  # fmt: skip
    where_operator = forms.ChoiceField(label=_("比较"), required=False, choices=OPERATORS)
    where_value = forms.CharField(label=_("条件值"), required=False, max_length=60)
    key_column = forms.CharField(
        label=_("标识字段"),
        required=False,
        max_length=40,
        help_text=_("一行靠它认出，如 身份证号；现场新增的行按它预填"),
    )
    may_add = forms.BooleanField(label=_("现场可以新增行"), required=False, initial=True)
    photos = forms.IntegerField(label=_("每行最多照片"), min_value=0, max_value=9, initial=0)

    def __init__(self, *args: Any, regions: Sequence[Any], bases: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["region_code"], regions)
        offer(self.fields["base"], [("", _("不用来源数据")), *bases])


class ColumnForm(forms.Form):
    """一个字段."""

    name = forms.CharField(label=_("字段名"), max_length=40, required=False)
    kind = forms.ChoiceField(label=_("类型"), choices=KINDS, required=False)
    origin = forms.ChoiceField(label=_("填写方式"), required=False)
    choices = forms.CharField(
        label=_("选项"), max_length=600, required=False, help_text=_("用顿号隔开；没有选项不填")
    )
    required = forms.BooleanField(label=_("必填"), required=False)
    help = forms.CharField(label=_("填写说明"), max_length=200, required=False)
    exception = forms.CharField(
        label=_("确需采集的理由"),
        max_length=300,
        required=False,
        help_text=_("全市已有的字段才要写，由审核人决定"),
    )
    drop = forms.BooleanField(label=_("删去这个字段"), required=False)

    def __init__(self, *args: Any, origins: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["origin"], [(ASKED, _("现场填写")), *origins])

    def as_column(self) -> dict[str, Any] | None:
        """The JSON form of the column; None when it is empty or to be dropped."""
        facts = self.cleaned_data
        name = facts.get("name", "").strip()
        if not name or facts.get("drop"):
            return None
        table, _dot, source = (facts.get("origin") or ASKED).partition("|")
        words = [one.strip() for one in _SEPARATORS.split(facts.get("choices", "")) if one.strip()]
        found: dict[str, Any] = {
            "name": name, "kind": facts.get("kind") or Kind.TEXT.value, "filling": "base" if source else "asked",
            "choices": words, "required": bool(facts.get("required")), "help": facts.get("help", "").strip(),
            "exception": facts.get("exception", "").strip(),
        }  # fmt: skip
        return found | {"table": table, "source": source} if source else found


class SheetForm(forms.Form):
    """上传表格."""

    file = forms.FileField(label=_("表格文件"), help_text=_("xlsx、xls、ods、CSV，第一张表；表头可以有两行"))


class DecisionForm(forms.Form):
    """审核意见."""

    note = forms.CharField(
        label=_("意见"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class ReasonForm(forms.Form):
    """理由."""

    reason = forms.CharField(
        label=_("理由"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class PurposeForm(forms.Form):
    """导出用途."""

    purpose = forms.CharField(label=_("导出用途"), max_length=200)


class AssignForm(forms.Form):
    """分派."""

    region = forms.ChoiceField(label=_("社区"))
    user = forms.ChoiceField(label=_("填报人"))

    def __init__(self, *args: Any, regions: Sequence[Any], users: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["region"], regions)
        offer(self.fields["user"], users)


class ReturnedForm(forms.Form):
    """设定返还."""

    table = forms.ChoiceField(label=_("数据表"), widget=forms.Select(attrs={"lang": "zh-Hans"}))
    zh = forms.CharField(label=_("名称"), max_length=80)
    en = forms.CharField(label=_("英文名称"), max_length=120, required=False)
    region_column = forms.CharField(
        label=_("区划字段"), max_length=80, help_text=_("表里存放区划代码的字段名")
    )
    fields_ = forms.CharField(
        label=_("返还字段"), max_length=600, required=False, help_text=_("用顿号隔开；不填为全部")
    )

    def __init__(self, *args: Any, tables: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self.fields["table"], tables)

    def field_names(self) -> list[str]:
        """Columns to give back."""
        return [one.strip() for one in _SEPARATORS.split(self.cleaned_data["fields_"]) if one.strip()]


class SidesForm(forms.Form):
    """选两份清单."""

    zh = forms.CharField(label=_("比对名称"), max_length=60)
    left = forms.ChoiceField(label=_("左表"))
    left_file = forms.FileField(label=_("左表文件"), required=False)
    right = forms.ChoiceField(label=_("右表"))
    right_file = forms.FileField(label=_("右表文件"), required=False)
    mode = forms.ChoiceField(
        label=_("对应方式"), choices=[("key", _("按标识字段")), ("name", _("按姓名和出生日期（姓名可相近）"))]
    )
    left_key = forms.CharField(label=_("左表标识字段"), required=False, max_length=120,
                               help_text=_("几个字段用顿号隔开；按姓名比对时写 姓名、出生日期"))  # fmt: skip
    right_key = forms.CharField(
        label=_("右表标识字段"), required=False, max_length=120, help_text=_("与左表同名时不填")
    )
    columns = forms.CharField(
        label=_("比对字段"),
        required=False,
        max_length=600,
        help_text=_("两表同名的字段自动比对；不同名写 左=右，用顿号隔开"),
    )

    def __init__(self, *args: Any, lists: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("left", "right"):
            offer(self.fields[name], [("file", _("上传表格")), *lists])


class TaskForm(forms.Form):
    """转为核查任务."""

    kinds = forms.MultipleChoiceField(
        label=_("哪些行"), widget=forms.CheckboxSelectMultiple,
        choices=[("differing", _("内容不同")), ("left", _("只在左表")), ("right", _("只在右表")), ("unsure", _("无法比对"))],
    )  # fmt: skip
    due_on = forms.DateField(
        label=_("截止日期"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )


def cell_form(columns: Sequence[Any], cells: Any, data: Any = None) -> forms.Form:
    """A form for the cells of a row; names are ``cell-<place>`` so that any column name will do."""
    form = forms.Form(data)
    for at, one in enumerate(columns):
        form.fields[f"cell-{at}"] = _cell_field(one)
        form.initial[f"cell-{at}"] = cells.get(one.name, "")
    return form


def _cell_field(one: Any) -> forms.Field:
    words: dict[str, Any] = {"label": one.name, "required": False, "help_text": one.help}
    if one.choices:
        return forms.ChoiceField(choices=[("", "—"), *((word, word) for word in one.choices)], **words)
    if one.kind is Kind.BOOLEAN:
        return forms.ChoiceField(choices=[("", "—"), ("是", _("是")), ("否", _("否"))], **words)
    if one.kind is Kind.DATE:
        return forms.CharField(widget=forms.TextInput(attrs={"type": "date"}), max_length=40, **words)
    return forms.CharField(max_length=1000, **words)
