"""Several processes draw on one quota: together never more than it allows, also when one is killed."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from quancheng.testing.product import Product

pytestmark = [pytest.mark.fault, pytest.mark.slow]
QUOTA = 4500
SCRIPT = """
import sys
from quancheng.cli import start_django
start_django()
from quancheng.capabilities.security import queries
from quancheng.kernel.errors import TooMany
made = 0
print("ready", flush=True)
sys.stdin.readline()
try:
    while True:
        queries.signer("security.service", caller="code").sign(b"%d" % made)
        made += 1
        if made == 1:
            print("begun", flush=True)
except TooMany:
    print(made, flush=True)
"""


def _said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def test_processes_share_a_quota_and_one_dies(tmp_path: Path) -> None:
    city = Product(tmp_path / "home", QUANCHENG_DEMO="", QUANCHENG_SQLITE_SYNCHRONOUS="OFF")
    city.command("migrate")
    city.ask(
        "from quancheng.capabilities.security import actions, queries\n"
        "from quancheng.capabilities.security.models import Quota\n"
        "from quancheng.kernel.models import writing\n"
        "with writing('tests'):\n"
        f"    Quota.objects.create(caller='code', service='key', per_day={QUOTA})\n"
        "answer = queries.signer('security.service', caller='code').public.kid.hex()"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=city.environment,
        )
        for _ in range(3)
    ]  # fmt: skip
    for one in processes:  # all have started: none finds the quota used up by quicker ones
        assert _said(one) == "ready"
    victim = processes[0]
    for one in processes:
        _go(one)
    assert _said(victim) == "begun"
    victim.kill()
    victim.wait()
    made = []
    for one in processes[1:]:
        said, _ = one.communicate(timeout=300)
        made.append(int(said.split()[-1]) if said.split()[-1].isdigit() else 0)
    time.sleep(0.1)
    used = city.ask(
        "from quancheng.capabilities.security.models import Key, QuotaUse\n"
        "answer = [QuotaUse.objects.get(caller='code').used, Key.objects.get(purpose='security.service').uses]"
    )
    assert used == [QUOTA, QUOTA]  # every block drawn was counted, the dead one's too
    assert 0 < sum(made) <= QUOTA
    assert QUOTA - sum(made) >= 1  # what the victim drew is not given out again
