"""Forms of cascade."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.cascade.models import Feed, Letter, Neighbour, Wish
from quancheng.core.cascade import Status
from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput

ANY = ("", _("全部"))


def _codes(text: str) -> list[str]:
    return [one for one in text.replace("，", ",").replace("、", ",").replace(" ", ",").split(",") if one]


class RouteForm(forms.Form):
    """What a neighbour may have of us."""

    catalogue = forms.BooleanField(label=_("目录"), required=False, initial=True)
    tables = forms.BooleanField(label=_("数据表与校核"), required=False, initial=True)
    regions = forms.CharField(
        label=_("区域代码"), required=False, max_length=500, help_text=_("多个用逗号分隔；不填表示不限区域。")
    )
    organs = forms.CharField(
        label=_("单位代码"), required=False, max_length=500, help_text=_("多个用逗号分隔；不填表示不限单位。")
    )
    streams = forms.CharField(
        label=_("数据流"),
        required=False,
        max_length=1000,
        help_text=_("多个用逗号分隔；不填表示全部数据表。"),
    )

    def gives(self) -> list[dict[str, Any]]:
        """The clauses that the fields say."""
        said = self.cleaned_data
        found: list[dict[str, Any]] = [{"kinds": ["catalogue"]}] if said["catalogue"] else []
        if said["tables"]:
            asked = {name: _codes(said[name]) for name in ("regions", "organs") if _codes(said[name])}
            names = _codes(said["streams"])
            if names:
                found.append({**asked, "kinds": ["table"], "streams": names})
                found.append({**asked, "kinds": ["correction"], "streams": [f"table.{one}" for one in names]})
            else:
                found.append({**asked, "kinds": ["table", "correction"]})
        return found

    @staticmethod
    def initial_of(gives: list[dict[str, Any]]) -> dict[str, Any]:
        """The fields that say these clauses, as far as the form can say them."""
        tables = next((one for one in gives if "table" in one.get("kinds", ["table"])), None)
        every = any("kinds" not in one for one in gives)
        return {
            "catalogue": every or any("catalogue" in one.get("kinds", ()) for one in gives),
            "tables": tables is not None,
            **{name: ", ".join((tables or {}).get(name, ())) for name in ("regions", "organs", "streams")},
        }


class NeighbourForm(RouteForm):
    """A new neighbour."""

    code = forms.CharField(label=_("节点代码"), max_length=60)
    zh = forms.CharField(label=_("中文名称"), max_length=80)
    en = forms.CharField(label=_("英文名称"), max_length=120, required=False)
    kind = forms.ChoiceField(label=_("关系"), choices=Neighbour.Kind.choices)
    mode = forms.ChoiceField(label=_("连接方式"), choices=Neighbour.Mode.choices)
    address = forms.CharField(label=_("地址"), max_length=200, required=False)
    public_key = forms.CharField(label=_("公钥"), widget=forms.Textarea(attrs={"rows": 3}))
    late_after = forms.IntegerField(label=_("滞后阈值（秒）"), min_value=1, max_value=10**6, initial=900)
    silent_after = forms.IntegerField(label=_("失联阈值（秒）"), min_value=1, max_value=10**6, initial=3600)

    field_order = ("code", "zh", "en", "kind", "mode", "address", "public_key", "late_after", "silent_after")

    def wanted(self) -> dict[str, Any]:
        """The arguments of the action."""
        names = ("code", "zh", "en", "kind", "mode", "address", "public_key", "late_after", "silent_after")
        return {**{name: self.cleaned_data[name] for name in names}, "gives": self.gives()}


class ConfirmForm(forms.Form):
    """A fingerprint that was read aloud."""

    read = forms.CharField(
        label=_("对方读出的指纹"), max_length=80, help_text=_("40位十六进制数字，空格可有可无。")
    )


class AnswerForm(forms.Form):
    """The answer to a correction request."""

    note = forms.CharField(label=_("答复理由"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


class FeedForm(forms.Form):
    """A catalogue to harvest."""

    code = forms.CharField(label=_("来源代码"), max_length=60)
    zh = forms.CharField(label=_("中文名称"), max_length=80)
    kind = forms.ChoiceField(label=_("接口"), choices=Feed.Kind.choices)
    address = forms.CharField(label=_("地址"), max_length=300)
    region = forms.CharField(label=_("区域代码"), max_length=12, required=False)


class NeighbourFilter(forms.Form):
    """Filters of neighbours."""

    text = forms.CharField(label=_("名称或代码"), required=False)
    kind = forms.ChoiceField(label=_("关系"), choices=[ANY, *Neighbour.Kind.choices], required=False)
    state = forms.ChoiceField(label=_("状态"), choices=[ANY, *Neighbour.State.choices], required=False)


class LetterFilter(forms.Form):
    """Filters of batches."""

    neighbour = forms.CharField(label=_("节点代码"), required=False)
    way = forms.ChoiceField(
        label=_("方向"), choices=[ANY, ("in", _("收到")), ("out", _("送出"))], required=False
    )
    status = forms.ChoiceField(label=_("处理结果"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shown = [(one.value, _TEXTS[one]) for one in Status if one is not Status.DUPLICATE]
        self.fields["status"].choices = [ANY, *shown]  # type: ignore[attr-defined]


class WishFilter(forms.Form):
    """Filters of correction requests."""

    text = forms.CharField(label=_("数据行或数据流"), required=False)
    way = forms.ChoiceField(
        label=_("方向"), choices=[ANY, ("in", _("收到")), ("out", _("送出"))], required=False
    )
    state = forms.ChoiceField(label=_("状态"), choices=[ANY, *Wish.State.choices], required=False)


_TEXTS = {
    Status.APPLIED: _("已处理"),
    Status.EARLY: _("有缺口"),
    Status.STALE: _("已过时"),
    Status.REFUSED: _("拒绝"),
    Status.DUPLICATE: _("重复"),
}


def status_text(letter: Letter) -> Any:
    """The status of a batch for people."""
    return {one.value: text for one, text in _TEXTS.items()}.get(letter.status, letter.status)


def mark(form: forms.Form, refused: InvalidInput, pick: Any) -> None:
    """Put the faults of an action at their fields."""
    faults: dict[str, Text] = dict(refused.fields)
    if not faults:
        form.add_error(None, pick(refused.detail))
    for name, text in faults.items():
        form.add_error(name if name in form.fields else None, pick(text))
