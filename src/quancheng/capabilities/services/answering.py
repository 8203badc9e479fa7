"""表单呈现: a form definition and its state as rows for the templates, and what was posted as answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.services.definitions import field_name, material_of, sign_key
from quancheng.capabilities.services.models import CaseFile
from quancheng.core.forms import Field, FormDefinition, FormState, Kind, Page, RuleKind
from quancheng.core.text import Text

__all__ = ["Asked", "Item", "asked_on", "errors_for", "posted", "summary"]

_GROUPED = frozenset({Kind.CHOICE, Kind.MULTI})
_INPUT = {Kind.DATE: "date", Kind.PHONE: "tel"}
_MODE = {Kind.NUMBER: "decimal", Kind.PHONE: "tel"}
_AUTOCOMPLETE = {Kind.PHONE: "tel"}
_ENDINGS = {"image/jpeg": "JPEG", "image/png": "PNG", "application/pdf": "PDF"}
_LONG_LIST = 8
"""From so many options on a drop-down is shorter than radio buttons."""


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    text: Text
    id: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a repeating group (第几项)."""

    number: int
    name: str
    fields: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A field as a page shows it (页面上的表单项)."""

    name: str
    path: str
    id: str
    kind: str
    label: Text
    hint: Text | None = None
    value: str = ""
    errors: tuple[Text, ...] = ()
    required: bool = True
    shown: bool = True
    computed: bool = False
    grouped: bool = False
    choices: tuple[Choice, ...] = ()
    fields: tuple[Asked, ...] = ()
    items: tuple[Item, ...] = ()
    blank: Item | None = None
    least: int = 0
    most: int = 1
    attributes: Mapping[str, Any] = field(default_factory=dict)
    uploads: tuple[CaseFile, ...] = ()
    signed: CaseFile | None = None
    source: Mapping[str, Any] | None = None
    disputed: Mapping[str, str] | None = None
    formats: str = ""

    @property
    def anchor(self) -> str:
        """Where the error summary jumps to."""
        if self.kind in {"group", "cosigner"}:
            return self.fields[0].anchor if self.fields else self.id
        if self.kind == "repeat":
            return f"{self.id}_add"
        return self.choices[0].id if self.grouped and self.choices else self.id

    @property
    def described(self) -> str:
        parts = [f"{self.id}_helptext"] if self.hint or self.formats else []
        return " ".join([*parts, f"{self.id}_error"] if self.errors else parts)

    @property
    def optional(self) -> bool:
        return not self.required and self.kind not in {"agree", "group", "repeat"} and not self.computed


@dataclass(frozen=True, slots=True)
class Sight:
    """Everything a field is drawn from."""

    definition: FormDefinition
    state: FormState
    raw: Mapping[str, Any]
    errors: Mapping[str, Text]
    files: tuple[CaseFile, ...] = ()
    known: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    disputed: Mapping[str, Any] = field(default_factory=dict)
    more: str = ""
    """A repeating group that shows one empty item more."""


def asked_on(sight: Sight, page: Page | None) -> tuple[Asked, ...]:
    """The open fields of a page, or of the whole form."""
    keys = page.fields if page else tuple(key for one in sight.definition.pages for key in one.fields)
    fields = [sight.definition.by_path[key] for key in keys if key in sight.definition.by_path]
    return tuple(_asked(sight, one, one.key, sight.raw.get(one.key)) for one in fields if not one.locked)


def _asked(sight: Sight, one: Field, path: str, value: Any) -> Asked:
    name = field_name(one) if path == one.key else path
    identity = f"id_{name}"
    wrong = sight.errors.get(name)
    computed = bool(sight.definition.rules_of(one.path, RuleKind.VALUE))
    if computed:
        value = sight.state.computed.get(path)
    grouped = one.kind in _GROUPED and (one.kind is Kind.MULTI or len(one.options) < _LONG_LIST)
    common: dict[str, Any] = {
        "name": name, "path": path, "id": identity, "kind": _widget(one, grouped=grouped), "label": one.label,
        "hint": one.hint, "errors": (wrong,) if wrong else (), "computed": computed, "grouped": grouped,
        "required": path in sight.state.required or one.required,
        "shown": _shows(sight, one, path), "least": one.least, "most": one.most,
    }  # fmt: skip
    if one.kind is Kind.GROUP:
        return Asked(**common, fields=_inner(sight, one, path, value))
    if one.kind is Kind.COSIGNER:
        return Asked(**common, fields=_cosigner(sight, one, value))
    if one.kind is Kind.REPEAT:
        return Asked(**common, items=_items(sight, one, path, value), blank=_blank(sight, one, path))
    return Asked(
        **common, value=_shown_value(value), choices=_choices(sight, one, path, value, identity),
        attributes=_attributes(one, name), uploads=_uploads(sight, one), signed=_signed(sight, one),
        source=sight.known.get(one.key) if path == one.key else None,
        disputed=sight.disputed.get(one.key) if path == one.key else None, formats=_formats(one),
    )  # fmt: skip


def _shows(sight: Sight, one: Field, path: str) -> bool:
    """Visible by its rules; in an item that is still empty, whatever no rule hides."""
    item, _, _ = path.rpartition(".")
    if item and not any(known.startswith(f"{item}.") for known in sight.state.visible):
        return not sight.definition.rules_of(one.path, RuleKind.VISIBLE)
    return path in sight.state.visible


def _widget(one: Field, *, grouped: bool) -> str:
    if one.kind in {Kind.CHOICE, Kind.REGION} and not grouped:
        return "select"
    if one.kind in {Kind.TEXT, Kind.NUMBER, Kind.DATE, Kind.PHONE, Kind.ID_NUMBER}:
        return "input"
    return one.kind.value


def _inner(sight: Sight, one: Field, path: str, value: Any) -> tuple[Asked, ...]:
    held = value if isinstance(value, Mapping) else {}
    return tuple(_asked(sight, child, f"{path}.{child.key}", held.get(child.key)) for child in one.children)


def _items(sight: Sight, one: Field, path: str, value: Any) -> tuple[Item, ...]:
    rows = [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []
    count = max(len(rows), one.least, 1 if path in sight.state.required else 0)
    count = min(count + (1 if sight.more == path and len(rows) == count else 0), max(one.most, 1))
    rows = rows + [{}] * (count - len(rows))
    return tuple(
        Item(n + 1, f"{path}.{n}", _inner(sight, one, f"{path}.{n}", row))
        for n, row in enumerate(rows[:count])
    )


def _blank(sight: Sight, one: Field, path: str) -> Item:
    """The pattern of an item, for the script; ``__n__`` stands for its number."""
    return Item(0, f"{path}.__n__", _inner(sight, one, f"{path}.__n__", {}))


def _cosigner(sight: Sight, one: Field, value: Any) -> tuple[Asked, ...]:
    held = value if isinstance(value, Mapping) else {}
    parts = (
        ("name", Text("姓名", "Name"), {"autocomplete": "off", "maxlength": 60}),
        ("id_number", Text("身份证号", "Identity number"), {"autocomplete": "off", "maxlength": 24}),
    )
    return tuple(
        Asked(
            name=f"{one.key}.{key}", path=f"{one.key}.{key}", id=f"id_{one.key}.{key}", kind="input",
            label=label, value=str(held.get(key) or ""), attributes={"type": "text", **more},
        )
        for key, label, more in parts
    )  # fmt: skip


def _shown_value(value: Any) -> str:
    if value is None or isinstance(value, Mapping | list):
        return ""
    if isinstance(value, bool):
        return "on" if value else ""
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _choices(sight: Sight, one: Field, path: str, value: Any, identity: str) -> tuple[Choice, ...]:
    if one.kind is Kind.REGION:
        pairs = [(row.code, Text.of(row.text)) for row in people.regions()]
    elif one.kind in _GROUPED:
        pairs = [(option.value, option.text) for option in sight.state.options.get(path, one.options)]
    else:
        return ()
    chosen = {str(part) for part in value} if isinstance(value, list) else {str(value)}
    return tuple(Choice(key, text, f"{identity}_{n}", key in chosen) for n, (key, text) in enumerate(pairs))


def _attributes(one: Field, name: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": _INPUT.get(one.kind, "text"),
        "inputmode": _MODE.get(one.kind),
        "autocomplete": one.autocomplete or _AUTOCOMPLETE.get(one.kind),
    }
    if one.kind.written and one.kind is not Kind.PARAGRAPH:
        found["maxlength"] = max(one.max_length, 24) if one.kind is Kind.ID_NUMBER else one.max_length
    if one.kind is Kind.FILE:
        found = {"accept": ",".join(one.accept), "multiple": one.most > 1, "data-preview": True}
    return {key: value for key, value in found.items() if value not in (None, "", False)}


def _formats(one: Field) -> str:
    return "、".join(_ENDINGS.get(kind, kind) for kind in one.accept) if one.kind is Kind.FILE else ""


def _uploads(sight: Sight, one: Field) -> tuple[CaseFile, ...]:
    if one.kind is not Kind.FILE:
        return ()
    return tuple(row for row in sight.files if row.material.split("#")[0] == material_of(one))


def _signed(sight: Sight, one: Field) -> CaseFile | None:
    if one.kind is not Kind.SIGNATURE:
        return None
    return next((row for row in sight.files if row.material == sign_key(one)), None)


# -- errors -------------------------------------------------------------------------------------
def errors_for(rows: tuple[Asked, ...]) -> list[dict[str, Any]]:
    """The lines of the error summary, each linked to its control."""
    found = []
    for row in rows:
        found += [{"anchor": row.anchor, "text": text} for text in row.errors]
        found += errors_for(row.fields)
        for item in row.items:
            found += errors_for(item.fields)
    return found


def summary(rows: tuple[Asked, ...], errors: Mapping[str, Text], language: str) -> dict[str, Any]:
    """What ``portal/forms/error_summary.html`` shows; errors without a field come first."""
    listed = errors_for(rows)
    said = {id(one["text"]) for one in listed}
    return {
        "general": [text.pick(language) for text in errors.values() if id(text) not in said],
        "listed": [{"anchor": one["anchor"], "text": one["text"].pick(language)} for one in listed],
    }


# -- what was posted -------------------------------------------------------------------------------
def posted(request: HttpRequest, fields: tuple[Field, ...]) -> dict[str, Any]:
    """Answers as they came, of these fields only, nested as the form is."""
    tree = _tree(request)
    return {one.key: found for one in fields if (found := _taken(one, tree.get(one.key))) is not None}


def _tree(request: HttpRequest) -> dict[str, Any]:
    """``child.0.name=x`` as ``{"child": {"0": {"name": ["x"]}}}``."""
    tree: dict[str, Any] = {}
    for name, values in request.POST.lists():
        parts = name.split(".")
        if len(parts) > 8 or len(name) > 200:
            continue
        node = tree
        for part in parts[:-1]:
            inner = node.setdefault(part, {})
            if not isinstance(inner, dict):
                break
            node = inner
        else:
            node.setdefault(parts[-1], values)
    return tree


def _taken(one: Field, value: Any) -> Any:
    if one.kind in {Kind.FILE, Kind.SIGNATURE}:
        return None
    if one.kind is Kind.COSIGNER:
        held = value if isinstance(value, dict) else {}
        return {
            key: _last(held.get(key), 60) for key in ("name", "id_number") if _last(held.get(key), 60)
        } or None
    if one.kind is Kind.GROUP:
        return _group(one, value) or None
    if one.kind is Kind.REPEAT:
        rows = value if isinstance(value, dict) else {}
        keys = sorted((key for key in rows if key.isdecimal() and len(key) < 6), key=int)[:200]
        items = [_group(one, rows[key]) for key in keys]
        return [item for item in items if item] or None
    if one.kind is Kind.MULTI:
        return [text[:200] for text in value[:200] if text] if isinstance(value, list) else None
    return _last(value, max(one.max_length * 2, 200)) or None


def _group(one: Field, value: Any) -> dict[str, Any]:
    held = value if isinstance(value, dict) else {}
    return {
        child.key: found
        for child in one.children
        if (found := _taken(child, held.get(child.key))) is not None
    }


def _last(value: Any, longest: int) -> str:
    text = str(value[-1])[:longest].replace("\x00", "") if isinstance(value, list) and value else ""
    return text if text.strip() else ""
