"""公文流转: which step is possible in which state, as data; kinds of documents and their numbers. Pure.

Kinds after 《党政机关公文处理工作条例》(中办发〔2012〕14号) 第八条; the number after 第九条 (发文字号由发文机关代字、
年份、发文顺序号组成) and GB/T 9704-2012 7.2.5 (six-cornered brackets, no leading zeros).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from quancheng.capabilities.internal.values import PaperState
from quancheng.core.text import Text

__all__ = [
    "CONFIDENTIAL", "KINDS", "STEPS", "URGENCY", "IllegalStep", "Kind", "Step", "after_countersigning",
    "looks_confidential", "next_state", "paper_number", "steps_from",
]  # fmt: skip


class Kind(StrEnum):
    """文种."""

    REQUEST = "request"
    REPORT = "report"
    NOTICE = "notice"
    LETTER = "letter"
    REPLY = "reply"
    OPINION = "opinion"
    DECISION = "decision"
    BULLETIN = "bulletin"
    ANNOUNCEMENT = "announcement"
    MINUTES = "minutes"

    @property
    def text(self) -> Text:
        return KINDS[self]

    @property
    def upward(self) -> bool:
        """上行文: goes up to one organ and names its signer."""
        return self in {Kind.REQUEST, Kind.REPORT}


KINDS = {
    Kind.REQUEST: Text("请示", "Request for instructions"),
    Kind.REPORT: Text("报告", "Report"),
    Kind.NOTICE: Text("通知", "Notice"),
    Kind.LETTER: Text("函", "Letter"),
    Kind.REPLY: Text("批复", "Reply"),
    Kind.OPINION: Text("意见", "Opinion"),
    Kind.DECISION: Text("决定", "Decision"),
    Kind.BULLETIN: Text("通报", "Circular"),
    Kind.ANNOUNCEMENT: Text("公告", "Announcement"),
    Kind.MINUTES: Text("纪要", "Minutes"),
}
URGENCY = {
    "normal": Text("普通", "Normal"),
    "soon": Text("加急", "Urgent"),
    "now": Text("特急", "Most urgent"),
}
CONFIDENTIAL = ("绝密", "机密", "秘密")
"""密级 of 《保守国家秘密法》第十四条: such papers may not enter this platform."""


def looks_confidential(text: str) -> str | None:
    """The mark of secrecy a text carries (绝密★, 机密★10年, 秘密级 …); None when it carries none."""
    squeezed = "".join(text.split())
    for level in CONFIDENTIAL:
        for mark in (f"{level}★", f"{level}☆", f"{level}*", f"密级：{level}", f"密级:{level}", f"{level}级"):
            if mark in squeezed:
                return level
    return None


@dataclass(frozen=True, slots=True)
class Step:
    """One allowed transition and the role that takes it (步骤)."""

    verb: str
    role: str
    source: PaperState
    target: PaperState
    text: Text


_CLERK, _LEADER, _STAFF = "internal.clerk", "internal.leader", "internal.staff"
S = PaperState
STEPS: tuple[Step, ...] = (
    Step("revise", _STAFF, S.DRAFT, S.DRAFT, Text("修改", "Revise")),
    Step("submit", _STAFF, S.DRAFT, S.REVIEW, Text("送核稿", "Send to review")),
    Step("cancel", _STAFF, S.DRAFT, S.CANCELLED, Text("作废", "Cancel")),
    Step("review", _CLERK, S.REVIEW, S.COUNTERSIGN, Text("核稿通过", "Pass")),
    Step("back", _CLERK, S.REVIEW, S.DRAFT, Text("退回拟稿", "Return to the drafter")),
    Step("issue", _LEADER, S.ISSUE, S.NUMBER, Text("签发", "Sign")),
    Step("reject", _LEADER, S.ISSUE, S.DRAFT, Text("退回修改", "Return for changes")),
    Step("number", _CLERK, S.NUMBER, S.SEAL, Text("编号", "Give the number")),
    Step("seal", _CLERK, S.SEAL, S.SEND, Text("用印", "Seal")),
    Step("send", _CLERK, S.SEND, S.SENT, Text("分发", "Dispatch")),
    Step("archive", _CLERK, S.SENT, S.ARCHIVED, Text("归档", "Archive")),
)
_BY_KEY = {(step.verb, step.source): step for step in STEPS}


class IllegalStep(ValueError):
    """The step is not possible in this state; ``text`` says it to people."""

    def __init__(self, state: PaperState, verb: str) -> None:
        words = next((step.text for step in STEPS if step.verb == verb), Text(verb, verb))
        self.text = Text(
            f"公文目前为“{state.text.zh}”，不能{words.zh}。",
            f"The document is “{state.text.en}”; it is not possible to {words.en.lower()} now.",
        )
        super().__init__(f"{self.text.zh} {self.text.en}")


def next_state(state: str, verb: str, *, countersigners: int = 0) -> PaperState:
    """The state after a step; raises IllegalStep. Nobody to countersign: straight to the signature."""
    now = PaperState(state)
    step = _BY_KEY.get((verb, now))
    if step is None:
        raise IllegalStep(now, verb)
    if step.target is PaperState.COUNTERSIGN and countersigners == 0:
        return PaperState.ISSUE
    return step.target


def steps_from(state: str) -> tuple[Step, ...]:
    """The steps possible in a state."""
    now = PaperState(state)
    return tuple(step for step in STEPS if step.source == now)


def after_countersigning(outcomes: list[str]) -> PaperState | None:
    """Where a round of 会签 leads: None while somebody has not answered; one objection returns the draft."""
    if not all(outcomes):
        return None
    return PaperState.DRAFT if "return" in outcomes else PaperState.ISSUE


def paper_number(mark: str, year: int, serial: int) -> str:
    """济政办〔2026〕12号."""
    return f"{mark}〔{year}〕{serial}号"
