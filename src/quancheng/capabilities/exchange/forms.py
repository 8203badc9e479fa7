"""Forms of sharing. What may be asked and given is decided by the actions; forms only read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.utils.translation import get_language

from quancheng.capabilities.exchange import wording
from quancheng.capabilities.exchange.models import Grant, ShareRequest
from quancheng.capabilities.exchange.values import MODES, Asked, Given, Holding
from quancheng.core.exchange import Deed, Mask, ShareType
from quancheng.core.text import Text
from quancheng.kernel import clock


def say(text: Text) -> str:
    """In the reader's language."""
    return text.pick(get_language() or "zh-hans")


_DATE = {"type": "date"}


class Worded(forms.Form):
    """A form whose words are bilingual texts."""

    LABELS: ClassVar[dict[str, Text]] = {}
    HINTS: ClassVar[dict[str, Text]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reword()

    def reword(self) -> None:
        """Set labels and hints; again after fields were added."""
        for name, text in self.LABELS.items():
            if name in self.fields:
                self.fields[name].label = say(text)
        for name, text in self.HINTS.items():
            if name in self.fields:
                self.fields[name].help_text = say(text)


def _offer(field: forms.Field, choices: list[tuple[str, str]]) -> None:
    assert isinstance(field, forms.ChoiceField | forms.MultipleChoiceField)
    field.choices = choices


def _condition(field: str, value: str) -> Any:
    """Rows where a field has one of the values written with commas; None when nothing was written."""
    values = [part.strip() for part in value.replace("，", ",").replace("、", ",").split(",") if part.strip()]
    if not field or not values:
        return None
    if len(values) == 1:
        return {"op": "eq", "field": field, "text": values[0]}
    return {"op": "in", "field": field, "text": values}


class AskForm(Worded):
    """申请共享."""

    consumer = forms.ChoiceField()
    fields_wanted = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple)
    way = forms.ChoiceField(widget=forms.RadioSelect, initial="api")
    purpose = forms.CharField(max_length=200, widget=forms.Textarea(attrs={"rows": 2}))
    basis_title = forms.CharField(max_length=120)
    basis_clause = forms.CharField(max_length=120)
    row_field = forms.ChoiceField(required=False)
    row_value = forms.CharField(required=False, max_length=300)
    rows_note = forms.CharField(required=False, max_length=300)
    calls_per_day = forms.IntegerField(min_value=1, initial=1000)
    starts = forms.DateField(widget=forms.DateInput(format="%Y-%m-%d", attrs=_DATE))
    ends = forms.DateField(widget=forms.DateInput(format="%Y-%m-%d", attrs=_DATE))
    contact = forms.CharField(required=False, max_length=80)
    LABELS: ClassVar = {
        "consumer": Text("申请部门", "Department"),
        "fields_wanted": Text("需要的字段", "Fields needed"),
        "way": Text("共享方式", "Way of sharing"),
        "purpose": Text("用途", "Purpose"),
        "basis_title": Text("依据名称", "Law or regulation"),
        "basis_clause": Text("依据条款", "Clause"),
        "row_field": Text("限定范围的字段", "Field that narrows the rows"),
        "row_value": Text("限定取值", "Its values"),
        "rows_note": Text("数据范围说明", "Rows needed, in words"),
        "calls_per_day": Text("每日调用次数", "Calls a day"),
        "starts": Text("使用起始日", "First day"),
        "ends": Text("使用截止日", "Last day"),
        "contact": Text("联系人", "Contact"),
    }
    HINTS: ClassVar = {
        "fields_wanted": Text("只选履职必需的字段。", "Only what the duty needs."),
        "basis_title": Text(
            "法律、法规、规章或国务院决定的名称。", "Name of the law, regulation or decision."
        ),
        "basis_clause": Text("如“第九条”。", "For example “Article 9”."),
        "row_value": Text("多个取值用逗号分开；不填为全部。", "Several with commas; empty for all rows."),
    }

    def __init__(self, *args: Any, holding: Holding, departments: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.holding = holding
        shared = [one for one in holding.columns if one.share is not ShareType.NOT_SHARED]
        choices = [(one.name, f"{say(one.text)}（{one.name}）") for one in shared]
        _offer(self.fields["consumer"], [(one.code, say(one.text)) for one in departments])
        _offer(self.fields["fields_wanted"], choices)
        _offer(self.fields["way"], [(way, say(text)) for way, text in wording.WAYS.items()])
        _offer(self.fields["row_field"], [("", say(Text("全部数据", "All rows"))), *choices])
        today = clock.today()
        self.fields["starts"].initial = today
        self.fields["ends"].initial = today + timedelta(days=365)

    def asked(self, renews: str = "") -> Asked:
        """The request as a value."""
        facts = self.cleaned_data
        return Asked(
            self.holding.code, tuple(facts["fields_wanted"]), facts["purpose"], facts["basis_title"],
            facts["basis_clause"], facts["way"], facts["starts"], facts["ends"], facts["calls_per_day"],
            _condition(facts["row_field"], facts["row_value"]), facts["rows_note"], facts["contact"], renews,
        )  # fmt: skip

    ALIASES: ClassVar = {"fields": "fields_wanted", "condition": "row_value"}


class DecideForm(Worded):
    """同意共享: terms, at most as wide as asked."""

    ends = forms.DateField(widget=forms.DateInput(format="%Y-%m-%d", attrs=_DATE))
    calls_per_day = forms.IntegerField(min_value=1)
    rows_per_call = forms.IntegerField(min_value=1, initial=100)
    rows_per_day = forms.IntegerField(min_value=1, initial=10_000)
    rate_per_second = forms.FloatField(min_value=0.01, initial=20)
    search = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    row_field = forms.ChoiceField(required=False)
    row_value = forms.CharField(required=False, max_length=300)
    case_required = forms.BooleanField(required=False)
    LABELS: ClassVar = {
        "ends": Text("授权截止日", "Last day"),
        "calls_per_day": Text("每日调用次数", "Calls a day"),
        "rows_per_call": Text("每次最多条数", "Rows a call"),
        "rows_per_day": Text("每日最多条数", "Rows a day"),
        "rate_per_second": Text("每秒调用次数", "Calls a second"),
        "search": Text("可用于检索的字段", "Fields to search by"),
        "row_field": Text("进一步限定范围的字段", "Field that narrows the rows further"),
        "row_value": Text("限定取值", "Its values"),
        "case_required": Text("每次使用须填业务编号", "Each use names its case"),
    }
    HINTS: ClassVar = {
        "search": Text("脱敏字段只能按等值检索。", "Masked fields are searched by equality only."),
        "row_value": Text("多个取值用逗号分开；不填为全部。", "Several with commas; empty for all rows."),
    }
    ALIASES: ClassVar = {"condition": "row_value"}

    def __init__(self, *args: Any, request: ShareRequest, holding: Holding, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        named = {one.name: say(one.text) for one in holding.columns}
        personal = {one.name for one in holding.columns if one.personal}
        masks = [(str(way), say(way.text)) for way in Mask]
        for name in request.fields:
            field = forms.ChoiceField(
                choices=masks, initial=str(Mask.TAIL if name in personal else Mask.KEEP)
            )
            field.label = f"{named.get(name, name)}（{name}）"
            self.fields[f"mask_{name}"] = field
        choices = [(name, named.get(name, name)) for name in request.fields]
        _offer(self.fields["search"], choices)
        every = [(one.name, say(one.text)) for one in holding.columns]
        _offer(self.fields["row_field"], [("", say(Text("不再限定", "No further limit"))), *every])
        self.fields["ends"].initial = request.ends
        self.fields["calls_per_day"].initial = request.calls_per_day
        if request.way != ShareRequest.Way.API:
            self.fields["rows_per_day"].initial = 1_000_000

    @property
    def masks(self) -> list[Any]:
        """Bound fields of the masks, for the page."""
        return [self[name] for name in self.fields if name.startswith("mask_")]

    @property
    def limits(self) -> list[Any]:
        """The other bound fields."""
        return [self[name] for name in self.fields if not name.startswith("mask_")]

    def given(self) -> Given:
        """The terms as a value."""
        facts = self.cleaned_data
        masks = {name: Mask(facts[f"mask_{name}"]) for name in self.request.fields}
        return Given(
            {name: way for name, way in masks.items() if way is not Mask.HIDE}, facts["ends"],
            facts["calls_per_day"], facts["rows_per_call"], facts["rows_per_day"], facts["rate_per_second"],
            _condition(facts["row_field"], facts["row_value"]), tuple(facts["search"]), (),
            facts["case_required"], MODES[self.request.way],
        )  # fmt: skip


class StepForm(Worded):
    """办理一步: reason, basis and days as the deed wants them."""

    reason = forms.CharField(required=False, max_length=300, widget=forms.Textarea(attrs={"rows": 2}))
    basis = forms.CharField(required=False, max_length=200)
    days = forms.IntegerField(required=False, min_value=1, max_value=60)
    LABELS: ClassVar = {
        "reason": Text("理由", "Reason"),
        "basis": Text("法律依据及条款", "Law and clause"),
        "days": Text("延长的工作日", "Working days more"),
    }

    def __init__(self, *args: Any, deed: Deed, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, needed in (
            ("reason", deed in wording.NEEDS_REASON), ("basis", deed in wording.NEEDS_BASIS),
            ("days", deed is Deed.EXTEND),
        ):  # fmt: skip
            if needed:
                self.fields[name].required = name != "reason" or deed is not Deed.WITHDRAW
            else:
                del self.fields[name]


class KeyForm(Worded):
    """登记公钥."""

    public = forms.CharField(max_length=2000, widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}))
    days = forms.IntegerField(min_value=1, max_value=3650, initial=730)
    LABELS: ClassVar = {"public": Text("公钥", "Public key"), "days": Text("有效天数", "Days it is valid")}
    HINTS: ClassVar = {
        "public": Text(
            "Ed25519 或 P-256，PEM 格式；私钥由本单位自行保管。",
            "Ed25519 or P-256 as PEM; you keep the private key.",
        )
    }


class RevokeForm(Worded):
    """撤销密钥."""

    reason = forms.CharField(max_length=200)
    LABELS: ClassVar = {"reason": Text("撤销原因", "Reason")}


class ConsoleForm(Worded):
    """试调用."""

    field = forms.ChoiceField(required=False)
    value = forms.CharField(required=False, max_length=120)
    case = forms.CharField(required=False, max_length=80)
    limit = forms.IntegerField(min_value=1, max_value=20, initial=5)
    LABELS: ClassVar = {
        "field": Text("检索字段", "Search field"),
        "value": Text("检索值", "Search value"),
        "case": Text("业务编号", "Case"),
        "limit": Text("条数", "Rows"),
    }

    def __init__(self, *args: Any, grant: Grant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [name for name, way in grant.fields.items() if way == Mask.KEEP or name in grant.search]
        _offer(self.fields["field"], [("", say(Text("不限", "Any"))), *((name, name) for name in names)])
        self.fields["case"].required = grant.case_required


class FileForm(Worded):
    """申请批量文件."""

    case = forms.CharField(required=False, max_length=80)
    LABELS: ClassVar = {"case": Text("业务编号", "Case")}


class SubscribeForm(Worded):
    """订阅变更."""

    endpoint = forms.URLField(max_length=300, assume_scheme="https")
    LABELS: ClassVar = {"endpoint": Text("接收地址", "Address that receives")}


class TextForm(Worded):
    """一段话: an objection or its answer; ``name`` is the field's name."""

    def __init__(self, *args: Any, name: str, label: Text, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[name] = forms.CharField(
            label=say(label), min_length=5, max_length=500, widget=forms.Textarea(attrs={"rows": 3})
        )


class FilterForm(Worded):
    """筛选: words and one choice each; what is not valid is left out."""

    q = forms.CharField(required=False, max_length=60)
    LABELS: ClassVar = {"q": Text("编号、名称或用途", "Number, name or purpose")}

    def __init__(
        self, *args: Any, choices: dict[str, tuple[Text, list[tuple[str, Text]]]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        for name, (label, offered) in choices.items():
            shown = [("", say(Text("全部", "All"))), *((value, say(text)) for value, text in offered)]
            self.fields[name] = forms.ChoiceField(required=False, label=say(label), choices=shown)

    def wanted(self) -> dict[str, Any]:
        """Valid filters."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}
