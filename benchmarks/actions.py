"""Deeds a second with everything a deed brings along: transaction, audit entry, key, event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.harness import benchmark, django_on_fresh_database, figure, spent

DEEDS = 1500


@benchmark("actions", "actions with audit on SQLite, synchronous=FULL")
def run(scale: float) -> None:
    """A bare action, the same under a key, and issuing a task as a duty officer; then audit verify."""
    django_on_fresh_database()
    from quancheng.capabilities.command.actions import issue_task
    from quancheng.capabilities.people.models import User
    from quancheng.capabilities.people.queries import actor_for
    from quancheng.commands.prepare import prepare
    from quancheng.kernel import audit
    from quancheng.kernel.actions import Call, action, rights_asked
    from quancheng.kernel.simulation.demo import DemoCity, seed_modules

    prepare()
    list(seed_modules(DemoCity.of_settings(persons=60, firms=10, seed=1), only={"people"}))
    duty = actor_for(User.objects.get(demo_key="flood-duty"))
    title = {"zh": "巡查易涝点", "en": "Check a flood point"}

    @action("bench.nothing")
    def nothing(call: Call, *, number: int) -> int:
        rights_asked()
        audit.note(number=number)
        return number

    count = max(200, int(DEEDS * scale))
    _measure("bare", count, lambda one: nothing(Call(duty), number=one))
    _measure("with_key", count, lambda one: nothing(Call(duty, key=f"k{one}"), number=one))
    _measure(
        "task_issued",
        count,
        lambda one: issue_task(Call(duty, key=f"t{one}"), title=title, department="jn-water"),
    )
    with spent() as used:
        report = audit.verify()
    if not report.ok:
        raise RuntimeError("the audit chain does not verify")
    figure("actions_audit_verified", report.entries / used.wall, "entries/s")


def _measure(name: str, count: int, deed: Callable[[int], Any]) -> None:
    deed(-1)
    with spent() as used:
        for number in range(count):
            deed(number)
    figure(f"actions_{name}", count / used.wall, "actions/s")
    figure(f"actions_{name}_cpu", 1000 * used.cpu / count, "ms")
