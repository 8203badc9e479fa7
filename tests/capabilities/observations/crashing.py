"""A city's store in one process tree that is killed again and again; run by ``test_fault_observations``.

``python crashing.py FOLDER KILLS SEED`` prints one JSON line of what was acknowledged and what was found.
Set up once, then forked: a writer and a keeper, each killed at random moments and started again.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

STREAMS = 20


def main(folder: Path, kills: int, seed: int) -> None:
    os.environ |= {
        "QUANCHENG_HOME": str(folder),
        "DJANGO_SETTINGS_MODULE": "quancheng.settings",
        "QUANCHENG_LOG_LEVEL": "CRITICAL",
        "QUANCHENG_OBSERVATIONS_LOG_FILE_BYTES": "200000",
        "QUANCHENG_OBSERVATIONS_MERGE_WAIT_SECONDS": "0",
        "QUANCHENG_OBSERVATIONS_MERGE_FILES": "2",
    }
    import django

    django.setup()
    in_child(prepare)
    chance = random.Random(seed)
    acked = folder / "acked"
    children = {write: start(write, acked), keep: start(keep)}
    for _ in range(kills):
        time.sleep(chance.uniform(0.05, 0.8))
        victim = chance.choice([write, keep])
        kill(children[victim])
        children[victim] = start(victim, acked) if victim is write else start(victim)
    for child in children.values():
        kill(child)
    in_child(report, acked)


def prepare() -> None:
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)  # all: other modules say where streams belong


def write(acked: Path) -> None:
    """Append numbered batches; a number is noted only after its batch was acknowledged."""
    import numpy as np

    from quancheng.capabilities.observations import actions
    from quancheng.capabilities.observations.values import Batch

    number = time.time_ns() // 1000  # microseconds: nobody writes so fast as to run ahead of the clock,
    # which would make the next writer begin with a number that was used
    with acked.open("a") as notes:
        while True:
            number = max(number + 1, time.time_ns() // 1000)
            rows = Batch.numbers(
                np.arange(1, STREAMS + 1), np.full(STREAMS, number), np.full(STREAMS, number)
            )
            actions.append(rows, unique=number % 3 == 0)
            notes.write(f"{number}\n")
            notes.flush()


def keep() -> None:
    """Seal and merge without a pause."""
    from quancheng.capabilities.observations import lake, merging
    from quancheng.capabilities.observations.keeper import Keeper, hold_the_keep

    while hold_the_keep() is None:
        time.sleep(0.01)
    keeper = Keeper()
    while True:
        keeper.step(force=True)
        files = merging.current(lake.RAW)
        if len(files) > 6:
            merging.merge(files, files[0].partition)


def report(acked: Path) -> None:
    """What was acknowledged and what the store holds, before and after a last seal."""
    from quancheng.capabilities.observations import queries
    from quancheng.capabilities.observations.keeper import Keeper
    from quancheng.kernel import store

    wanted = {int(line) for line in acked.read_text().split("\n")[:-1]}
    found = []
    for _ in range(2):
        with queries.view() as connection:
            rows = connection.execute(
                "SELECT number::BIGINT, count(*), count(DISTINCT id) FROM observations GROUP BY 1"
            ).fetchall()
        found.append({number: (count, ids) for number, count, ids in rows})
        Keeper().step(force=True)
    print(
        json.dumps(
            {
                "acknowledged": len(wanted),
                "lost": sorted(wanted - found[0].keys()),
                "partial": [
                    (n, count, ids)
                    for n, (count, ids) in found[1].items()
                    if (count, ids) != (STREAMS, STREAMS)
                ],
                "the same after sealing": found[0] == found[1],
                "counted": queries.count() == sum(count for count, _ in found[1].values()),
                "latest": {row.result for row in queries.latest(range(1, STREAMS + 1)).values()}
                == {max(found[1])},
                "store": store.verify().ok,
            }
        )
    )


def start(work: Callable[..., None], *given: object) -> int:
    child = os.fork()
    if not child:
        try:
            work(*given)
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(1)
    return child


def in_child(work: Callable[..., None], *given: object) -> None:
    """So that this process never opens the database and may be forked."""
    os.waitpid(start(work, *given), 0)


def kill(child: int) -> None:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
