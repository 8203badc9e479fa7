"""Cases at city scale: 1,000,000 of them, the inbox of clerks with fine-grained rights, and creation.

Runs on SQLite and, where its server programs are installed, on PostgreSQL. The inbox is measured
through ``queries.inbox`` and ``queries.counts`` as the page asks them, rows fetched; creation is the
whole action (checks, form, flow, audit, event, idempotency key) in two processes at once.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.harness import benchmark, figure

CASES = 1_000_000
CREATED = 1500
BATCH = 10_000


@benchmark("cases", "1,000,000 cases: inbox p50, creation a second, on SQLite and PostgreSQL")
def run(scale: float) -> None:
    """Each database in a child process of its own, one after the other."""
    from quancheng.testing.postgres import Postgres, PostgresMissing

    _child("sqlite", "", scale)
    try:
        with Postgres(fsync=True) as server:
            _child("postgres", server.url, scale)
    except PostgresMissing as missing:
        print(f"# postgres skipped: {missing}")


def _child(name: str, url: str, scale: float) -> None:
    home = tempfile.mkdtemp(prefix="quancheng-bench-")
    environment = os.environ | {"QUANCHENG_HOME": home, "QUANCHENG_LOG_LEVEL": "ERROR"}
    if url:
        environment["QUANCHENG_DATABASE_URL"] = url
    subprocess.run(
        [sys.executable, "-c", f"from benchmarks.cases import measure; measure({name!r}, {scale!r})"],
        check=True, env=environment,
    )  # fmt: skip


def measure(name: str, scale: float) -> None:
    """In the child: build the city, create, fill, read."""
    _django()
    from django.core.management import call_command

    from quancheng.commands.prepare import prepare
    from quancheng.kernel.simulation.demo import DemoCity, seed_modules

    call_command("migrate", verbosity=0, interactive=False)
    prepare()
    list(seed_modules(DemoCity.of_settings(persons=3000, firms=20, seed=1), only={"people"}))
    _creation(name, max(100, int(CREATED * min(scale, 1.0))))
    _fill(max(5_000, int(CASES * scale)))
    _reading(name)


def _django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quancheng.settings")
    import django

    django.setup()


# -- creation --------------------------------------------------------------------------------------
def _creation(name: str, count: int) -> None:
    here = Path(__file__).parent.parent
    code = "from benchmarks.cases import create; create({}, {})"
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", code.format(number, count)], cwd=here,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for number in range(2)
    ]  # fmt: skip
    for one in workers:
        assert one.stdout is not None and one.stdout.readline().strip() == "ready"
    started = time.perf_counter()
    for one in workers:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    made = [json.loads(one.communicate()[0].strip().splitlines()[-1]) for one in workers]
    wall = time.perf_counter() - started
    figure(f"cases_{name}_created", 2 * count / wall, "cases/s")
    figure(f"cases_{name}_created_cpu", statistics.mean(row["cpu_ms"] for row in made), "ms")
    figure(f"cases_{name}_flow_state", statistics.mean(row["flow"] for row in made), "bytes")


def create(number: int, count: int) -> None:
    """In a worker: applications of many people, each under its own key."""
    _django()
    from dataclasses import replace

    from quancheng.capabilities.people.models import NaturalPerson, User
    from quancheng.capabilities.people.queries import actor_for
    from quancheng.capabilities.services.actions import submit_case
    from quancheng.kernel.actions import Call
    from quancheng.kernel.actor import ActorKind

    people = list(NaturalPerson.objects.filter(region_code__startswith="3701").order_by("id"))
    people = [one for one in people if one.pk % 2 == number]
    base = actor_for(User.objects.get(demo_key="flood-duty"))
    form = {"order": "1", "due_date": "2026-12-01", "phone": "13800000000", "truthful": True}

    def one(turn: int) -> Any:
        person = people[turn % len(people)]
        actor = replace(base, person_id=person.pk, kind=ActorKind.PERSON, grants=(), name=person.name)
        call = Call(actor, key=f"bench-{number}-{turn}")
        code = (
            ("birth-registration", "dog-registration")[turn // len(people)]
            if turn >= len(people)
            else "birth-registration"
        )
        return submit_case(call, matter_code=code, form=form, insist=True)

    first = one(0)
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.process_time()
    for turn in range(1, count + 1):
        one(turn)
    cpu = 1000 * (time.process_time() - began) / count
    print(json.dumps({"cpu_ms": cpu, "flow": len(json.dumps(first.flow, separators=(",", ":")))}))


# -- a million -------------------------------------------------------------------------------------
def _fill(count: int) -> None:
    """Rows as the city would have after a year: three in a hundred still open."""
    from django.db import connection, transaction

    columns = next(iter(_rows(1))).keys()
    names = ", ".join(f'"{one}"' for one in columns)
    sql = f"INSERT INTO services_case ({names}) VALUES ({', '.join(['%s'] * len(columns))})"
    batch: list[list[Any]] = []
    with transaction.atomic(), connection.cursor() as cursor:
        for row in _rows(count):
            batch.append(list(row.values()))
            if len(batch) == BATCH:
                cursor.executemany(sql, batch)
                batch.clear()
        if batch:
            cursor.executemany(sql, batch)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _rows(count: int) -> Iterator[dict[str, Any]]:
    import random

    from django.db import connection

    from quancheng.capabilities.people.models import Department, NaturalPerson, User
    from quancheng.capabilities.services.models import NO_DUE, Matter

    pick = random.Random(718)
    offices = list(Department.objects.filter(active=True).order_by("id").values_list("id", "region_code"))
    people = list(NaturalPerson.objects.order_by("id").values_list("id", "name")[:3000])
    matters = list(Matter.objects.exclude(current=None).order_by("id").values_list("id", "current_id"))
    user = User.objects.order_by("id").values_list("id", flat=True)[0]
    empty, clock = (
        json.dumps({}),
        json.dumps({"started": "2026-11-02", "limit": 10, "legal": 20, "promised": 10}),
    )
    adapt = connection.ops.adapt_datetimefield_value
    day = connection.ops.adapt_datefield_value
    now = datetime(2026, 11, 20, 8, tzinfo=UTC)
    for number in range(count):
        office, region = pick.choice(offices)
        person, name = pick.choice(people)
        matter, version = pick.choice(matters)
        opened = pick.random() < 0.03
        state = (
            pick.choice(("submitted", "accepted", "correction"))
            if opened
            else pick.choice(("completed", "completed", "refused"))
        )
        age = pick.random() * (20 if opened else 365)
        due = (
            date(2026, 11, 10) + timedelta(pick.randrange(30)) if opened and state != "correction" else NO_DUE
        )
        submitted = now - timedelta(days=age)
        yield {
            "receipt": f"{region[:6] or '370100'}-B{number:09d}", "matter_id": matter, "version_id": version,
            "applicant_id": person, "firm_id": None, "applicant_name": name, "submitted_by_id": user,
            "department_id": office, "region_code": region[:6] or "370100", "state": state, "flow": empty,
            "channel": "online", "form": empty, "provenance": empty, "clock": clock, "due_on": day(due),
            "submitted_at": adapt(submitted), "decided_at": None if opened else adapt(submitted), "officer_id": None,
            "decision": empty, "licence_number": "", "rating": None, "rating_text": "", "revision": 1,
            "simulated": True,
        }  # fmt: skip


# -- reading ---------------------------------------------------------------------------------------
def _reading(name: str) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from quancheng.capabilities.services import queries

    for who, actor in _clerks():
        for view, params in (("waiting", {}), ("done", {"state": "done"}), ("week", {"due": "week"})):
            asked: Callable[[], Any] = lambda a=actor, p=params: [  # noqa: E731
                queries.clock_of(one) for one in queries.inbox(a, p).items
            ]
            figure(f"cases_{name}_{who}_{view}_p50", _p50(asked), "ms")
        figure(f"cases_{name}_{who}_counts_p50", _p50(lambda a=actor: queries.counts(a)), "ms")
        with CaptureQueriesContext(
            connection,
        ) as seen:
            queries.inbox(actor, {})
        figure(f"cases_{name}_{who}_inbox_queries", len(seen), "queries")
        second = queries.inbox(actor, {}).next
        if second:
            figure(
                f"cases_{name}_{who}_next_page_p50",
                _p50(lambda a=actor, c=second: queries.inbox(a, {"cursor": c})),
                "ms",
            )


def _p50(asked: Callable[[], Any], times: int = 31) -> float:
    asked()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        asked()
        taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken)


def _clerks() -> Iterator[tuple[str, Any]]:
    """One office; a dozen offices by single grants of the role; the whole city."""
    from dataclasses import replace

    from quancheng.capabilities.people.models import Department, User
    from quancheng.capabilities.people.queries import actor_for
    from quancheng.kernel.actor import RoleGrant

    base = actor_for(User.objects.get(demo_key="flood-duty"))
    offices = list(Department.objects.filter(active=True).order_by("id").values_list("id", flat=True))

    def clerk(*groups: Any) -> Any:
        return replace(base, grants=tuple(_grant(RoleGrant, one) for one in groups))

    yield "one_office", clerk([offices[5]])
    yield "twelve_grants", clerk(*[[one] for one in offices[3:15]])
    yield "whole_city", clerk(offices)


def _grant(kind: Any, departments: Any) -> Any:
    return kind(role="services.clerk", departments=frozenset(departments))
