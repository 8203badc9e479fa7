"""公文 from the draft to the archive; secrecy, numbers without gaps, versions, seals; 会议."""

from __future__ import annotations

from datetime import timedelta

import pytest

from quancheng.capabilities.internal import actions, circulation, indicators, papersight, paperwork, sealing
from quancheng.capabilities.internal.models import Invitation, Paper, PaperVersion
from quancheng.capabilities.internal.models.base import AppendOnlyError
from quancheng.capabilities.people.queries import department
from quancheng.capabilities.trust import queries as trust
from quancheng.kernel import clock
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound
from quancheng.kernel.models import writing

BODY = "一、请各单位认真落实。\n二、有关情况请于月底前反馈。"


@pytest.fixture
def draft(town, call):
    def make(**more):
        return actions.draft_paper(
            call("office-clerk"), organ=department("jn-government-office"), kind=more.pop("kind", "notice"),
            title=more.pop("title", "关于更新事项清单的通知"), body=BODY,
            recipients=more.pop("recipients", [department("jn-hrss"), department("jn-civil")]), **more,
        )  # fmt: skip

    return make


def issue(call, paper: Paper) -> Paper:
    """From the draft to the number."""
    paper = actions.submit_paper(call("office-clerk"), paper=paper)
    paper = actions.review_paper(call("office-clerk"), paper=paper, outcome="agree")
    paper = actions.issue_paper(call("office-leader"), paper=paper, outcome="agree")
    return actions.number_paper(call("office-clerk"), paper=paper)


def test_from_draft_to_archive_with_two_countersigners(draft, call, actor):
    paper = draft(countersigners=[department("jn-hrss"), department("jn-civil")])
    clerk = call("office-clerk")
    paper = actions.revise_paper(
        clerk, paper=paper, title=paper.title, body=BODY + "\n三、补充。", why="补充要求"
    )
    paper = actions.submit_paper(clerk, paper=paper)
    paper = actions.review_paper(clerk, paper=paper, outcome="agree")
    assert paper.state == "countersign"
    with pytest.raises(Forbidden):
        actions.countersign_paper(clerk, paper=paper, department=department("jn-hrss"), outcome="agree")
    paper = actions.countersign_paper(
        call("hrss-officer"), paper=paper, department=department("jn-hrss"), outcome="agree"
    )
    assert paper.state == "countersign", "waits for the other"
    paper = actions.countersign_paper(
        call("supervisor-officer"),
        paper=paper,
        department=department("jn-civil"),
        outcome="return",
        opinion="时限太紧",
    )
    assert paper.state == "draft", "one objection returns it"
    paper = actions.submit_paper(clerk, paper=paper)
    paper = actions.review_paper(clerk, paper=paper, outcome="agree")
    for key, code in (("hrss-officer", "jn-hrss"), ("supervisor-officer", "jn-civil")):
        paper = actions.countersign_paper(
            call(key), paper=paper, department=department(code), outcome="agree"
        )
    with pytest.raises(Forbidden):
        actions.issue_paper(clerk, paper=paper, outcome="agree")
    paper = actions.issue_paper(call("office-leader"), paper=paper, outcome="agree")
    paper = actions.number_paper(clerk, paper=paper)
    year = clock.today().year
    assert paper.number == f"济政办字〔{year}〕1号"

    printed = paperwork.print_paper(paper)
    paper = actions.seal_paper(clerk, paper=paper, printed=printed)
    content = trust.blob_path(paper.digest).read_bytes()
    assert content.startswith(b"%PDF") and sealing.genuine(content, paper.seal)
    assert not sealing.genuine(content + b" ", paper.seal), "one byte more and the seal is broken"
    forged = paper.seal | {"organ": "jn-hrss"}
    assert not sealing.genuine(content, forged), "another organ's name does not fit the key"

    paper = actions.send_paper(clerk, paper=paper)
    with pytest.raises(Conflict):
        actions.archive_paper(clerk, paper=paper)
    for key in ("hrss-officer", "supervisor-officer"):
        copy = papersight.copies(actor(key)).get(paper=paper)
        copy = actions.receive_copy(call(key), copy=copy)
        with pytest.raises(Conflict):
            actions.receive_copy(call(key), copy=copy)
        actions.close_copy(call(key), copy=copy, handling="已落实")
    paper = actions.archive_paper(clerk, paper=Paper.objects.get(pk=paper.pk))
    assert paper.state == "archived" and paper.versions.count() == 2
    assert indicators.online_rate() == 100


def test_numbers_have_no_gap_even_when_somebody_fails(draft, call):
    first = issue(call, draft())
    broken = draft()
    with pytest.raises(Conflict):
        actions.number_paper(call("office-clerk"), paper=broken)
    second = issue(call, draft())
    year = clock.today().year
    assert [first.number, second.number] == [f"济政办字〔{year}〕{n}号" for n in (1, 2)]
    with clock.at(clock.now() + timedelta(days=400)):
        third = issue(call, draft())
    assert third.number.endswith("〕1号"), "a new year begins with one"


def test_classified_content_never_enters(draft, town, call):
    for title, extra in (("绝密★关于某事", {}), ("关于某事的报告", {"confidential": True})):
        with pytest.raises(InvalidInput) as refused:
            draft(title=title, **extra)
        assert "非涉密" in refused.value.detail.zh and "保密" in refused.value.todo.zh
    paper = draft()
    with pytest.raises(InvalidInput):
        actions.revise_paper(call("office-clerk"), paper=paper, title=paper.title, body="机密★10年\n内容")
    assert Paper.objects.count() == 1 and PaperVersion.objects.count() == 1, "nothing half written"
    assert circulation.looks_confidential("关于保守国家秘密的学习通知") is None, "a word is no mark"


def test_a_request_goes_to_one_organ(draft):
    with pytest.raises(InvalidInput) as wrong:
        draft(kind="request")
    assert "recipients" in wrong.value.fields


def test_stale_and_strange_files_are_not_sealed(draft, call):
    one, other = issue(call, draft()), issue(call, draft())
    with pytest.raises(Conflict):
        actions.seal_paper(call("office-clerk"), paper=one, printed=paperwork.print_paper(other))


def test_two_clerks_at_once(draft, call):
    paper = draft()
    actions.submit_paper(call("office-clerk"), paper=paper, revision=paper.revision)
    with pytest.raises(Conflict) as told:
        actions.cancel_paper(call("office-clerk"), paper=paper, revision=paper.revision)
    assert "尹丽华" in told.value.detail.zh


def test_versions_are_never_changed_and_strangers_see_nothing(draft, actor):
    paper = draft()
    version = paper.versions.get()
    with writing("test"), pytest.raises(AppendOnlyError):
        version.save()
    for key in ("hrss-officer", "personnel-officer"):
        with pytest.raises(NotFound):
            papersight.paper(actor(key), paper.pk)


def test_paper_that_went_round_by_hand_lowers_the_rate(draft, call):
    issue(call, draft())
    actions.register_paper(
        call("office-clerk"), organ=department("jn-government-office"), kind="notice", title="纸质通知", body=BODY,
        number="济政办字〔2026〕99号", recipients=[department("jn-hrss")],
    )  # fmt: skip
    assert indicators.online_rate() == 50


# -- meetings -------------------------------------------------------------------------------------
@pytest.fixture
def meeting(town, call):
    now = clock.now()
    units = [
        {"department": department(code), "rank": rank, "rostrum": rank < 3, "required": "主要负责人"}
        for rank, code in enumerate(("jn-hrss", "jn-civil", "jn-government-office"), start=1)
    ]
    made = actions.call_meeting(
        call("office-clerk"), organ=department("jn-government-office"), title="推进会", hall="office-1",
        starts_at=now + timedelta(days=5), ends_at=now + timedelta(days=5, hours=2),
        reply_by=now + timedelta(days=3), agenda="一、通报", units=units,
    )  # fmt: skip
    return actions.send_meeting(call("office-clerk"), meeting=made)


def mine(meeting, code: str) -> Invitation:
    return Invitation.objects.select_related("meeting", "department").get(
        meeting=meeting, department__code=code
    )


def test_reply_seat_swap_and_minutes(meeting, call):
    clerk = call("office-clerk")
    actions.reply_meeting(
        call("hrss-officer"),
        invitation=mine(meeting, "jn-hrss"),
        reply="attend",
        attendee="曹文斌",
        post="局长",
    )
    with pytest.raises(InvalidInput) as wrong:
        actions.reply_meeting(
            call("supervisor-officer"),
            invitation=mine(meeting, "jn-civil"),
            reply="substitute",
            attendee="冯雪梅",
        )
    assert "reason" in wrong.value.fields
    actions.reply_meeting(
        call("supervisor-officer"), invitation=mine(meeting, "jn-civil"), reply="substitute", attendee="冯雪梅",
        post="副局长", reason="局长出差",
    )  # fmt: skip
    with pytest.raises(Forbidden):
        actions.reply_meeting(clerk, invitation=mine(meeting, "jn-hrss"), reply="leave", reason="代替")
    assert actions.remind_units(clerk, meeting=meeting) == 1
    assert actions.remind_units(clerk, meeting=meeting) == 0, "one reminder is enough"

    meeting = actions.seat_meeting(clerk, meeting=meeting)
    placed = {one["name"]: (one["row"], one["column"]) for one in meeting.seats if one["name"]}
    assert placed["曹文斌"] == (0, 4), "the middle of seven"
    assert placed["冯雪梅"][0] == 1, "a substitute does not sit at the rostrum"
    meeting = actions.swap_seats(clerk, meeting=meeting, first=placed["曹文斌"], second=placed["冯雪梅"])
    with pytest.raises(InvalidInput):
        actions.swap_seats(clerk, meeting=meeting, first=(0, 1), second=(40, 1))
    with pytest.raises(Conflict):
        actions.publish_minutes(clerk, meeting=meeting, minutes="太早")


def test_after_the_deadline_nobody_replies_and_minutes_come_once(meeting, call):
    with clock.at(clock.now() + timedelta(days=4)), pytest.raises(Conflict):
        actions.reply_meeting(
            call("hrss-officer"), invitation=mine(meeting, "jn-hrss"), reply="attend", attendee="曹文斌"
        )
    with clock.at(clock.now() + timedelta(days=6)):
        clerk = call("office-clerk")
        done = actions.publish_minutes(clerk, meeting=meeting, minutes="会议明确三项任务。")
        with pytest.raises(Conflict):
            actions.publish_minutes(clerk, meeting=done, minutes="再印一次")


def test_meetings_that_cannot_be(town, call):
    now = clock.now()
    with pytest.raises(InvalidInput) as wrong:
        actions.call_meeting(
            call("office-clerk"), organ=department("jn-government-office"), title="机密★会", hall="nowhere",
            starts_at=now, ends_at=now - timedelta(hours=1), reply_by=now - timedelta(days=1), agenda="", units=[],
        )  # fmt: skip
    assert set(wrong.value.fields) == {"title", "hall", "ends_at", "reply_by", "units"}
