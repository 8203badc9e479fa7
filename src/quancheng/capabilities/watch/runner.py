"""规则运行: the component ``watch.runner``: log → kernels → alarms of the rules in force.

One runner a city. It reads the observation log in order, evaluates, writes what was found (alarms and
episodes in one transaction) and now and then its state with its place in the log. Killed at any moment,
it goes on from the last checkpoint: the same readings give the same firings, and firings are written
once (version, stream, beginning). Rules that changed are in the kernels within a second.
"""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import structlog
from django.conf import settings
from django.db import close_old_connections

from quancheng.capabilities.observations.log import LogReader, Position
from quancheng.capabilities.observations.values import Batch
from quancheng.capabilities.sensorthings import queries as sta
from quancheng.capabilities.watch import actions, checkpoint, explaining, queries
from quancheng.capabilities.watch.checkpoint import Checkpoint, Keeper
from quancheng.capabilities.watch.compiling import Compiled, compile_versions
from quancheng.capabilities.watch.config import Limits, folder
from quancheng.capabilities.watch.delays import received
from quancheng.capabilities.watch.intake import Intake
from quancheng.capabilities.watch.models import Episode, RuleVersion
from quancheng.capabilities.watch.rechecking import recheck
from quancheng.capabilities.watch.trust import trusted
from quancheng.capabilities.watch.values import micros
from quancheng.core.watch import MINUTE, Engine, Found
from quancheng.kernel import clock, rulebook
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import QuanchengError

if TYPE_CHECKING:
    from quancheng.capabilities.observations.log_reader import Piece

log = structlog.get_logger(__name__)
NAME = "watch"


class Runner:
    """规则运行器. ``place``: folder of checkpoints."""

    def __init__(self, limits: Limits | None = None, place: Path | None = None) -> None:
        self.limits = limits or Limits()
        self.place = place or folder()
        self.reader = LogReader(NAME)
        self.versions: dict[int, RuleVersion] = {}
        self.compiled: dict[int, Compiled] = {}
        self.engine = Engine([], self.limits.memory)
        self.newest = 0
        self.early = 0
        """Readings from the future, which no rule looks at."""
        self.skip: dict[str, tuple[int, int]] = {}
        self.keeper = Keeper(self.place)
        self.intake = Intake()
        self.looked = micros(clock.now())
        """The last look at the log: what comes now was appended since."""
        self._stamp: object = None
        self._changed = 0
        self._resolved = self._scanned = self._looked = self._saved = float("-inf")
        self._begin()

    # -- rules ---------------------------------------------------------------------------------
    def _begin(self) -> None:
        """Rules in force and the last checkpoint; without one, episodes go on as the table has them."""
        self._compile()
        kept = checkpoint.load(self.place)
        self.engine = Engine([one.rule for one in self.compiled.values()], self.limits.memory)
        if kept is not None:
            self.engine.adopt(kept.state)
            self.skip, self.newest = dict(kept.positions), kept.newest
            return
        for one in Episode.objects.filter(ended=None, version__in=self.versions):
            self.engine.reopen(one.version_id, one.stream, one.began)

    def refresh(self, *, force: bool = False) -> bool:
        """Take over changed rules, and streams that came or went; True when the kernels were made anew."""
        now = time.monotonic()
        if not force and now - self._looked < self.limits.rules_seconds:
            return False
        self._looked = now
        if not (force or self._is_stale(now) or self._now_stamp() != self._stamp):
            return False
        before = {one.rule.id: one.rule for one in self.compiled.values()}
        self._compile()
        rules = {one.rule.id: one.rule for one in self.compiled.values()}
        if rules == before:
            return False
        state = {name: array.copy() for name, array in self.engine.dump().items()}
        self.engine = Engine(rules.values(), self.limits.memory)
        self.engine.adopt(state)
        log.info("watch.rules", rules=len(rules), streams=len(self.engine.memory))
        return True

    def _is_stale(self, now: float) -> bool:
        """Streams may have come or gone: entities changed since, or nobody looked for long."""
        age = now - self._resolved
        if age <= self.limits.streams_seconds:
            return False
        return age > self.limits.every_seconds or sta.last_change() != self._changed

    def _now_stamp(self) -> object:
        return (*queries.stamp(), clock.today())

    def _compile(self) -> None:
        self._resolved, self._changed = time.monotonic(), sta.last_change()
        self._stamp = self._now_stamp()
        call = Call.system("watch")
        self.versions, self.compiled = {}, {}
        for version, found in compile_versions(queries.in_force(), call.actor):
            if isinstance(found, QuanchengError):  # one rule without a value must not stop the others
                log.error("watch.rule_not_working", rule=str(version), reason=found.detail.zh)
                continue
            self.compiled[version.pk], self.versions[version.pk] = found, version
        gone = Episode.objects.filter(ended=None).exclude(version__in=queries.in_force())
        ends = [(one.version_id, one.stream, one.began, micros(call.at)) for one in gone[:5000]]
        if ends:
            actions.record(call, firings=[], endings=ends)

    # -- readings ------------------------------------------------------------------------------
    def step(self) -> int:
        """One look at the log and the clock; how many readings there were."""
        self.refresh()
        arrived, now = time.monotonic(), micros(clock.now())
        pieces = self.reader.pieces(self.limits.batch)
        batch = Batch.join([piece.batch for piece in pieces if self._is_new(piece)])
        if len(batch):
            self.engine.resume(now, quiet=self.intake.came(now), patience=self.intake.patience())
        found = self._evaluate(batch) if len(batch) else Found()
        if len(batch) < self.limits.batch and arrived - self._scanned >= self.limits.absence_seconds:
            self._scanned = arrived
            self._scan(found)
        self._record(found, batch, now)
        self.looked = now
        self._settle()
        if arrived - self._saved >= self.limits.checkpoint_seconds and (
            pieces or self._saved == float("-inf")
        ):
            self._put_away()
        return len(batch)

    def _scan(self, found: Found) -> None:
        """Who is overdue, unless everybody is: then it is the way in."""
        now = micros(clock.now())
        quiet, patience = self.intake.quiet(now), self.intake.patience()
        found.extend(self.engine.advance(now, quiet=quiet, patience=patience))
        self.intake.check(now, simulated=settings.DEMO)

    def _is_new(self, piece: Piece) -> bool:
        """Not evaluated before the checkpoint."""
        done = self.skip.get(piece.writer)
        return done is None or (piece.end.file, piece.end.position) > done

    def _evaluate(self, batch: Batch) -> Found:
        ahead = rulebook.find("watch.ahead_minutes").integer() * MINUTE
        sane = batch.time <= micros(clock.now()) + ahead
        if not sane.all():
            self.early += int((~sane).sum())
            batch = batch.take(np.flatnonzero(sane))
        if not len(batch):
            return Found()
        self.newest = max(self.newest, int(batch.time.max()))
        return self.engine.process(batch.stream, batch.time, batch.number, trusted(batch.quality), batch.kind)

    def _record(self, found: Found, batch: Batch, arrived: int) -> None:
        """Write alarms and episodes; late readings memory could not place are looked up in the store."""
        if found.stale:
            again = recheck(self.compiled.values(), found, self.limits)
            found.extend(again)
        if not (found.firings or found.endings):
            return
        now = clock.now()
        rows = []
        for one in found.firings:
            delay = (micros(now) - received(batch, one, self.looked, arrived)) // 1000
            rows.append(
                explaining.firing_row(self.versions[one.rule], self.compiled[one.rule], one, now, delay)
            )
        ends = [(one.rule, one.stream, one.began, one.at) for one in found.endings]
        actions.record(Call.system("watch"), firings=rows, endings=ends)

    # -- keeping -------------------------------------------------------------------------------
    def save(self) -> None:
        """Write the checkpoint, wait for it, then let the log's offsets follow."""
        self._settle(wait=True)
        self._put_away()
        self._settle(wait=True)

    def close(self) -> None:
        """Let go; a checkpoint on its way is written to its end."""
        self.keeper.close()

    def _put_away(self) -> None:
        """Begin a checkpoint, unless the last one is still on its way."""
        if self.keeper.busy:
            return
        self._saved = time.monotonic()
        positions = {name: (at.file, at.position) for name, at in self.reader.positions.items()}
        self.keeper.begin(Checkpoint(self.engine.dump(), positions, self.newest))

    def _settle(self, *, wait: bool = False) -> None:
        """Let the log's offsets follow a checkpoint that is safe."""
        try:
            kept = self.keeper.written(wait=wait)
        except OSError:
            log.exception("watch.checkpoint.failed")  # the old one stays, and with it the old offsets
            return
        if kept is not None:
            self.skip = dict(kept.positions)
            self.reader.commit({name: Position(*at) for name, at in kept.positions.items()})

    def heal(self) -> int:
        """End episodes of the table that the kernels know to be over; how many. Call it when caught up."""
        going = self.engine.open_episodes()
        rows = Episode.objects.filter(ended=None, version__in=self.versions)
        now = micros(clock.now())
        over = [one for one in rows if (one.version_id, one.stream, one.began) not in going]
        if over:
            ends = [
                (one.version_id, one.stream, one.began, max(one.began, min(self.newest or now, now)))
                for one in over
            ]
            actions.record(Call.system("watch"), firings=[], endings=ends)
        return len(over)


def run(stop: threading.Event, limits: Limits | None = None) -> None:
    """Run until told to stop; a failing step is logged and tried again from the checkpoint."""
    runner, healed, wait = Runner(limits), False, 1.0
    log.info("watch.runner.started", rules=len(runner.compiled), streams=len(runner.engine.memory))
    while not stop.is_set():
        close_old_connections()
        try:
            seen = runner.step()
            if not seen and not healed:
                healed = True
                runner.heal()
            wait = 1.0
        except Exception:  # the city goes on without rules for a moment, never with half-written state
            log.exception("watch.runner.failed")
            stop.wait(wait)
            wait = min(wait * 2, 30.0)
            runner.close()
            runner, healed = Runner(limits), False
            continue
        if seen < runner.limits.batch:
            stop.wait(runner.limits.gather_seconds if seen else runner.limits.poll_seconds)
    runner.save()
    runner.close()


def main() -> None:
    """The component ``watch.runner``: runs until SIGTERM or SIGINT."""
    stop = threading.Event()
    if threading.current_thread() is threading.main_thread():
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
    run(stop)


__all__ = ["Runner", "main", "run"]
