"""Shared steps of the document actions: locking, versions, checks, printing. Mostly inside actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from quancheng.capabilities.internal import circulation, printing
from quancheng.capabilities.internal.circulation import IllegalStep, Kind
from quancheng.capabilities.internal.models import Paper, PaperEvent, PaperVersion
from quancheng.capabilities.internal.values import Outcome
from quancheng.core.text import Text
from quancheng.kernel import clock, events
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput

MAX_BODY = 50_000


def lock(paper: Paper, revision: int | None) -> Paper:
    """Lock the document; Conflict tells who moved it since ``revision`` was read."""
    held: Paper = Paper.objects.select_for_update(of=("self",)).select_related("organ").get(pk=paper.pk)
    if revision is not None and held.revision != revision:
        last = held.history.last()
        raise Conflict(
            Text(
                f"{last.actor_name if last else ''}已先处理了这份公文，现在是“{held.state_text.zh}”。您的操作没有生效。",
                f"{last.actor_name if last else ''} was first; it is now “{held.state_text.en}”.",
            ),
            extra={"state": str(held.state), "revision": held.revision},
        )
    return held


def move(paper: Paper, verb: str, *, countersigners: int = 0) -> None:
    """Set the state after a step; Conflict when the step is not possible now."""
    try:
        paper.state = circulation.next_state(paper.state, verb, countersigners=countersigners).value
    except IllegalStep as wrong:
        raise Conflict(wrong.text, extra={"state": str(paper.state), "verb": verb}) from wrong


def refuse_confidential(declared: bool, title: str, body: str) -> None:
    """涉密 documents never enter this platform."""
    level = circulation.looks_confidential(f"{title}\n{body}")
    if not declared and level is None:
        return
    shown = level or "涉密"
    raise InvalidInput(
        Text(
            f"本平台只流转非涉密公文，{shown}内容不得录入。内容没有保存。",
            "This platform carries unclassified documents only; classified content must not be entered. "
            "Nothing was saved.",
        ),
        todo=Text(
            "请立即停止在本系统处理该内容，改用涉密信息系统或纸质渠道，并报告本单位保密工作机构。",
            "Stop handling it here, use the classified system or paper, and tell your security office.",
        ),
    )


def check_text(title: str, body: str, kind: str, recipients: Sequence[Any] | None, urgency: str) -> None:
    """Raise InvalidInput for what a document may not lack."""
    fields: dict[str, Text] = {}
    if not title.strip() or len(title.strip()) > 200:
        fields["title"] = Text("请填写标题，不超过200字", "Enter a title of at most 200 characters")
    if not body.strip() or len(body) > MAX_BODY:
        fields["body"] = Text("请填写正文，不超过5万字", "Enter a text of at most 50,000 characters")
    if kind not in set(Kind):
        fields["kind"] = Text("请选择文种", "Choose the kind")
    if urgency not in circulation.URGENCY:
        fields["urgency"] = Text("请选择紧急程度", "Choose the urgency")
    if recipients is not None and not recipients:
        fields["recipients"] = Text("请选择主送机关", "Choose the recipients")
    if recipients is not None and kind == Kind.REQUEST and len(recipients) > 1:
        fields["recipients"] = Text("请示只能主送一个机关", "A request goes to one organ only")
    if fields:
        raise InvalidInput(fields=fields)


def need_reason(outcome: str, opinion: str) -> None:
    """Agree, or return with a reason."""
    if outcome not in {Outcome.AGREE, Outcome.RETURN}:
        wrong = Text("请选择同意或退回。", "Choose to agree or return.")
        raise InvalidInput(wrong, fields={"outcome": wrong})
    if outcome == Outcome.RETURN and not opinion.strip():
        wrong = Text("退回必须写明理由。", "Give the reason for the return.")
        raise InvalidInput(wrong, fields={"opinion": wrong})


def require_own_organ(call: Call, organ: Any) -> None:
    """Raise Forbidden unless the asker writes for this organ."""
    roles = {"internal.staff", "internal.clerk"}
    if not any(grant.role in roles and organ.pk in grant.departments for grant in call.actor.grants):
        raise Forbidden()


def keep_version(call: Call, paper: Paper, title: str, body: str, why: str) -> PaperVersion:
    """Append the text as it is now."""
    made: PaperVersion = PaperVersion.objects.create(
        paper=paper, number=paper.version, title=title.strip(), body=body.replace("\x00", "").strip(),
        by=str(call.actor)[:120], at=call.at, why=why.strip()[:200],
    )  # fmt: skip
    return made


def remember(call: Call, paper: Paper, kind: str, text: Text, **data: Any) -> PaperEvent:
    """Append to the history."""
    made: PaperEvent = PaperEvent.objects.create(
        paper=paper, at=call.at, kind=kind, actor_name=str(call.actor)[:120], text=text.to_dict(), data=data
    )
    return made


def tell(paper: Paper, what: str, **data: Any) -> None:
    """Emit ``internal.paper.<what>``."""
    events.emit(
        f"internal.paper.{what}",
        f"paper:{paper.pk}",
        {
            "paper": paper.pk, "title": paper.title, "state": str(paper.state), "number": paper.number,
            "organ_id": paper.organ_id, "simulated": paper.simulated, **data,
        },
    )  # fmt: skip


def source_of(paper: Paper) -> str:
    """What a printed file must have been made from to be sealed."""
    return f"{paper.pk}:{paper.version}:{paper.number}"


def print_paper(paper: Paper) -> printing.Printed:
    """Print and seal the document as it stands. Slow, so done before the action that keeps it."""
    version = paper.versions.get(number=paper.version)
    urgency = circulation.URGENCY[paper.urgency].zh if paper.urgency != "normal" else ""
    pdf = printing.official(
        organ=paper.organ.zh, number=paper.number, title=version.title,
        recipients="、".join(one.zh for one in paper.recipients.all()), body=version.body,
        day=clock.today(), urgency=urgency, signer=paper.issued_by, upward=Kind(paper.kind).upward,
    )  # fmt: skip
    return printing.sealed(pdf, paper.organ.code, clock.now(), of=source_of(paper))
