"""The real component killed with SIGKILL five times while another process appends readings.

At the end every firing of the reference is an episode and is counted once in an alarm, and none besides.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from quancheng.core.watch import Kind, Reference, Rule, Spec

KILLS, STREAMS, SEED = 5, 20, 7
SECOND = 1_000_000
SPEC = Spec(kind=Kind.HYSTERESIS, limit=0.27, clear=0.15, consecutive=2)
SETUP = """
import django; django.setup()
import json
from django.core.management import call_command
call_command("migrate", verbosity=0)
from quancheng.capabilities.sensorthings import actions as sta
from quancheng.capabilities.watch import actions
from quancheng.capabilities.watch.values import Draft, Scope, micros
from quancheng.core.watch import Kind, Spec
from quancheng.kernel import registry
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
registry.sync()
call = Call.system("things")
prop = sta.upsert_observed_property(call, key="things:ponding_depth", name="积水深度", definition="urn:p")
sensor = sta.upsert_sensor(call, key="t:sensor", name="probe")
streams = []
for n in range(20):
    thing = sta.upsert_thing(call, key=f"things:K-{n}", name=f"K-{n}", description="", properties={"simulated": True})
    streams.append(sta.upsert_stream(call, key=f"t:{n}", thing=thing, name=f"K-{n}", description="", unit_name="m",
        unit_symbol="m", unit_definition="", observed_property=prop, sensor=sensor, properties={"simulated": True}))
draft = Draft(spec=Spec(kind=Kind.HYSTERESIS, limit=0.27, clear=0.15, consecutive=2),
    scope=Scope(property="things:ponding_depth"), level=2, incident_type="watch.water", source="测试依据")
def who(name, role, number):
    return Call(Actor(ActorKind.OFFICIAL, name, user_id=number, grants=(RoleGrant(role),)))
actions.write_rule(who("甲", "watch.writer", 1), code="deep", zh="积水", en="Deep", draft=draft)
actions.simulate(who("甲", "watch.writer", 1), code="deep", days=1)
version = actions.approve(who("乙", "watch.approver", 2), code="deep")
print(json.dumps({"streams": streams, "version": version.pk, "since": micros(version.valid_from)}))
"""
WRITER = """
import django; django.setup()
import json, sys, time
import numpy as np
from quancheng.capabilities.observations.log import writer
from quancheng.capabilities.observations.values import Batch
facts = json.loads(sys.argv[1])
for n in range(3000):
    place = np.random.default_rng([facts["seed"], n])
    times = np.full(len(facts["streams"]), facts["since"] + (n + 1) * 50_000)
    writer().append(Batch.numbers(facts["streams"], times, place.choice([0.0, 0.2, 0.3, 0.5], len(times))))
    print(n + 1, flush=True)
    if facts["stop"] and __import__("os").path.exists(facts["stop"]):
        break
    time.sleep(0.02)
"""
RUNNER = "import django; django.setup()\nfrom quancheng.capabilities.watch.runner import main\nmain()"
READ = """
import django; django.setup()
import json
from quancheng.capabilities.things.models import Alarm, AlarmOccurrence
from quancheng.capabilities.watch.models import Episode
print(json.dumps({"episodes": sorted(Episode.objects.values_list("stream", "began", "ended")),
    "counted": sum(Alarm.objects.filter(rule__code="watch.deep").values_list("count", flat=True)),
    "alarms": Alarm.objects.filter(rule__code="watch.deep").count()}))
"""


def _python(code: str, env: dict[str, str], *arguments: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=env, capture_output=True, text=True, timeout=300
    )
    assert run.returncode == 0, run.stderr[-3000:]
    return run.stdout.splitlines()[-1]


def _runner(env: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    """A runner that has begun to work."""
    begun = log.read_text(errors="replace").count("watch.runner.started") if log.exists() else 0
    with log.open("ab") as out:
        process = subprocess.Popen([sys.executable, "-c", RUNNER], env=env, stdout=out, stderr=out)
    for _ in range(900):
        if log.read_text(errors="replace").count("watch.runner.started") > begun:
            return process
        assert process.poll() is None, log.read_text(errors="replace")[-3000:]
        time.sleep(0.1)
    process.kill()
    raise AssertionError("the runner did not start")


def _expected(facts: dict, batches: int) -> dict[tuple[int, int], int | None]:
    """Beginning and end of every episode, by the reference."""
    rule = Rule(facts["version"], SPEC, tuple(facts["streams"]), facts["since"] - 1)
    oracle, found = Reference([rule]), {}
    for n in range(batches):
        values = np.random.default_rng([SEED, n]).choice([0.0, 0.2, 0.3, 0.5], STREAMS)
        for stream, value in zip(facts["streams"], values.tolist(), strict=True):
            told = oracle.arrive(stream, facts["since"] + (n + 1) * 50_000, value)
            found |= {(one.stream, one.at): None for one in told.firings}
            found |= {(one.stream, one.began): one.at for one in told.endings}
    return found


@pytest.mark.fault
@pytest.mark.slow
def test_killed_five_times_while_readings_come_it_tells_each_episode_once(tmp_path: Path) -> None:
    env = os.environ | {
        "QUANCHENG_HOME": str(tmp_path), "PYTHONPATH": "src", "DJANGO_SETTINGS_MODULE": "quancheng.settings",
        "QUANCHENG_DATABASE_URL": f"sqlite:///{tmp_path}/q.sqlite3", "QUANCHENG_WATCH_CHECKPOINT_SECONDS": "0.4",
        "QUANCHENG_SQLITE_SYNCHRONOUS": "OFF",
    }  # fmt: skip
    env.pop("QUANCHENG_STORE", None)
    facts = json.loads(_python(SETUP, env))
    stop, log, chance = tmp_path / "stop", tmp_path / "runner.log", random.Random(SEED)
    told = json.dumps(facts | {"seed": SEED, "stop": str(stop)})
    with (tmp_path / "writer.out").open("w") as out:
        writing = subprocess.Popen([sys.executable, "-c", WRITER, told], env=env, stdout=out)
    try:
        for _ in range(KILLS):
            process = _runner(env, log)
            time.sleep(chance.uniform(0.05, 1.5))
            process.kill()
            process.wait()
        stop.touch()
        assert writing.wait(60) == 0
        batches = int((tmp_path / "writer.out").read_text().split()[-1])
        expected = _expected(facts, batches)
        process, found = _runner(env, log), {}
        for _ in range(60):
            found = json.loads(_python(READ, env))
            if len(found["episodes"]) >= len(expected):
                break
            time.sleep(0.5)
        process.terminate()
        assert process.wait(30) == 0
        found = json.loads(_python(READ, env))
    finally:
        for one in (writing, process):
            if one.poll() is None:
                one.kill()
    episodes = {(stream, began): ended for stream, began, ended in found["episodes"]}
    assert len(expected) > 100
    assert episodes == expected
    assert len(found["episodes"]) == found["counted"] == len(expected)
    assert found["alarms"] == len({stream for stream, _ in expected})
