"""填报: what was given for a matter becomes checked values, each with where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.services import cosigning
from quancheng.capabilities.services.definitions import (
    definition_of,
    field_name,
    material_of,
    sign_key,
)
from quancheng.capabilities.services.facts import Applicant, prefilled
from quancheng.capabilities.services.models import CaseFile
from quancheng.capabilities.services.spec import MatterSpec
from quancheng.core import forms
from quancheng.core.forms import Field, FormDefinition, FormState, Kind
from quancheng.core.text import Text
from quancheng.kernel import clock, rulebook
from quancheng.kernel.errors import InvalidInput

__all__ = ["DISPUTED", "draft_values", "environment", "evaluated", "filled", "wrong_in"]

DISPUTED = "_disputed"
"""Where a draft keeps what the applicant says about wrong register data: {field: {value, reason}}."""
_PARAMETER = r'"((?:[a-z][a-z0-9_-]*)(?:\.[a-z0-9_-]+)+)"'


def draft_values(spec: MatterSpec, given: Mapping[str, Any]) -> dict[str, Any]:
    """What of ``given`` a draft keeps: answers to this form's own open fields, right or wrong.

    Facts the house notes itself (files, signatures, whether another person agreed) are left out.
    """
    kept: dict[str, Any] = {}
    for field in definition_of(spec).fields:
        value = given.get(field.key)
        if field.locked or field.kind in {Kind.FILE, Kind.SIGNATURE} or value in (None, "", [], {}):
            continue
        kept[field.key] = cosigning.named(value) if field.kind is Kind.COSIGNER else _small(value)
    disputed = _disputes(spec, given.get(DISPUTED))
    return kept | ({DISPUTED: disputed} if disputed else {})


def filled(
    spec: MatterSpec, applicant: Applicant, given: Mapping[str, Any], files: list[CaseFile]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Checked values with locked fields from the registers, and where each value comes from.

    Raises InvalidInput with a text for each wrong field.
    """
    definition = definition_of(spec)
    known = prefilled(applicant, spec)
    found = evaluated(spec, applicant, given, files)
    fields = wrong_in(definition, found)
    for field in definition.fields:
        if field.locked and field.required and field.key not in known:
            fields[field.key] = Text(
                f"登记库中没有{field.label.zh}，请先到“我的”补全。",
                f"The register has no {field.label.en.lower()}; complete it under “My account”.",
            )
    provenance = _provenance(known, found.answers, _disputes(spec, given.get(DISPUTED)))
    agreed, missing = cosigning.agreed(spec, applicant, definition, found)
    for key, text in missing.items():
        fields.setdefault(key, text)
    if fields:
        raise InvalidInput(fields=fields)
    outside = {field.key for field in definition.fields if field.kind is Kind.FILE}
    values = {key: value for key, value in found.answers.items() if key not in outside}
    return values, provenance | agreed


def evaluated(
    spec: MatterSpec, applicant: Applicant, given: Mapping[str, Any], files: list[CaseFile]
) -> FormState:
    """The form worked out for answers, register facts and files. Raises InvalidInput when too big."""
    definition = definition_of(spec)
    known = prefilled(applicant, spec)
    answers = draft_values(spec, given)
    answers |= {
        field.key: known[field.key]["value"]
        for field in definition.fields
        if field.locked and field.key in known
    }
    answers |= _files(definition, files)
    try:
        return forms.state(definition, answers, environment(applicant, definition))
    except forms.FormError as wrong:
        raise InvalidInput(wrong.text) from wrong


def wrong_in(definition: FormDefinition, found: FormState, page: str | None = None) -> dict[str, Text]:
    """Errors by the names pages use; locked fields are the register's affair."""
    env = forms.Environment(today=clock.today())
    wrong = forms.errors_of(definition, found, page, env)
    districts = {one.code for one in people.regions()} if _asks_region(definition) else set()
    for path in found.visible:
        field = definition.of(path)
        if field is None or field.kind is not Kind.REGION or path in wrong or field.locked:
            continue
        if forms.value_at(found.answers, path) not in {None, *districts}:
            wrong[path] = Text(
                f"请从列出的选项中选择{field.label.zh}", f"Choose {field.label.en} from the list"
            )
    said: dict[str, Text] = {}
    for path, text in wrong.items():
        field = definition.by_path.get(path)
        if field is None or not field.locked:
            said[field_name(field) if field else path] = text
    return said


def environment(applicant: Applicant, definition: FormDefinition) -> forms.Environment:
    """What the form's rules may look at: the applicant, today, and the dated parameters they name."""
    known = applicant.known
    facts = {key: fact["value"] for key, fact in known.items() if key not in _PRIVATE}
    return forms.Environment(
        today=clock.today(),
        now=clock.now(),
        applicant=facts | {"kind": applicant.subject.kind, "region": applicant.region},
        parameters=_parameters(definition),
    )


_PRIVATE = frozenset({"id_number", "name", "phone", "legal_person_name"})
"""Facts that rules have no need of, and that stay out of the page's source."""


def _parameters(definition: FormDefinition) -> dict[str, Any]:
    import re

    texts = [rule.feel for rule in definition.rules] + [page.visible for page in definition.pages]
    names = {name for text in texts if "parameters" in text for name in re.findall(_PARAMETER, text)}
    city, today = rulebook.city_region(), clock.today()
    found: dict[str, Any] = {}
    for name in sorted(names):
        value = rulebook.find(name, on=today, region=city).value
        found[name] = dict(value) if isinstance(value, Mapping) else value
    return found


def _files(definition: FormDefinition, files: list[CaseFile]) -> dict[str, Any]:
    """Uploads and signatures as the answers of their fields."""
    current = [one for one in files if one.current]
    found: dict[str, Any] = {}
    for field in definition.fields:
        if field.kind is Kind.FILE:
            mine = [one for one in current if one.material.split("#")[0] == material_of(field)]
            if mine:
                found[field.key] = [
                    {"name": one.name, "type": one.media_type, "size": one.size} for one in mine
                ]
        elif field.kind is Kind.SIGNATURE:
            signed = next((one for one in current if one.material == sign_key(field)), None)
            if signed is not None:
                found[field.key] = signature_fact(signed)
    return found


def signature_fact(signed: CaseFile) -> dict[str, Any]:
    """What a case keeps of a signature: how, when, and the digest of what was drawn or declared."""
    return {
        "how": "drawn" if signed.media_type.startswith("image/") else "typed",
        "name": signed.name,
        "at": signed.added_at.isoformat(),
        "sha256": signed.digest,
    }


def _provenance(
    known: Mapping[str, Mapping[str, Any]], values: Mapping[str, Any], disputes: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        key: {
            "source": fact["source"],
            "as_of": fact["as_of"],
            "simulated": fact["simulated"],
            "changed": values.get(key) != fact["value"],
            **({"disputed": disputes[key]} if key in disputes else {}),
        }
        for key, fact in known.items()
    }


def _disputes(spec: MatterSpec, given: Any) -> dict[str, dict[str, str]]:
    """Claims that a register is wrong, about prefilled fields only."""
    if not isinstance(given, Mapping):
        return {}
    prefills = {field.key for field in definition_of(spec).fields if field.prefill}
    found = {}
    for key, row in given.items():
        if key in prefills and isinstance(row, Mapping):
            said = {
                part: str(row.get(part) or "").replace("\x00", "").strip()[:200]
                for part in ("value", "reason")
            }
            if any(said.values()):
                found[str(key)] = said
    return found


def _small(value: Any, depth: int = 0) -> Any:
    """An answer cut to a size that can be kept; its sense is judged later."""
    if isinstance(value, str):
        return value[:20_000].replace("\x00", "")
    if depth > 6:
        return None
    if isinstance(value, Mapping):
        return {str(key)[:60]: _small(one, depth + 1) for key, one in list(value.items())[:200]}
    if isinstance(value, list | tuple):
        return [_small(one, depth + 1) for one in value[:200]]
    return value


def _asks_region(definition: FormDefinition) -> bool:
    return any(field.kind is Kind.REGION for field in definition.walk())


def is_plain(field: Field) -> bool:
    """A field whose value stands in one place."""
    return not field.children
