"""Random lives of many threads, racing uses and withdrawals: the invariants always hold.

The model is deliberately dumb: plain sets of what was granted, withdrawn and used, kept by hand.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from quancheng.core.text import Text
from quancheng.core.vault import (
    Entry,
    Kind,
    Mode,
    Reason,
    Recipient,
    State,
    Thread,
    VaultFault,
    apply,
    ask,
    grant,
    refuse,
    replay,
    use,
    withdraw,
)
from tests.core.vault.conftest import BANK, DAY, HOUR, ITEMS, NOW, asked, reason_of, used

CODES = [one.code for one in ITEMS]
OTHER = Recipient("bank-other", Text("他行", "Other"))


@dataclass
class Log:
    """One thread's log as a store keeps it: entries are added at the end or not at all."""

    thread: Thread
    entries: list[Entry]
    granted: tuple[set[str], Mode, datetime] | None = None
    withdrawn_at: int | None = None
    uses: list[int] = field(default_factory=list)

    def append(self, entry: Entry) -> None:
        self.thread = apply(self.thread, entry)
        self.entries.append(entry)


@dataclass(frozen=True)
class Pending:
    """An entry somebody prepared on what they saw, not yet written."""

    log: Log
    entry: Entry


class Vault(RuleBasedStateMachine):
    logs = Bundle("logs")
    pending = Bundle("pending")

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.all: list[Log] = []
        self.suspended = False

    @rule(target=logs, mode=st.sampled_from(Mode))
    def a_bank_asks(self, mode: Mode) -> Log:
        until, answer = self.now + 30 * DAY, self.now + 7 * DAY
        thread, entry = ask(
            "jinan", f"R{len(self.all)}", asked(mode, until=until, answer_by=answer), self.now
        )
        log = Log(thread, [entry])
        self.all.append(log)
        return log

    @rule(hours=st.integers(1, 96))
    def time_passes(self, hours: int) -> None:
        self.now += hours * HOUR

    @rule(state=st.booleans())
    def the_bank_is_suspended_or_not(self, state: bool) -> None:
        self.suspended = state

    @rule(log=logs, items=st.sets(st.sampled_from([*CODES, "secret"])), mode=st.sampled_from(Mode),
          days=st.integers(-1, 40))  # fmt: skip
    def the_person_grants(self, log: Log, items: set[str], mode: Mode, days: int) -> None:
        until = self.now + days * DAY
        before = log.thread.state(self.now)
        try:
            _, entry = grant(log.thread, items=items, mode=mode, until=until, level=3, at=self.now)
        except VaultFault:
            wide = mode is Mode.PERIOD and log.thread.asked.mode is Mode.ONCE
            assert (
                before is not State.ASKED or not items or "secret" in items or wide
                or days <= 0 or until > log.thread.asked.until
            )  # fmt: skip
            return
        assert before is State.ASKED
        log.append(entry)
        log.granted = (items, mode, until)

    @rule(log=logs)
    def the_person_refuses(self, log: Log) -> None:
        said = reason_of(lambda: log.append(refuse(log.thread, reason="不同意", at=self.now)[1]))
        assert said in (None, Reason.NOT_OPEN)

    @rule(target=pending, log=logs, items=st.sets(st.sampled_from(CODES), min_size=1),
          purpose=st.sampled_from(["个人住房贷款审查"] * 4 + ["营销"]), who=st.sampled_from([BANK] * 4 + [OTHER]))  # fmt: skip
    def a_use_is_prepared(self, log: Log, items: set[str], purpose: str, who: Recipient) -> Any:
        seen = replace(who, suspended=self.suspended)
        try:
            took = used(f"U{len(log.entries)}", tuple(sorted(items)))
            _, entry = use(log.thread, recipient=seen, purpose=purpose, used=took, at=self.now)
        except VaultFault:
            return multiple()
        assert not self.suspended
        return Pending(log, entry)

    @rule(target=pending, log=logs)
    def a_withdrawal_is_prepared(self, log: Log) -> Any:
        try:
            return Pending(log, withdraw(log.thread, reason="", at=self.now)[1])
        except VaultFault:
            assert log.thread.state(self.now) is not State.LIVE
            return multiple()

    @rule(one=pending)
    def what_was_prepared_is_written(self, one: Pending) -> None:
        log, entry = one.log, one.entry
        said = reason_of(lambda: log.append(entry))
        if said is not None:
            assert said is Reason.STALE
            if entry.kind is not Kind.WITHDRAWN or log.thread.state(self.now) is not State.LIVE:
                return
            entry = withdraw(log.thread, reason="", at=self.now)[1]  # prepared again on what is there now
            log.append(entry)
        place = len(log.entries)
        if entry.kind is Kind.WITHDRAWN:
            log.withdrawn_at = place
        else:
            log.uses.append(place)

    @invariant()
    def no_use_without_a_live_grant(self) -> None:
        for log in self.all:
            for place in log.uses:
                entry = log.entries[place - 1]
                assert log.granted is not None
                items, _mode, until = log.granted
                assert {one["code"] for one in entry.body["items"]} <= items  # type: ignore[union-attr,index,call-overload]
                assert entry.at < until
                assert entry.body["recipient"] == BANK.code
                assert entry.body["purpose"] == "个人住房贷款审查"

    @invariant()
    def every_use_is_in_the_log_and_counted(self) -> None:
        for log in self.all:
            written = [place for place, one in enumerate(log.entries, 1) if one.kind is Kind.USED]
            assert written == log.uses
            assert log.thread.uses == len(written)

    @invariant()
    def one_use_ends_a_grant_for_one_use(self) -> None:
        for log in self.all:
            if log.granted is not None and log.granted[1] is Mode.ONCE:
                assert len(log.uses) <= 1

    @invariant()
    def nothing_is_used_after_a_withdrawal(self) -> None:
        for log in self.all:
            if log.withdrawn_at is not None:
                assert all(place < log.withdrawn_at for place in log.uses)
                assert log.withdrawn_at == len(log.entries)

    @invariant()
    def the_log_alone_tells_the_same(self) -> None:
        for log in self.all:
            assert replay(log.entries) == log.thread


TestVault = Vault.TestCase
TestVault.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
