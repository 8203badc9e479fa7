"""申请表: Django forms made from a matter's field definitions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.functional import lazy
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.services.flow import State
from quancheng.capabilities.services.spec import FieldSpec, Label, Material, MatterSpec
from quancheng.core.text import Text
from quancheng.kernel import clock

_PHONE = re.compile(r"1\d{10}|0\d{2,3}-?\d{7,8}", re.ASCII)
DATE_FORMATS = ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日"]
PICTURES = "image/jpeg,image/png"


def _pick(zh: str, en: str) -> str:
    return Text(zh, en).pick(get_language() or "zh")


_lazy_pick = lazy(_pick, str)


def say(label: Label | Text) -> Any:
    """A two-language text as a lazy string in the reader's language."""
    return _lazy_pick(label.zh, label.en)


class ApplicationForm(forms.Form):
    """Base of all application forms."""

    def values(self) -> dict[str, Any]:
        """Cleaned values as plain JSON; unanswered optional fields are left out."""
        found: dict[str, Any] = {}
        for key, value in self.cleaned_data.items():
            if key.startswith("file_") or value in (None, ""):
                continue
            found[key] = value.isoformat() if hasattr(value, "isoformat") else value
        return found


def form_class(spec: MatterSpec, *, have: frozenset[str] = frozenset()) -> type[ApplicationForm]:
    """The form of a matter: what a person fills in, and an upload for each material.

    ``have`` names materials already uploaded, which need not come again.
    """
    fields: dict[str, forms.Field] = {row.key: _field(row) for row in spec.field if not row.locked}
    agreements = {key: fields.pop(key) for key in list(fields) if isinstance(fields[key], forms.BooleanField)}
    fields |= {f"file_{row.key}": _upload(row, row.key in have) for row in spec.uploads}
    return type("MatterForm", (ApplicationForm,), fields | agreements)


def data_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """JSON values as form data (the API's way into the same validation).

    Numbers become text, lists and objects are no answer to any field and count as empty.
    """
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, bool | str):
            found[key] = value
        elif isinstance(value, int | float):
            found[key] = f"{value:.15g}" if abs(value) < 1e15 else str(value)[:40]
    return found


def display(spec: MatterSpec, values: Mapping[str, Any]) -> list[tuple[FieldSpec, Any]]:
    """Fields with their values as people read them."""
    rows = []
    for row in spec.field:
        value = values.get(row.key)
        if row.kind == "agree" or value in (None, ""):
            continue
        if row.kind == "choice":
            option = next((one for one in row.options if one.value == value), None)
            value = option.text.text if option else value
        elif row.kind == "region":
            value = people.region_name(str(value), full=True)
        rows.append((row, value))
    return rows


def _field(row: FieldSpec) -> forms.Field:
    common: dict[str, Any] = {
        "label": say(row.label),
        "required": row.required,
        "help_text": say(row.hint) if row.hint else "",
    }
    match row.kind:
        case "paragraph":
            return forms.CharField(max_length=row.max_length, widget=forms.Textarea({"rows": 4}), **common)
        case "choice":
            choices = [(one.value, say(one.text)) for one in row.options]
            return forms.ChoiceField(choices=choices, widget=forms.RadioSelect, **common)
        case "date":
            validators = [MaxValueValidator(clock.today, message=_("日期不能晚于今天"))] if row.past else []
            widget = forms.DateInput({"type": "date"}, format="%Y-%m-%d")
            return forms.DateField(input_formats=DATE_FORMATS, validators=validators, widget=widget, **common)
        case "number":
            limits = [MinValueValidator(row.minimum)] if row.minimum is not None else []
            limits += [MaxValueValidator(row.maximum)] if row.maximum is not None else []  # type: ignore[list-item]
            return forms.FloatField(
                validators=limits, widget=forms.TextInput({"inputmode": "decimal"}), **common
            )
        case "phone":
            return PhoneField(
                max_length=20, widget=forms.TextInput({"type": "tel", "autocomplete": "tel"}), **common
            )
        case "region":
            districts = [(one.code, say(one.text)) for one in people.regions()]
            return forms.ChoiceField(choices=[("", "—"), *districts], **common)
        case "agree":
            return forms.BooleanField(**common)
        case _:
            return forms.CharField(max_length=row.max_length, **common)


def _upload(row: Material, have: bool) -> forms.Field:
    widget = forms.FileInput({"accept": PICTURES, "data-preview": ""})
    return forms.FileField(
        label=say(row.name), required=row.required and not have, help_text=say(row.how), widget=widget
    )


class PhoneField(forms.CharField):
    """A Chinese mobile or landline number."""

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        text = re.sub(r"[\s-]", "", text) if text.strip().startswith("1") else text.strip()
        if text and not _PHONE.fullmatch(text):
            raise forms.ValidationError(gettext("电话应是11位手机号，或带区号的固定电话，如 0531-12345678"))
        return text


# -- desk -----------------------------------------------------------------------------------
class InboxFilter(forms.Form):
    """Filters of the desk's inbox; the state lives in the URL."""

    q = forms.CharField(label=_("编号或姓名"), required=False, max_length=60)
    matter = forms.ChoiceField(label=_("事项"), required=False)
    state = forms.ChoiceField(label=_("状态"), required=False)
    due = forms.ChoiceField(
        label=_("办理时限"),
        required=False,
        choices=[
            ("", _("全部")),
            ("overdue", _("已超期")),
            ("today", _("今天到期")),
            ("week", _("七天内到期")),
        ],
    )
    region = forms.ChoiceField(label=_("区县"), required=False)

    def __init__(self, *args: Any, matters: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        states = [("", _("待办")), ("all", _("全部")), ("done", _("已办"))]
        states += [(state.value, say(state.text)) for state in State]
        self.fields["state"].choices = states  # type: ignore[attr-defined]
        self.fields["matter"].choices = [("", _("全部")), *((one.code, say(one.text)) for one in matters)]  # type: ignore[attr-defined]
        regions = [(one.code, say(one.text)) for one in people.regions()]
        self.fields["region"].choices = [("", _("全部")), *regions]  # type: ignore[attr-defined]


class ReturnForm(forms.Form):
    """退回补正: what to correct."""

    reason = forms.CharField(
        label=_("需要补正的内容"),
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("申请人会原样看到，请写明改什么、怎么改"),
    )


class RefuseForm(forms.Form):
    """不予办理: the ground from the matter's list, and the reason in words."""

    ground = forms.ChoiceField(label=_("不予办理的情形与依据"), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("具体理由"),
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("写明事实；申请人会原样看到，并被告知复议和诉讼的权利"),
    )

    def __init__(self, *args: Any, spec: MatterSpec, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        grounds = [
            (row.id, _lazy_pick(f"{row.text.zh}({row.basis.zh})", f"{row.text.en} ({row.basis.en})"))
            for row in spec.grounds()
        ]
        self.fields["ground"].choices = grounds  # type: ignore[attr-defined]


class NoteForm(forms.Form):
    """内部备注."""

    text = forms.CharField(
        label=_("内部备注"), max_length=500, widget=forms.Textarea({"rows": 2}), help_text=_("申请人看不到")
    )


class ApproveForm(forms.Form):
    """准予: an opinion, and the confirmation that what a person must judge was judged."""

    opinion = forms.CharField(
        label=_("审批意见"), max_length=500, required=False, widget=forms.Textarea({"rows": 2})
    )
    judged = forms.BooleanField(label=_("我已逐项核对需人工判断的内容和照片"))


class RatingForm(forms.Form):
    """好差评."""

    score = forms.TypedChoiceField(
        label=_("您满意吗"),
        coerce=int,
        widget=forms.RadioSelect,
        choices=[
            (5, _("非常满意")),
            (4, _("满意")),
            (3, _("基本满意")),
            (2, _("不满意")),
            (1, _("非常不满意")),
        ],
    )
    text = forms.CharField(
        label=_("想说的话"), required=False, max_length=300, widget=forms.Textarea({"rows": 2})
    )
