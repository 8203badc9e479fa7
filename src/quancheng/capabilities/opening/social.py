"""What the public does with open data beside reading it: feedback, requests, examples; and how often it is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import F
from django.db.models.functions import Greatest

from quancheng.capabilities.opening.models import (
    Dataset,
    Feedback,
    Show,
    ShowState,
    State,
    Usage,
    Vote,
    Wish,
    WishState,
)
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.calendar import working_calendar
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound, NotSignedIn

_MISSING = Text("请填写。", "Fill this in.")


def masked(name: str) -> str:
    """The first character and stars: ``王**``."""
    return f"{name[:1]}**" if name else "**"


def _user(call: Call) -> int:
    if call.actor.is_authenticated and call.actor.user_id is None:
        return 0
    if call.actor.user_id is None:
        raise NotSignedIn
    return call.actor.user_id


def _needed(**said: str) -> dict[str, str]:
    plain = {name: value.strip() for name, value in said.items()}
    faults = {name: _MISSING for name, value in plain.items() if not value}
    if faults:
        raise InvalidInput(fields=faults)
    return plain


@action("opening.usage.count")
def count_use(call: Call, *, counts: Mapping[tuple[int, date, str], int]) -> int:
    """使用计数: what readers counted since the last time, added up. Datasets that are gone are left out."""
    access.require(call.actor, "count", Usage)
    known = set(Dataset.objects.filter(pk__in={key[0] for key in counts}).values_list("pk", flat=True))
    for (dataset, day, kind), number in sorted(counts.items()):
        if dataset in known:
            Usage.objects.get_or_create(dataset_id=dataset, day=day, kind=kind)
            Usage.objects.filter(dataset_id=dataset, day=day, kind=kind).update(count=F("count") + number)
            Dataset.objects.filter(pk=dataset).update(used=F("used") + number)
    audit.note(datasets=len(known), uses=sum(counts.values()))
    return len(known)


@action("opening.feedback.write", idempotent=True)
def write_feedback(call: Call, *, dataset: int, stars: int, said: str, who: str = "") -> Feedback:
    """评价数据集: the first or a changed one of this person. Raises InvalidInput, NotFound, NotSignedIn."""
    found = Dataset.objects.filter(pk=dataset, state=State.PUBLISHED).first()
    if found is None:
        raise NotFound
    if stars not in range(1, 6):
        raise InvalidInput(fields={"stars": Text("请选 1 到 5 星。", "Choose 1 to 5 stars.")})
    text = _needed(said=said)["said"][:1000]
    row = Feedback.objects.filter(dataset=found, user_id=_user(call)).first() or Feedback(
        dataset=found, user_id=_user(call), simulated=call.actor.simulated
    )
    row.who, row.stars, row.said, row.at = masked(who or call.actor.name), stars, text, call.at
    row.answer, row.answered_at = "", None
    row.save()
    access.require(call.actor, "write", row)
    audit.note(dataset=found.name, stars=stars)
    return row


@action("opening.feedback.answer", idempotent=True)
def answer_feedback(call: Call, *, feedback: int, answer: str) -> Feedback:
    """答复评价, read by everybody. Raises InvalidInput, NotFound, Forbidden."""
    row: Feedback | None = Feedback.objects.select_for_update().filter(pk=feedback).first()
    if row is None:
        raise NotFound
    access.require(call.actor, "answer", row)
    row.answer, row.answered_at = _needed(answer=answer)["answer"][:1000], call.at
    row.save()
    audit.note(feedback=row.pk)
    return row


@action("opening.wish.ask", idempotent=True)
def ask_for(call: Call, *, title: str, purpose: str, who: str = "") -> Wish:
    """提出开放需求. Raises InvalidInput, NotSignedIn."""
    said = _needed(title=title, purpose=purpose)
    days = rulebook.find("opening.answer_days").integer()
    row = Wish(
        user_id=_user(call), who=masked(who or call.actor.name), title=said["title"][:80],
        purpose=said["purpose"][:1000], asked_at=call.at, simulated=call.actor.simulated,
        due_on=working_calendar().add_working_days(call.at.astimezone(clock.LOCAL).date(), days),
    )  # fmt: skip
    row.save()
    access.require(call.actor, "ask", row)
    audit.note(wish=row.title)
    return row


@action("opening.wish.vote", idempotent=True)
def vote(call: Call, *, wish: int) -> int:
    """支持一项需求, once a person; the number of votes. Raises NotFound, NotSignedIn, Conflict (answered)."""
    row: Wish | None = Wish.objects.select_for_update().filter(pk=wish).first()
    if row is None:
        raise NotFound
    if row.state != WishState.ASKED:
        raise Conflict(Text("这项需求已答复。", "This request has been answered."))
    cast, new = Vote.objects.get_or_create(wish=row, user_id=_user(call))
    access.require(call.actor, "cast", cast)
    if new:
        Wish.objects.filter(pk=row.pk).update(votes=Greatest(F("votes"), 0) + 1)
        row.refresh_from_db()
    audit.note(wish=row.pk, votes=row.votes)
    return int(row.votes)


@action("opening.wish.answer", idempotent=True)
def answer_wish(call: Call, *, wish: int, accepted: bool, answer: str) -> Wish:
    """答复开放需求. Raises InvalidInput, NotFound, Forbidden, Conflict (answered already)."""
    row: Wish | None = Wish.objects.select_for_update().filter(pk=wish).first()
    if row is None:
        raise NotFound
    access.require(call.actor, "answer", row)
    if row.state != WishState.ASKED:
        raise Conflict(Text("这项需求已答复。", "This request has been answered."))
    row.answer, row.answered_at = _needed(answer=answer)["answer"][:1000], call.at
    row.state = WishState.ACCEPTED if accepted else WishState.DECLINED
    row.save()
    audit.note(wish=row.pk, state=str(row.state))
    return row


@action("opening.show.submit", idempotent=True)
def submit_show(
    call: Call, *, title: str, link: str, about: str, datasets: Sequence[str], who: str = ""
) -> Show:
    """提交应用成果; it is seen when a moderator has looked at it. Raises InvalidInput, NotSignedIn."""
    said = _needed(title=title, link=link, about=about)
    if not said["link"].startswith("https://"):
        raise InvalidInput(fields={"link": Text("网址须以 https:// 开头。", "It must begin with https://.")})
    known = set(
        Dataset.objects.filter(name__in=datasets, state=State.PUBLISHED).values_list("name", flat=True)
    )
    if not known or known != set(datasets):
        text = Text("请选择用到的开放数据集。", "Choose the open datasets it uses.")
        raise InvalidInput(fields={"datasets": text})
    row = Show(
        user_id=_user(call), who=masked(who or call.actor.name), title=said["title"][:80], link=said["link"],
        about=said["about"][:1000], datasets=sorted(known), at=call.at, simulated=call.actor.simulated,
    )  # fmt: skip
    row.save()
    access.require(call.actor, "submit", row)
    audit.note(show=row.title)
    return row


@action("opening.show.moderate", idempotent=True)
def moderate_show(call: Call, *, show: int, shown: bool, reason: str = "") -> Show:
    """审核应用成果; a refusal needs a reason. Raises InvalidInput, NotFound, Forbidden."""
    row: Show | None = Show.objects.select_for_update().filter(pk=show).first()
    if row is None:
        raise NotFound
    access.require(call.actor, "moderate", row)
    if not shown:
        _needed(reason=reason)
    row.state, row.reason = (ShowState.SHOWN if shown else ShowState.REFUSED), reason.strip()[:300]
    row.save()
    audit.note(show=row.pk, state=str(row.state))
    return row


def used_lately(dataset: Dataset, days: int = 30) -> list[dict[str, Any]]:
    """Uses of the last days by kind, most first."""
    from datetime import timedelta

    from django.db.models import Sum

    since = clock.today() - timedelta(days=days)
    rows = Usage.objects.filter(dataset=dataset, day__gt=since).values("kind").annotate(n=Sum("count"))
    return sorted(rows, key=lambda one: -one["n"])
