"""Base of business tables: they can be written inside an action and nowhere else.

DESIGN: "no table can be written around audit". ``@action`` opens a writing context; saving,
deleting, bulk or queryset writes of a guarded table outside it raise :class:`WriteOutsideAction`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar, Self

from django.db import models

_writing: ContextVar[str | None] = ContextVar("quancheng_writing", default=None)


class WriteOutsideAction(RuntimeError):
    """A programming fault: a guarded table was written outside an action."""


def writing_action() -> str | None:
    """The name of the action in whose context we write, or None."""
    return _writing.get()


@contextmanager
def writing(action: str) -> Iterator[None]:
    """Allow writes to guarded tables; used by ``@action`` only."""
    token = _writing.set(action)
    try:
        yield
    finally:
        _writing.reset(token)


def _check(label: str) -> None:
    if _writing.get() is None:
        raise WriteOutsideAction(
            f"{label} 只能在 @action 中写入。 {label} may be written inside an @action only."
        )


class GuardedQuerySet(models.QuerySet[Any]):
    """Queryset whose bulk writes are refused outside actions."""

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        _check(self.model._meta.label)
        return super().bulk_create(objs, *args, **kwargs)

    def bulk_update(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> int:
        _check(self.model._meta.label)
        return super().bulk_update(objs, *args, **kwargs)

    def update(self, **kwargs: Any) -> int:
        _check(self.model._meta.label)
        return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        _check(self.model._meta.label)
        return super().delete()


class GuardedModel(models.Model):
    """A business table. Extend it; write it in actions."""

    objects: ClassVar[Any] = GuardedQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        _check(self._meta.label)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        _check(self._meta.label)
        return super().delete(*args, **kwargs)

    def refresh(self) -> Self:
        """Reload and return self, for chaining."""
        self.refresh_from_db()
        return self

    @property
    def reference(self) -> str:
        """Stable reference for audit and events: ``app.Model:pk``."""
        return f"{self._meta.app_label}.{self._meta.object_name}:{self.pk}"
