"""试运行: a definition played through in memory with a made-up applicant; nothing is written anywhere.

A run is its sample, its answers and its steps; it is replayed from the start each time, so the page
holds it in the form it sends and a scenario (场景) is the same three things with what must come out.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from quancheng.capabilities.designer.values import Sample
from quancheng.capabilities.services.values import (
    OUTCOMES,
    Facts,
    FileFact,
    Finding,
    MatterSpec,
    State,
    Subject,
    applicant_values,
    definition_of,
    evaluate,
    inputs,
    program_of_text,
    run_checks,
)
from quancheng.core import feel, flow, forms
from quancheng.core.feel import dmn
from quancheng.core.text import Text
from quancheng.kernel import clock

__all__ = ["MAX_STEPS", "Choice", "Frame", "Trial", "World", "judged", "replay", "summary"]

MAX_STEPS = 200
SIDES = {
    "office": Text("审批单位", "Deciding office"), "applicant": Text("申请人", "Applicant"),
    "review": Text("会办单位", "Consulted office"), "visit": Text("现场核查人员", "Site inspector"),
    "appeal": Text("复核人", "Reviewer"), "": Text("系统", "System"),
}  # fmt: skip
WORDS = {
    "claim": Text("受理", "Accept"), "approve": Text("准予", "Approve"), "return": Text("退回补正", "Return"),
    "refuse": Text("不予办理", "Refuse"), "correct": Text("补正后重新提交", "Correct and resubmit"),
    "agree": Text("同意", "Agree"), "object": Text("不同意", "Object"), "passed": Text("核查合格", "Passed"),
    "failed": Text("核查不合格", "Failed"), "uphold": Text("维持原决定", "Uphold"),
    "reopen": Text("撤销原决定", "Reopen"), "withdraw": Text("申请人撤回", "Withdraw"), "appeal": Text("申请复核", "Appeal"),
}  # fmt: skip
MESSAGES = ("withdraw", "appeal")
_PARAMETER = re.compile(r'\\?"([a-z][a-z0-9_-]*(?:\.[a-z0-9_-]+)+)\\?"')


@dataclass(frozen=True, slots=True)
class World:
    """What a run may ask about the city: dated parameters and working days."""

    region: str
    parameter: Callable[[str, date], Any]
    after_working_days: Callable[[date, str], date]


@dataclass(frozen=True, slots=True)
class Frame:
    """One thing that happened (经过)."""

    at: datetime
    who: Text
    text: Text
    element: str = ""
    why: tuple[Text, ...] = ()
    status: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """Something a person may do now: a step to send back."""

    step: Mapping[str, Any]
    who: Text
    name: str
    text: Text
    due: datetime | None = None


@dataclass
class Trial:
    """A run so far (试运行结果)."""

    frames: list[Frame] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    wrong: dict[str, Text] = field(default_factory=dict)
    """What the form refuses, by field."""
    status: str = ""
    variables: dict[str, Any] = field(default_factory=dict)
    path: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    finished: bool = False
    stopped: Text | None = None
    now: datetime | None = None

    @property
    def status_text(self) -> Text:
        return State(self.status).text if self.status in {one.value for one in State} else Text("—", "—")


def replay(
    spec: MatterSpec, sample: Sample, answers: Mapping[str, Any], steps: list[Mapping[str, Any]],
    start: datetime, world: World,
) -> Trial:  # fmt: skip
    """Play a matter from its application through ``steps``; what cannot be done stops the run and says why."""
    run = _Run(spec, sample, dict(answers), start, world)
    try:
        run.apply()
        for step in steps[:MAX_STEPS]:
            if run.trial.stopped or run.trial.finished:
                break
            run.take(step)
    except (flow.FlowError, forms.FormError, dmn.DmnError, feel.FeelLimitError) as wrong:
        run.trial.stopped = wrong.text
    except LookupError as wrong:
        run.trial.stopped = Text(f"缺少：{wrong}", f"Missing: {wrong}")
    return run.shown()


def summary(trial: Trial) -> dict[str, Any]:
    """What a scenario expects of a run: state, ends, outcome of each check."""
    return {
        "status": trial.status, "finished": trial.finished, "ends": sorted(trial.ends),
        "checks": {one.condition: one.outcome.value for one in trial.findings},
    }  # fmt: skip


def judged(expected: Mapping[str, Any], trial: Trial) -> list[Text]:
    """How a run differs from what a scenario expects; empty when it does not."""
    if trial.stopped is not None:
        return [trial.stopped]
    found: list[Text] = []
    now = summary(trial)
    if now["status"] != expected.get("status"):
        found.append(_differs("办件状态", "state", expected.get("status"), now["status"]))
    if now["ends"] != expected.get("ends"):
        found.append(_differs("到达的结束", "ends", expected.get("ends"), now["ends"]))
    before = dict(expected.get("checks") or {})
    for key in sorted({*before, *now["checks"]}):
        if before.get(key) != now["checks"].get(key):
            found.append(_differs(f"条件 {key}", f"condition {key}", before.get(key), now["checks"].get(key)))
    return found


def _differs(zh: str, en: str, before: Any, now: Any) -> Text:
    return Text(
        f"{zh}：预期 {before or '无'}，现在是 {now or '无'}。",
        f"{en}: expected {before or 'none'}, now {now or 'none'}.",
    )


class _Run:
    def __init__(
        self, spec: MatterSpec, sample: Sample, answers: dict[str, Any], start: datetime, world: World
    ) -> None:
        self.spec, self.sample, self.answers, self.world = spec, sample, answers, world
        self.at = start
        self.trial = Trial()
        self.program: Any = None
        self.state: Any = None

    # -- applying ---------------------------------------------------------------------------------
    def apply(self) -> None:
        """The form, the checks, the start of the process."""
        self.trial.wrong = self._form()
        if self.trial.wrong:
            first = next(iter(self.trial.wrong.values()))
            self.trial.stopped = Text(
                f"表单填写有误：{first.zh}", f"The form refuses the answers: {first.en}"
            )
            return
        self.trial.findings = run_checks(self.spec, self._facts())
        self._note("applicant", Text("提交申请", "Applied"), why=tuple(
            Text(f"{one.condition}：{one.outcome.text.zh}。{one.reason.zh}", f"{one.condition}: {one.outcome.text.en}. {one.reason.en}")
            for one in self.trial.findings
        ))  # fmt: skip
        self.program = program_of_text(self.spec.bpmn)
        self._settle(flow.start(self.program, self._context(), self.at))

    def _form(self) -> dict[str, Text]:
        definition = definition_of(self.spec)
        found = forms.state(definition, self.answers, self._environment())
        self.answers = dict(found.answers)
        skipped = {one.path for one in definition.walk() if one.locked or one.kind.outside}
        wrong = forms.errors_of(definition, found, None, self._environment())
        return {path: text for path, text in wrong.items() if path not in skipped and path}

    def _environment(self) -> forms.Environment:
        on = clock.day_of(self.at)
        named = {
            name for name in _PARAMETER.findall(self.spec.form_json) if "parameters" in self.spec.form_json
        }
        return forms.Environment(
            today=on, now=self.at, applicant={"kind": self.sample.kind, "region": self.sample.residence},
            parameters={name: self.world.parameter(name, on).value for name in sorted(named)},
        )  # fmt: skip

    def _subject(self) -> Subject:
        one = self.sample
        return Subject(
            kind=one.kind,
            name=one.name,
            birth_date=one.born,
            residence=one.residence,
            household=one.household,
        )

    def _facts(self) -> Facts:
        given = FileFact("simulated", "image/jpeg", 120_000, 826, 1158)
        return Facts(
            on=clock.day_of(self.at), region=self.world.region, subject=self._subject(),
            parameter=lambda name: self.world.parameter(name, clock.day_of(self.at)), form=self.answers,
            files={one.key: given for one in self.spec.uploads}, tables=self.spec.dmn,
            licence_type=self.spec.result.licence or "",
        )  # fmt: skip

    def _context(self) -> dict[str, Any]:
        return {
            "form": self.answers,
            "applicant": {"kind": self.sample.kind, "region": self.sample.residence},
        }

    # -- steps ------------------------------------------------------------------------------------
    def take(self, step: Mapping[str, Any]) -> None:
        """One person's choice, a timer, a message, or time that passes."""
        kind, element = str(step.get("do")), str(step.get("element") or "")
        if kind == "wait":
            self.at += timedelta(days=min(3650, max(0, int(step.get("days") or 0))))
            self._note("", Text(f"时间推进到{self.at:%Y-%m-%d}", f"Time moves to {self.at:%Y-%m-%d}"))
            return
        event = self._event(kind, element, step)
        if event is None:
            self.trial.stopped = Text(
                f"这一步现在不能做：{element or step.get('name') or kind}。",
                f"This step is not possible now: {element or step.get('name') or kind}.",
            )
            return
        self._settle(flow.handle(self.program, self.state, event, self.at))

    def _event(self, kind: str, element: str, step: Mapping[str, Any]) -> Any:
        if kind == "task":
            task = next((one for one in self.state.open_tasks if one.element == element), None)
            if task is None:
                return None
            node, outcome = self.program.element(element), str(step.get("outcome") or "")
            self._note(node.extra.get("side", ""), Text(
                f"{node.name or element}：{WORDS.get(outcome, Text(outcome, outcome)).zh}",
                f"{node.extra.get('en') or element}: {WORDS.get(outcome, Text(outcome, outcome)).en}",
            ), element)  # fmt: skip
            return flow.TaskDone(task.id, {**self._context(), "outcome": outcome})
        if kind == "timer":
            timer = next((one for one in self.state.open_timers if one.element == element), None)
            if timer is None:
                return None
            self.at = max(self.at, self._due(timer))
            self._note("", Text(f"到期：{self._name(element).zh}", f"Due: {self._name(element).en}"), element)
            return flow.TimerFired(timer.id)
        if kind == "message":
            name = str(step.get("name") or "")
            word = WORDS.get(name, Text(name, name))
            self._note("applicant", word)
            return flow.Message(name, self._context())
        return None

    def _due(self, timer: Any) -> datetime:
        if timer.due is not None:
            return timer.due  # type: ignore[no-any-return]
        day = self.world.after_working_days(clock.day_of(self.at), timer.working_days or "")
        return datetime.combine(day + timedelta(1), time(0), self.at.tzinfo)

    def _settle(self, step: Any) -> None:
        """Effects until the process waits: services are told, not done; decisions are evaluated."""
        self.state, queue = step.state, deque(step.effects)
        while queue:
            effect = queue.popleft()
            answer = self._happen(effect)
            if answer is not None:
                following = flow.handle(self.program, self.state, answer, self.at)
                self.state = following.state
                queue.extend(following.effects)
        self.trial.finished = self.state.finished
        self.trial.ends = list(self.state.ends)

    def _happen(self, effect: Any) -> Any:
        element = getattr(effect, "element", "")
        if element and not isinstance(effect, flow.TaskCancelled | flow.Compensate):
            node = self.program.element(element)
            self.trial.path.append(element)
            self.trial.status = node.extra.get("status") or self.trial.status
        match effect:
            case flow.ServiceRequested():
                self._note("", Text(
                    f"{self._name(element).zh}（试运行不实际执行）", f"{self._name(element).en} (not carried out in a trial)"
                ), element)  # fmt: skip
                return flow.TaskDone(effect.task, {"licence": "模拟", "charged": 0})
            case flow.DecisionRequested():
                return flow.TaskDone(effect.task, self._decide(self.program.element(element)))
            case flow.Ended():
                self._note(
                    "", Text(f"到达：{self._name(element).zh}", f"Reached: {self._name(element).en}"), element
                )
        return None

    def _decide(self, node: Any) -> dict[str, Any]:
        on = clock.day_of(self.at)
        applicant = {**applicant_values(self._subject(), on), "sex": self.sample.sex or None}
        given = inputs(
            self.spec.dmn, form=self.answers, applicant=applicant, today=on,
            parameter=lambda name: self.world.parameter(name, on),
        )  # fmt: skip
        outcome = evaluate(self.spec.dmn, node.extra.get("decision", ""), given)
        self._note("", Text(
            f"{node.name or node.id}：{feel.display(outcome.value)}",
            f"{node.extra.get('en') or node.id}: {feel.display(outcome.value)}",
        ), node.id, tuple(outcome.explanation.lines()))  # fmt: skip
        if outcome.value is None:
            why = "；".join(outcome.warnings[:3]) or "没有规则相符"
            raise flow.FlowError(
                Text(
                    f"决策“{node.extra.get('decision')}”没有得出结果：{why}。",
                    f"The decision gave no result: {why}.",
                )
            )
        return {node.extra.get("result") or "decision": feel.to_json(outcome.value)}

    def _name(self, element: str) -> Text:
        node = self.program.element(element)
        return Text(node.name or element, node.extra.get("en") or element)

    def _note(self, side: str, text: Text, element: str = "", why: tuple[Text, ...] = ()) -> None:
        self.trial.frames.append(
            Frame(self.at, SIDES.get(side, SIDES[""]), text, element, why, self.trial.status)
        )

    # -- what may be done next --------------------------------------------------------------------
    def shown(self) -> Trial:
        """The run with the choices of everybody concerned."""
        trial = self.trial
        trial.now = self.at
        if self.state is None:
            return trial
        known = self.state.to_json().get("v", {})
        trial.variables = {key: value for key, value in known.items() if key not in {"form", "applicant"}}
        if trial.finished or trial.stopped:
            return trial
        for task in self.state.open_tasks:
            node = self.program.element(task.element)
            side = node.extra.get("side", "")
            words = node.extra.get("outcomes", "").replace(",", " ").split() or OUTCOMES.get(side, ())
            for word in words:
                trial.choices.append(Choice(
                    {"do": "task", "element": task.element, "outcome": word}, SIDES.get(side, SIDES[""]),
                    self._name(task.element).zh, WORDS.get(word, Text(word, word)),
                ))  # fmt: skip
        for timer in self.state.open_timers:
            trial.choices.append(Choice(
                {"do": "timer", "element": timer.element}, SIDES[""], self._name(timer.element).zh,
                Text("让它到期", "Let it come due"), self._due(timer),
            ))  # fmt: skip
        for name in MESSAGES:
            if self._possible(name):
                trial.choices.append(
                    Choice({"do": "message", "name": name}, SIDES["applicant"], "", WORDS[name])
                )
        return trial

    def _possible(self, name: str) -> bool:
        try:
            flow.handle(self.program, self.state, flow.Message(name, self._context()), self.at)
        except flow.FlowError:
            return False
        return True
