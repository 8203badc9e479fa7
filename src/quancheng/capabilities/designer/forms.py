"""设计器的表单: the list's filter, new drafts, the national elements of a matter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.functional import lazy
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.designer.values import DraftState
from quancheng.capabilities.services.values import HANDLING, KINDS, MAX_BYTES
from quancheng.core.text import Text

__all__ = ["BasicForm", "BlankForm", "DraftFilter", "ImportForm", "pairs", "say", "unpaired"]


def _pick(zh: str, en: str) -> str:
    return Text(zh, en).pick(get_language() or "zh")


_lazy_pick = lazy(_pick, str)


def say(text: Text) -> Any:
    """A two-language text as a lazy string in the reader's language."""
    return _lazy_pick(text.zh, text.en)


def pairs(rows: Any) -> str:
    """``[{zh, en}]`` as lines ``中文 | English``."""
    return "\n".join(
        f"{one.get('zh', '')} | {one.get('en', '')}" for one in rows or () if isinstance(one, Mapping)
    )


def unpaired(text: str) -> list[dict[str, str]]:
    """Lines ``中文 | English`` as ``[{zh, en}]``; a line without English keeps its Chinese."""
    found = []
    for line in text.replace("｜", "|").splitlines():
        zh, _bar, en = (one.strip() for one in line.partition("|"))
        if zh:
            found.append({"zh": zh, "en": en or zh})
    return found


class DraftFilter(forms.Form):
    """Filters of the list; the state lives in the URL."""

    q = forms.CharField(label=_("事项名称或代码"), required=False, max_length=60)
    state = forms.ChoiceField(label=_("草稿状态"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        states = [
            ("", _("未放弃的")),
            ("all", _("全部")),
            *((one.value, say(one.text)) for one in DraftState),
        ]
        self.fields["state"].choices = states  # type: ignore[attr-defined]


class BlankForm(forms.Form):
    """从空白新建."""

    code = forms.CharField(
        label=_("事项代码"), max_length=59, help_text=_("小写字母、数字、连字符，发布后不变")
    )
    zh = forms.CharField(label=_("中文名称"), max_length=100)
    en = forms.CharField(label=_("英文名称"), max_length=160)
    department = forms.ChoiceField(label=_("实施机关"))

    def __init__(self, *args: Any, departments: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"].choices = [(one.code, say(one.text)) for one in departments]  # type: ignore[attr-defined]


class ImportForm(forms.Form):
    """导入."""

    file = forms.FileField(label=_("事项文件"), help_text=_("从本平台导出的 JSON 或 ZIP，不超过8 MB"))

    def clean_file(self) -> bytes:
        upload = self.cleaned_data["file"]
        return bytes(upload.read(MAX_BYTES + 1))


class BasicForm(forms.Form):
    """基本信息: the national elements of a matter; two-language lists are lines ``中文 | English``."""

    zh = forms.CharField(label=_("中文名称"), max_length=100)
    en = forms.CharField(label=_("英文名称"), max_length=160)
    summary_zh = forms.CharField(
        label=_("中文说明"), max_length=500, widget=forms.Textarea({"rows": 2, "lang": "zh"})
    )
    summary_en = forms.CharField(
        label=_("英文说明"), max_length=800, widget=forms.Textarea({"rows": 2, "lang": "en"})
    )
    kind = forms.ChoiceField(label=_("事项类型"))
    applicant = forms.ChoiceField(
        label=_("申请主体"), choices=[("person", _("个人")), ("firm", _("企业")), ("either", _("个人或企业"))]
    )
    department = forms.ChoiceField(label=_("实施机关"))
    level = forms.ChoiceField(
        label=_("由谁决定"), choices=[("city", _("市级部门")), ("district", _("申请人所在区县的对口部门"))]
    )
    legal = forms.CharField(
        label=_("法定时限参数"), max_length=80, help_text=_("带日期的参数编号，不直接写天数")
    )
    promised = forms.CharField(label=_("承诺时限参数"), max_length=80, required=False)
    handling = forms.ChoiceField(label=_("办件类型"))
    visits = forms.IntegerField(label=_("到现场次数"), min_value=0, max_value=9)
    basic_code = forms.CharField(label=_("基本编码"), max_length=12, required=False)
    implementation_code = forms.CharField(label=_("实施编码"), max_length=31, required=False)
    zones = forms.CharField(label=_("主题专区"), max_length=200, help_text=_("专区代码，用空格分开"))
    keywords = forms.CharField(label=_("搜索词"), max_length=500, required=False, help_text=_("用空格分开"))
    basis = forms.CharField(
        label=_("设定依据"),
        max_length=4000,
        widget=forms.Textarea({"rows": 3, "lang": "zh"}),
        help_text=_("每行：中文 | 英文"),
    )
    result = forms.CharField(label=_("办理结果"), max_length=200, help_text=_("中文 | 英文"))
    fee = forms.CharField(label=_("收费说明"), max_length=200, help_text=_("中文 | 英文"))
    refusal = forms.CharField(
        label=_("不予办理情形"), max_length=4000, required=False, widget=forms.Textarea({"rows": 3, "lang": "zh"}),
        help_text=_("每行：标识 | 中文 | 英文 | 依据中文 | 依据英文"),
    )  # fmt: skip
    bulk = forms.BooleanField(label=_("检查全部通过的可以批量决定"), required=False)

    def __init__(self, *args: Any, departments: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(key, say(text)) for key, text in KINDS.items()]  # type: ignore[attr-defined]
        self.fields["handling"].choices = [(key, say(text)) for key, text in HANDLING.items()]  # type: ignore[attr-defined]
        self.fields["department"].choices = [(one.code, say(one.text)) for one in departments]  # type: ignore[attr-defined]

    @classmethod
    def initial_of(cls, made: Mapping[str, Any]) -> dict[str, Any]:
        """What the form shows of a draft's content."""

        def pair(value: Any) -> dict[str, Any]:
            return dict(value) if isinstance(value, Mapping) else {}

        name, summary = pair(made.get("name")), pair(made.get("summary"))
        decider, period = pair(made.get("department")), pair(made.get("period"))
        result, fee = pair(pair(made.get("result")).get("name")), pair(pair(made.get("fee")).get("text"))
        return {
            "zh": name.get("zh"), "en": name.get("en"), "summary_zh": summary.get("zh"),
            "summary_en": summary.get("en"), "kind": made.get("kind"), "applicant": made.get("applicant", "person"),
            "department": decider.get("follows"), "level": decider.get("level", "city"),
            "legal": period.get("legal"), "promised": period.get("promised"),
            "handling": made.get("handling", "promised"), "visits": made.get("visits", 0),
            "basic_code": made.get("basic_code"), "implementation_code": made.get("implementation_code"),
            "zones": " ".join(made.get("zones") or ()), "keywords": " ".join(made.get("keywords") or ()),
            "basis": pairs(made.get("basis")), "result": pairs([result]),
            "fee": pairs([fee or {"zh": "不收费", "en": "Free of charge"}]), "refusal": _refusals(made), "bulk": made.get("bulk", False),
        }  # fmt: skip

    def into(self, made: Mapping[str, Any]) -> dict[str, Any]:
        """A draft's content with what was typed."""
        given, kept = self.cleaned_data, dict(made)
        kept["name"] = {"zh": given["zh"], "en": given["en"]}
        kept["summary"] = {"zh": given["summary_zh"], "en": given["summary_en"]}
        kept["department"] = {"follows": given["department"], "level": given["level"]}
        kept["period"] = {"legal": given["legal"]} | (
            {"promised": given["promised"]} if given["promised"] else {}
        )
        for key in ("kind", "applicant", "handling", "visits", "basic_code", "implementation_code", "bulk"):
            if given[key] or key in kept:
                kept[key] = given[key]
        kept["zones"], kept["basis"] = given["zones"].split(), unpaired(given["basis"])
        if given["keywords"] or kept.get("keywords"):
            kept["keywords"] = (
                given["keywords"].split() if "keywords" in self.changed_data else kept.get("keywords")
            )
        kept["result"] = {**(kept.get("result") or {}), "name": (unpaired(given["result"]) or [{}])[0]}
        fee = (unpaired(given["fee"]) or [{}])[0]
        if fee != {"zh": "不收费", "en": "Free of charge"} or kept.get("fee"):
            kept["fee"] = {**(kept.get("fee") or {}), "text": fee}
        kept["refusal"] = _read_refusals(given["refusal"])
        return kept


def _refusals(made: Mapping[str, Any]) -> str:
    rows = []
    for one in made.get("refusal") or ():
        text, basis = one.get("text", {}), one.get("basis", {})
        rows.append(
            " | ".join(
                (
                    one.get("id", ""),
                    text.get("zh", ""),
                    text.get("en", ""),
                    basis.get("zh", ""),
                    basis.get("en", ""),
                )
            )
        )
    return "\n".join(rows)


def _read_refusals(text: str) -> list[dict[str, Any]]:
    found = []
    for line in text.replace("｜", "|").splitlines():
        parts = [one.strip() for one in line.split("|")]
        if any(parts):
            key, zh, en, basis_zh, basis_en = (parts + [""] * 5)[:5]
            found.append(
                {
                    "id": key,
                    "text": {"zh": zh, "en": en or zh},
                    "basis": {"zh": basis_zh, "en": basis_en or basis_zh},
                }
            )
    return found
