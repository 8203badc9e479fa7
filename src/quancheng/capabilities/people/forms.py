"""Forms of the user centre and of the desk pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.people import city, queries
from quancheng.capabilities.people.models import FirmAgent, Sex
from quancheng.kernel.errors import QuanchengError


def refuse(form: forms.Form, error: QuanchengError) -> None:
    """Put an expected error of an action onto the form it came from."""
    language = get_language() or "zh-hans"
    if not error.fields:
        form.add_error(None, error.detail.pick(language))
    for name, text in error.fields.items():
        form.add_error(name if name in form.fields else None, text.pick(language))


def _region_choices() -> list[tuple[str, Any]]:
    language = get_language() or "zh-hans"
    return [("", _("不限"))] + [(one.code, one.text.pick(language)) for one in queries.regions()]


def _industry_choices() -> list[tuple[str, Any]]:
    english = (get_language() or "").startswith("en")
    rows = city.document("population")["firms"]["industries"]
    return [("", _("不限"))] + [(row[0], row[2] if english else row[1]) for row in rows]


class ContactForm(forms.Form):
    """变更联系方式."""

    phone = forms.CharField(
        label=_("手机号"),
        max_length=20,
        help_text=_("用于接收办件进度,11位数字。"),
        widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
    )
    address = forms.CharField(
        label=_("现住址"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "street-address"}),
    )


class RealNameForm(forms.Form):
    """实名核验."""

    name = forms.CharField(
        label=_("姓名"), max_length=50, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    id_number = forms.CharField(
        label=_("身份证号"),
        max_length=24,
        help_text=_("18位，与身份证一致。只用于核对，不会显示给他人。"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class AgentForm(forms.Form):
    """授权经办人."""

    name = forms.CharField(label=_("经办人姓名"), max_length=50)
    id_number = forms.CharField(label=_("经办人身份证号"), max_length=24)
    scope = forms.ChoiceField(label=_("授权范围"), choices=FirmAgent.Scope.choices)
    valid_to = forms.DateField(
        label=_("截止日"),
        required=False,
        help_text=_("不填则长期有效，可随时终止。"),
        widget=forms.DateInput(attrs={"type": "date"}),
    )


class PeopleFilterForm(forms.Form):
    """人口查询条件; the values live in the URL."""

    name = forms.CharField(label=_("姓名"), required=False, max_length=50)
    region = forms.ChoiceField(label=_("地区"), required=False)
    sex = forms.ChoiceField(label=_("性别"), required=False, choices=[("", _("不限")), *Sex.choices])
    age_from = forms.IntegerField(label=_("年龄从"), required=False, min_value=0, max_value=150)
    age_to = forms.IntegerField(label=_("年龄到"), required=False, min_value=0, max_value=150)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].choices = _region_choices()  # type: ignore[attr-defined]


class LookupForm(forms.Form):
    """按身份证号查一人."""

    id_number = forms.CharField(label=_("身份证号"), max_length=24)
    purpose = forms.CharField(
        label=_("查询用途"),
        max_length=100,
        help_text=_("写明为哪件事查询，本人和监管部门都能看到。"),
    )


class PurposeForm(forms.Form):
    """查看详情的用途."""

    purpose = forms.CharField(
        label=_("查看用途"),
        max_length=100,
        help_text=_("写明为哪件事查询，本人和监管部门都能看到。"),
    )


class FirmFilterForm(forms.Form):
    """法人查询条件."""

    name = forms.CharField(label=_("企业名称"), required=False, max_length=100)
    uscc = forms.CharField(label=_("统一社会信用代码"), required=False, max_length=18)
    region = forms.ChoiceField(label=_("地区"), required=False)
    industry = forms.ChoiceField(label=_("行业"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].choices = _region_choices()  # type: ignore[attr-defined]
        self.fields["industry"].choices = _industry_choices()  # type: ignore[attr-defined]


class GrantForm(forms.Form):
    """授予角色."""

    username = forms.CharField(label=_("工作人员账户"), max_length=150)
    role = forms.ChoiceField(label=_("角色"))
    region = forms.ChoiceField(label=_("管辖地区"), required=False)
    valid_to = forms.DateField(
        label=_("截止日"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("不填则长期有效。"),
    )
    reason = forms.CharField(label=_("事由"), max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = get_language() or "zh-hans"
        whole = queries.region(city.profile()["code"])
        self.fields["role"].choices = [  # type: ignore[attr-defined]
            (code, f"{text.pick(language)} ({code})") for code, text in queries.known_roles().items()
        ]
        self.fields["region"].choices = [  # type: ignore[attr-defined]
            *_region_choices(),
            (whole.code, whole.text.pick(language)),
        ]


class ReasonForm(forms.Form):
    """收回角色."""

    reason = forms.CharField(label=_("收回理由"), max_length=200)
