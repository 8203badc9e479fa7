"""Forms of the vault. What may be granted is decided by the actions; forms only read."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.vault.models import DataRequest, Recipient
from quancheng.capabilities.vault.wording import MODES, OBJECTIONS, STATES
from quancheng.core.vault import Mode
from quancheng.kernel import clock

_DAYS = (1, 7, 30, 90, 365)


class RequestFilter(forms.Form):
    """筛选请求."""

    q = forms.CharField(label=_("使用方、用途或编号"), required=False, max_length=60)
    state = forms.ChoiceField(label=_("状态"), required=False)

    def __init__(self, *args: Any, language: str = "zh", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = [(state.value, text.pick(language)) for state, (text, _kind) in STATES.items()]
        self.fields["state"].choices = [("", _("全部")), *rows]  # type: ignore[attr-defined]


class UseFilter(forms.Form):
    """筛选使用记录."""

    q = forms.CharField(label=_("使用方、用途或编号"), required=False, max_length=60)


class MyObjectionFilter(forms.Form):
    """筛选我的异议."""

    state = forms.ChoiceField(label=_("状态"), required=False)

    def __init__(self, *args: Any, language: str = "zh", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = [(state.value, text.pick(language)) for state, (text, _kind) in OBJECTIONS.items()]
        self.fields["state"].choices = [("", _("全部")), *rows]  # type: ignore[attr-defined]


class ObjectionFilter(MyObjectionFilter):
    """筛选本部门的异议."""

    q = forms.CharField(label=_("编号或数据项"), required=False, max_length=60)
    late = forms.BooleanField(label=_("只看超期的"), required=False)
    field_order = ("q", "state", "late")


class RecipientFilter(forms.Form):
    """筛选使用方."""

    q = forms.CharField(label=_("名称或代码"), required=False, max_length=60)
    standing = forms.ChoiceField(label=_("状态"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["standing"].choices = [("", _("全部")), *Recipient.Standing.choices]  # type: ignore[attr-defined]


class GrantForm(forms.Form):
    """授权: items one by one, once or for a period. Nothing is ticked before the person ticks it."""

    items = forms.MultipleChoiceField(
        label=_("给哪些数据"), widget=forms.CheckboxSelectMultiple, error_messages={"required": _("请勾选要给的数据，一项都不给请选择拒绝")}
    )  # fmt: skip
    mode = forms.ChoiceField(label=_("怎么用"), widget=forms.RadioSelect)
    days = forms.TypedChoiceField(label=_("授权到什么时候"), coerce=int)

    def __init__(self, *args: Any, row: DataRequest, language: str = "zh", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.row = row
        self._offer(
            "items", [(one["code"], one["en"] if language == "en" else one["zh"]) for one in row.items]
        )
        modes = [Mode.ONCE] if row.mode == Mode.ONCE.value else [Mode.ONCE, Mode.PERIOD]
        self._offer("mode", [(one.value, MODES[one].pick(language)) for one in modes])
        self.initial.setdefault("mode", Mode.ONCE.value)
        self._offer("days", self._ends(language))

    def _offer(self, name: str, choices: list[tuple[Any, str]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def _ends(self, language: str) -> list[tuple[int, str]]:
        left = (self.row.until - clock.now()).days
        days = [one for one in _DAYS if one < left]
        said = [(one, f"{one} days" if language == "en" else f"{one}天内") for one in days]
        last = self.row.until.astimezone(clock.LOCAL)
        widest = (
            f"until {last:%Y-%m-%d}, as asked"
            if language == "en"
            else f"到{last:%Y年%-m月%-d日}（对方请求的期限）"
        )
        return [*said, (0, widest)]

    def terms(self) -> dict[str, Any]:
        """What the action takes."""
        data = self.cleaned_data
        until = self.row.until if data["days"] == 0 else clock.now() + timedelta(days=data["days"])
        return {"items": data["items"], "mode": data["mode"], "until": min(until, self.row.until)}


class RefuseForm(forms.Form):
    """拒绝."""

    reason = forms.CharField(
        label=_("拒绝的理由"), max_length=300, widget=forms.Textarea({"rows": 2}), help_text=_("会告诉对方")
    )


class ObjectForm(forms.Form):
    """对一项数据提出异议."""

    claimed = forms.CharField(label=_("应为"), max_length=300)
    said = forms.CharField(label=_("哪里不对"), max_length=500, widget=forms.Textarea({"rows": 3}))


class AnswerForm(forms.Form):
    """答复异议."""

    said = forms.CharField(label=_("给当事人的答复"), max_length=500, widget=forms.Textarea({"rows": 3}))


class SuspendForm(forms.Form):
    """暂停使用方."""

    reason = forms.CharField(label=_("暂停原因"), max_length=300)


class RecipientForm(forms.Form):
    """登记使用方."""

    code = forms.SlugField(
        label=_("代码"), max_length=40, help_text=_("小写字母、数字和连字符，如 bank-quan")
    )
    zh = forms.CharField(label=_("中文名称"), max_length=80)
    en = forms.CharField(label=_("英文名称"), max_length=80)
    kind = forms.ChoiceField(label=_("类型"), choices=Recipient.Kind.choices)
    department = forms.CharField(
        label=_("机构代码"), max_length=40, required=False, help_text=_("类型为部门时填写，如 jn-police")
    )
    callback = forms.URLField(label=_("回调地址"), max_length=300, required=False, assume_scheme="https")
    jwk = forms.CharField(
        label=_("公钥（JWK）"), max_length=6000, widget=forms.Textarea({"rows": 4, "spellcheck": "false"}),
        help_text=_("由对方当面或经第二条渠道核对"),
    )  # fmt: skip

    def clean_jwk(self) -> dict[str, Any]:
        try:
            found = json.loads(self.cleaned_data["jwk"])
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise forms.ValidationError(_("公钥应为一个 JSON 对象"))
        return found

    def clean_department(self) -> int | None:
        from quancheng.kernel.errors import NotFound

        code = self.cleaned_data["department"].strip()
        try:
            return int(people.department(code).pk) if code else None
        except NotFound:
            raise forms.ValidationError(_("没有这个机构代码")) from None


class ReceiptForm(forms.Form):
    """核验回执: paste or upload."""

    receipt = forms.CharField(
        label=_("回执或证明文件的内容"), max_length=400_000, required=False,
        widget=forms.Textarea({"rows": 6, "spellcheck": "false"}),
    )  # fmt: skip
    file = forms.FileField(label=_("或者上传文件"), required=False)

    def content(self) -> bytes:
        """The bytes to check."""
        sent = self.cleaned_data.get("file")
        if sent is not None:
            data: bytes = sent.read(500_000)
            return data
        return str(self.cleaned_data["receipt"]).strip().encode()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("receipt") and not data.get("file"):
            self.add_error("receipt", _("请粘贴回执，或者上传文件"))
        return data
