"""填写: what is asked, what is known already and from where, and whether a draft is complete."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from quancheng.capabilities.onething import plan
from quancheng.capabilities.onething.models import Bundle
from quancheng.capabilities.onething.spec import Consent, Fact, Theme, Upload
from quancheng.capabilities.people import queries as people
from quancheng.core import forms
from quancheng.core.forms import FormDefinition, FormState
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.actor import Actor

__all__ = ["Sight", "applicant_facts", "sight"]


@dataclass(frozen=True)
class Sight:
    """A draft as it stands for its applicant (一件事草稿)."""

    theme: Theme
    answered: FormState
    chosen: tuple[str, ...]
    consents: tuple[Consent, ...]
    given: Mapping[str, bool]
    facts: tuple[Fact, ...]
    form: FormDefinition | None
    values: Mapping[str, Any]
    """Facts as they would be sent: typed ones, else what the registers say."""
    known: Mapping[str, Mapping[str, Any]]
    """Fact → value, source, as_of, simulated: what may be fetched and was."""
    uploads: tuple[Upload, ...]
    wrong_questions: Mapping[str, Text]
    wrong_facts: Mapping[str, Text]
    missing_uploads: tuple[Upload, ...]

    @property
    def unsaid(self) -> tuple[Consent, ...]:
        """Consents neither given nor refused yet."""
        return tuple(one for one in self.consents if one.key not in self.given)

    @property
    def complete(self) -> bool:
        """Everything is there but the declaration."""
        rest = (self.wrong_questions, self.wrong_facts, self.missing_uploads, self.unsaid)
        return bool(self.chosen) and not any(rest)


def sight(actor: Actor, bundle: Bundle) -> Sight:
    """Work a draft out: what its answers choose, what is known, what is still lacking."""
    theme = bundle.spec
    env = forms.Environment(today=clock.today(), now=clock.now(), applicant=applicant_facts(actor))
    answered = forms.state(theme.questionnaire, bundle.answers, env)
    wrong = forms.errors_of(theme.questionnaire, answered, None, env)
    chosen = () if wrong else plan.choose(theme, answered.answers, env.applicant)
    given = dict(bundle.consents.values_list("key", "given"))
    facts = plan.facts_for(theme, chosen, answered.answers)
    known = _known(actor, theme, facts, given, answered.answers)
    values = {key: one["value"] for key, one in known.items()} | {
        one.key: bundle.facts[one.key] for one in facts if bundle.facts.get(one.key) not in (None, "")
    }
    form = fact_form(theme, facts)
    wrong_facts: Mapping[str, Text] = {}
    if form is not None:
        state = forms.state(form, values, env)
        wrong_facts = forms.errors_of(form, state, None, env)
        values = dict(state.answers)
    uploads = plan.uploads_for(theme, chosen, given)
    return Sight(
        theme, answered, chosen, plan.consents_for(theme, chosen), given, facts, form, values, known, uploads,
        wrong, wrong_facts, tuple(one for one in uploads if one.required and one.key not in bundle.uploads),
    )  # fmt: skip


def applicant_facts(actor: Actor) -> dict[str, Any]:
    """What conditions may look at: kind, age, sex, district; nothing that names a person."""
    known = people.prefill(actor) if actor.is_authenticated else {}
    facts = {key: known[key]["value"] for key in ("age", "sex", "district", "region_code") if key in known}
    return facts | {"kind": "firm" if actor.firm_id else "person"}


def _known(
    actor: Actor, theme: Theme, facts: tuple[Fact, ...], given: Mapping[str, bool], answers: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    registers = people.prefill(actor)
    if "legal_person_name" not in registers and "name" in registers:
        registers = registers | {"legal_person_name": registers["name"]}
    return {
        one.key: registers[one.prefill]
        for one in facts
        if one.prefill in registers and plan.prefill_allowed(theme, one, given, answers)
    }


def fact_form(theme: Theme, facts: tuple[Fact, ...]) -> FormDefinition | None:
    """The facts as a form of pages; None when nothing is asked."""
    if not facts:
        return None
    pages = [
        {
            "key": page.key,
            "title": page.title.to_dict(),
            "fields": [one.key for one in facts if one.page == page.key],
        }
        for page in theme.page
    ]
    source = {
        "schema": {
            "type": "object",
            "properties": {one.key: _schema(one) for one in facts},
            "required": [one.key for one in facts if one.required],
        },
        "ui": {one.key: _ui(one) for one in facts},
        "pages": [page for page in pages if page["fields"]],
    }
    return _read(json.dumps(source, ensure_ascii=False))


@lru_cache(maxsize=256)
def _read(text: str) -> FormDefinition:
    return forms.read(text)


def _schema(fact: Fact) -> dict[str, Any]:
    match fact.kind:
        case "choice":
            return {"type": "string", "enum": [one.value for one in fact.options]}
        case "date":
            return {"type": "string", "format": "date"}
        case "number":
            return {"type": "number", "minimum": 0}
    return {"type": "string", "maxLength": fact.max_length}


def _ui(fact: Fact) -> dict[str, Any]:
    row: dict[str, Any] = {"label": fact.label.to_dict(), "widget": fact.kind}
    if fact.hint:
        row["hint"] = fact.hint.to_dict()
    if fact.options:
        row["options"] = [{"value": one.value, "text": one.text.to_dict()} for one in fact.options]
    return row | ({"past": True} if fact.past else {}) | ({"sensitive": True} if fact.sensitive else {})
