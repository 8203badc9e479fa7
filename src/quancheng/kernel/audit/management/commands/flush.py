"""``flush`` is refused: it would empty the audit. Test databases may be emptied."""

from __future__ import annotations

from typing import Any

from django.core import mail
from django.core.management.base import CommandError
from django.core.management.commands import flush
from django.db import connections

from quancheng.kernel.audit import guards


class Command(flush.Command):
    """Django's ``flush``, for test databases only."""

    def handle(self, **options: Any) -> None:
        """Empty the database inside the test runner; refuse anywhere else."""
        if not hasattr(mail, "outbox"):  # set by django.test.utils.setup_test_environment
            raise CommandError(
                "审计只增不减，不能清空数据库；演示数据请另建数据库。"
                " Audit is append-only, so this database is not flushed; make a new one instead."
            )
        with guards.suspended(connections[options["database"]]):
            super().handle(**options)
