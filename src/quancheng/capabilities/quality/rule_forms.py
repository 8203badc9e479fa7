"""规则表单: one form for each kind of rule, from and to the rule's document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.quality.forms import DIMENSIONS, SEVERITIES
from quancheng.core.quality import FORMATS, Kind, Scheme, Scope

KINDS = [
    (Kind.COMPLETE, _("完整：某列须填写")),
    (Kind.FORMAT, _("格式：手机号、邮编或自定样式")),
    (Kind.CHECKSUM, _("校验：身份证号、信用代码、银行卡号")),
    (Kind.RANGE, _("范围：数值、日期或字数")),
    (Kind.ALLOWED, _("值域：只取名单中的值")),
    (Kind.UNIQUE, _("唯一：一列或几列不得重复")),
    (Kind.REFERENCE, _("引用：须存在于另一张表")),
    (Kind.CONSISTENT, _("一致：各列之间的关系")),
    (Kind.TIMELY, _("时效：行的时间不能太旧")),
    (Kind.ROW_COUNT, _("行数：整表的行数")),
    (Kind.UPDATED, _("更新：整表多久更新一次")),
]
WHOLE = frozenset({Kind.ROW_COUNT, Kind.UPDATED})


class RuleForm(forms.Form):
    """质量规则: what all kinds have; the kind's own fields come first."""

    name_zh = forms.CharField(label=_("规则名称"), max_length=80)
    name_en = forms.CharField(label=_("英文名称"), max_length=120, required=False)
    when = forms.CharField(
        label=_("适用条件"), required=False, max_length=1000,
        help_text=_("只检查满足条件的行，如 状态 = '在用'；留空即全部"),
    )  # fmt: skip
    severity = forms.ChoiceField(label=_("严重程度"), choices=SEVERITIES)
    dimension = forms.ChoiceField(
        label=_("维度"), required=False, choices=[("", _("按规则类型")), *DIMENSIONS]
    )
    weight = forms.DecimalField(
        label=_("权重"), min_value=0, max_value=100, initial=1, max_digits=6, decimal_places=2
    )
    share = forms.DecimalField(
        label=_("合格率要求（%）"), min_value=0, max_value=100, initial=100, max_digits=6, decimal_places=3
    )
    source = forms.CharField(
        label=_("依据"), required=False, max_length=200, help_text=_("法规、标准或业务要求，如 GB 11643-1999")
    )
    orders = forms.BooleanField(
        label=_("查出问题时派整改工单"), required=False, help_text=_("须由他人审批后生效")
    )

    def __init__(
        self, *args: Any, kind: Kind, columns: Sequence[tuple[str, str]], tables: Sequence[tuple[str, str]] = (),
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self.kind = kind
        own = _fields(kind, columns, tables)
        self.fields.update(own)
        if kind in WHOLE:
            del self.fields["when"], self.fields["share"]
        self.order_fields(["name_zh", "name_en", *own])

    def document(self, code: str) -> dict[str, Any]:
        """The rule as core reads it; wrong values are named by the action."""
        said = self.cleaned_data
        data: dict[str, Any] = {
            "id": code, "kind": str(self.kind), "severity": said["severity"], "weight": str(said["weight"]),
            "name": {"zh": said["name_zh"], "en": said["name_en"] or said["name_zh"]},
        }  # fmt: skip
        data |= {name: said[name] for name in ("when", "source", "dimension") if said.get(name)}
        if said.get("share") is not None and said["share"] != 100:
            data["least_share"] = str(said["share"] / 100)
        return data | _own(self.kind, said)

    def place(self, field: str) -> str | None:
        """The field of the form for a place of the document."""
        renamed = {"name": "name_zh", "least_share": "share", "expression": "expression", "target": "target"}
        name = renamed.get(field, field)
        if name == "column" and "column" not in self.fields:
            name = "columns" if "columns" in self.fields else "expression"
        return name if name in self.fields else None


def _column(columns: Sequence[tuple[str, str]]) -> forms.Field:
    return forms.ChoiceField(label=_("列"), choices=list(columns))


def _columns(columns: Sequence[tuple[str, str]]) -> forms.Field:
    return forms.MultipleChoiceField(
        label=_("列"), choices=list(columns), widget=forms.CheckboxSelectMultiple
    )


def _fields(
    kind: Kind, columns: Sequence[tuple[str, str]], tables: Sequence[tuple[str, str]]
) -> dict[str, forms.Field]:
    if kind is Kind.COMPLETE:
        return {"column": _column(columns)}
    if kind is Kind.FORMAT:
        named = [("", _("自定样式"))] + [(name, each.text.zh) for name, each in FORMATS.items()]
        pattern = forms.CharField(
            label=_("样式"),
            required=False,
            max_length=300,
            help_text=_("整体匹配的正则表达式，如 [0-9]{6}；选了格式就不填"),
        )
        return {"column": _column(columns), "named": forms.ChoiceField(label=_("格式"), required=False, choices=named),
                "pattern": pattern}  # fmt: skip
    if kind is Kind.CHECKSUM:
        schemes = [
            (Scheme.RESIDENT_ID, _("公民身份号码")),
            (Scheme.USCC, _("统一社会信用代码")),
            (Scheme.BANK_CARD, _("银行卡号")),
        ]
        return {"column": _column(columns), "scheme": forms.ChoiceField(label=_("号码"), choices=schemes)}
    if kind is Kind.RANGE:
        bound = _("数字，或 2024-01-31 形式的日期")
        return {"column": _column(columns),
                "least": forms.CharField(label=_("下限"), required=False, max_length=30, help_text=bound),
                "most": forms.CharField(label=_("上限"), required=False, max_length=30, help_text=bound),
                "length": forms.BooleanField(label=_("检查字数而不是数值"), required=False)}  # fmt: skip
    return _more_fields(kind, columns, tables)


def _more_fields(
    kind: Kind, columns: Sequence[tuple[str, str]], tables: Sequence[tuple[str, str]]
) -> dict[str, forms.Field]:
    if kind is Kind.ALLOWED:
        values = forms.CharField(
            label=_("允许的值"),
            widget=forms.Textarea(attrs={"rows": 6}),
            max_length=100_000,
            help_text=_("每行一个"),
        )
        return {"column": _column(columns), "values": values,
                "dictionary": forms.CharField(label=_("字典名称"), required=False, max_length=80)}  # fmt: skip
    if kind is Kind.UNIQUE:
        return {"columns": _columns(columns)}
    if kind is Kind.REFERENCE:
        target = forms.CharField(
            label=_("对应的列"), max_length=300, help_text=_("被引用表中的列名，顺序相同，用逗号分隔")
        )
        return {"columns": _columns(columns), "table": forms.ChoiceField(label=_("被引用的表"), choices=list(tables)),
                "target": target}  # fmt: skip
    if kind is Kind.CONSISTENT:
        expression = forms.CharField(
            label=_("应成立的关系"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
            help_text=_("如 结束日期 >= 开始日期 and 结束日期 <= today；或 if 状态 = '注销' then 注销日期 is present"),
        )  # fmt: skip
        return {"expression": expression}
    if kind is Kind.TIMELY:
        scopes = [(Scope.ROW, _("每一行")), (Scope.NEWEST, _("最新的一行"))]
        return {"column": _column(columns), "days": _days(),
                "ahead_minutes": forms.IntegerField(label=_("容许超前（分钟）"), min_value=0, max_value=10**6, initial=0),
                "scope": forms.ChoiceField(label=_("范围"), choices=scopes)}  # fmt: skip
    if kind is Kind.ROW_COUNT:
        return {"least": forms.IntegerField(label=_("至少"), required=False, min_value=0),
                "most": forms.IntegerField(label=_("至多"), required=False, min_value=0)}  # fmt: skip
    return {"days": _days()}


def _days() -> forms.Field:
    return forms.DecimalField(
        label=_("天数"), min_value=Decimal("0.01"), max_value=36500, max_digits=8, decimal_places=2
    )


def _own(kind: Kind, said: Mapping[str, Any]) -> dict[str, Any]:
    """The kind's own part of the document."""
    if kind is Kind.FORMAT:
        given = {name: said[name] for name in ("named", "pattern") if said[name]}
        return {"column": said["column"], **given}
    if kind is Kind.RANGE:
        bounds = {name: said[name].strip() for name in ("least", "most") if said[name].strip()}
        return {"column": said["column"], **bounds, **({"length": True} if said["length"] else {})}
    if kind is Kind.ALLOWED:
        values = list(dict.fromkeys(line.strip() for line in said["values"].splitlines() if line.strip()))
        more = {"dictionary": said["dictionary"]} if said["dictionary"] else {}
        return {"column": said["column"], "values": values, **more}
    if kind is Kind.REFERENCE:
        target = [part.strip() for part in said["target"].replace("，", ",").split(",") if part.strip()]
        return {"columns": said["columns"], "table": said["table"], "target": target}
    if kind is Kind.TIMELY:
        return {"column": said["column"], "days": str(said["days"]), "ahead_minutes": said["ahead_minutes"],
                "scope": said["scope"]}  # fmt: skip
    if kind is Kind.ROW_COUNT:
        return {name: said[name] for name in ("least", "most") if said[name] is not None}
    if kind is Kind.UPDATED:
        return {"days": str(said["days"])}
    return {name: said[name] for name in ("column", "columns", "expression", "scheme") if name in said}


def initial_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """The form's values for a document that is there."""
    data = dict(document)
    name = data.pop("name")
    first = {"name_zh": name["zh"], "name_en": name.get("en", "")}
    if "least_share" in data:
        first["share"] = str((Decimal(str(data.pop("least_share"))) * 100).normalize())
    if isinstance(data.get("values"), list):
        data["values"] = "\n".join(str(value) for value in data["values"])
    if isinstance(data.get("target"), list):
        data["target"] = ", ".join(data["target"])
    return data | first
