"""Forms of licences."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.trust import lifecycle, values
from quancheng.capabilities.trust.models import Licence
from quancheng.kernel import rulebook


def language() -> str:
    """The reader's."""
    return get_language() or "zh-hans"


class LicenceFilter(forms.Form):
    """筛选证照."""

    q = forms.CharField(label=_("证号、持证主体或证件号码"), required=False, max_length=60)
    type = forms.ChoiceField(label=_("证照类型"), required=False)
    state = forms.ChoiceField(label=_("状态"), required=False)
    department = forms.ChoiceField(label=_("签发单位"), required=False)

    def __init__(self, data: Any, kinds: list[Any], offices: list[Any]) -> None:
        super().__init__(data)
        everything = ("", _("全部"))
        said = language()
        states = [(one.value, lifecycle.meaning(one).text.pick(said)) for one in lifecycle.State]
        self.fields["type"].choices = [everything, *((one.code, one.text.pick(said)) for one in kinds)]  # type: ignore[attr-defined]
        self.fields["state"].choices = [everything, *states]  # type: ignore[attr-defined]
        self.fields["department"].choices = [
            everything,
            *((one.code, one.text.pick(said)) for one in offices),
        ]  # type: ignore[attr-defined]


class ItemsForm(forms.Form):
    """照面内容 by the items of a type; the action checks them."""

    def __init__(self, data: Any, items: list[dict[str, Any]], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.item_keys = [item["key"] for item in items if item["key"] != "photo"]
        for item in items:
            if item["key"] == "photo":
                continue
            kind = item.get("kind", "text")
            self.fields[f"i_{item['key']}"] = forms.CharField(
                label=item["name"]["en" if language().startswith("en") else "zh"],
                required=not item.get("optional"),
                max_length=200,
                help_text=_("写成 2026-01-31 这样的日期") if kind == "date" else "",
                widget=forms.TextInput({"inputmode": "decimal"} if kind == "number" else {}),
            )

    @property
    def given(self) -> dict[str, str]:
        """What was entered, by the keys of the type."""
        return {key: self.cleaned_data.get(f"i_{key}") or "" for key in self.item_keys}

    @property
    def aliases(self) -> dict[str, str]:
        """From the action's names to the form's."""
        return {key: f"i_{key}" for key in self.item_keys}

    @property
    def item_fields(self) -> list[Any]:
        """The bound fields of the items."""
        return [self[f"i_{key}"] for key in self.item_keys]


class IssueForm(ItemsForm):
    """经办签发."""

    department = forms.ChoiceField(label=_("签发单位"))
    holder_id = forms.CharField(label=_("持证主体证件号码"), max_length=18)
    holder_name = forms.CharField(label=_("持证主体姓名（名称）"), max_length=120)
    valid_to = forms.DateField(
        label=_("有效期至"), required=False, help_text=_("写成 2026-01-31 这样的日期；留空按该类证照的规定"),
        widget=forms.TextInput,
    )  # fmt: skip

    def __init__(self, data: Any, items: list[dict[str, Any]], offices: list[Any], **kwargs: Any) -> None:
        super().__init__(data, items, **kwargs)
        said = language()
        self.fields["department"].choices = [(str(one.pk), one.text.pick(said)) for one in offices]  # type: ignore[attr-defined]


class ChangeForm(ItemsForm):
    """变更换发."""

    valid_to = forms.DateField(
        label=_("有效期至"), required=False, help_text=_("写成 2026-01-31 这样的日期；留空表示不变"), widget=forms.TextInput
    )  # fmt: skip
    reason = forms.CharField(label=_("变更原因"), max_length=300, widget=forms.Textarea({"rows": 2}))


class DeedForm(forms.Form):
    """暂停、恢复、撤销、审验."""

    deed = forms.ChoiceField(label=_("办理"))
    reason = forms.CharField(
        label=_("原因"), max_length=300, widget=forms.Textarea({"rows": 2}), required=False,
        help_text=_("会告知持证人；审验合格可以不填"),
    )  # fmt: skip

    def __init__(self, data: Any, deeds: list[lifecycle.Deed]) -> None:
        super().__init__(data)
        said = language()
        self.fields["deed"].choices = [(one.value, one.text.pick(said)) for one in deeds]  # type: ignore[attr-defined]


class AnswerForm(forms.Form):
    """答复异议."""

    outcome = forms.ChoiceField(
        label=_("处理结果"),
        choices=[("corrected", _("已更正")), ("refused", _("不予更正"))],
        widget=forms.RadioSelect,
    )
    answer = forms.CharField(label=_("答复"), max_length=300, widget=forms.Textarea({"rows": 3}))


class ShowForm(forms.Form):
    """选择出示."""

    keys = forms.MultipleChoiceField(label=_("出示内容"), widget=forms.CheckboxSelectMultiple)
    purpose = forms.CharField(label=_("用途"), max_length=100, help_text=_("例如：应聘时证明执业资格"))
    minutes = forms.ChoiceField(label=_("有效时间"), initial="10")

    def __init__(self, data: Any, licence: Licence) -> None:
        super().__init__(data)
        said = language()
        self.fields["keys"].choices = [
            (key, label.pick(said)) for key, label, *_rest in values.facts(licence)
        ]  # type: ignore[attr-defined]
        most = rulebook.find("trust.show_minutes_most").integer()
        offered = [(5, _("5分钟")), (10, _("10分钟")), (60, _("1小时")), (1440, _("24小时"))]
        self.fields["minutes"].choices = [(str(n), text) for n, text in offered if n <= most]  # type: ignore[attr-defined]


class ObjectionForm(forms.Form):
    """提出异议."""

    item = forms.ChoiceField(label=_("有误的照面项"))
    claim = forms.CharField(
        label=_("哪里有误，应当是什么"), max_length=300, widget=forms.Textarea({"rows": 3})
    )

    def __init__(self, data: Any, licence: Licence) -> None:
        super().__init__(data)
        said = language()
        self.fields["item"].choices = [
            (key, label.pick(said)) for key, label, *_rest in values.facts(licence)
        ]  # type: ignore[attr-defined]


class UploadForm(forms.Form):
    """上传核验."""

    file = forms.FileField(
        label=_("PDF 或 OFD 文件"), widget=forms.ClearableFileInput({"accept": ".pdf,.ofd"})
    )


__all__ = [
    "AnswerForm", "ChangeForm", "DeedForm", "IssueForm", "ItemsForm", "LicenceFilter",
    "ObjectionForm", "ShowForm", "UploadForm",
]  # fmt: skip
