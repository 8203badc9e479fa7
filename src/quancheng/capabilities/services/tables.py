"""决策表: evaluating the tables of a matter, as a check of an application and as a task of its process.

Tables see ``form`` (answers), ``applicant`` (kind, age, sex, region …), ``today`` and ``parameters``
(the dated parameters whose ids they name as text). Pure: values in, value and explanation out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from quancheng.capabilities.services.checking import Facts, Finding, Outcome, Subject, check, finding
from quancheng.capabilities.services.spec import Condition
from quancheng.core import feel
from quancheng.core.feel import dmn
from quancheng.core.identity import IdentityNumberError, parse_resident_id
from quancheng.core.rules import RuleError
from quancheng.core.rules.model import thaw
from quancheng.core.text import Text
from quancheng.kernel.errors import NotFound

__all__ = ["applicant_values", "evaluate", "inputs", "tables_of"]

_PARAMETER = re.compile(r'"([a-z][a-z0-9_]*(?:\.[a-z0-9_-]+)+)"')
Parameter = Callable[[str], Any]


@lru_cache(maxsize=128)
def tables_of(text: str) -> dmn.Model:
    """The decision model of a version's text, read once. Raises ``dmn.DmnError``."""
    return dmn.read(text.encode())


@lru_cache(maxsize=128)
def parameter_ids(text: str) -> tuple[str, ...]:
    """Ids of dated parameters a model names."""
    return tuple(sorted(set(_PARAMETER.findall(text.replace("&quot;", '"')))))


def evaluate(text: str, decision: str, given: Mapping[str, Any]) -> dmn.Outcome:
    """The value of a decision with its warnings and which rules matched; never raises for data.

    One that costs more than an evaluation may has no value, and the warning says so.
    """
    model = tables_of(text)
    try:
        return model.evaluate(decision, dict(given))
    except feel.FeelLimitError as wrong:
        return dmn.Outcome(None, (f"{wrong.text.zh} / {wrong.text.en}",))


def inputs(
    text: str, *, form: Mapping[str, Any], applicant: Mapping[str, Any], today: date, parameter: Parameter
) -> dict[str, Any]:
    """What tables look at, as FEEL values. A parameter that is not in force is null."""
    found: dict[str, Any] = feel.from_json({"form": _plain(form), "applicant": dict(applicant)})
    found["today"] = feel.parse(f'date("{today.isoformat()}")').evaluate({})
    found["parameters"] = feel.from_json({name: _value(parameter, name) for name in parameter_ids(text)})
    return found


def applicant_values(subject: Subject, on: date) -> dict[str, Any]:
    """The applicant as tables see it: kind, name, age, birth_date, sex, region."""
    birth, sex = subject.birth_date, None
    if subject.resident_id:
        try:
            read = parse_resident_id(subject.resident_id, on=on)
            birth, sex = read.birth_date, str(read.sex.value if hasattr(read.sex, "value") else read.sex)
        except IdentityNumberError:
            birth = None
    from quancheng.capabilities.services.checks import age_on

    return {
        "kind": subject.kind, "name": subject.name, "region": subject.residence,
        "district": subject.residence[:6], "sex": sex,
        "birth_date": birth.isoformat() if birth else None, "age": age_on(birth, on) if birth else None,
    }  # fmt: skip


@check("decision")
def decision(condition: Condition, facts: Facts) -> Finding:
    """决策表: the decision gives ``{outcome: pass|fail|person, zh, en}``; anything else goes to a person."""
    name = str(condition.options["decision"])
    given = inputs(
        facts.tables, form=facts.form, applicant=applicant_values(facts.subject, facts.on),
        today=facts.on, parameter=facts.parameter,
    )  # fmt: skip
    outcome = evaluate(facts.tables, name, given)
    said = outcome.value if isinstance(outcome.value, dict) else {}
    kind = _OUTCOMES.get(str(said.get("outcome")))
    if kind is None:
        return finding(
            condition, Outcome.PERSON,
            f"决策表“{name}”没有得出结论，请人工判断。", f"The table “{name}” gave no result; a person judges.",
            decision=name, warnings=list(outcome.warnings)[:3],
        )  # fmt: skip
    text = Text(str(said.get("zh") or condition.text.zh), str(said.get("en") or condition.text.en))
    return finding(condition, kind, text.zh, text.en, decision=name)


_OUTCOMES = {"pass": Outcome.PASS, "fail": Outcome.FAIL, "person": Outcome.PERSON}


def _value(parameter: Parameter, name: str) -> Any:
    try:
        return thaw(parameter(name).value)
    except (NotFound, RuleError):
        return None


def _plain(form: Mapping[str, Any]) -> dict[str, Any]:
    """Answers without what tables cannot read (files are facts of their own)."""
    return {key: value for key, value in form.items() if not key.startswith("_")}
