"""Forms of opening: search of the portal, rows of a preview, proposal and decision."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.opening import charting
from quancheng.capabilities.opening.models import State
from quancheng.capabilities.opening.numbering import ROW_ID
from quancheng.capabilities.tables.values import ColumnSpec, TableSchema
from quancheng.core.catalogue import UpdateCycle

CYCLES = [
    (UpdateCycle.REALTIME.value, _("实时")), (UpdateCycle.DAILY.value, _("每日")), (UpdateCycle.WEEKLY.value, _("每周")),
    (UpdateCycle.TEN_DAYS.value, _("每旬")), (UpdateCycle.MONTHLY.value, _("每月")),
    (UpdateCycle.QUARTERLY.value, _("每季度")), (UpdateCycle.HALF_YEARLY.value, _("每半年")),
    (UpdateCycle.YEARLY.value, _("每年")), (UpdateCycle.IRREGULAR.value, _("不定期")), (UpdateCycle.ONCE.value, _("一次性")),
]  # fmt: skip
MEASURES = [
    ("count", _("行数")), ("sum", _("合计")), ("average", _("平均")), ("least", _("最低")), ("greatest", _("最高")),
]  # fmt: skip
SORTS = [("", _("最近更新")), ("name", _("名称")), ("rows", _("行数")), ("used", _("使用最多"))]


def english() -> bool:
    """Whether the reader reads English."""
    return (get_language() or "").startswith("en")


def _named(columns: Iterable[ColumnSpec]) -> list[tuple[str, str]]:
    return [(one.name, one.text.en if english() else one.text.zh) for one in columns]


def _offer(field: forms.Field, choices: list[Any]) -> None:
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices


class SearchForm(forms.Form):
    """查找数据集: each choice says how many datasets it has."""

    q = forms.CharField(label=_("关键词"), required=False, max_length=80)
    organ = forms.ChoiceField(label=_("提供部门"), required=False)
    theme = forms.ChoiceField(label=_("主题"), required=False)
    cycle = forms.ChoiceField(label=_("更新周期"), required=False)
    sort = forms.ChoiceField(label=_("排序"), required=False, choices=SORTS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        choices = {name: kwargs.pop(name) for name in ("organ", "theme", "cycle")}
        super().__init__(*args, **kwargs)
        for name, found in choices.items():
            _offer(self.fields[name], [("", _("全部")), *found])

    def wanted(self) -> dict[str, str]:
        """Valid filters; what is not valid is left out."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


class RowsForm(forms.Form):
    """筛选预览的行: words, and one column with one value."""

    q = forms.CharField(label=_("关键词"), required=False, max_length=80)
    column = forms.ChoiceField(label=_("列"), required=False)
    value = forms.CharField(label=_("值"), required=False, max_length=200)

    def __init__(self, *args: Any, schema: TableSchema, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.fields["column"], [("", _("全部")), *_named(schema.columns)])


class ChartForm(forms.Form):
    """图表的选择: a measure of one column for each value of another."""

    x = forms.ChoiceField(label=_("分组列"))
    measure = forms.ChoiceField(label=_("统计方式"), choices=MEASURES)
    y = forms.ChoiceField(label=_("数值列"), required=False)

    def __init__(self, *args: Any, schema: TableSchema, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.fields["x"], _named(one for one in schema.columns if one.name != ROW_ID))
        _offer(self.fields["y"], [("", "—"), *_named(charting.figures(schema))])

    def clean(self) -> dict[str, Any]:
        """A measure other than the count needs a column of figures."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("measure") not in (None, "count") and not data.get("y"):
            self.add_error("y", _("请选择数值列。"))
        return data

    def wanted(self) -> charting.Wanted:
        """The choice of a valid form."""
        return charting.Wanted(self.cleaned_data["x"], self.cleaned_data["y"], self.cleaned_data["measure"])


class ConsoleForm(forms.Form):
    """接口参数, as ``datastore_search`` takes them."""

    q = forms.CharField(label="q", required=False, max_length=200)
    filters = forms.CharField(label="filters (JSON)", required=False, max_length=500)
    sort = forms.CharField(label="sort", required=False, max_length=100)
    limit = forms.IntegerField(label="limit", required=False, min_value=1, max_value=50)


class WorkForm(forms.Form):
    """筛选申请."""

    q = forms.CharField(label=_("关键词"), required=False, max_length=80)
    state = forms.ChoiceField(label=_("状态"), required=False, choices=[("", _("全部")), *State.choices])


class ProposeForm(forms.Form):
    """申请开放: which columns of a table."""

    fields_ = forms.MultipleChoiceField(label=_("开放的列"), widget=forms.CheckboxSelectMultiple)
    quasi = forms.MultipleChoiceField(label=_("准标识符"), required=False, widget=forms.CheckboxSelectMultiple,
                                      help_text=_("合在一起可能认出个体的列；没有则不选。"))  # fmt: skip

    def __init__(self, *args: Any, columns: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.fields["fields_"], columns)
        _offer(self.fields["quasi"], columns)


class ReasonForm(forms.Form):
    """退回或撤销的理由."""

    reason = forms.CharField(label=_("理由"), max_length=300, widget=forms.Textarea(attrs={"rows": 3}))
