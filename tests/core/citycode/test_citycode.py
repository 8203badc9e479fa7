"""The code at a gate: what holds, what is refused and why, and that nothing changed holds."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import segno
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from quancheng.core import cose
from quancheng.core.citycode import (
    PREFIX,
    CodeFault,
    CodeReason,
    Drift,
    Facts,
    Gate,
    Kind,
    ReplaySet,
    Ride,
    Use,
    Verifying,
    decode,
    digest,
    double_uses,
    issue,
    overlapping_rides,
    present,
    printed,
    pseudonym,
    verify,
)
from quancheng.core.keys import Algorithm, MemoryKey, from_jwk
from tests.core.citycode.vectors import CITY, FACTS, NOW, OTHER, PAPER, PHONE, SM2, key, shown

VECTORS = json.loads(
    (Path(__file__).parents[3] / "docs/formats/qc1-vectors.json").read_text(encoding="utf-8")
)


def gate(**more: Any) -> Gate:
    keys = {one.public.kid: one.public for one in (CITY, SM2)}
    return Gate(Verifying(keys, lambda index: False, **more))


def refused(text: str, reason: CodeReason, at: Gate | None = None, now: int = NOW, **more: Any) -> None:
    with pytest.raises(CodeFault) as caught:
        verify(text, at or gate(), now=now, scene=1, **more)
    assert caught.value.reason is reason


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_the_frozen_cases_of_the_format(case: dict[str, Any]) -> None:
    keys = {
        bytes.fromhex(row["kid"]): from_jwk({k: v for k, v in row.items() if k != "kid"})
        for row in VECTORS["keys"]
    }
    assert all(kid == known.kid for kid, known in keys.items())
    knows = Verifying(keys, VECTORS["stopped"].__contains__, skew=VECTORS["skew"], window=VECTORS["window"])
    here, said = Gate(knows), "ok"
    for _time in range(case.get("times", 1)):
        try:
            verify(
                case["text"], here, now=case["now"], scene=case["scene"],
                printed_allowed=case.get("printed_allowed", True),
                challenge=bytes.fromhex(case.get("challenge", "")),
            )  # fmt: skip
        except CodeFault as fault:
            said = str(fault.reason)
    assert said == case["expected"]


def test_a_code_tells_the_gate_what_the_city_said_and_no_name() -> None:
    text = shown()
    verdict = verify(text, gate(), now=NOW, scene=1)
    assert verdict.facts == FACTS
    assert verdict.credential == digest(decode(text).credential)


def _flips(data: bytes) -> list[bytes]:
    return [
        data[:i] + bytes([data[i] ^ flip]) + data[i + 1 :] for i in range(len(data)) for flip in (1, 0x80)
    ]


@pytest.mark.parametrize(
    "text", [shown(), shown(city=SM2), printed(issue(PAPER, CITY))], ids=["ES256", "SM2", "printed"]
)
def test_no_byte_of_a_code_can_be_changed(text: str) -> None:
    verify(text, gate(), now=NOW, scene=1)
    taken = []
    for changed in _flips(cose.base45_decode(text[4:])):
        try:
            verify(PREFIX + cose.base45_encode(changed), gate(), now=NOW, scene=1)
        except CodeFault:
            continue
        taken.append(changed)
    assert taken == []


@pytest.mark.parametrize("city", [CITY, SM2], ids=["ES256", "SM2"])
def test_the_drawn_code_is_no_larger_than_version_12_and_a_scanner_reads_it(
    city: MemoryKey, tmp_path: Path
) -> None:
    facts = replace(FACTS, entitlements=2**16 - 1, scenes=2**31 - 1, status_index=4095 * 2**20 + 99999)
    text = shown(facts, city=city)
    drawn = segno.make(text, error="m", mode="alphanumeric", boost_error=False)
    assert drawn.version <= 12
    drawn.save(tmp_path / "code.png", scale=4, border=4)
    read = zxingcpp.read_barcodes(Image.open(tmp_path / "code.png"))
    assert [one.text for one in read] == [text]


def test_the_same_code_passes_one_gate_once_and_a_fresh_one_passes() -> None:
    here = gate()
    text = shown()
    verify(text, here, now=NOW, scene=1)
    refused(text, CodeReason.REPLAYED, here)
    credential = issue(FACTS, CITY)
    verify(present(credential, PHONE, now=NOW, nonce=b"another!"), here, now=NOW, scene=1)


def test_a_screenshot_works_for_no_more_than_the_window() -> None:
    refused(shown(), CodeReason.STALE, gate(skew=0, window=1), now=NOW + 60)
    verify(shown(), gate(skew=0, window=1), now=NOW + 29, scene=1)


def test_the_replay_memory_forgets_what_it_would_refuse_anyway() -> None:
    memory = ReplaySet(window=4)
    for step in range(1000):
        for _one in range(3):
            memory.take(step, os.urandom(8), step)
    assert len(memory) <= 3 * 6


def test_a_gate_ten_minutes_wrong_notices_after_five_people_and_says_so() -> None:
    here = gate()
    people = [key(f"person {n}") for n in range(6)]
    codes = [
        present(
            issue(replace(FACTS, device=one.public, subject=os.urandom(12)), CITY),
            one,
            now=NOW,
            nonce=b"8 bytes!",
        )
        for one in people
    ]
    for text in codes[:4]:
        refused(text, CodeReason.STALE, here, now=NOW + 600)
    refused(codes[4], CodeReason.CLOCK, here, now=NOW + 600)


def test_one_phone_with_a_wrong_clock_does_not_make_a_gate_doubt_itself() -> None:
    doubt = Drift()
    for _again in range(20):
        doubt.note(b"the same", -20)
    assert not doubt.wrong
    doubt.note(b"somebody else", 0)
    for n in range(4):
        doubt.note(bytes([n]), -20)
    assert not doubt.wrong


def test_double_use_at_two_cut_off_gates_is_found_when_their_uploads_meet() -> None:
    first = Use(NOW, "east", b"c", 7, b"n")
    again = Use(NOW + 5, "west", b"c", 7, b"n")
    other = Use(NOW + 5, "west", b"c", 7, b"m")
    assert double_uses([again, other, first], printed_gap=300) == (again,)


def test_a_copied_card_used_at_two_places_within_minutes_is_found() -> None:
    uses = [
        Use(NOW, "east", b"p", 0, b""),
        Use(NOW + 60, "east", b"p", 0, b""),
        Use(NOW + 120, "west", b"p", 0, b""),
    ]
    assert double_uses(uses, printed_gap=300) == (uses[2],)
    assert double_uses(uses, printed_gap=30) == ()


def test_a_credential_on_two_rides_at_once_is_found() -> None:
    long, inside = Ride(0, 3600, b"c", "east", "west"), Ride(600, 900, b"c", "north", "south")
    after, late = Ride(3600, 4000, b"c", "west", "east"), Ride(1000, 1200, b"c", "north", "south")
    other = Ride(600, 900, b"d", "north", "south")
    assert overlapping_rides([late, after, other, inside, long]) == (inside, late)
    with pytest.raises(ValueError, match="a ride from 5 to 4"):
        overlapping_rides([Ride(5, 4, b"c", "a", "b")])


def test_scenes_and_weeks_know_a_person_by_names_that_cannot_be_joined() -> None:
    names = {
        pseudonym(b"secret", person, scene, week)
        for person in ("1", "2")
        for scene in ("bus", "park")
        for week in ("2026-W47", "2026-W48")
    }
    assert len(names) == 8
    assert pseudonym(b"secret", "1", "bus", "w") == pseudonym(b"secret", "1", "bus", "w")
    assert pseudonym(b"secret", "1b", "us", "w") != pseudonym(b"secret", "1", "bus", "w")


@pytest.mark.parametrize(
    "facts",
    [
        replace(FACTS, device=None),
        replace(FACTS, device=key("x", Algorithm.EDDSA).public),
        replace(PAPER, device=OTHER.public),
        replace(FACTS, subject=b"short"),
        replace(FACTS, expires=FACTS.issued),
        replace(FACTS, scenes=-1),
    ],
)
def test_facts_that_contradict_each_other_are_not_issued(facts: Facts) -> None:
    with pytest.raises(CodeFault):
        issue(facts, CITY)


@settings(max_examples=60, deadline=None)
@given(
    st.builds(
        Facts,
        subject=st.binary(min_size=12, max_size=12),
        issued=st.just(NOW - 10),
        expires=st.integers(NOW + 1, NOW + 604000),
        level=st.integers(0, 3),
        entitlements=st.integers(0, 2**32 - 1),
        scenes=st.integers(0, 2**32 - 1),
        status_index=st.integers(0, 2**40),
        kind=st.just(Kind.PHONE),
        device=st.just(PHONE.public),
    ),
    st.binary(min_size=8, max_size=8),
)
def test_what_is_said_is_what_is_read(facts: Facts, nonce: bytes) -> None:
    text = present(issue(facts, CITY), PHONE, now=NOW, nonce=nonce)
    read = decode(text)
    assert (read.facts, read.nonce, read.step) == (facts, nonce, NOW // 30)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=400), st.binary(max_size=300).map(lambda data: PREFIX + cose.base45_encode(data))
    )
)
def test_garbage_is_refused_and_never_breaks_a_gate(text: str) -> None:
    with pytest.raises(CodeFault):
        verify(text, gate(), now=NOW, scene=1)
