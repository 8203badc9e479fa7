"""Request, grant, use, withdrawal: what is allowed, what never is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

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
    read_entry,
    refuse,
    replay,
    use,
    withdraw,
)
from tests.core.vault.conftest import BANK, DAY, HOUR, NOW, asked, reason_of, used

PURPOSE = "个人住房贷款审查"


def refused(reason: Reason, deed: Callable[[], Any]) -> None:
    with pytest.raises(VaultFault) as caught:
        deed()
    assert caught.value.reason is reason
    assert caught.value.text.zh
    assert caught.value.text.en


def live(mode: Mode = Mode.ONCE) -> tuple[Thread, list[Entry]]:
    thread, first = ask("jinan", "R1", asked(mode), NOW)
    thread, second = grant(
        thread, items=("name", "address"), mode=mode, until=NOW + 10 * DAY, level=3, at=NOW + HOUR
    )
    return thread, [first, second]


def take(thread: Thread, at: Any = NOW + 2 * HOUR, **other: Any) -> tuple[Thread, Entry]:
    facts: dict[str, Any] = {"recipient": BANK, "purpose": PURPOSE, "used": used()}
    return use(thread, **facts | other, at=at)


def test_a_grant_for_one_use_ends_with_it() -> None:
    thread, entries = live()
    assert thread.state(NOW + HOUR) is State.LIVE
    thread, third = take(thread)
    assert thread.state(NOW + 3 * HOUR) is State.USED_UP
    refused(Reason.USED_UP, lambda: take(thread))
    refused(Reason.USED_UP, lambda: withdraw(thread, reason="", at=NOW + 3 * HOUR))
    assert replay([*entries, third]) == thread


def test_a_grant_for_a_period_is_used_until_it_runs_out() -> None:
    thread, _ = live(Mode.PERIOD)
    for number in range(3):
        thread, _entry = take(thread, NOW + (2 + number) * HOUR)
    assert (thread.uses, thread.state(NOW + 5 * HOUR)) == (3, State.LIVE)
    assert thread.state(NOW + 10 * DAY) is State.EXPIRED
    refused(Reason.EXPIRED, lambda: take(thread, NOW + 10 * DAY))
    refused(Reason.EXPIRED, lambda: withdraw(thread, reason="", at=NOW + 10 * DAY))


def test_nothing_is_used_without_a_grant() -> None:
    thread, _ = ask("jinan", "R1", asked(), NOW)
    refused(Reason.NOT_LIVE, lambda: take(thread))
    no, _ = refuse(thread, reason="不需要贷款", at=NOW + HOUR)
    assert no.state(NOW + HOUR) is State.REFUSED
    refused(Reason.NOT_LIVE, lambda: take(no))
    refused(
        Reason.NOT_OPEN,
        lambda: grant(no, items=["name"], mode=Mode.ONCE, until=NOW + DAY, level=3, at=NOW + 2 * HOUR),
    )


def test_a_refusal_has_a_reason_and_a_request_lapses() -> None:
    thread, _ = ask("jinan", "R1", asked(), NOW)
    refused(Reason.REASON_MISSING, lambda: refuse(thread, reason=" ", at=NOW + HOUR))
    refused(Reason.REASON_MISSING, lambda: refuse(thread, reason="", at=NOW + HOUR))
    assert thread.state(NOW + 7 * DAY) is State.LAPSED
    refused(Reason.NOT_OPEN, lambda: refuse(thread, reason="晚了", at=NOW + 7 * DAY))


@pytest.mark.parametrize(
    ("reason", "other"),
    [
        (Reason.ITEMS, {"items": ["name", "pension"]}),
        (Reason.ITEMS, {"items": []}),
        (Reason.TERM, {"mode": Mode.PERIOD}),
        (Reason.TERM, {"until": NOW + 31 * DAY}),
        (Reason.TERM, {"until": NOW}),
    ],
)
def test_a_grant_is_never_wider_than_the_request(reason: Reason, other: dict[str, Any]) -> None:
    thread, _ = ask("jinan", "R1", asked(), NOW)
    facts: dict[str, Any] = {"items": ["name"], "mode": Mode.ONCE, "until": NOW + DAY}
    refused(reason, lambda: grant(thread, **facts | other, level=3, at=NOW + HOUR))


@pytest.mark.parametrize(
    ("reason", "other"),
    [
        (Reason.RECIPIENT, {"recipient": Recipient("other", Text("他行", "Other"))}),
        (Reason.SUSPENDED, {"recipient": replace(BANK, suspended=True)}),
        (Reason.PURPOSE, {"purpose": "营销"}),
        (Reason.ITEMS, {"used": used(items=("name", "income"))}),
        (Reason.ITEMS, {"used": used(items=("pension",))}),
        (Reason.ITEMS, {"used": used(items=())}),
    ],
)
def test_recipient_purpose_and_items_are_fixed(reason: Reason, other: dict[str, Any]) -> None:
    thread, _ = live()
    refused(reason, lambda: take(thread, **other))


def test_a_withdrawal_written_first_wins_and_one_written_second_still_goes_through() -> None:
    thread, _ = live(Mode.PERIOD)
    after_use, use_entry = take(thread)
    after_withdrawal, stop = withdraw(thread, reason="", at=NOW + 2 * HOUR)
    refused(Reason.STALE, lambda: apply(after_withdrawal, use_entry))
    refused(Reason.WITHDRAWN, lambda: take(after_withdrawal))
    refused(Reason.STALE, lambda: apply(after_use, stop))
    again, _ = withdraw(after_use, reason="", at=NOW + 3 * HOUR)
    assert again.state(NOW + 3 * HOUR) is State.WITHDRAWN


def test_entries_follow_each_other() -> None:
    thread, entries = live(Mode.PERIOD)
    _, third = take(thread)
    refused(Reason.CLOCK, lambda: take(thread, NOW))
    refused(Reason.STALE, lambda: replay([entries[0], third]))
    refused(Reason.HISTORY, lambda: replay(entries[1:]))
    refused(Reason.HISTORY, lambda: replay([]))
    refused(Reason.HISTORY, lambda: apply(thread, replace(third, thread="R2")))
    refused(Reason.HISTORY, lambda: apply(thread, replace(third, city="zibo")))
    refused(Reason.HISTORY, lambda: apply(thread, replace(entries[0], seq=3, prev=thread.head, at=thread.at)))


@pytest.mark.parametrize(
    ("reason", "change"),
    [
        (Reason.GRANT, {"grant": "A" * 43 + "="}),
        (Reason.RECIPIENT, {"recipient": "bank-other"}),
        (Reason.RECIPIENT, {"name": {"zh": "别家", "en": "Other"}}),
        (Reason.PURPOSE, {"purpose": "营销"}),
        (Reason.ITEMS, {"items": [{"code": "income", "zh": "项income", "en": "Item income"}]}),
        (Reason.ITEMS, {"items": [{"code": "name", "zh": "别的名字", "en": "Item name"}]}),
        (Reason.ITEMS, {"items": [{"code": "name", "zh": "项name", "en": "Item name"}] * 2}),
        (Reason.MALFORMED, {"data": "AA=="}),
        (Reason.MALFORMED, {"more": 1}),
        (Reason.MALFORMED, {"number": 7}),
    ],
)
def test_a_forged_use_is_found_by_replay(reason: Reason, change: dict[str, Any]) -> None:
    thread, entries = live()
    _, third = take(thread)
    forged = replace(third, body={**third.body, **change})
    refused(reason, lambda: replay([*entries, forged]))


def test_an_entry_has_one_spelling() -> None:
    thread, entries = live()
    _, third = take(thread)
    for entry in (*entries, third):
        data = entry.to_bytes()
        assert read_entry(data) == entry
        refused(Reason.MALFORMED, lambda data=data: read_entry(b" " + data))
        for place in range(len(data)):
            flipped = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
            said = reason_of(lambda flipped=flipped: read_entry(flipped))
            assert said is Reason.MALFORMED or read_entry(flipped).hash != entry.hash


@pytest.mark.parametrize("kind", list(Kind))
def test_a_first_entry_is_a_request(kind: Kind) -> None:
    _, entries = live()
    if kind is not Kind.ASKED:
        refused(Reason.HISTORY, lambda: apply(None, replace(entries[0], kind=kind)))
