"""What several tables of internal handling share."""

from __future__ import annotations

from typing import Any

from quancheng.kernel.models import GuardedModel


class AppendOnlyError(RuntimeError):
    """A programming fault: history was to be changed."""


class AppendOnly(GuardedModel):
    """Rows that are written once: no change, no deletion."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise AppendOnlyError("只能追加，不能修改。 These rows are append only.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise AppendOnlyError("只能追加，不能删除。 These rows are append only.")
