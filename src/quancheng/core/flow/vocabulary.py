"""词汇: kinds of nodes, triggers of events, how a case can end."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

__all__ = [
    "ACTIVITIES",
    "BPMN",
    "CATCHING",
    "GATEWAYS",
    "KIND_NAMES",
    "QC",
    "SCOPES",
    "SUBPROCESSES",
    "TASKS",
    "TRIGGER_NAMES",
    "WAITING_TASKS",
    "Kind",
    "Outcome",
    "Role",
    "Trigger",
]

BPMN: Final = "http://www.omg.org/spec/BPMN/20100524/MODEL"
QC: Final = "urn:quancheng:bpmn:1"


class Kind(StrEnum):
    """What a node is (节点类型)."""

    PROCESS = "process"
    TASK = "task"
    USER = "user"
    MANUAL = "manual"
    SERVICE = "service"
    SEND = "send"
    RECEIVE = "receive"
    SCRIPT = "script"
    RULE = "rule"
    CALL = "call"
    SUBPROCESS = "subprocess"
    TRANSACTION = "transaction"
    ADHOC = "adhoc"
    EVENT_SUBPROCESS = "event-subprocess"
    START = "start"
    END = "end"
    THROW = "throw"
    CATCH = "catch"
    BOUNDARY = "boundary"
    EXCLUSIVE = "exclusive"
    PARALLEL = "parallel"
    INCLUSIVE = "inclusive"
    COMPLEX = "complex"
    EVENT_GATEWAY = "event-gateway"


class Trigger(StrEnum):
    """What an event waits for or throws (事件触发类型)."""

    MESSAGE = "message"
    TIMER = "timer"
    SIGNAL = "signal"
    CONDITIONAL = "conditional"
    ERROR = "error"
    ESCALATION = "escalation"
    COMPENSATION = "compensation"
    CANCEL = "cancel"
    TERMINATE = "terminate"
    LINK = "link"


class Outcome(StrEnum):
    """How a case ended (结束方式)."""

    COMPLETED = "completed"
    TERMINATED = "terminated"
    CANCELLED = "cancelled"
    ERROR = "error"


class Role:
    """Roles an instance plays at its node; numbers because they are stored in every case."""

    PLAIN: Final = 0
    LOOP: Final = 1  # the outer instance of a multi-instance or loop activity
    UNDO: Final = 2  # a run of compensation handlers
    START: Final = 3  # a case that waits for the event that starts it


TASKS: Final = frozenset(
    {
        Kind.TASK,
        Kind.USER,
        Kind.MANUAL,
        Kind.SERVICE,
        Kind.SEND,
        Kind.RECEIVE,
        Kind.SCRIPT,
        Kind.RULE,
    }
)
WAITING_TASKS: Final = frozenset({Kind.USER, Kind.MANUAL, Kind.SERVICE, Kind.RECEIVE, Kind.RULE})
SUBPROCESSES: Final = frozenset({Kind.SUBPROCESS, Kind.TRANSACTION, Kind.ADHOC})
SCOPES: Final = SUBPROCESSES | {Kind.PROCESS, Kind.EVENT_SUBPROCESS}
ACTIVITIES: Final = TASKS | SUBPROCESSES | {Kind.CALL}
GATEWAYS: Final = frozenset({Kind.EXCLUSIVE, Kind.PARALLEL, Kind.INCLUSIVE, Kind.COMPLEX, Kind.EVENT_GATEWAY})
CATCHING: Final = frozenset({Trigger.MESSAGE, Trigger.TIMER, Trigger.SIGNAL, Trigger.CONDITIONAL})

TRIGGER_NAMES: Final = {
    Trigger.MESSAGE: "消息",
    Trigger.TIMER: "定时",
    Trigger.SIGNAL: "信号",
    Trigger.CONDITIONAL: "条件",
    Trigger.ERROR: "错误",
    Trigger.ESCALATION: "升级",
    Trigger.COMPENSATION: "补偿",
    Trigger.CANCEL: "取消",
    Trigger.TERMINATE: "终止",
    Trigger.LINK: "链接",
}
KIND_NAMES: Final = {
    Kind.PROCESS: "流程",
    Kind.TASK: "抽象任务",
    Kind.USER: "用户任务",
    Kind.MANUAL: "手工任务",
    Kind.SERVICE: "服务任务",
    Kind.SEND: "发送任务",
    Kind.RECEIVE: "接收任务",
    Kind.SCRIPT: "脚本任务",
    Kind.RULE: "规则任务",
    Kind.CALL: "调用活动",
    Kind.SUBPROCESS: "子流程",
    Kind.TRANSACTION: "事务子流程",
    Kind.ADHOC: "临时子流程",
    Kind.EVENT_SUBPROCESS: "事件子流程",
    Kind.START: "开始事件",
    Kind.END: "结束事件",
    Kind.THROW: "抛出事件",
    Kind.CATCH: "捕获事件",
    Kind.BOUNDARY: "边界事件",
    Kind.EXCLUSIVE: "排他网关",
    Kind.PARALLEL: "并行网关",
    Kind.INCLUSIVE: "包容网关",
    Kind.COMPLEX: "复杂网关",
    Kind.EVENT_GATEWAY: "事件网关",
}
