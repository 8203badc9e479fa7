"""申报: what an item asks, what the dossier answers, and what the rules say about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from quancheng.capabilities.internal import casework, dossiers
from quancheng.capabilities.internal.forms import data_of, form_class
from quancheng.capabilities.internal.models import Dossier, Item
from quancheng.capabilities.internal.retirement import Month
from quancheng.capabilities.internal.spec import ItemSpec
from quancheng.capabilities.internal.values import OVER
from quancheng.core.identity import IdentityNumberError
from quancheng.core.text import Text
from quancheng.kernel import clock, rulebook
from quancheng.kernel.errors import Conflict, InvalidInput

__all__ = ["check", "facts_for", "initial", "refuse_duplicates", "subject_of"]

RULES = Text("法定退休年龄规则计算", "Computed by the rules of retirement")


def facts_for(spec: ItemSpec, dossier: Dossier | None) -> dict[str, dict[str, Any]]:
    """What the dossier answers instead of the person who files, each with its provenance."""
    if dossier is None:
        return {}
    known = dossiers.facts(dossier)
    return {key: known[key].to_dict() for key in spec.facts if key in known}


def initial(spec: ItemSpec, dossier: Dossier | None) -> dict[str, dict[str, Any]]:
    """Prefilled answers of the form: from the dossier, from a computation, or a default."""
    found: dict[str, dict[str, Any]] = {}
    known = dossiers.facts(dossier) if dossier is not None else {}
    for row in spec.field:
        if row.source == "retirement.statutory" and dossier is not None:
            if (day := dossiers.retirement_day(dossier)) is not None:
                found[row.key] = _fact(day.isoformat(), RULES)
        elif row.source in known:
            found[row.key] = known[row.source].to_dict()
        elif row.default:
            found[row.key] = _fact(row.default, Text("默认", "Default"))
    return found


def _fact(value: str, source: Text) -> dict[str, Any]:
    return {"value": value, "source": source.to_dict(), "as_of": clock.today().isoformat()}


def check(spec: ItemSpec, dossier: Dossier | None, form: Mapping[str, Any]) -> dict[str, Any]:
    """Checked answers. Raises InvalidInput naming the fields."""
    bound = form_class(spec)(data=data_of(form))
    if not bound.is_valid():
        raise InvalidInput(fields={key: Text.of(str(errors[0])) for key, errors in bound.errors.items()})
    values = bound.values()
    if spec.code == "retirement" and dossier is not None:
        _check_retirement(dossier, values)
    if spec.needs == "none":
        _check_candidate(values)
    return values


def _check_candidate(values: Mapping[str, Any]) -> None:
    try:
        dossiers.derived(values["id_number"], values["post_kind"])
    except IdentityNumberError as wrong:
        raise InvalidInput(fields={"id_number": wrong.text}) from wrong
    earlier = casework.known_dossier(values["id_number"])
    if earlier is not None and earlier.status == "active":
        raise Conflict(
            Text(
                f"此人已在{earlier.unit}在编在岗，请先办理调出。",
                f"This person is on the staff of {earlier.unit.en}; the transfer out comes first.",
            )
        )


def _check_retirement(dossier: Dossier, values: Mapping[str, Any]) -> None:
    """《办法》第三条: 法定、弹性提前、弹性延迟 have their bounds; contributions must suffice."""
    known = {key: one.value for key, one in dossiers.facts(dossier).items()}
    answer = dossiers.retirement_of(known)
    if answer is None:
        raise InvalidInput(
            Text(
                "档案中缺少出生日期或原法定退休年龄类别，无法计算退休时间。请先补全档案。",
                "The dossier lacks the birthday or the original age; complete the dossier first.",
            )
        )
    chosen, mode = Month.of(date.fromisoformat(values["retired_on"])), values["mode"]
    wrong: Text | None = None
    if mode == "statutory" and chosen != answer.statutory:
        wrong = Text(
            f"法定退休时间是{answer.statutory}（{answer.age.zh}），选择其他时间请改选弹性提前或延迟。",
            f"The statutory month is {answer.statutory} ({answer.age.en}); choose a flexible way otherwise.",
        )
    elif mode == "early" and not answer.earliest <= chosen < answer.statutory:
        wrong = Text(
            f"弹性提前退休的时间应在{answer.earliest}至{answer.statutory}之前。",
            f"An earlier retirement lies from {answer.earliest} to before {answer.statutory}.",
        )
    elif mode == "late" and not answer.statutory < chosen <= answer.latest:
        wrong = Text(
            f"弹性延迟退休的时间应晚于{answer.statutory}，不晚于{answer.latest}。",
            f"A later retirement lies after {answer.statutory} and not after {answer.latest}.",
        )
    if mode == "early" and wrong is None:
        wrong = _notice_too_short(chosen)
    if wrong is not None:
        raise InvalidInput(wrong, fields={"retired_on": wrong})
    _check_contribution(known, chosen.year)


def _notice_too_short(chosen: Month) -> Text | None:
    months = rulebook.find("internal.retirement.notice_months").integer()
    if chosen.since(Month.of(clock.today())) >= months:
        return None
    return Text(
        f"弹性提前退休应至少提前{months}个月书面告知，最早可选{Month.of(clock.today()).plus(months)}。",
        f"An earlier retirement needs {months} months of notice.",
    )


def _check_contribution(known: Mapping[str, Any], year: int) -> None:
    needed, paid = dossiers.contribution_needed(year), int(known.get("contribution_months") or 0)
    if paid < needed:
        raise InvalidInput(
            Text(
                f"{year}年退休的最低缴费为{needed}个月，档案记载{paid}个月，暂不能按月领取基本养老金。",
                f"Retiring in {year} needs {needed} months of contribution; the dossier shows {paid}.",
            ),
            todo=Text(
                "请核对缴费记录，或按规定延长缴费后再申报。",
                "Check the record, or go on contributing and file later.",
            ),
        )


def refuse_duplicates(spec: ItemSpec, dossier: Dossier | None, values: Mapping[str, Any]) -> None:
    """One running item of a kind for a person, and nothing beside an item that ends the service."""
    running = Item.objects.exclude(state__in=[one.value for one in OVER])
    if dossier is None:
        same = running.filter(code=spec.code, form__id_number=values.get("id_number", "-")).first()
    else:
        mine = list(running.filter(dossier=dossier))
        ending = {"retirement", "resignation", "transfer-out"}
        same = next((one for one in mine if one.code == spec.code), None)
        same = same or next((one for one in mine if {one.code, spec.code} <= ending), None)
    if same is not None:
        raise Conflict(
            Text(
                f"{same.subject_name}已有在办事项：{same.text.zh}（{same.number}）。",
                f"{same.subject_name} has a running item: {same.text.en} ({same.number}).",
            ),
            extra={"number": same.number},
        )
    if (
        dossier is not None
        and spec.ends_service
        and any(one.key == "status" for one in dossiers.planned(dossier))
    ):
        raise Conflict(
            Text("这份档案已有将要生效的状态变动。", "A change of status is already on file for a later day.")
        )


def subject_of(dossier: Dossier | None, values: Mapping[str, Any]) -> str:
    """Whom or what the item is about."""
    return dossier.name if dossier is not None else str(values.get("name", ""))
