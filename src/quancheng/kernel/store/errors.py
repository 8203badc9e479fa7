"""What can go wrong with the lake."""

from __future__ import annotations

from quancheng.core.text import Text
from quancheng.kernel.errors import Expired, InvalidInput, Unavailable


class BadBatch(InvalidInput):
    """Data that does not fit its table; ``fields`` names the columns."""

    code = "bad-batch"
    title = Text("数据与表结构不符", "The data does not fit its table")


class StoreUnavailable(Unavailable):
    """A file could not be written; nothing of it is visible."""

    code = "store-unavailable"
    title = Text("数据湖暂时无法写入", "The store cannot be written at the moment")
    todo = Text(
        "请检查磁盘空间与权限后重试；未写入的数据不会留下痕迹。",
        "Check disk space and permissions, then try again; nothing half-written was left visible.",
    )


class StoreDamaged(Unavailable):
    """A file of the manifest is missing, cut short or altered."""

    code = "store-damaged"
    title = Text("数据文件已损坏", "A data file is damaged")
    todo = Text(
        "请运行 quancheng store verify 列出受损文件，并从备份恢复。",
        "Run quancheng store verify to list the damaged files and restore them from the backup.",
    )


class SnapshotExpired(Expired):
    """A version so old that its files have been removed, or one that does not exist yet."""

    code = "snapshot-expired"
    title = Text("该数据版本已不可读", "That version of the data can no longer be read")
    todo = Text("请改用较新的版本。", "Use a newer version.")
