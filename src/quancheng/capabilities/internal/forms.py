"""申报表与办理意见: Django forms made from an item's definition, and those of the desk."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.functional import lazy
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.internal.spec import FieldSpec, ItemSpec, Label
from quancheng.capabilities.internal.values import Outcome
from quancheng.core.identity import IdentityNumberError, parse_resident_id
from quancheng.core.text import Text
from quancheng.kernel import clock

_PHONE = re.compile(r"1\d{10}|0\d{2,3}-?\d{7,8}", re.ASCII)
DATE_FORMATS = ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日"]


def _pick(zh: str, en: str) -> str:
    return Text(zh, en).pick(get_language() or "zh")


_lazy_pick = lazy(_pick, str)


def say(label: Label | Text) -> Any:
    """A two-language text as a lazy string in the reader's language."""
    return _lazy_pick(label.zh, label.en)


class ItemForm(forms.Form):
    """Base of all item forms."""

    def values(self) -> dict[str, Any]:
        """Cleaned answers as plain JSON; unanswered ones are left out."""
        found: dict[str, Any] = {}
        for key, value in self.cleaned_data.items():
            if value in (None, ""):
                continue
            found[key] = value.isoformat() if hasattr(value, "isoformat") else value
        return found


def form_class(spec: ItemSpec) -> type[ItemForm]:
    """The form of an item: what is asked and nothing that the dossier knows."""
    return type("InternalItemForm", (ItemForm,), {row.key: _field(row) for row in spec.field})


def data_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """JSON values as form data; lists and objects are no answer to any field."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, bool | str):
            found[key] = str(value).replace("\x00", "") if isinstance(value, str) else value
        elif isinstance(value, int | float):
            found[key] = f"{value:.15g}" if abs(value) < 1e15 else str(value)[:40]
    return found


def _field(row: FieldSpec) -> forms.Field:
    common: dict[str, Any] = {
        "label": say(row.label), "required": row.required, "help_text": say(row.hint) if row.hint else "",
    }  # fmt: skip
    match row.kind:
        case "paragraph":
            return forms.CharField(max_length=500, widget=forms.Textarea({"rows": 3}), **common)
        case "choice":
            choices = [(one.value, say(one)) for one in row.options]
            return forms.ChoiceField(choices=choices, widget=forms.RadioSelect, **common)
        case "date":
            widget = forms.DateInput({"type": "date"}, format="%Y-%m-%d")
            return forms.DateField(input_formats=DATE_FORMATS, widget=widget, **common)
        case "number" | "percent" | "year":
            return _number(row.kind, common)
        case "phone":
            return PhoneField(max_length=20, widget=forms.TextInput({"type": "tel"}), **common)
        case "id_number":
            return IdNumberField(max_length=18, **common)
        case _:
            return forms.CharField(max_length=120, **common)


def _number(kind: str, common: dict[str, Any]) -> forms.Field:
    low, high = {"percent": (0, 100), "year": (2000, 2100)}.get(kind, (0, 10**9))
    limits = [MinValueValidator(low), MaxValueValidator(high)]
    if kind == "year":
        return forms.IntegerField(
            validators=limits, widget=forms.TextInput({"inputmode": "numeric"}), **common
        )
    return forms.FloatField(validators=limits, widget=forms.TextInput({"inputmode": "decimal"}), **common)


class PhoneField(forms.CharField):
    """A Chinese mobile or landline number."""

    def clean(self, value: Any) -> str:
        text: str = re.sub(r"\s", "", super().clean(value))
        if text and not _PHONE.fullmatch(text):
            raise forms.ValidationError(gettext("电话应是11位手机号，或带区号的固定电话，如 0531-12345678"))
        return text


class IdNumberField(forms.CharField):
    """An identity number whose check digit is right (GB 11643)."""

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        try:
            return parse_resident_id(text, on=clock.today()).number if text else text
        except IdentityNumberError as wrong:
            raise forms.ValidationError(wrong.text.pick(get_language() or "zh")) from wrong


# -- the desk -------------------------------------------------------------------------------------
class DecideForm(forms.Form):
    """办理: an outcome, and the reason when it is not "agree"."""

    outcome = forms.ChoiceField(label=_("办理意见"), widget=forms.RadioSelect)
    opinion = forms.CharField(
        label=_("意见内容"), max_length=500, required=False, widget=forms.Textarea({"rows": 2}),
        help_text=_("退回或不予办理时必须写明理由，申报单位会原样看到"),
    )  # fmt: skip

    def __init__(self, *args: Any, refusable: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shown = list(Outcome) if refusable else [Outcome.AGREE, Outcome.RETURN]
        self.fields["outcome"].choices = [(one.value, say(one.text)) for one in shown]  # type: ignore[attr-defined]
        self.fields["outcome"].initial = Outcome.AGREE.value

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        wanted = cleaned.get("outcome")
        if wanted and wanted != Outcome.AGREE and not str(cleaned.get("opinion", "")).strip():
            self.add_error("opinion", gettext("请写明理由"))
        return cleaned


class InboxFilter(forms.Form):
    """Filters of the inbox; the state lives in the URL."""

    q = forms.CharField(label=_("编号或姓名"), required=False, max_length=60)
    code = forms.ChoiceField(label=_("事项"), required=False)
    state = forms.ChoiceField(label=_("状态"), required=False)
    due = forms.ChoiceField(
        label=_("办理时限"), required=False,
        choices=[("", _("全部")), ("overdue", _("已超期")), ("today", _("今天到期")), ("week", _("七天内到期"))],
    )  # fmt: skip

    def __init__(
        self, *args: Any, codes: list[tuple[str, Text]], states: list[tuple[str, Any]], **kwargs: Any
    ):
        super().__init__(*args, **kwargs)
        self.fields["code"].choices = [("", _("全部")), *((code, say(text)) for code, text in codes)]  # type: ignore[attr-defined]
        self.fields["state"].choices = states  # type: ignore[attr-defined]


class StaffFilter(forms.Form):
    """Filters of the dossiers."""

    q = forms.CharField(label=_("档案号或姓名"), required=False, max_length=60)
    status = forms.ChoiceField(label=_("状态"), required=False)
    due = forms.BooleanField(label=_("六个月内到龄"), required=False)

    def __init__(self, *args: Any, states: list[tuple[str, Text]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["status"].choices = [("", _("全部")), *((code, say(text)) for code, text in states)]  # type: ignore[attr-defined]


class WithdrawForm(forms.Form):
    """撤回: why."""

    reason = forms.CharField(label=_("撤回原因"), max_length=300, widget=forms.Textarea({"rows": 2}))
