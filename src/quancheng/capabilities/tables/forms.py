"""Forms of tables: filters of lists and of rows."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.tables.rows import read_cell
from quancheng.capabilities.tables.values import ColumnSpec, TableSchema
from quancheng.core.exchange import Comparison, Condition, IsMissing, Operator
from quancheng.core.tabular import Kind
from quancheng.kernel import clock

_OPERATORS = [
    ("eq", _("等于")),
    ("ne", _("不等于")),
    ("starts", _("开头是")),
    ("ge", _("不小于")),
    ("le", _("不大于")),
    ("missing", _("为空")),
]


def _offer(field: forms.Field, choices: list[Any]) -> None:
    """Set what can be chosen, when it is known only now."""
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices


class TableFilterForm(forms.Form):
    """筛选数据表."""

    q = forms.CharField(label=_("表名"), required=False, max_length=80)
    owner = forms.ChoiceField(label=_("所属机构"), required=False)

    def __init__(self, *args: Any, owners: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.fields["owner"], [("", _("全部")), *owners])

    def wanted(self) -> dict[str, str]:
        """Valid filters; what is not valid is left out."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


class RowFilterForm(forms.Form):
    """筛选行: words, and one column compared with one value."""

    q = forms.CharField(label=_("关键词"), required=False, max_length=80)
    column = forms.ChoiceField(label=_("列"), required=False)
    operator = forms.ChoiceField(label=_("比较"), required=False, choices=_OPERATORS)
    value = forms.CharField(label=_("值"), required=False, max_length=200)

    def __init__(self, *args: Any, columns: list[ColumnSpec], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._columns = {column.name: column for column in columns}
        here = get_language() or "zh-hans"
        named = [
            (column.name, (column.en if here == "en" else column.zh) or column.name) for column in columns
        ]
        _offer(self.fields["column"], [("", _("全部")), *named])

    def clean(self) -> dict[str, Any]:
        """The condition as ``cleaned_data["where"]``; a value that is none of the column's kind is a fault."""
        data: dict[str, Any] = super().clean() or {}
        name, operator = data.get("column") or "", data.get("operator") or "eq"
        data["where"] = None
        if name and (operator == "missing" or data.get("value")):
            data["where"] = self._condition(self._columns[name], operator, data.get("value", ""))
        return data

    def _condition(self, column: ColumnSpec, operator: str, value: str) -> Condition | None:
        if operator == "missing":
            return IsMissing(column.name)
        texts = column.kind not in (Kind.INTEGER, Kind.DECIMAL, Kind.DATE, Kind.DATETIME, Kind.BOOLEAN)
        if operator == "starts" and not texts:
            self.add_error("operator", _("“开头是”只用于文本列"))
            return None
        if operator in ("ge", "le") and column.kind is Kind.BOOLEAN:
            self.add_error("operator", _("是否列没有大小"))
            return None
        try:
            return Comparison(column.name, Operator(operator), read_cell(value, column.kind, clock.LOCAL))
        except ValueError:
            self.add_error("value", _("这个值与该列的类型不符"))
            return None


def row_filter(data: Any, schema: TableSchema, names: tuple[str, ...]) -> RowFilterForm:
    """The filter of a table's rows over the columns the reader may filter by."""
    return RowFilterForm(data or None, columns=[column for column in schema.columns if column.name in names])
