"""Forms of watch: filters, and a rule as a person writes it. What a rule may ask is decided by the core."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.watch import wording
from quancheng.capabilities.watch.models import Level, RuleVersion, State
from quancheng.capabilities.watch.values import Draft, Scope, spec_of
from quancheng.core.watch import Kind
from quancheng.kernel import clock, registry, rulebook

ALL = ("", _("全部"))
DIRECTIONS = [
    ("above", _("不低于（向上越限）")),
    ("below", _("不高于（向下越限）")),
    ("either", _("绝对值不低于（双向）")),
]
TIME = r"^([01]?\d|2[0-4]):[0-5]\d$"


class RuleFilterForm(forms.Form):
    """筛选规则."""

    text = forms.CharField(label=_("名称或编号"), required=False, max_length=60)
    state = forms.ChoiceField(label=_("状态"), required=False, choices=[ALL, *State.choices])
    kind = forms.ChoiceField(label=_("类型"), required=False)
    level = forms.ChoiceField(label=_("级别"), required=False, choices=[ALL, *Level.choices])

    def __init__(self, *args: Any, language: str = "zh", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, "kind", [ALL, *kind_choices(language)])

    def wanted(self) -> dict[str, Any]:
        """Valid filters; what is not valid is left out."""
        self.is_valid()
        found: dict[str, Any] = {name: value for name, value in self.cleaned_data.items() if value}
        if "level" in found:
            found["level"] = int(found["level"])
        return found


class RuleForm(forms.Form):
    """起草规则: every field a kind may need; those it does not need are left alone."""

    code = forms.CharField(
        label=_("编号"), max_length=80, help_text=_("小写字母、数字或连字符，如 ponding-deep")
    )
    zh = forms.CharField(label=_("名称"), max_length=100)
    en = forms.CharField(label=_("英文名称"), max_length=160)
    kind = forms.ChoiceField(label=_("类型"))
    property = forms.ChoiceField(label=_("观测要素"))
    station_kind = forms.CharField(
        label=_("站类"), required=False, max_length=20, help_text=_("如 river；空为全部")
    )
    region = forms.ChoiceField(label=_("区县"), required=False)
    direction = forms.ChoiceField(label=_("方向"), choices=DIRECTIONS, initial="above")
    parameter = forms.ChoiceField(
        label=_("阈值参数"), required=False, help_text=_("选参数时阈值随参数的取值，有依据、分时期")
    )
    limit = forms.FloatField(label=_("阈值"), required=False, help_text=_("不选参数时填写"))
    strict = forms.BooleanField(label=_("严格大于（或小于）才算越限"), required=False)
    clear = forms.FloatField(label=_("解除值"), required=False, help_text=_("空为与阈值相同"))
    consecutive = forms.IntegerField(label=_("连续次数"), required=False, min_value=1, max_value=1000)
    minutes = forms.IntegerField(label=_("窗口（分钟）"), required=False, help_text=_("窗口统计、邻站比较"))
    statistic = forms.ChoiceField(label=_("统计量"), required=False)
    coverage = forms.FloatField(
        label=_("有效率"), required=False, min_value=0, max_value=1, help_text=_("0到1，如 0.75")
    )
    seconds = forms.IntegerField(
        label=_("时长（秒）"), required=False, help_text=_("缺数、停滞、先后间隔、变化率的最大间隔")
    )
    tolerance = forms.FloatField(label=_("容差"), required=False, help_text=_("停滞"))
    per_seconds = forms.IntegerField(
        label=_("变化率时间（秒）"), required=False, help_text=_("如 3600 为每小时")
    )
    neighbours = forms.IntegerField(label=_("邻站个数"), required=False)
    then_property = forms.ChoiceField(label=_("随后的观测要素"), required=False)
    then_direction = forms.ChoiceField(label=_("随后的方向"), required=False, choices=DIRECTIONS)
    then_limit = forms.FloatField(label=_("随后的阈值"), required=False)
    hours_from = forms.RegexField(TIME, label=_("每天从"), required=False, help_text=_("如 22:00；空为全天"))
    hours_to = forms.RegexField(TIME, label=_("每天到"), required=False)
    level = forms.TypedChoiceField(label=_("告警级别"), choices=Level.choices, coerce=int)
    incident_type = forms.ChoiceField(label=_("事件类别"))
    source = forms.CharField(
        label=_("阈值依据"), required=False, max_length=300, help_text=_("不选参数时写明出处")
    )
    note = forms.CharField(
        label=_("说明"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(
        self,
        *args: Any,
        properties: list[tuple[str, str, str]],
        language: str = "zh",
        fixed: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        english = language.startswith("en")
        named = [(key, en if english else zh) for key, zh, en in properties]
        _offer(self, "kind", kind_choices(language))
        _offer(
            self, "statistic", [(str(key), text.pick(language)) for key, text in wording.STATISTICS.items()]
        )
        _offer(self, "property", named)
        _offer(self, "then_property", [("", "—"), *named])
        districts = [
            (one.code, one.text.pick(language)) for one in people.regions() if one.level == "district"
        ]
        _offer(self, "region", [ALL, *districts])
        _offer(self, "parameter", [("", "—"), *parameter_choices(language)])
        _offer(self, "incident_type", incident_choices(language))
        if fixed:
            for name in ("code", "zh", "en"):
                del self.fields[name]

    def draft(self) -> Draft:
        """What the form says; raises InvalidInput with the fields at fault."""
        said = self.cleaned_data
        kind = Kind(said["kind"])
        raw: dict[str, Any] = {"kind": said["kind"], "direction": said["direction"], "strict": said["strict"]}
        raw["limit"] = said["limit"] if said["limit"] is not None else self._parameter_value()
        for name in _USES[kind]:
            if said.get(name) not in (None, ""):
                raw[name] = said[name]
        if kind is Kind.SEQUENCE and said["then_limit"] is not None:
            raw["then"] = {"direction": said["then_direction"] or "above", "limit": said["then_limit"]}
        if said["hours_from"] and said["hours_to"]:
            raw["hours"] = [_minute(said["hours_from"]), _minute(said["hours_to"])]
        if kind in {Kind.ABSENCE, Kind.STUCK} and said["parameter"] and not raw.get("seconds"):
            raw["seconds"] = int(self._parameter_value())
        scope = {
            "property": said["property"], "kind": said["station_kind"], "region": said["region"],
            "then_property": said["then_property"] if kind is Kind.SEQUENCE else "",
        }  # fmt: skip
        return Draft(
            spec=spec_of(raw), scope=Scope.of(scope), level=said["level"], incident_type=said["incident_type"],
            parameter=said["parameter"], source=said["source"], note=said["note"],
        )  # fmt: skip

    def _parameter_value(self) -> float:
        from quancheng.capabilities.watch.compiling import found

        finding = found(self.cleaned_data["parameter"])
        value = finding.value if finding is not None else 0.0
        return float(value) if isinstance(value, int | float) else 0.0


_COMMON = ("clear", "consecutive")
_USES: dict[Kind, tuple[str, ...]] = {
    Kind.THRESHOLD: _COMMON,
    Kind.HYSTERESIS: _COMMON,
    Kind.WINDOW: (*_COMMON, "minutes", "statistic", "coverage"),
    Kind.RATE: (*_COMMON, "per_seconds", "seconds"),
    Kind.SEQUENCE: ("seconds",),
    Kind.ABSENCE: ("seconds",),
    Kind.STUCK: ("seconds", "tolerance"),
    Kind.NEIGHBOUR: (*_COMMON, "minutes", "seconds", "neighbours"),
}


def _offer(form: forms.Form, name: str, choices: list[Any]) -> None:
    field = form.fields[name]
    if isinstance(field, forms.ChoiceField):
        field.choices = choices


def _minute(text: str) -> int:
    hour, minute = text.split(":")
    return min(60 * int(hour) + int(minute), 1440)


def kind_choices(language: str) -> list[tuple[str, str]]:
    """Kinds of rules."""
    return [(str(kind), text.pick(language)) for kind, text in wording.KINDS.items()]


def parameter_choices(language: str) -> list[tuple[str, str]]:
    """Parameters of the rule book with a number in force today."""
    found, today = [], clock.today()
    for one in rulebook.rules():
        if one.in_force(today) and isinstance(one.value, int | float) and not isinstance(one.value, bool):
            unit = one.unit if one.unit.isascii() or not language.startswith("en") else ""
            found.append(
                (one.id, f"{one.name.pick(language)} = {' '.join(f'{one.value} {unit}'.split())} ({one.id})")
            )
    return sorted(dict(found).items())


def incident_choices(language: str) -> list[tuple[str, str]]:
    """Incident types of all modules."""
    return [(row.id, row.text.pick(language)) for _owner, row in registry.items("incident_type")]


def initial_of(version: RuleVersion) -> dict[str, Any]:
    """A version as the form shows it."""
    spec, scope = dict(version.spec), dict(version.scope)
    then, hours = spec.pop("then", None), spec.pop("hours", None)
    made = {**spec, "station_kind": scope.get("kind", ""), "region": scope.get("region", "")}
    made |= {"property": scope.get("property", ""), "then_property": scope.get("then_property", "")}
    made |= {"level": version.level, "incident_type": version.incident_type, "parameter": version.parameter}
    made |= {"source": version.source, "note": version.note}
    if then:
        made |= {"then_direction": then["direction"], "then_limit": then["limit"]}
    if hours:
        made |= {
            f"hours_{name}": f"{at // 60}:{at % 60:02d}"
            for name, at in zip(("from", "to"), hours, strict=True)
        }
    return made


class TrialForm(forms.Form):
    """试算."""

    days = forms.IntegerField(label=_("过去多少天"), min_value=1, max_value=400, initial=31)


class NoteForm(forms.Form):
    """停用原因."""

    note = forms.CharField(label=_("停用原因"), max_length=500)
