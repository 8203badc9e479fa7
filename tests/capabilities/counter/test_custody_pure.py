"""The chain of custody as values: one holder, and no link changed unseen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.capabilities.counter import custody
from quancheng.capabilities.counter.custody import GENESIS, STEPS, BagState, Link, digest_of, first_broken

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def chain(length: int) -> list[tuple[Link, str]]:
    made: list[tuple[Link, str]] = []
    previous = GENESIS
    for number in range(1, length + 1):
        link = Link(
            "B1",
            number,
            START + timedelta(hours=number),
            "receive",
            "甲",
            "乙",
            "穆雪#1",
            {"count": 2},
            previous,
        )
        previous = digest_of(link)
        made.append((link, previous))
    return made


def test_an_untouched_chain_is_whole() -> None:
    links = chain(5)
    assert first_broken(links, links[-1][1]) is None


@given(st.integers(0, 4), st.sampled_from(["giver", "taker", "kind", "signer", "data", "at"]))
def test_any_change_of_any_link_is_seen(at: int, name: str) -> None:
    links = chain(5)
    link, digest = links[at]
    other = {"data": {"count": 1}, "at": START}.get(name, "丙")
    links[at] = (replace(link, **{name: other}), digest)
    broken = first_broken(links, links[-1][1])
    assert broken is not None and broken.sequence == at + 1


@given(st.integers(0, 4))
def test_a_link_taken_out_is_seen(at: int) -> None:
    links = chain(5)
    head = links[-1][1]
    del links[at]
    assert first_broken(links, head) is not None


def test_a_link_rewritten_with_its_digest_breaks_the_next() -> None:
    links = chain(3)
    forged = replace(links[1][0], taker="丙")
    links[1] = (forged, digest_of(forged))
    assert first_broken(links, links[-1][1]).sequence == 3


def test_the_digest_does_not_depend_on_the_time_zone() -> None:
    link = chain(1)[0][0]
    from zoneinfo import ZoneInfo

    assert digest_of(replace(link, at=link.at.astimezone(ZoneInfo("Asia/Shanghai")))) == digest_of(link)


@pytest.mark.parametrize("state", list(BagState))
def test_a_bag_that_is_over_goes_nowhere_and_any_other_goes_on(state: BagState) -> None:
    possible = [one for one in STEPS.values() if state in one.sources]
    assert bool(possible) == (state not in custody.OVER)
