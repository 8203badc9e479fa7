"""怎样显示: rows and timelines for pages, sensitive values masked unless asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.services.checks import Outcome
from quancheng.capabilities.services.definitions import definition_of, sign_key
from quancheng.capabilities.services.models import Case, CaseEvent, CaseTask
from quancheng.capabilities.services.spec import MatterSpec
from quancheng.core.forms import Field, Kind
from quancheng.core.identity import mask, mask_resident_id
from quancheng.core.text import Text

__all__ = [
    "KINDS",
    "answer_rows",
    "file_name",
    "masked",
    "outcome_kind",
    "state_kind",
    "timeline_of",
    "written",
]

KINDS = {
    "submitted": "info", "accepted": "info", "correction": "warn", "approved": "ok", "completed": "ok",
    "refused": "bad", "withdrawn": "",
}  # fmt: skip
_OUTCOMES = {Outcome.PASS: "ok", Outcome.FAIL: "bad", Outcome.PERSON: "warn"}
_TIMELINE = {"approved": "ok", "refused": "bad", "returned": "warn"}


def written(value: Any) -> SafeString:
    """What people wrote or are called, marked as Chinese for readers of English pages."""
    return format_html('<span lang="zh">{}</span>', value)


def state_kind(state: str) -> str:
    """Tag kind of a state."""
    return KINDS.get(state, "")


def outcome_kind(outcome: str) -> str:
    """Tag kind of a check's outcome."""
    return _OUTCOMES.get(Outcome(outcome), "")


def masked(field: Field, value: Any) -> str:
    """A sensitive value as it is shown by default."""
    text = str(value)
    if not (field.sensitive or field.kind is Kind.ID_NUMBER):
        return text
    return mask_resident_id(text) if len(text) == 18 else mask(text, 6, 0)


def answer_rows(
    spec: MatterSpec,
    values: Mapping[str, Any],
    provenance: Mapping[str, Any],
    *,
    reveal: bool = False,
    disputed: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Answers with label, shown value and where each comes from; groups item by item."""
    rows = []
    for field, key, label, value in _leaves(definition_of(spec).fields, values, "", None):
        shown = _read(field, value, reveal=reveal)
        hidden = field.sensitive or field.kind in {Kind.ID_NUMBER, Kind.COSIGNER}
        rows.append(
            {
                "key": key,
                "label": label,
                "value": shown if isinstance(shown, Text) else written(shown),
                "plain": shown.zh if isinstance(shown, Text) else str(shown),
                "locked": field.locked,
                "sensitive": hidden,
                "origin": _origin(provenance.get(key), (disputed or {}).get(key)),
            }
        )
    return rows


def file_name(spec: MatterSpec, material: str) -> Text:
    """What a file of a case is: its material, or whose signature."""
    for field in definition_of(spec).fields:
        if field.kind is Kind.SIGNATURE and sign_key(field) == material:
            return field.label
    base, _, number = material.partition("#")
    name = next((row.name.text for row in spec.material if row.key == base), Text(base, base))
    return Text(f"{name.zh}（{number}）", f"{name.en} ({number})") if number else name


def _leaves(
    fields: Sequence[Field], values: Mapping[str, Any], prefix: str, above: Text | None
) -> Iterator[tuple[Field, str, Text, Any]]:
    for field in fields:
        value = values.get(field.key)
        if value in (None, "", [], {}) or field.kind in {Kind.AGREE, Kind.FILE}:
            continue
        path = f"{prefix}{field.key}"
        label = (
            Text(f"{above.zh} · {field.label.zh}", f"{above.en} · {field.label.en}") if above else field.label
        )
        if field.kind is Kind.GROUP and isinstance(value, Mapping):
            yield from _leaves(field.children, value, f"{path}.", label)
        elif field.kind is Kind.REPEAT and isinstance(value, list):
            for n, item in enumerate(value):
                if isinstance(item, Mapping):
                    numbered = Text(f"{label.zh} {n + 1}", f"{label.en} {n + 1}")
                    yield from _leaves(field.children, item, f"{path}.{n}.", numbered)
        else:
            yield field, path, label, value


def _read(field: Field, value: Any, *, reveal: bool) -> Any:
    """An answer as people read it."""
    words = {option.value: option.text for option in field.options}
    if field.kind is Kind.MULTI and isinstance(value, list):
        texts = [words.get(str(one), Text(str(one), str(one))) for one in value]
        return Text("、".join(one.zh for one in texts), ", ".join(one.en for one in texts))
    if field.kind is Kind.CHOICE:
        return words.get(str(value), value)
    if field.kind is Kind.REGION:
        return people.region_name(str(value), full=True)
    if field.kind is Kind.SIGNATURE and isinstance(value, Mapping):
        how = (
            Text("手写签名", "Signed by hand")
            if value.get("how") == "drawn"
            else Text("实名签署", "Signed by name")
        )
        return Text(f"{value.get('name', '')}（{how.zh}）", f"{value.get('name', '')} ({how.en})")
    if field.kind is Kind.COSIGNER and isinstance(value, Mapping):
        number = str(value.get("id_number", ""))
        shown = number if reveal else mask_resident_id(number) if len(number) == 18 else mask(number, 6, 0)
        return f"{value.get('name', '')} {shown}"
    return value if reveal else masked(field, value)


def timeline_of(case: Case, events: list[CaseEvent], *, office: bool = False) -> list[dict[str, Any]]:
    """History for ``{% timeline %}``; applicants see public steps and the office, not the clerk."""
    items = []
    for event in reversed(events):
        if not (event.public or office):
            continue
        by_applicant = event.kind in {"submitted", "corrected", "withdrawn"}
        named = office or by_applicant
        said = event.data.get("reason") or event.data.get("text") or event.data.get("opinion")
        items.append(
            {
                "when": event.at,
                "title": Text.of(event.text),
                "who": written(event.actor_name) if named else case.department.text,
                "text": written(said) if said else "",
                "kind": _TIMELINE.get(event.kind, ""),
            }
        )
    return items


def _origin(origin: Mapping[str, Any] | None, disputed: Any = None) -> dict[str, Any] | None:
    if not origin:
        return None
    claim = disputed if isinstance(disputed, Mapping) else origin.get("disputed")
    return {
        "source": Text.of(origin["source"]),
        "as_of": origin.get("as_of", ""),
        "simulated": origin.get("simulated", False),
        "changed": origin.get("changed", False),
        "disputed": {part: written(text) for part, text in claim.items()} if claim else None,
    }


def task_word(task: CaseTask) -> Text:
    """What came of a task, in words; its state while it waits."""
    from quancheng.capabilities.services.reviewing import WORDS

    return WORDS.get(task.outcome, task.state_text)
