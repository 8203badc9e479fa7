"""页面表单: a page of a form definition as a Django form; filters of the desk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.forms.utils import ErrorDict
from django.utils.functional import lazy
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.onething.spec import Upload
from quancheng.capabilities.onething.values import BundleState, ItemState
from quancheng.core.forms import Field, Kind
from quancheng.core.text import Text

__all__ = ["AnswerForm", "DeskFilter", "UploadForm", "say"]


def _pick(zh: str, en: str) -> str:
    return Text(zh, en).pick(get_language() or "zh")


_lazy_pick = lazy(_pick, str)


def say(text: Text) -> Any:
    """A two-language text as a lazy string in the reader's language."""
    return _lazy_pick(text.zh, text.en)


class Shown(forms.Form):
    """A form that only shows: its errors are those it is given, ``required`` is for the eye."""

    def full_clean(self) -> None:
        """Judge nothing."""
        self._errors = ErrorDict()
        self.cleaned_data = {}


class AnswerForm(Shown):
    """The visible fields of one page; whether an answer is right is judged by ``core.forms`` alone."""

    def __init__(
        self,
        *args: Any,
        asked: Iterable[Field],
        known: Mapping[str, Mapping[str, Any]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        for one in asked:
            self.fields[one.key] = _field(one, (known or {}).get(one.key))

    def add_errors(self, wrong: Mapping[str, Text]) -> None:
        """Put what ``core.forms`` said to its fields."""
        for key, text in wrong.items():
            if key in self.fields:
                self.add_error(key, say(text))


def _field(one: Field, known: Mapping[str, Any] | None) -> Any:
    hint = [say(one.hint)] if one.hint else []
    if known:
        source = Text.of(known["source"])
        hint.append(
            say(Text(f"已取自{source.zh}，不对可以改。", f"From the {source.en}; change it if it is wrong."))
        )
    common: dict[str, Any] = {
        "label": say(one.label), "required": one.required, "help_text": hint[-1] if len(hint) == 1 else _joined(hint)
    }  # fmt: skip
    if one.kind is Kind.CHOICE:
        options = [(option.value, say(option.text)) for option in one.options]
        return forms.ChoiceField(**common, choices=options, widget=forms.RadioSelect)
    if one.kind is Kind.PARAGRAPH:
        return forms.CharField(**common, max_length=one.max_length, widget=forms.Textarea({"rows": 3}))
    attrs: dict[str, str] = {}
    if one.kind is Kind.DATE:
        return forms.CharField(
            **common, max_length=20, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
        )
    if one.kind is Kind.PHONE:
        attrs = {"type": "tel", "autocomplete": "tel", "inputmode": "tel"}
    elif one.kind is Kind.NUMBER:
        attrs = {"inputmode": "decimal"}
    return forms.CharField(**common, max_length=max(one.max_length, 1), widget=forms.TextInput(attrs))


def _joined(hints: list[Any]) -> Any:
    return lazy(lambda: "".join(str(one) for one in hints), str)() if hints else ""


class UploadForm(Shown):
    """Papers handed in once, or for one item."""

    def __init__(
        self, *args: Any, asked: Iterable[tuple[str, Text, Text | None, bool]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        for key, name, how, required in asked:
            self.fields[f"file_{key}"] = forms.FileField(
                label=say(name), help_text=say(how) if how else "", required=required,
                widget=forms.FileInput({"accept": "image/jpeg,image/png"}),
            )  # fmt: skip


def papers(uploads: Iterable[Upload]) -> list[tuple[str, Text, Text | None, bool]]:
    """Uploads as the form asks for them."""
    return [(one.key, one.name.text, one.how.text, one.required) for one in uploads]


class DeskFilter(forms.Form):
    """Filters of the desk's list; the state lives in the URL."""

    q = forms.CharField(label=_("编号或姓名"), required=False, max_length=60)
    theme = forms.ChoiceField(label=_("一件事"), required=False)
    state = forms.ChoiceField(label=_("状态"), required=False)
    hang = forms.ChoiceField(label=_("卡在"), required=False)

    def __init__(self, *args: Any, themes: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        every = [("", _("全部"))]
        states = [one for one in BundleState if one is not BundleState.DRAFT]
        choices: dict[str, list[Any]] = {
            "theme": [(one.code, say(one.text)) for one in themes],
            "state": [(one.value, say(one.text)) for one in states],
            "hang": [(one.value, say(one.text)) for one in ItemState],
        }
        for key, rows in choices.items():
            self.fields[key].choices = [*every, *rows]  # type: ignore[attr-defined]
