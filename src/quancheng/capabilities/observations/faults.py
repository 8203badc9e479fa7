"""What can go wrong with the log."""

from __future__ import annotations

from quancheng.core.text import Text
from quancheng.kernel.errors import Unavailable


class LogFull(Unavailable):
    """The disk (or a quota) is full: nothing of this batch was acknowledged; goes on when there is room."""

    code = "observation-log-full"
    title = Text("观测日志磁盘已满", "The disk of the observation log is full")
    todo = Text(
        "请清理磁盘空间；有空间后自动恢复，未确认的数据由设备重发。",
        "Make room; writing goes on by itself, and devices send again what was not acknowledged.",
    )


class LogDamaged(Unavailable):
    """The log could not be written, or an altered part of it was found."""

    code = "observation-log-damaged"
    title = Text("观测日志写入失败或已损坏", "The observation log failed or is damaged")
    todo = Text(
        "请检查磁盘；受损部分已隔离留存，其余数据不受影响。",
        "Check the disk; the damaged part was set aside, the rest is not affected.",
    )


class ClusterDown(Unavailable):
    """The brokers between gateways and stores did not acknowledge in time."""

    code = "observation-cluster-down"
    title = Text("观测集群未确认", "The observation cluster did not acknowledge")
    todo = Text(
        "请检查消息集群是否有多数节点在线；未确认的数据由设备重发，重复的只计一次。",
        "See that a majority of the brokers is up; devices send again, and repeated rows count once.",
    )


class OutOfIds(Unavailable):
    """No numbers left below 2^53 on this machine."""

    code = "observation-ids-exhausted"
    title = Text("观测编号已用尽", "Observation ids are exhausted")


class ExportFailed(Unavailable):
    """An export could not be written; nothing of it was left."""

    code = "observation-export-failed"
    title = Text("导出失败", "The export failed")
