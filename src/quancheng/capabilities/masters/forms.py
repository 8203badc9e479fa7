"""Forms of masters. What is right is decided by the actions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.masters.models import Build, Golden, Home, Pair, Theme
from quancheng.core.linkage import Strategy
from quancheng.core.text import Text

_ALL = ("", _("全部"))
REASON = {"rows": 2}


def offer(form: forms.Form, name: str, choices: list[Any]) -> None:
    """Set what can be chosen, when it is known only now."""
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices


class _Filter(forms.Form):
    def wanted(self) -> dict[str, str]:
        """Valid filters; what is not valid is left out."""
        self.is_valid()
        return {name: str(value) for name, value in self.cleaned_data.items() if value}


class RegionField(forms.RegexField):
    """区域代码: 4 to 12 digits."""

    def __init__(self) -> None:
        super().__init__(
            r"^\d{4,12}$", label=_("区域代码"), required=False, max_length=12,
            error_messages={"invalid": _("区域代码为4–12位数字")},
        )  # fmt: skip


class RecordFilter(_Filter):
    """筛选记录."""

    text = forms.CharField(label=_("名称或标识"), required=False, max_length=80)
    region = RegionField()
    sources = forms.ChoiceField(
        label=_("来源数"), required=False, choices=[_ALL, ("many", _("两个及以上")), ("one", _("一个"))]
    )
    conflicts = forms.ChoiceField(label=_("来源分歧"), required=False, choices=[_ALL, ("yes", _("有分歧"))])
    state = forms.ChoiceField(label=_("状态"), required=False, choices=Golden.State.choices)


class PairFilter(_Filter):
    """筛选待核对."""

    master = forms.ChoiceField(label=_("基础库"), required=False)
    state = forms.ChoiceField(
        label=_("状态"),
        required=False,
        choices=[("open", _("待核对和待复核")), ("decided", _("已判定")), *Pair.State.choices],
    )
    sampled = forms.ChoiceField(
        label=_("抽检"), required=False, choices=[_ALL, ("yes", _("抽检")), ("no", _("存疑"))]
    )

    def __init__(self, *args: Any, masters: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "master", [_ALL, *masters])


class HomeFilter(_Filter):
    """筛选房屋."""

    text = forms.CharField(label=_("地址"), required=False, max_length=80)
    region = RegionField()
    state = forms.ChoiceField(label=_("居住状态"), required=False, choices=[_ALL, *Home.State.choices])
    contradictions = forms.ChoiceField(
        label=_("来源矛盾"), required=False, choices=[_ALL, ("yes", _("有矛盾"))]
    )


class TrialForm(forms.Form):
    """阈值试算."""

    occupied = forms.FloatField(label=_("有人居住：不高于"), min_value=-20, max_value=20)
    vacant = forms.FloatField(label=_("疑似空置：不低于"), min_value=-20, max_value=20)


class PurposeForm(forms.Form):
    """写明用途."""

    purpose = forms.ChoiceField(label=_("用途"))
    case = forms.CharField(
        label=_("业务编号"), required=False, max_length=80, help_text=_("所办业务的受理编号；按用途要求填写")
    )

    def __init__(self, *args: Any, offered: list[Any], language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "purpose", [(one.code, one.text.pick(language)) for one in offered])


class ProfileForm(PurposeForm):
    """画像查询: whose, for what."""

    master = forms.ChoiceField(label=_("对象"), choices=[("population", _("自然人")), ("legal", _("法人"))])
    key = forms.CharField(
        label=_("证件号码或信用代码"), max_length=40, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    field_order = ("master", "key", "purpose", "case")


class DecideForm(forms.Form):
    """判定."""

    verdict = forms.ChoiceField(
        label=_("判定"), widget=forms.RadioSelect,
        choices=[("same", _("同一对象")), ("different", _("不同对象")), ("unsure", _("无法判断"))],
    )  # fmt: skip
    reason = forms.CharField(label=_("理由"), max_length=300, widget=forms.Textarea(attrs=REASON))


class ConfirmForm(forms.Form):
    """复核."""

    agree = forms.ChoiceField(
        label=_("复核意见"), widget=forms.RadioSelect, choices=[("yes", _("同意合并")), ("no", _("退回重核"))]
    )
    reason = forms.CharField(label=_("理由"), max_length=300, widget=forms.Textarea(attrs=REASON))


class UnmergeForm(forms.Form):
    """撤销合并."""

    records = forms.MultipleChoiceField(label=_("要拆出的记录"), widget=forms.CheckboxSelectMultiple)
    reason = forms.CharField(label=_("理由"), max_length=300, widget=forms.Textarea(attrs=REASON))

    def __init__(self, *args: Any, members: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "records", members)


class CorrectionForm(forms.Form):
    """提出校核."""

    field = forms.ChoiceField(label=_("有误的信息"))
    claimed = forms.CharField(label=_("正确的值"), max_length=300)
    reason = forms.CharField(label=_("理由"), max_length=500, widget=forms.Textarea(attrs=REASON))

    def __init__(self, *args: Any, fields: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "field", fields)


class AnswerForm(forms.Form):
    """答复校核."""

    accept = forms.ChoiceField(
        label=_("结论"), widget=forms.RadioSelect, choices=[("yes", _("已在来源更正")), ("no", _("不予更正"))]
    )
    answer = forms.CharField(label=_("答复"), max_length=500, widget=forms.Textarea(attrs=REASON))


class BuildForm(forms.Form):
    """发起构建."""

    mode = forms.ChoiceField(label=_("方式"), choices=Build.Mode.choices)
    reason = forms.CharField(label=_("缘由"), max_length=200)


class SourceForm(forms.Form):
    """调整来源."""

    trust = forms.IntegerField(label=_("信任次序"), min_value=1, max_value=99)
    active = forms.BooleanField(label=_("启用"), required=False)
    reason = forms.CharField(label=_("理由"), max_length=300)


class RuleForm(forms.Form):
    """调整存活规则."""

    field = forms.ChoiceField(label=_("字段"))
    first = forms.ChoiceField(label=_("先按"))
    second = forms.ChoiceField(label=_("再按"), required=False)
    valid_from = forms.DateField(label=_("起始日"), widget=forms.DateInput(attrs={"type": "date"}))
    reason = forms.CharField(label=_("理由"), max_length=300)

    def __init__(self, *args: Any, fields: list[tuple[str, str]], language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ways = [(one.value, one.text.pick(language)) for one in Strategy]
        offer(self, "field", fields)
        offer(self, "first", ways)
        offer(self, "second", [("", "—"), *ways])

    def strategies(self) -> list[str]:
        """In order."""
        return [one for one in (self.cleaned_data["first"], self.cleaned_data["second"]) if one]


class ThemeForm(forms.Form):
    """建立主题库: base first, then its fields."""

    base = forms.ChoiceField(label=_("基础"))
    code = forms.CharField(label=_("代码"), max_length=40, help_text=_("小写字母、数字、横线，如 food-firms"))
    zh = forms.CharField(label=_("名称"), max_length=80)
    en = forms.CharField(label=_("英文名称"), max_length=80)
    owner = forms.ChoiceField(label=_("负责部门"))
    purpose = forms.CharField(label=_("用途"), max_length=300, widget=forms.Textarea(attrs=REASON))
    fields_ = forms.MultipleChoiceField(label=_("字段"), widget=forms.CheckboxSelectMultiple)
    refresh = forms.ChoiceField(label=_("刷新"), choices=Theme.Refresh.choices)
    field1 = forms.ChoiceField(label=_("条件一字段"), required=False)
    test1 = forms.ChoiceField(label=_("条件一比较"), required=False)
    value1 = forms.CharField(label=_("条件一取值"), required=False, max_length=200)
    field2 = forms.ChoiceField(label=_("条件二字段"), required=False)
    test2 = forms.ChoiceField(label=_("条件二比较"), required=False)
    value2 = forms.CharField(label=_("条件二取值"), required=False, max_length=200)

    def __init__(
        self, *args: Any, bases: list[tuple[str, str]], owners: list[tuple[str, str]], columns: list[tuple[str, str]],
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        offer(self, "base", bases)
        offer(self, "owner", owners)
        offer(self, "fields_", columns)
        for place in ("1", "2"):
            offer(self, f"field{place}", [("", "—"), *columns])
            offer(self, f"test{place}", TESTS)

    def lines(self) -> list[tuple[str, str, str]]:
        """Conditions that were filled in."""
        said = self.cleaned_data
        return [
            (said[f"field{n}"], said[f"test{n}"] or "eq", said[f"value{n}"])
            for n in "12"
            if said[f"field{n}"]
        ]


TESTS = [
    ("eq", _("等于")), ("ne", _("不等于")), ("lt", _("小于")), ("le", _("不大于")), ("gt", _("大于")),
    ("ge", _("不小于")), ("starts", _("开头为")), ("in", _("属于（逗号分隔）")), ("known", _("有值")), ("missing", _("为空")),
]  # fmt: skip


def mark(form: forms.Form, fields: dict[str, Text], detail: Text, language: str) -> None:
    """What an action refused, at its field."""
    if not fields:
        form.add_error(None, detail.pick(language))
    for name, text in fields.items():
        form.add_error(name if name in form.fields else None, text.pick(language))
