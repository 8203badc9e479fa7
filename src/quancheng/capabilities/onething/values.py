"""Words of one-things (一件事的词汇): states of a bundle and of its items."""

from __future__ import annotations

from enum import StrEnum

from quancheng.core.text import Text

__all__ = ["BundleState", "ItemState"]


class ItemState(StrEnum):
    """Where one item of a bundle stands (事项进度)."""

    WAITING = "waiting"
    """For the result of an earlier item."""
    ASKING = "asking"
    """For something only the applicant can give, because a use of data was not consented to."""
    RUNNING = "running"
    CORRECTION = "correction"
    DONE = "done"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"
    """It could not be handed in; the reason is with it and the applicant may try again."""
    BLOCKED = "blocked"
    """An item it rests on ended without a result."""
    SKIPPED = "skipped"

    @property
    def text(self) -> Text:
        return _ITEMS[self]

    @property
    def kind(self) -> str:
        """Colour of the tag."""
        return _KINDS.get(self, "")

    @property
    def case_open(self) -> bool:
        """A department has it."""
        return self in {ItemState.RUNNING, ItemState.CORRECTION}

    @property
    def over(self) -> bool:
        """Nothing moves any more by itself."""
        return self in OVER

    @property
    def lost(self) -> bool:
        """Ended without the result others wait for."""
        return self in {ItemState.REFUSED, ItemState.WITHDRAWN, ItemState.SKIPPED, ItemState.BLOCKED}


OVER = frozenset(
    {ItemState.DONE, ItemState.REFUSED, ItemState.WITHDRAWN, ItemState.BLOCKED, ItemState.SKIPPED}
)
_ITEMS = {
    ItemState.WAITING: Text("等前一项结果", "Waits for an earlier result"),
    ItemState.ASKING: Text("等您补充", "Waits for you"),
    ItemState.RUNNING: Text("部门办理中", "With the department"),
    ItemState.CORRECTION: Text("待您补正", "To be corrected by you"),
    ItemState.DONE: Text("已办结", "Done"),
    ItemState.REFUSED: Text("不予办理", "Refused"),
    ItemState.WITHDRAWN: Text("已撤回", "Withdrawn"),
    ItemState.FAILED: Text("没有送出", "Not handed in"),
    ItemState.BLOCKED: Text("前一项未办成", "Blocked by an earlier item"),
    ItemState.SKIPPED: Text("您选择不办", "Left out by you"),
}
_KINDS = {
    ItemState.ASKING: "warn", ItemState.CORRECTION: "warn", ItemState.RUNNING: "info", ItemState.DONE: "ok",
    ItemState.REFUSED: "bad", ItemState.FAILED: "bad", ItemState.BLOCKED: "bad",
}  # fmt: skip


class BundleState(StrEnum):
    """Where a whole one-thing stands (一件事进度)."""

    DRAFT = "draft"
    RUNNING = "running"
    FINISHED = "finished"
    WITHDRAWN = "withdrawn"

    @property
    def text(self) -> Text:
        return _BUNDLES[self]

    @property
    def kind(self) -> str:
        """Colour of the tag."""
        return {"running": "info", "finished": "ok"}.get(self.value, "")


_BUNDLES = {
    BundleState.DRAFT: Text("草稿", "Draft"),
    BundleState.RUNNING: Text("办理中", "In progress"),
    BundleState.FINISHED: Text("全部办完", "All over"),
    BundleState.WITHDRAWN: Text("已撤回", "Withdrawn"),
}
