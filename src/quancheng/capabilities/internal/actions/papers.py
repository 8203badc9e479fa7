"""Writers of official documents, step by step; every version and every deed is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from quancheng.capabilities.internal import circulation, dossiers, organs, paperwork
from quancheng.capabilities.internal.models import Paper, PaperCopy, PaperOpinion
from quancheng.capabilities.internal.printing import Printed
from quancheng.capabilities.internal.values import Outcome, PaperState
from quancheng.capabilities.internal.who import account
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput


@action("internal.paper.draft")
def draft_paper(
    call: Call, *, organ: Any, kind: str, title: str, body: str, recipients: Sequence[Any],
    countersigners: Sequence[Any] = (), urgency: str = "normal", confidential: bool = False,
) -> Paper:  # fmt: skip
    """拟稿 in one's organ. Raises Forbidden, InvalidInput (涉密 is refused: this platform is 非涉密 only)."""
    access.require(call.actor, "draft", Paper)
    paperwork.require_own_organ(call, organ)
    paperwork.refuse_confidential(confidential, title, body)
    paperwork.check_text(title, body, kind, recipients, urgency)
    paper: Paper = Paper.objects.create(
        kind=kind, title=title.strip(), organ=organ, urgency=urgency, state=PaperState.DRAFT.value,
        drafter_id=account(call), created_at=call.at, simulated=call.actor.simulated,
    )  # fmt: skip
    paper.recipients.set(recipients)
    paper.countersigners.set([one for one in countersigners if one.pk != organ.pk])
    paperwork.keep_version(call, paper, title, body, "")
    paperwork.remember(call, paper, "draft", Text("拟稿", "Drafted"))
    audit.note(paper=paper.pk, kind=kind)
    paperwork.tell(paper, "drafted")
    return paper


@action("internal.paper.register", idempotent=True)
def register_paper(
    call: Call, *, organ: Any, kind: str, title: str, body: str, number: str, recipients: Sequence[Any]
) -> Paper:
    """纸质补录: a document that went round on paper is entered afterwards; it counts as not online.

    Raises Forbidden, InvalidInput, Conflict (the number is taken).
    """
    access.require(call.actor, "register", Paper)
    paperwork.require_own_organ(call, organ)
    paperwork.refuse_confidential(False, title, body)
    paperwork.check_text(title, body, kind, recipients, "normal")
    if not number.strip() or len(number) > 60:
        wrong = Text("请填写纸质公文的发文字号。", "Enter the number on the paper.")
        raise InvalidInput(wrong, fields={"number": wrong})
    if Paper.objects.filter(number=number.strip()).exists():
        raise Conflict(Text(f"发文字号{number}已存在。", f"The number {number} exists already."))
    paper: Paper = Paper.objects.create(
        kind=kind, title=title.strip(), organ=organ, state=PaperState.ARCHIVED.value, online=False,
        number=number.strip(), drafter_id=account(call), created_at=call.at, issued_at=call.at,
        simulated=call.actor.simulated,
    )  # fmt: skip
    paper.recipients.set(recipients)
    paperwork.keep_version(call, paper, title, body, "纸质补录")
    paperwork.remember(call, paper, "registered", Text("纸质公文补录归档", "Entered from paper and archived"))
    audit.note(paper=paper.pk, number=paper.number)
    return paper


@action("internal.paper.revise")
def revise_paper(
    call: Call, *, paper: Paper, title: str, body: str, why: str = "", revision: int | None = None
) -> Paper:
    """修改: a new version; the old ones stay. Raises Forbidden, InvalidInput, Conflict."""
    access.require(call.actor, "revise", paper)
    paper = paperwork.lock(paper, revision)
    paperwork.move(paper, "revise")
    paperwork.refuse_confidential(False, title, body)
    paperwork.check_text(title, body, paper.kind, None, paper.urgency)
    paper.version, paper.title = paper.version + 1, title.strip()
    paperwork.keep_version(call, paper, title, body, why)
    return _done(call, paper, "revise", Text(f"修改为第{paper.version}版", f"Version {paper.version}"), why)


@action("internal.paper.submit")
def submit_paper(call: Call, *, paper: Paper, revision: int | None = None) -> Paper:
    """送核稿. Raises Forbidden, Conflict."""
    return _step(call, paper, "submit", revision)


@action("internal.paper.cancel")
def cancel_paper(call: Call, *, paper: Paper, revision: int | None = None) -> Paper:
    """作废 a draft. Raises Forbidden, Conflict."""
    return _step(call, paper, "cancel", revision)


@action("internal.paper.review")
def review_paper(
    call: Call, *, paper: Paper, outcome: str, opinion: str = "", revision: int | None = None
) -> Paper:
    """核稿: pass it on to 会签 or the signature, or return it. Raises Forbidden, InvalidInput, Conflict."""
    access.require(call.actor, "review", paper)
    paper = paperwork.lock(paper, revision)
    paperwork.need_reason(outcome, opinion)
    partners = list(paper.countersigners.all())
    paperwork.move(paper, "review" if outcome == Outcome.AGREE else "back", countersigners=len(partners))
    if paper.state == PaperState.COUNTERSIGN:
        number = (paper.opinions.order_by("-round").values_list("round", flat=True).first() or 0) + 1
        for one in partners:
            PaperOpinion.objects.create(paper=paper, round=number, department=one, asked_at=call.at)
    return _done(call, paper, "review", Outcome(outcome).text, opinion)


@action("internal.paper.countersign")
def countersign_paper(call: Call, *, paper: Paper, department: Any, outcome: str, opinion: str = "") -> Paper:
    """会签 for one's department; the last answer decides where it goes.

    Raises Forbidden, InvalidInput, Conflict (answered already, not asked).
    """
    asked = PaperOpinion.objects.filter(paper=paper, department=department).order_by("-round").first()
    if asked is None:
        access.require(call.actor, "countersign", PaperOpinion)
        raise Conflict(Text("没有请这个单位会签。", "This unit was not asked to countersign."))
    access.require(call.actor, "countersign", asked)
    paper = paperwork.lock(paper, None)
    asked.refresh_from_db()
    if paper.state != PaperState.COUNTERSIGN or asked.outcome:
        raise Conflict(Text("会签意见已提交或会签已结束。", "The opinion was given, or the round is over."))
    paperwork.need_reason(outcome, opinion)
    asked.outcome, asked.opinion = outcome, opinion.strip()[:500]
    asked.by, asked.at = str(call.actor)[:120], call.at
    asked.save()
    given = list(
        PaperOpinion.objects.filter(paper=paper, round=asked.round).values_list("outcome", flat=True)
    )
    target = circulation.after_countersigning(given)
    if target is not None:
        paper.state = target.value
    words = Text(f"{department}会签：{Outcome(outcome).zh}", f"{department.en}: {Outcome(outcome).en}")
    return _done(call, paper, "countersign", words, opinion)


@action("internal.paper.issue")
def issue_paper(
    call: Call, *, paper: Paper, outcome: str, opinion: str = "", revision: int | None = None
) -> Paper:
    """签发 by a leader of the organ, or return for changes. Raises Forbidden, InvalidInput, Conflict."""
    access.require(call.actor, "issue", paper)
    paper = paperwork.lock(paper, revision)
    paperwork.need_reason(outcome, opinion)
    agreed = outcome == Outcome.AGREE
    paperwork.move(paper, "issue" if agreed else "reject")
    if agreed:
        paper.issued_by, paper.issued_at = str(call.actor)[:120], call.at
    return _done(
        call, paper, "issue", Text("签发", "Signed") if agreed else Text("退回修改", "Returned"), opinion
    )


@action("internal.paper.number")
def number_paper(call: Call, *, paper: Paper, revision: int | None = None) -> Paper:
    """编号: the next number of the organ in this year, without a gap. Raises Forbidden, Conflict."""
    access.require(call.actor, "number", paper)
    paper = paperwork.lock(paper, revision)
    paperwork.move(paper, "number")
    year = clock.today().year
    mark = organs.mark_of(paper.organ.code, paper.organ.zh)
    serial = dossiers.next_number(f"paper:{paper.organ.code}:{year}")
    paper.number = circulation.paper_number(mark, year, serial)
    return _done(call, paper, "number", Text(f"编号{paper.number}", f"Numbered {paper.number}"))


@action("internal.paper.seal")
def seal_paper(call: Call, *, paper: Paper, printed: Printed, revision: int | None = None) -> Paper:
    """用印: keep the layout file that ``paperwork.print_paper`` made and sealed.

    Raises Forbidden, Conflict (printed from another version or number).
    """
    access.require(call.actor, "seal", paper)
    paper = paperwork.lock(paper, revision)
    if printed.of != paperwork.source_of(paper) or printed.seal.get("organ") != paper.organ.code:
        raise Conflict(Text("版式文件与当前版本不符。", "The file was printed from another version."))
    paperwork.move(paper, "seal")
    paper.digest, paper.seal = printed.digest, printed.seal
    return _done(call, paper, "seal", Text("用印", "Sealed"))


@action("internal.paper.send")
def send_paper(call: Call, *, paper: Paper, revision: int | None = None) -> Paper:
    """分发 to every recipient. Raises Forbidden, Conflict."""
    access.require(call.actor, "send", paper)
    paper = paperwork.lock(paper, revision)
    paperwork.move(paper, "send")
    for one in paper.recipients.all():
        PaperCopy.objects.create(paper=paper, department=one, sent_at=call.at)
    return _done(call, paper, "send", Text("分发", "Dispatched"))


@action("internal.paper.receive")
def receive_copy(call: Call, *, copy: PaperCopy) -> PaperCopy:
    """签收. Raises Forbidden, Conflict (received already)."""
    access.require(call.actor, "receive", copy)
    copy = PaperCopy.objects.select_for_update(of=("self",)).get(pk=copy.pk)
    if copy.received_at is not None:
        raise Conflict(Text(f"已由{copy.received_by}签收。", f"{copy.received_by} signed for it already."))
    copy.received_at, copy.received_by = call.at, str(call.actor)[:120]
    copy.save()
    paperwork.remember(
        call, copy.paper, "received", Text(f"{copy.department}签收", f"Received by {copy.department.en}")
    )
    audit.note(paper=copy.paper_id, department=copy.department_id)
    paperwork.tell(copy.paper, "received", department_id=copy.department_id)
    return copy


@action("internal.paper.close")
def close_copy(call: Call, *, copy: PaperCopy, handling: str) -> PaperCopy:
    """办结: what the unit did. Raises Forbidden, InvalidInput, Conflict."""
    access.require(call.actor, "receive", copy)
    copy = PaperCopy.objects.select_for_update(of=("self",)).get(pk=copy.pk)
    if copy.received_at is None or copy.closed_at is not None:
        raise Conflict(Text("请先签收，且只能办结一次。", "Sign for it first; it is closed once."))
    if not handling.strip():
        wrong = Text("请填写办理情况。", "Say what was done.")
        raise InvalidInput(wrong, fields={"handling": wrong})
    copy.closed_at, copy.handling = call.at, handling.strip()[:500]
    copy.save()
    paperwork.remember(
        call, copy.paper, "closed", Text(f"{copy.department}办结", f"Closed by {copy.department.en}"),
        reason=copy.handling,
    )  # fmt: skip
    audit.note(paper=copy.paper_id, department=copy.department_id)
    return copy


@action("internal.paper.archive")
def archive_paper(call: Call, *, paper: Paper, revision: int | None = None) -> Paper:
    """归档 once every unit has closed its copy. Raises Forbidden, Conflict."""
    access.require(call.actor, "archive", paper)
    open_at = paper.copies.filter(closed_at=None).select_related("department").first()
    if open_at is not None and paper.state == PaperState.SENT:
        raise Conflict(
            Text(
                f"{open_at.department}尚未办结，不能归档。",
                f"{open_at.department.en} has not closed its copy yet.",
            )
        )
    return _step(call, paper, "archive", revision)


def _step(call: Call, paper: Paper, verb: str, revision: int | None) -> Paper:
    access.require(call.actor, verb, paper)
    paper = paperwork.lock(paper, revision)
    words = next(step.text for step in circulation.STEPS if step.verb == verb)
    paperwork.move(paper, verb)
    return _done(call, paper, verb, words)


def _done(call: Call, paper: Paper, kind: str, words: Text, opinion: str = "") -> Paper:
    paper.revision += 1
    paper.save()
    paperwork.remember(call, paper, kind, words, reason=opinion.strip()[:500])
    audit.note(paper=paper.pk, state=str(paper.state))
    paperwork.tell(paper, "moved", step=kind)
    return paper
