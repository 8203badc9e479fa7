"""The runner dies at any moment and begins again: the episodes are those of a run without a break."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from tests.capabilities.watch.conftest import MINUTE, NOW, deep

from quancheng.capabilities.observations.log_reader import offsets
from quancheng.capabilities.watch import actions, checkpoint
from quancheng.capabilities.watch.models import Episode, RuleVersion
from quancheng.capabilities.watch.values import micros
from quancheng.core.watch import Reference, Rule

pytestmark = [pytest.mark.django_db, pytest.mark.fault]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_anywhere_it_finds_what_an_unbroken_run_finds(
    seed, now, streams, author, approver, send, runner
):
    actions.write_rule(author, code="deep", zh="积水", en="Deep", draft=deep())
    actions.simulate(author, code="deep")
    actions.approve(approver, code="deep")
    now.advance(timedelta(days=1))
    random = np.random.default_rng(seed)
    places = [streams[f"P-{number}:ponding_depth"] for number in (1, 2, 3)]
    rule = Rule(RuleVersion.objects.get().pk, deep().spec, tuple(places))
    oracle, expected, running = Reference([rule], 16), set(), runner()
    at = NOW
    for _ in range(25):
        place, at = places[int(random.integers(3))], at + 3 * MINUTE
        values = [float(one) for one in random.choice([0.0, 0.2, 0.3, 0.5], 3)]
        send(place, at, values)
        for number, value in enumerate(values):
            found = oracle.arrive(place, micros(at + number * MINUTE), value)
            expected |= {(one.stream, one.at) for one in found.firings}
        for _ in range(int(random.integers(0, 3))):
            running.step()
            if random.random() < 0.3:
                running.save()
        if random.random() < 0.5:
            running = runner()  # killed; whatever was not saved is gone
    running.step()
    running.heal()
    assert set(Episode.objects.values_list("stream", "began")) == expected
    going = {(stream, began) for _, stream, began in running.engine.open_episodes()}
    assert set(Episode.objects.filter(ended=None).values_list("stream", "began")) == going


def test_a_full_disk_keeps_the_old_checkpoint(now, streams, runner, send, monkeypatch):
    running = runner()
    send(streams["P-1:ponding_depth"], NOW - MINUTE, [0.1])
    running.step()
    running.save()
    before = (running.place / checkpoint.NAME).read_bytes()

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint.os, "fsync", full)
    send(streams["P-1:ponding_depth"], NOW, [0.2])
    running.step()
    running.save()
    assert (running.place / checkpoint.NAME).read_bytes() == before
    monkeypatch.undo()
    assert runner().step() == 1  # read again, because the offsets did not move either


def test_the_rules_go_on_while_a_checkpoint_waits_for_the_disk(now, streams, runner, send, monkeypatch):
    disk, place, running = threading.Event(), streams["P-1:ponding_depth"], runner()
    running.save()
    running.limits = replace(running.limits, checkpoint_seconds=0)
    sync = checkpoint.os.fsync
    monkeypatch.setattr(checkpoint.os, "fsync", lambda handle: (disk.wait(30), sync(handle)))
    send(place, NOW - MINUTE, [0.1])
    assert running.step() == 1
    send(place, NOW, [0.2])
    assert running.step() == 1, "not held up"
    assert running.keeper.busy
    assert offsets("watch") == {}, "the log's offsets wait for the disk"
    disk.set()
    running.save()
    assert offsets("watch") == running.reader.positions
    assert runner().step() == 0


def test_readings_from_the_future_and_noise_do_nothing(now, streams, author, approver, send, runner):
    actions.write_rule(author, code="deep", zh="积水", en="Deep", draft=deep())
    actions.simulate(author, code="deep")
    actions.approve(approver, code="deep")
    running = runner()
    place = streams["P-1:ponding_depth"]
    send(place, NOW + timedelta(days=400), [9.0, 9.0])
    send(place, NOW + MINUTE, [float("nan"), 1e300, 0.1])
    send(987654321, NOW + MINUTE, [9.0, 9.0])
    running.step()
    assert (running.early, Episode.objects.count()) == (2, 0)
