"""Forms of the catalogue. What an entry may be is decided by core.catalogue.check, never here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.catalogue import bulk
from quancheng.capabilities.catalogue import standards as city
from quancheng.capabilities.catalogue.models import Demand, State
from quancheng.capabilities.catalogue.values import Filters
from quancheng.core.catalogue import (
    DataType,
    Level,
    Openness,
    Operation,
    Organ,
    Resource,
    ShareMode,
    ShareType,
    Term,
    UpdateCycle,
    plain,
    read_resource,
)
from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput

_ALL = ("", _("全部"))
_FOLLOWS = ("", _("同条目"))


def language() -> str:
    """The reader's language."""
    return get_language() or "zh-hans"


def choices(kind: type[Term]) -> list[tuple[str, str]]:
    """The terms of a vocabulary in the reader's language."""
    return [(str(term.value), term.label.pick(language())) for term in kind]


def _offer(field: forms.Field, offered: list[Any]) -> None:
    assert isinstance(field, forms.ChoiceField)
    field.choices = offered


class SearchForm(forms.Form):
    """检索与筛选."""

    q = forms.CharField(label=_("关键词"), required=False, max_length=100)
    organ = forms.CharField(label=_("部门代码"), required=False, max_length=40)
    classes = forms.CharField(label=_("分类代码"), required=False, max_length=16)
    share = forms.ChoiceField(label=_("共享类型"), required=False)
    openness = forms.ChoiceField(label=_("开放属性"), required=False)
    cycle = forms.ChoiceField(label=_("更新周期"), required=False)
    formats = forms.CharField(label=_("格式"), required=False, max_length=20)
    state = forms.ChoiceField(label=_("状态"), required=False)
    mine = forms.ChoiceField(
        label=_("范围"), required=False, choices=[("", _("全部可见")), ("1", _("本部门"))]
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, kind in (("share", ShareType), ("openness", Openness), ("cycle", UpdateCycle)):
            _offer(self.fields[name], [_ALL, *choices(kind)])
        _offer(self.fields["state"], [_ALL, *State.choices])

    def wanted(self) -> tuple[str, Filters]:
        """Words and filters; what is not valid is left out."""
        self.is_valid()
        found = {name: value for name, value in self.cleaned_data.items() if value}
        words = found.pop("q", "")
        found.pop("mine", None)
        return words, Filters(**found)


class EntryForm(forms.Form):
    """条目核心元数据."""

    code = forms.CharField(
        label=_("信息资源代码"), required=False, max_length=64, help_text=_("留空则按主分类自动编号")
    )
    organ = forms.ChoiceField(label=_("提供部门"))
    name = forms.CharField(label=_("信息资源名称"), max_length=200)
    name_en = forms.CharField(label=_("英文名称"), required=False, max_length=200)
    abstract = forms.CharField(label=_("信息资源摘要"), widget=forms.Textarea(attrs={"rows": 3}))
    classes = forms.MultipleChoiceField(
        label=_("信息资源分类"),
        help_text=_("第一个选中的为主分类"),
        widget=forms.SelectMultiple(attrs={"size": 6}),
    )
    formats = forms.MultipleChoiceField(label=_("信息资源格式"), widget=forms.CheckboxSelectMultiple)
    share = forms.ChoiceField(label=_("共享类型"))
    share_condition = forms.CharField(label=_("共享条件"), required=False, max_length=500)
    share_basis = forms.CharField(label=_("不予共享依据"), required=False, max_length=500)
    share_modes = forms.MultipleChoiceField(
        label=_("共享方式"), required=False, widget=forms.CheckboxSelectMultiple
    )
    openness = forms.ChoiceField(label=_("开放属性"))
    open_condition = forms.CharField(label=_("开放条件"), required=False, max_length=500)
    level = forms.ChoiceField(label=_("数据级别"))
    cycle = forms.ChoiceField(label=_("更新周期"))
    keywords = forms.CharField(label=_("关键词"), required=False, max_length=400, help_text=_("用逗号分隔"))
    duties = forms.CharField(
        label=_("权责清单事项"), required=False, max_length=400, help_text=_("事项代码，用逗号分隔")
    )

    def __init__(self, *args: Any, organs: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.fields["organ"], list(organs))
        leaves = [one for one in city.tree() if len(one.code) == 6]
        labels = [(one.code, f"{one.code} {city.label_of(one.code).pick(language())}") for one in leaves]
        _offer(self.fields["classes"], labels)
        _offer(self.fields["formats"], [(one, one) for one in city.FORMATS])
        for name, kind in (
            ("share", ShareType), ("share_modes", ShareMode), ("openness", Openness),
            ("level", Level), ("cycle", UpdateCycle),
        ):  # fmt: skip
            _offer(self.fields[name], choices(kind))


class ItemForm(forms.Form):
    """信息项: one row of the table."""

    field = forms.CharField(label=_("字段名"), max_length=60)
    name = forms.CharField(label=_("信息项名称"), max_length=60)
    type = forms.ChoiceField(label=_("数据类型"))
    length = forms.IntegerField(label=_("长度"), required=False, min_value=1, max_value=1_000_000)
    share = forms.ChoiceField(label=_("共享类型"), required=False)
    openness = forms.ChoiceField(label=_("开放属性"), required=False)
    level = forms.ChoiceField(label=_("数据级别"), required=False)
    personal = forms.BooleanField(label=_("个人信息"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.fields["type"], choices(DataType))
        for name, kind in (("share", ShareType), ("openness", Openness), ("level", Level)):
            _offer(self.fields[name], [_FOLLOWS, *choices(kind)])
        self.fields["type"].widget.attrs["aria-label"] = str(_("数据类型"))
        for name, one in self.fields.items():
            one.widget.attrs["aria-label"] = str(one.label)
            if name in ("field", "name"):
                one.widget.attrs["size"] = 12
            if name == "length":
                one.widget.attrs["inputmode"] = "numeric"

    def has_changed(self) -> bool:
        """An empty new row is no item: what counts is what a person types."""
        if not self.is_bound or not self.empty_permitted:
            return super().has_changed()
        return any(self.data.get(self.add_prefix(name), "").strip() for name in ("field", "name", "length"))


class _ItemRows(forms.BaseFormSet):  # type: ignore[type-arg]
    """Rows whose boxes say what they are, as they have no labels beside them."""

    def add_fields(self, form: forms.Form, index: int | None) -> None:
        super().add_fields(form, index)
        form.fields["DELETE"].widget.attrs["aria-label"] = str(_("删除"))


_Items = forms.formset_factory(
    ItemForm, formset=_ItemRows, extra=3, can_delete=True, max_num=500, absolute_max=520
)


def item_rows(data: Any = None, resource: Resource | None = None) -> Any:
    """The table of items, with empty rows at its end. ``more`` in the data asks for further ones."""
    if data is not None:
        data = data.copy()
        if "more" in data:
            total = int(data.get("items-TOTAL_FORMS") or 0)
            data["items-TOTAL_FORMS"] = str(min(total + 5, 500))
        return _Items(data, prefix="items")
    initial = []
    for item in resource.items if resource is not None else ():
        row = plain(item)
        row["name"] = item.name.zh
        initial.append({key: "" if value is None else value for key, value in row.items()})
    return _Items(initial=initial, prefix="items")


def initial_of(resource: Resource) -> dict[str, Any]:
    """What the form shows of an entry."""
    values: dict[str, Any] = plain(resource)
    return {
        **values,
        "organ": resource.provider.code,
        "name": resource.name.zh,
        "name_en": resource.name.en if resource.name.en != resource.name.zh else "",
        "abstract": resource.abstract.zh,
        "keywords": "，".join(resource.keywords),
        "duties": "，".join(resource.duties),
    }


def resource_of(form: EntryForm, items: Any, before: Resource | None, today: date) -> Resource:
    """The entry that two valid forms describe; what they do not show is kept from before. Raises InvalidInput."""
    facts = form.cleaned_data
    known = {item.field: item for item in before.items} if before is not None else {}
    rows = [_item(one.cleaned_data, known) for one in items if _said(one)]
    values = {
        "code": before.code if before is not None else facts["code"],
        "name": _text(facts["name"], facts["name_en"]),
        "provider": plain(Organ(facts["organ"], Text("", ""))),
        "abstract": _abstract(facts["abstract"], before),
        **{key: facts[key] for key in (
            "formats", "share", "share_condition", "share_basis", "share_modes", "openness",
            "open_condition", "level", "cycle",
        )},
        "classes": _home_first(facts["classes"], before),
        "keywords": _words(facts["keywords"]),
        "duties": _words(facts["duties"]),
        "items": rows,
        "issued": (before.issued if before is not None else today).isoformat(),
        "modified": today.isoformat(),
    }  # fmt: skip
    made = read_resource(values)
    if before is None:
        return made
    return replace(
        made, issued=before.issued, modified=before.modified, related=before.related,
        distributions=before.distributions, version=before.version,
    )  # fmt: skip


def _said(form: Any) -> bool:
    return (
        bool(form.has_changed() or form.initial)
        and not form.cleaned_data.get("DELETE")
        and bool(form.cleaned_data.get("field"))
    )


def _item(facts: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    before = known.get(facts["field"])
    english = before.name.en if before is not None and before.name.zh == facts["name"] else facts["name"]
    return {
        "field": facts["field"],
        "name": {"zh": facts["name"], "en": english},
        "type": facts["type"],
        "length": facts["length"],
        "share": facts["share"] or None,
        "openness": facts["openness"] or None,
        "level": facts["level"] or None,
        "personal": facts["personal"],
        "note": before.note if before is not None else "",
    }


def _text(zh: str, en: str) -> dict[str, str]:
    return {"zh": zh, "en": en or zh}


def _abstract(zh: str, before: Resource | None) -> dict[str, str]:
    kept = before is not None and before.abstract.zh == zh
    return {"zh": zh, "en": before.abstract.en if kept and before is not None else zh}


def _home_first(chosen: list[str], before: Resource | None) -> list[str]:
    """A list of a form has no order of its own: the home class stays the home class."""
    home = before.classes[0] if before is not None and before.classes else ""
    return [home, *(one for one in chosen if one != home)] if home in chosen else chosen


def _words(text: str) -> list[str]:
    for mark in ("，", "、", ";", "；"):
        text = text.replace(mark, ",")
    return list(dict.fromkeys(one.strip() for one in text.split(",") if one.strip()))


_PLACES = {"provider": "organ", "related": None, "distributions": None, "issued": None, "modified": None}


def mark(form: EntryForm, items: Any, refused: InvalidInput) -> None:
    """Put each fault at its field; faults of items stand at their row."""
    if not refused.fields:
        form.add_error(None, refused.detail.pick(language()))
    rows = {one.cleaned_data.get("field", ""): one for one in items if hasattr(one, "cleaned_data")}
    for place, text in refused.fields.items():
        said = text.pick(language())
        head = place.partition("[")[0].partition(".")[0]
        field = place.partition("[")[2].partition("]")[0]
        if head == "items" and field in rows:
            part = place.rpartition(".")[2]
            rows[field].add_error(part if part in rows[field].fields else None, said)
            continue
        name = _PLACES.get(head, head)
        if name in form.fields:
            form.add_error(name, said)
        else:
            form.add_error(
                None, f"{_label(head)}：{said}" if field == "" else f"{_label(head)} {field}：{said}"
            )


def _label(head: str) -> str:
    from quancheng.core.catalogue import label_of

    return label_of((head,)).pick(language())


class ReasonForm(forms.Form):
    """理由."""

    reason = forms.CharField(label=_("理由"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class ImportForm(forms.Form):
    """导入目录表格."""

    file = forms.FileField(label=_("目录表格"), help_text=_("CSV、XLSX、XLS或ODS，每行一个信息项，最大20 MB"))


class DutyImportForm(forms.Form):
    """导入权责清单."""

    organ = forms.ChoiceField(label=_("部门"))
    file = forms.FileField(label=_("权责清单表格"), help_text=_("列：事项代码、事项名称、产生数据、设定依据"))

    def __init__(self, *args: Any, organs: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.fields["organ"], list(organs))


class DemandForm(forms.Form):
    """提出数据需求."""

    name = forms.CharField(label=_("需求名称"), max_length=200)
    organ = forms.ChoiceField(label=_("需求部门"))
    target = forms.CharField(
        label=_("责任部门代码"), required=False, max_length=40, help_text=_("不知道可留空，由市大数据局分派")
    )
    purpose = forms.CharField(label=_("用途"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))
    basis = forms.CharField(label=_("依据"), max_length=300)
    items = forms.CharField(label=_("所需信息项"), required=False, max_length=500, help_text=_("用逗号分隔"))

    def __init__(self, *args: Any, organs: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.fields["organ"], list(organs))

    def facts(self) -> dict[str, Any]:
        """Arguments of the action."""
        return {**self.cleaned_data, "items": _words(self.cleaned_data["items"])}


class AnswerForm(forms.Form):
    """答复数据需求."""

    state = forms.ChoiceField(
        label=_("答复结果"),
        choices=[one for one in Demand.State.choices if one[0] in ("answered", "satisfied", "refused")],
    )
    entry = forms.CharField(label=_("信息资源代码"), required=False, max_length=64)
    answer = forms.CharField(label=_("答复"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class BulkForm(forms.Form):
    """批量编辑."""

    field = forms.ChoiceField(label=_("编辑项"))
    operation = forms.ChoiceField(
        label=_("编辑方式"),
        choices=[
            (Operation.SET.value, _("改为")),
            (Operation.ADD.value, _("增加")),
            (Operation.REMOVE.value, _("移除")),
            (Operation.REPLACE.value, _("替换文字")),
        ],
    )
    value = forms.CharField(label=_("值"), required=False, max_length=500)
    other = forms.CharField(label=_("替换为"), required=False, max_length=500)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.fields["field"], [(key, text.pick(language())) for key, text in bulk.FIELDS.items()])

    def terms(self) -> list[tuple[str, str]]:
        """Values of the closed vocabularies, to type from."""
        kinds: tuple[type[Term], ...] = (ShareType, ShareMode, Openness, Level, UpdateCycle)
        return [one for kind in kinds for one in choices(kind)]
