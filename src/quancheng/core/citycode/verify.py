"""Checking of a code at a gate, without a network.

Plan (docs/formats/qc1.md numbers the same steps): 1 read, 2 the city's signature, 3 times, 4 stopped?,
5 scene and form, 6 the phone's signature over this credential, 7 the moment, 8 the challenge, 9 replay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from quancheng.core import cose
from quancheng.core.citycode.errors import CodeFault, CodeReason
from quancheng.core.citycode.replay import Drift, ReplaySet
from quancheng.core.citycode.token import STEP_SECONDS, Facts, Kind, Shown, decode, digest, step_of
from quancheng.core.keys import PublicKey

__all__ = ["Gate", "Verdict", "Verifying", "verify"]

WEEK = 7 * 86400
"""Longest life of a phone's credential in seconds: the format's own limit."""


@dataclass(frozen=True, slots=True)
class Verifying:
    """What a gate needs to know, renewed from the city when there is a network."""

    keys: Mapping[bytes, PublicKey]
    """The city's keys by name."""
    stopped: Callable[[int], bool]
    """Whether the credential at a status index is stopped."""
    skew: int = 60
    """Seconds the clocks of phone, city and gate may differ."""
    window: int = 1
    """Steps before the present one that are taken."""
    longest_printed: int = 400 * 86400
    """Longest life of a printed credential in seconds."""
    told: int = 0
    """What time the city said it was when it gave the lists (Unix seconds): a clock before it is wrong."""


@dataclass(slots=True)
class Gate:
    """A gate: its knowledge and its short memory."""

    knows: Verifying
    replay: ReplaySet = field(default_factory=lambda: ReplaySet(window=4))
    drift: Drift = field(default_factory=Drift)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A code that holds, and what it says."""

    facts: Facts
    credential: bytes
    """SHA-256 of layer 1."""
    step: int
    nonce: bytes


def verify(
    text: str, gate: Gate, *, now: int, scene: int, printed_allowed: bool = True, challenge: bytes = b""
) -> Verdict:
    """Take a code at a scene (bit number) now (Unix seconds). Raises CodeFault; never returns a doubt."""
    if now + gate.knows.skew < gate.knows.told:
        raise CodeFault(CodeReason.CLOCK, f"{gate.knows.told - now} s before the lists were made")
    shown = decode(text)
    _city(shown, gate.knows)
    _times(shown.facts, gate.knows, now)
    if gate.knows.stopped(shown.facts.status_index):
        raise CodeFault(CodeReason.STOPPED)
    if not shown.facts.scenes >> scene & 1:
        raise CodeFault(CodeReason.SCENE_OFF)
    name = digest(shown.credential)
    if shown.facts.kind is Kind.PRINTED:
        if shown.presentation is not None:
            raise CodeFault(CodeReason.MALFORMED, "a printed code has one layer")
        if not printed_allowed or challenge:
            raise CodeFault(CodeReason.PRINTED_REFUSED)
        return Verdict(shown.facts, name, 0, b"")
    _phone(shown, name)
    _moment(shown, name, gate, now)
    if challenge != shown.challenge:
        raise CodeFault(CodeReason.WRONG_CHALLENGE)
    mark = name[:16] + shown.nonce
    if gate.replay.seen(shown.step, mark):
        raise CodeFault(CodeReason.REPLAYED)
    gate.replay.take(shown.step, mark, step_of(now), earliest=_earliest(gate.knows, now))
    return Verdict(shown.facts, name, shown.step, shown.nonce)


def _city(shown: Shown, knows: Verifying) -> None:
    try:
        cose.verify1(shown.message, knows.keys)
    except cose.CoseFault as wrong:
        unknown = wrong.reason is cose.CoseReason.UNKNOWN_KEY
        reason = CodeReason.UNKNOWN_ISSUER if unknown else CodeReason.BAD_SIGNATURE
        raise CodeFault(reason, str(wrong)) from None


def _times(facts: Facts, knows: Verifying, now: int) -> None:
    longest = WEEK if facts.kind is Kind.PHONE else knows.longest_printed
    if facts.expires - facts.issued > longest:
        raise CodeFault(CodeReason.TOO_LONG)
    if now + knows.skew < facts.issued:
        raise CodeFault(CodeReason.NOT_YET)
    if now >= facts.expires:
        raise CodeFault(CodeReason.EXPIRED)


def _phone(shown: Shown, name: bytes) -> None:
    if shown.presentation is None or shown.facts.device is None:
        raise CodeFault(CodeReason.MALFORMED, "a phone's code has two layers")
    try:
        cose.verify1(shown.presentation, shown.facts.device, external=name)
    except cose.CoseFault as wrong:
        raise CodeFault(CodeReason.BAD_SIGNATURE, str(wrong)) from None


def _earliest(knows: Verifying, now: int) -> int:
    return step_of(now - knows.skew) - knows.window


def _moment(shown: Shown, name: bytes, gate: Gate, now: int) -> None:
    """The step lies between now − window and now, both widened by what clocks may differ."""
    knows = gate.knows
    latest = step_of(now + knows.skew)
    off = 0 if _earliest(knows, now) <= shown.step <= latest else shown.step - step_of(now)
    gate.drift.note(name, off)
    if gate.drift.wrong:
        raise CodeFault(CodeReason.CLOCK, f"about {off * STEP_SECONDS} s")
    if off:
        raise CodeFault(CodeReason.STALE if off < 0 else CodeReason.NOT_YET, f"{off} steps")
