"""级联错误: why a message, a deed or a row is refused, with its place and a text for people."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType

from quancheng.core.text import Text

__all__ = ["CascadeError", "Reason"]


class Reason(StrEnum):
    """Why something is refused (拒绝的原因)."""

    BAD_NAME = "BAD_NAME"
    BAD_ROW = "BAD_ROW"
    BAD_ROUTE = "BAD_ROUTE"
    UNKNOWN_ROW = "UNKNOWN_ROW"
    NOT_OWNER = "NOT_OWNER"
    NOT_RECLAIMABLE = "NOT_RECLAIMABLE"
    UNKNOWN_LINK = "UNKNOWN_LINK"
    NOT_FOR_US = "NOT_FOR_US"
    STREAM_CLOSED = "STREAM_CLOSED"
    FOREIGN_OWNER = "FOREIGN_OWNER"
    NOT_ASKED = "NOT_ASKED"
    REWOUND = "REWOUND"
    OLD_EPOCH = "OLD_EPOCH"
    TOO_LARGE = "TOO_LARGE"
    NOT_UTF8 = "NOT_UTF8"
    NO_HEADER = "NO_HEADER"
    UNKNOWN_FORM = "UNKNOWN_FORM"
    BAD_FIELD = "BAD_FIELD"
    CUT_SHORT = "CUT_SHORT"
    COUNT_MISMATCH = "COUNT_MISMATCH"
    DIGEST_MISMATCH = "DIGEST_MISMATCH"
    ROW_DAMAGED = "ROW_DAMAGED"
    OUT_OF_ORDER = "OUT_OF_ORDER"

    @property
    def text(self) -> Text:
        """The reason in both languages."""
        return _TEXTS[self]


_TEXTS = MappingProxyType(
    {
        Reason.BAD_NAME: Text(
            "节点、数据流或编号的名称不合规则。", "A name of a node, stream or row breaks the rules."
        ),
        Reason.BAD_ROW: Text("数据行的内容不合规则。", "The content of a row breaks the rules."),
        Reason.BAD_ROUTE: Text("路由规则有误。", "The rule of a route is wrong."),
        Reason.UNKNOWN_ROW: Text("本节点没有这一行。", "This node does not hold the row."),
        Reason.NOT_OWNER: Text("该行由其他节点负责，不能在此直接改动。", "Another node owns the row."),
        Reason.NOT_RECLAIMABLE: Text(
            "移交已被接收，或本节点不是移交方，不能收回。", "The hand-over was taken, or was not ours."
        ),
        Reason.UNKNOWN_LINK: Text("没有与该节点的连接。", "There is no link with that node."),
        Reason.NOT_FOR_US: Text("该批数据不是发给本节点的。", "The batch is meant for another node."),
        Reason.STREAM_CLOSED: Text(
            "该连接不传送这一数据流。", "This link does not carry the stream in this direction."
        ),
        Reason.FOREIGN_OWNER: Text(
            "对方无权代表该行的负责节点发送。", "The sender may not speak for the owner of a row."
        ),
        Reason.NOT_ASKED: Text("本节点没有请求归还。", "This node did not ask to be given its rows back."),
        Reason.REWOUND: Text(
            "日志比接收方的位置还短：来源可能从旧备份恢复，须先启用新纪元。",
            "The log is shorter than the receiver's position: restored from an old backup? Open a new epoch.",
        ),
        Reason.OLD_EPOCH: Text(
            "新纪元必须大于现有纪元。", "A new epoch must be greater than the present one."
        ),
        Reason.TOO_LARGE: Text("内容超过允许的大小。", "The content is larger than allowed."),
        Reason.NOT_UTF8: Text("内容不是 UTF-8 编码。", "The content is not UTF-8."),
        Reason.NO_HEADER: Text("缺少批次头。", "The header of the batch is missing."),
        Reason.UNKNOWN_FORM: Text("不认识的批次格式或版本。", "Unknown form or version of a batch."),
        Reason.BAD_FIELD: Text("字段缺失或类型不对。", "A field is missing or of the wrong type."),
        Reason.CUT_SHORT: Text("批次被截断。", "The batch is cut short."),
        Reason.COUNT_MISMATCH: Text("行数与批次头不符。", "The number of rows differs from the header."),
        Reason.DIGEST_MISMATCH: Text("摘要与批次头不符。", "The digest differs from the header."),
        Reason.ROW_DAMAGED: Text(
            "数据行与其来源摘要不符，途中可能被改动。", "A row differs from the digest of its source."
        ),
        Reason.OUT_OF_ORDER: Text("条目的次序或范围有误。", "Entries are out of order or out of range."),
    }
)


class CascadeError(Exception):
    """Something is refused (被拒绝): reason, English detail, and the line for wire forms (from 1)."""

    def __init__(self, reason: Reason, detail: str, line: int | None = None) -> None:
        super().__init__(reason, detail, line)
        self.reason = reason
        self.detail = detail
        self.line = line

    @property
    def text(self) -> Text:
        """The reason for people, with its place."""
        if self.line is None:
            return self.reason.text
        text = self.reason.text
        return Text(f"第 {self.line} 行：{text.zh}", f"Line {self.line}: {text.en}")

    def __str__(self) -> str:
        place = "" if self.line is None else f" (line {self.line})"
        return f"{self.reason}{place}: {self.detail}"
