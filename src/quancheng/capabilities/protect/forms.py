"""Filters of the lists; their state lives in the URL, for pages and API alike."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.protect.words import JOB_STATES
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.errors import InvalidInput

FIRST, LAST = date(2000, 1, 1), date(2200, 1, 1)


class Filter(forms.Form):
    """A GET form all of whose fields may be left empty."""

    def chosen(self) -> dict[str, Any]:
        """The valid values; nothing when nothing was asked."""
        if not self.is_bound:
            return {}
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}

    def strictly(self) -> dict[str, Any]:
        """The values, for the API. Raises InvalidInput naming each wrong field."""
        if self.is_bound and not self.is_valid():
            said = {name: Text("内容无效。", "Not valid.") for name in self.errors}
            raise InvalidInput(fields=said)
        return self.chosen()


def _day(label: Any) -> forms.DateField:
    return forms.DateField(label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}))


class AuditFilter(Filter):
    """审计记录查询条件."""

    actor = forms.CharField(label=_("行为人姓名"), required=False, max_length=60)
    verb = forms.CharField(label=_("行为"), required=False, max_length=120)
    object = forms.CharField(label=_("对象"), required=False, max_length=200)
    stream = forms.CharField(label=_("审计流"), required=False, max_length=64)
    since = _day(_("自"))
    until = _day(_("至"))

    def clean(self) -> dict[str, Any]:
        for name in ("since", "until"):
            day = self.cleaned_data.get(name)
            if day is not None and not FIRST <= day <= LAST:
                self.add_error(name, _("日期超出范围"))
        return self.cleaned_data

    def narrowing(self, *, strict: bool = False) -> dict[str, Any]:
        """The values as ``queries.entries`` takes them: days become moments, the last day included."""
        found = self.strictly() if strict else self.chosen()
        if "since" in found:
            found["since"] = _midnight(found["since"])
        if "until" in found:
            found["until"] = _midnight(found["until"] + timedelta(days=1))
        names = {"object": "object_ref", "actor": "name"}
        return {names.get(name, name): value for name, value in found.items()}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=clock.LOCAL)


class SealFilter(Filter):
    """检查点查询条件."""

    stream = forms.CharField(label=_("审计流"), required=False, max_length=64)


class DeliveryFilter(Filter):
    """搁置的投递查询条件."""

    type = forms.CharField(label=_("事件类型"), required=False, max_length=200)
    subject = forms.CharField(label=_("主题"), required=False, max_length=300)
    subscriber = forms.CharField(label=_("订阅者"), required=False, max_length=120)


class JobFilter(Filter):
    """任务查询条件."""

    state = forms.ChoiceField(label=_("状态"), required=False, choices=[("", _("全部")), *JOB_STATES.items()])
    kind = forms.CharField(label=_("任务"), required=False, max_length=120)
