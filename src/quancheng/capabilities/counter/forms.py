"""Forms of the counter: who is in front, the matter's own form, papers, steps of custody."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.utils.functional import lazy
from django.utils.translation import get_language
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.counter.custody import BagState, Holder, Step, holder_text
from quancheng.capabilities.counter.models import Hall
from quancheng.capabilities.counter.values import Confirmation, Paper
from quancheng.capabilities.people import queries as people
from quancheng.core import forms as definitions
from quancheng.core.text import Text
from quancheng.kernel.errors import Unsupported

_PHONE = re.compile(r"1\d{10}|0\d{2,3}-?\d{7,8}", re.ASCII)
FILE = "file_"


def _pick(zh: str, en: str) -> str:
    return Text(zh, en).pick(get_language() or "zh")


_lazy_pick = lazy(_pick, str)


def say(label: Any) -> Any:
    """A two-language text as a lazy string in the reader's language."""
    return _lazy_pick(label.zh, label.en)


class IdentifyForm(forms.Form):
    """核对来人: the whole number and what for."""

    hall = forms.ChoiceField(label=_("收件大厅"))
    id_number = forms.CharField(
        label=_("公民身份号码"), max_length=18, widget=forms.TextInput({"autocomplete": "off"}),
        help_text=_("请核对身份证原件与本人一致"),
    )  # fmt: skip
    purpose = forms.CharField(
        label=_("查询用途"), max_length=100, help_text=_("会记入“谁查过我”，本人可以看到")
    )

    def __init__(self, *args: Any, halls: list[Hall], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["hall"].choices = [(one.code, say(one.text)) for one in halls]  # type: ignore[attr-defined]
        self.fields["purpose"].initial = _now("窗口收件，核对申请人身份")


class PapersForm(forms.Form):
    """纸质材料: what stays here on paper, under which seal."""

    papers = forms.CharField(
        label=_("留存的纸质材料"), required=False, widget=forms.Textarea({"rows": 3}), max_length=1000,
        help_text=_("每行一种，后面写份数，例如：照片 2；没有留存纸质材料就不填"),
    )  # fmt: skip
    seal = forms.CharField(
        label=_("封签号"), required=False, max_length=30, widget=forms.TextInput({"autocomplete": "off"}),
        help_text=_("扫描或输入封签上的号码"),
    )  # fmt: skip
    insist = forms.BooleanField(label=_("申请人认为登记信息有误，仍要提交"), required=False)

    def listed(self) -> list[Paper]:
        """The papers written down, one a line."""
        found = []
        for line in self.cleaned_data["papers"].splitlines():
            name, _gap, count = line.strip().rpartition(" ")
            if not line.strip():
                continue
            if name and count.isascii() and count.isdigit():
                found.append(Paper(name.strip()[:60], int(count[:4])))
            else:
                found.append(Paper(line.strip()[:60]))
        return found


class BagFilter(forms.Form):
    """Filters of the bags; the scan field takes bag, seal, receipt or waybill number."""

    q = forms.CharField(
        label=_("扫描或输入编号"),
        required=False,
        max_length=60,
        help_text=_("袋号、封签号、受理编号或运单号"),
    )
    state = forms.ChoiceField(label=_("流转状态"), required=False)
    holder = forms.ChoiceField(label=_("现在谁持有"), required=False)
    due = forms.ChoiceField(label=_("流转时限"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(one.value, say(one.text)) for one in BagState]
        self.fields["state"].choices = [("", _now("流转中")), ("all", _now("全部")), *choices]  # type: ignore[attr-defined]
        holders = [(one.value, say(holder_text(one))) for one in Holder]
        self.fields["holder"].choices = [("", _now("全部")), *holders]  # type: ignore[attr-defined]
        self.fields["due"].choices = [("", _now("全部")), ("late", _now("已逾期"))]  # type: ignore[attr-defined]


class HallFilter(forms.Form):
    """Filters of the public list of halls."""

    level = forms.ChoiceField(label=_("大厅层级"), required=False)
    region = forms.ChoiceField(label=_("所在区县"), required=False)
    accessible = forms.BooleanField(label=_("有无障碍设施"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["level"].choices = [("", _now("全部")), *Hall.Level.choices]  # type: ignore[attr-defined]
        regions = [(one.code, say(one.text)) for one in people.regions()]
        self.fields["region"].choices = [("", _now("全部")), *regions]  # type: ignore[attr-defined]


class StepForm(forms.Form):
    """One hand-over: what the step needs and no more."""

    def __init__(self, data: Any = None, *, step: Step) -> None:
        super().__init__(data, prefix=step.verb)
        if step.by_courier:
            self.fields["courier"] = forms.CharField(label=_("承运人"), max_length=60)
            self.fields["waybill"] = forms.CharField(label=_("运单号"), max_length=30)
        if step.confirms:
            self.fields["count"] = forms.IntegerField(label=_("实收份数"), min_value=0, max_value=2970)
            if step.verb != "check":
                self.fields["seal"] = forms.CharField(label=_("看到的封签号"), max_length=30)
                self.fields["intact"] = forms.ChoiceField(
                    label=_("封签是否完好"),
                    choices=[("yes", _("完好")), ("no", _("破损"))],
                    widget=forms.RadioSelect,
                )
        self.fields["note"] = forms.CharField(label=_("交接备注"), required=False, max_length=500)

    def values(self) -> dict[str, Any]:
        """Arguments of ``actions.move_bag``."""
        data = self.cleaned_data
        found: dict[str, Any] = {"note": data["note"]}
        if "waybill" in data:
            found |= {"courier": data["courier"], "waybill": data["waybill"].strip().upper()}
        if "count" in data:
            intact = data.get("intact", "yes") == "yes"
            found["confirmation"] = Confirmation(
                data["count"], data.get("seal", "").strip().upper(), intact, data["note"]
            )
        return found


class ExplainForm(forms.Form):
    """差异说明."""

    text = forms.CharField(label=_("情况说明"), max_length=500, widget=forms.Textarea({"rows": 3}))


class OfferForm(forms.Form):
    """跨城代收: to which partner, what."""

    id_number = forms.CharField(label=_("公民身份号码"), max_length=18)
    matter = forms.ChoiceField(label=_("事项"))
    note = forms.CharField(label=_("申请说明"), max_length=300, required=False)

    def __init__(self, *args: Any, matters: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["matter"].choices = [(one.code, say(one.text)) for one in matters]  # type: ignore[attr-defined]


class AnswerForm(forms.Form):
    """答复跨城申请."""

    kind = forms.ChoiceField(label=_("答复"))
    note = forms.CharField(label=_("理由或结果"), max_length=500, required=False)

    def __init__(self, *args: Any, kinds: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        words = {
            "accept": _now("接收"),
            "refuse": _now("不接收"),
            "deciding": _now("开始办理"),
            "decided": _now("已办结"),
        }
        self.fields["kind"].choices = [(one, words[one]) for one in kinds]  # type: ignore[attr-defined]


# -- the form of a matter, filled by the clerk --------------------------------------------------------
class MatterForm(forms.Form):
    """Base of the forms made from a matter's definition."""

    def answers(self) -> dict[str, Any]:
        """What was said, as the matter's form takes it; files are apart."""
        found: dict[str, Any] = {}
        for key, value in self.cleaned_data.items():
            if key.startswith(FILE) or value in (None, "", []):
                continue
            found[key] = value.isoformat() if hasattr(value, "isoformat") else value
        return found

    def uploads(self) -> dict[str, Any]:
        """Scans by material."""
        data = self.cleaned_data
        return {key.removeprefix(FILE): data[key] for key in data if key.startswith(FILE) and data[key]}


def matter_form(spec: Any) -> type[MatterForm]:
    """The form a clerk fills for a matter. Raises Unsupported when it must be filled by the applicant."""
    fields: dict[str, forms.Field] = {}
    if spec.form_json:
        for one in definitions.read(json.loads(spec.form_json)).fields:
            if one.locked or one.kind is definitions.Kind.FILE:
                continue
            fields[one.key] = _made(
                str(one.kind.value), one.label, one.required, one.hint, one.options, one.max_length
            )
    else:
        for row in spec.field:
            if not row.locked:
                fields[row.key] = _made(
                    row.kind, row.label, row.required, row.hint, row.options, row.max_length
                )
    for material in spec.uploads:
        fields[f"{FILE}{material.key}"] = forms.FileField(
            label=say(material.name), required=bool(material.required), help_text=say(material.how)
        )
    return type("CounterMatterForm", (MatterForm,), fields)


def _made(kind: str, label: Any, required: bool, hint: Any, options: Any, longest: int) -> forms.Field:
    make = _FIELDS.get(kind)
    if make is None:
        raise Unsupported(
            Text(
                "这个事项的表单须由申请人本人填写。",
                "The form of this matter must be filled by the applicant.",
            ),
            todo=Text("请指导申请人用手机网上办理。", "Help the applicant to apply online."),
        )
    common: dict[str, Any] = {"label": say(label), "required": required}
    if hint is not None:
        common["help_text"] = say(hint)
    rows = [(one.value, say(one.text)) for one in options]
    return make(common, rows, longest)


_FIELDS: Mapping[str, Callable[[dict[str, Any], list[Any], int], forms.Field]] = {
    "text": lambda common, rows, longest: forms.CharField(max_length=longest, **common),
    "paragraph": lambda common, rows, longest: forms.CharField(
        max_length=longest, widget=forms.Textarea({"rows": 3}), **common
    ),
    "choice": lambda common, rows, longest: forms.ChoiceField(
        choices=rows if common["required"] else [("", ""), *rows], **common
    ),
    "multi": lambda common, rows, longest: forms.MultipleChoiceField(
        choices=rows, widget=forms.CheckboxSelectMultiple, **common
    ),
    "date": lambda common, rows, longest: forms.DateField(**common),
    "number": lambda common, rows, longest: forms.CharField(
        max_length=20, widget=forms.TextInput({"inputmode": "decimal"}), **common
    ),
    "phone": lambda common, rows, longest: forms.RegexField(_PHONE, max_length=20, **common),
    "region": lambda common, rows, longest: forms.ChoiceField(
        choices=[(one.code, say(one.text)) for one in people.regions()], **common
    ),
    "agree": lambda common, rows, longest: forms.BooleanField(**common),
    "boolean": lambda common, rows, longest: forms.BooleanField(**common),
}


def initial_of(spec: Any, known: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the registers know of the open fields."""
    return {
        row.key: known[row.prefill]["value"]
        for row in spec.field
        if not row.locked and row.prefill and row.prefill in known
    }
