"""Run in a process of its own: THREADS threads append EACH entries to one stream at once."""

from __future__ import annotations

import sys
import threading
import time

import django

THREADS, EACH = int(sys.argv[1]), int(sys.argv[2])


def append(number: int) -> None:
    from django.db import connection

    from quancheng.kernel import audit
    from quancheng.kernel.actor import Actor

    for count in range(EACH):
        audit.record(Actor.system(f"thread{number}"), "append", f"x:{count}")
    connection.close()


def main() -> None:
    django.setup()
    from django.core.management import call_command

    from quancheng.kernel import audit
    from quancheng.kernel.audit.models import AuditEntry

    call_command("migrate", "audit", verbosity=0)
    threads = [threading.Thread(target=append, args=(number,)) for number in range(THREADS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    audit.checkpoint()
    report = audit.verify()
    print(report.ok, report.entries, AuditEntry.objects.count())
    print(
        f"appends {THREADS * EACH / seconds:.0f}/s verify {report.entries / report.seconds:.0f}/s",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
