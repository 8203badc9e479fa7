"""The process engine against SpiffWorkflow 3.2.0: one flow, saved and read again at every step.

开办餐饮店: an application with a time limit, a decision table, a service, three departments at
once, a choice, a script, a waiting time, and the licence handed over: five human steps. After each
the state becomes JSON text and is read back, as a server must do it. Both sides run in this
process in turns (the order changes each round) and are measured in CPU time. SpiffWorkflow runs
the same BPMN with Python in place of FEEL; the decision table is the same file.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from benchmarks.harness import benchmark, figure, spent
from quancheng.core import flow
from quancheng.core.feel import dmn

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
APPLICATION = {
    "applicant": {"name": "泉城面馆有限公司", "uscc": "91370100MA3C000000", "phone": "13800000000"},
    "area": 150,
    "district": "历下区",
    "departments": ["fire", "health", "market"],
}

_MODEL = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="restaurant"
 xmlns:qc="urn:quancheng:bpmn:1" xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="urn:quancheng:restaurant">
<process id="Restaurant" isExecutable="true">
<startEvent id="start"><outgoing>f1</outgoing></startEvent>
<sequenceFlow id="f1" sourceRef="start" targetRef="apply"/>
<userTask id="apply"><incoming>f1</incoming><outgoing>f2</outgoing></userTask>
<boundaryEvent id="limit" attachedToRef="apply" cancelActivity="true"><outgoing>f3</outgoing>
<timerEventDefinition id="td1"><timeDuration xsi:type="tFormalExpression">{limit}</timeDuration>
</timerEventDefinition></boundaryEvent>
<sequenceFlow id="f3" sourceRef="limit" targetRef="lapsed"/>
<endEvent id="lapsed"><incoming>f3</incoming></endEvent>
<sequenceFlow id="f2" sourceRef="apply" targetRef="scope"/>
<businessRuleTask id="scope" qc:decision="scope" qc:result="scope"><extensionElements>
<spiffworkflow:calledDecisionId>scope</spiffworkflow:calledDecisionId></extensionElements>
<incoming>f2</incoming><outgoing>f4</outgoing></businessRuleTask>
<sequenceFlow id="f4" sourceRef="scope" targetRef="register"/>
<serviceTask id="register" qc:service="register.check" qc:result="register"><extensionElements>
<spiffworkflow:serviceTaskOperator id="register.check" resultVariable="register"><spiffworkflow:parameters>
<spiffworkflow:parameter id="area" type="int" value="area"/></spiffworkflow:parameters>
</spiffworkflow:serviceTaskOperator></extensionElements>
<incoming>f4</incoming><outgoing>f5</outgoing></serviceTask>
<sequenceFlow id="f5" sourceRef="register" targetRef="review"/>
<userTask id="review"><incoming>f5</incoming><outgoing>f6</outgoing>
<multiInstanceLoopCharacteristics isSequential="false"><loopDataInputRef>departments</loopDataInputRef>
<loopDataOutputRef>opinions</loopDataOutputRef><inputDataItem id="department" name="department"/>
<outputDataItem id="opinion" name="opinion"/></multiInstanceLoopCharacteristics></userTask>
<sequenceFlow id="f6" sourceRef="review" targetRef="choice"/>
<exclusiveGateway id="choice" default="f8"><incoming>f6</incoming><outgoing>f7</outgoing>
<outgoing>f8</outgoing></exclusiveGateway>
<sequenceFlow id="f7" sourceRef="choice" targetRef="number"><conditionExpression
 xsi:type="tFormalExpression">{agreed}</conditionExpression></sequenceFlow>
<sequenceFlow id="f8" sourceRef="choice" targetRef="refused"/>
<endEvent id="refused"><incoming>f8</incoming></endEvent>
<scriptTask id="number"><incoming>f7</incoming><outgoing>f9</outgoing><script>{script}</script></scriptTask>
<sequenceFlow id="f9" sourceRef="number" targetRef="notice"/>
<intermediateCatchEvent id="notice"><incoming>f9</incoming><outgoing>f10</outgoing>
<timerEventDefinition id="td2"><timeDuration xsi:type="tFormalExpression">{wait}</timeDuration>
</timerEventDefinition></intermediateCatchEvent>
<sequenceFlow id="f10" sourceRef="notice" targetRef="collect"/>
<userTask id="collect"><incoming>f10</incoming><outgoing>f11</outgoing></userTask>
<sequenceFlow id="f11" sourceRef="collect" targetRef="done"/>
<endEvent id="done"><incoming>f11</incoming></endEvent>
</process></definitions>"""
_DECISION = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d"
 namespace="urn:quancheng:restaurant:dmn"><inputData id="i" name="area"><variable name="area" typeRef="number"/>
</inputData><decision id="scope" name="scope"><variable name="scope" typeRef="string"/>
<informationRequirement id="r"><requiredInput href="#i"/></informationRequirement>
<decisionTable id="t"><input id="in1" label="area"><inputExpression id="ie" typeRef="number"><text>area</text>
</inputExpression></input><output id="o1" label="scope" name="scope" typeRef="string"/>
<rule id="r1"><inputEntry id="e1"><text>&gt; 100</text></inputEntry><outputEntry id="oe1"><text>"large"</text>
</outputEntry></rule><rule id="r2"><inputEntry id="e2"><text>&lt;= 100</text></inputEntry>
<outputEntry id="oe2"><text>"small"</text></outputEntry></rule></decisionTable></decision></definitions>"""
OURS = _MODEL.format(
    limit="P30D",
    agreed='every o in opinions satisfies o = "agree"',
    script='{number: district + "-" + string(area)}',
    wait="PT0S",
)
THEIRS = _MODEL.format(
    limit='"P30D"',
    agreed='all(o == "agree" for o in opinions)',
    script='number = district + "-" + str(area)',
    wait='"PT0S"',
)


def ours() -> Callable[[], int]:
    """One case on our engine; gives the bytes of its largest state."""
    program = flow.compile(flow.read(OURS.encode()))
    decisions = dmn.read(_DECISION.encode())

    def shell(step: flow.Step) -> flow.State:
        """Answer decisions, services and due timers until people have to act."""
        state, effects = step.state, list(step.effects)
        while effects:
            event: flow.Event | None = None
            match effects.pop(0):
                case flow.DecisionRequested(task):
                    value = decisions.evaluate("scope", {"area": Decimal(state.variables["area"])}).value
                    event = flow.TaskDone(task, {"scope": value})
                case flow.ServiceRequested(task):
                    event = flow.TaskDone(task, {"register": {"ok": True}})
                case flow.TimerSet(timer, "notice"):
                    event = flow.TimerFired(timer)
            if event is not None:
                following = flow.handle(program, state, event, AT)
                state = following.state
                effects.extend(following.effects)
        return state

    def case() -> int:
        state = shell(flow.start(program, APPLICATION, AT))
        largest = 0
        for data in ({"shop": "泉城面馆"}, *[{"opinion": "agree"}] * 3, {"collected": True}):
            text = json.dumps(state.to_json(), ensure_ascii=False, separators=(",", ":"))
            largest = max(largest, len(text.encode()))
            state = flow.State.from_json(json.loads(text), program)
            task = state.open_tasks[0].id
            state = shell(flow.handle(program, state, flow.TaskDone(task, data), AT))
        text = json.dumps(state.to_json(), ensure_ascii=False, separators=(",", ":"))
        if not state.finished or state.ends != ("done",) or state.variables["number"] != "历下区-150":
            raise RuntimeError(f"our case went astray: {text}")
        return max(largest, len(text.encode()))

    return case


def theirs() -> Callable[[], int]:
    """The same case on SpiffWorkflow."""
    from lxml import etree
    from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
    from SpiffWorkflow.bpmn.serializer.workflow import BpmnWorkflowSerializer
    from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
    from SpiffWorkflow.spiff.parser.process import SpiffBpmnParser
    from SpiffWorkflow.spiff.serializer.config import SPIFF_CONFIG
    from SpiffWorkflow.util.task import TaskState

    class Engine(PythonScriptEngine):
        def call_service(self, task: Any, **_: Any) -> str:
            return '{"ok": true}'

    parser = SpiffBpmnParser()
    parser.add_bpmn_xml(etree.fromstring(THEIRS))
    parser.add_dmn_xml(etree.fromstring(_DECISION))
    spec = parser.get_spec("Restaurant")
    serializer = BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure(SPIFF_CONFIG))
    engine = Engine()

    def run(workflow: Any) -> None:
        workflow.do_engine_steps()
        workflow.refresh_waiting_tasks()
        workflow.do_engine_steps()

    def case() -> int:
        workflow: Any = BpmnWorkflow(spec, script_engine=engine)
        workflow.task_tree.data.update(APPLICATION)
        run(workflow)
        largest = 0
        for data in ({"shop": "泉城面馆"}, *[{"opinion": "agree"}] * 3, {"collected": True}):
            text = serializer.serialize_json(workflow)
            largest = max(largest, len(text.encode()))
            workflow = serializer.deserialize_json(text)
            workflow.script_engine = engine
            ready = [t for t in workflow.get_tasks(state=TaskState.READY) if t.task_spec.manual]
            ready[0].data.update(data)
            ready[0].run()
            run(workflow)
        text = serializer.serialize_json(workflow)
        if not workflow.completed or workflow.data.get("number") != "历下区-150":
            raise RuntimeError("their case went astray")
        return max(largest, len(text.encode()))

    return case


@benchmark("flow", "process engine against SpiffWorkflow, state saved at each step", "SpiffWorkflow (dev)")
def run(scale: float) -> None:
    """Cases per CPU second of both, their ratio, bytes of the largest stored state of a case."""
    sides = {"ours": ours(), "spiff": theirs()}
    cpu = dict.fromkeys(sides, 0.0)
    size = {name: case() for name, case in sides.items()}  # warm
    rounds, cases = max(3, int(10 * scale)), 20
    done = dict.fromkeys(sides, 0)
    for number in range(rounds):
        for name in sorted(sides, reverse=bool(number % 2)):
            count = cases * (15 if name == "ours" else 1)
            with spent() as time:
                for _ in range(count):
                    sides[name]()
            cpu[name] += time.cpu
            done[name] += count
    rate = {name: done[name] / cpu[name] for name in sides}
    figure("flow_cases_per_cpu_second_quancheng", rate["ours"], "cases/s")
    figure("flow_cases_per_cpu_second_spiff", rate["spiff"], "cases/s")
    figure("flow_ratio", rate["ours"] / rate["spiff"], "times")
    figure("flow_bytes_quancheng", size["ours"], "bytes")
    figure("flow_bytes_spiff", size["spiff"], "bytes")
    figure("flow_bytes_ratio", size["ours"] / size["spiff"], "of theirs")
