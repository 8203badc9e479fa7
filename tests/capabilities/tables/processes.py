"""Processes of the fault tests: ``python processes.py init|write|full …``."""

from __future__ import annotations

import resource
import sys

import django

TABLE = "civil.elders"


def init() -> None:
    from django.core.management import call_command
    from tests.capabilities.tables.conftest import SCHEMA, SYSTEM, make_department

    from quancheng.capabilities.tables import actions

    call_command("migrate", verbosity=0)
    office = make_department("jn-civil")
    made = actions.create_table(SYSTEM, name=TABLE, zh="老年人", schema=SCHEMA, owner=office.code)
    actions.apply_changes(SYSTEM, table_id=made.table_id, upserts=[{"id": "first"}], run="first")


def write(prefix: str, start: str, count: str) -> None:
    """Apply change sets of 20 rows under runs prefix-start …; print each when acknowledged."""
    from quancheng.capabilities.tables import actions, queries
    from quancheng.kernel.actions import Call

    table = queries.named(TABLE)
    assert table is not None
    for number in range(int(start), int(start) + int(count)):
        rows = [{"id": f"{prefix}-{number}-{at}", "age": number} for at in range(20)]
        done = actions.apply_changes(
            Call.system("tests"), table_id=table.table_id, upserts=rows, run=f"{prefix}-{number}"
        )
        assert done.inserted == 20
        again = actions.apply_changes(
            Call.system("tests"), table_id=table.table_id, upserts=rows, run=f"{prefix}-{number}"
        )
        assert again == done, "the same run once more adds nothing"
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


def full() -> None:
    """A disk that takes no more: files of this process end at 4 KiB."""
    from quancheng.capabilities.tables import actions, queries
    from quancheng.kernel.actions import Call
    from quancheng.kernel.store import StoreUnavailable

    table = queries.named(TABLE)
    assert table is not None
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    rows = [{"id": f"full-{at}", "name": f"{at * 7919 % 100003}"} for at in range(20_000)]
    call = Call.system("tests")
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    try:
        actions.apply_changes(call, table_id=table.table_id, upserts=rows, run="full")
    except StoreUnavailable:
        sys.stdout.write("refused\n")


def state() -> None:
    """Rows, runs and soundness, as one line."""
    from quancheng.capabilities.tables import queries
    from quancheng.capabilities.tables.models import Change
    from quancheng.kernel import audit, store

    table = queries.named(TABLE)
    assert table is not None
    view = queries.view(table.table_id)
    found = {row["id"] for row in view.arrow(["id"]).to_pylist()}
    runs = sorted(Change.objects.values_list("run", flat=True))
    assert len(found) == view.rows == table.rows
    sys.stdout.write(repr((sorted(found), runs, store.verify().ok, audit.verify().ok)) + "\n")


if __name__ == "__main__":
    django.setup()
    globals()[sys.argv[1]](*sys.argv[2:])
