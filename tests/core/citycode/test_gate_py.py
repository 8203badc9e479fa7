"""The gate's library of one file answers as core does: frozen cases, every changed byte, garbage, a real bundle's form."""

from __future__ import annotations

import base64
import importlib.util
import json
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core import cose
from quancheng.core.citycode import (
    PREFIX,
    CodeFault,
    CodeReason,
    Gate,
    Verifying,
    digest,
    issue,
    present,
    printed,
    verify,
)
from quancheng.core.keys import Algorithm, PublicKey, SignatureError, to_jwk
from tests.core.citycode.vectors import CITY, EDDSA, FACTS, NOW, PAPER, PHONE, SM2, key, raw, shown

PROJECT = Path(__file__).parents[3]
FILE = PROJECT / "tools" / "gate" / "qc1_gate.py"
VECTORS = json.loads((PROJECT / "docs/formats/qc1-vectors.json").read_text(encoding="utf-8"))
KEYS = {one.public.kid: one.public for one in (CITY, SM2, EDDSA)}
STOPPED = (47 << 20) + 99


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("qc1_gate", FILE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["qc1_gate"] = module
    spec.loader.exec_module(module)
    return module


library = _load()


def sm2(point: bytes, message: bytes, signature: bytes) -> bool:
    try:
        PublicKey(Algorithm.SM2, point).verify(message, signature)
    except SignatureError:
        return False
    return True


def gate(**more: Any) -> Any:
    more.setdefault("sm2", sm2)
    return library.Gate(VECTORS["keys"], VECTORS["stopped"].__contains__, **more)


def library_says(text: str, here: Any = None, now: int = NOW, scene: int = 1, **more: Any) -> str:
    try:
        said = (here or gate()).check(text, now=now, scene=scene, **more)
    except library.Refused as refused:
        return str(refused.reason)
    return f"ok {said.credential.hex()} {said.step} {said.nonce.hex()} {said.level} {said.entitlements}"


def core_says(text: str, here: Gate | None = None, now: int = NOW, scene: int = 1) -> str:
    here = here or Gate(Verifying(KEYS, VECTORS["stopped"].__contains__))
    try:
        good = verify(text, here, now=now, scene=scene)
    except CodeFault as refused:
        return str(refused.reason)
    facts = good.facts
    return f"ok {good.credential.hex()} {good.step} {good.nonce.hex()} {facts.level} {facts.entitlements}"


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_every_frozen_case(case: dict[str, Any]) -> None:
    here, said = gate(skew=VECTORS["skew"], window=VECTORS["window"]), ""
    more = {name: case[name] for name in ("printed_allowed",) if name in case}
    for _time in range(case.get("times", 1)):
        said = library_says(
            case["text"], here, case["now"], case["scene"],
            challenge=bytes.fromhex(case.get("challenge", "")), **more,
        )  # fmt: skip
    assert said.split()[0] == case["expected"]


@pytest.mark.parametrize(
    "text",
    [shown(), shown(city=SM2), shown(city=EDDSA), printed(issue(PAPER, CITY))],
    ids=["ES256", "SM2", "EdDSA", "printed"],
)
def test_every_changed_byte_is_refused_for_the_reason_core_gives(text: str) -> None:
    assert library_says(text) == core_says(text)
    data = cose.base45_decode(text[4:])
    for place in range(len(data)):
        for flip in (1, 0x40):
            changed = data[:place] + bytes([data[place] ^ flip]) + data[place + 1 :]
            damaged = PREFIX + cose.base45_encode(changed)
            said = library_says(damaged)
            assert not said.startswith("ok"), place
            assert said == core_says(damaged), (place, flip)


def _layer2(moment: list[Any]) -> str:
    """A code whose phone really signed this moment."""
    credential = issue(FACTS, CITY)
    name = digest(credential)
    return raw([credential, cose.sign1(cose.encode(moment), PHONE, external=name, named=False)])


@pytest.mark.parametrize(
    "moment",
    [
        [True, b"8 bytes!"],
        [-1, b"8 bytes!"],
        [1 << 53, b"8 bytes!"],
        [1 << 70, b"8 bytes!"],
        [NOW // 30, b"7 bytes"],
        [NOW // 30, b"8 bytes!", b""],
        [NOW // 30, b"8 bytes!", bytes(17)],
        [NOW // 30],
        {},
    ],
)
def test_a_moment_of_another_form_is_no_code_even_when_the_phone_signed_it(moment: Any) -> None:
    assert core_says(_layer2(moment)) == library_says(_layer2(moment)) == "malformed"


@pytest.mark.parametrize("label", [True, 1.0])
def test_a_label_that_only_python_takes_for_one_is_no_code(label: Any) -> None:
    """JavaScript refuses {true: -7}; Python says True == 1."""
    credential, body = issue(FACTS, CITY), cose.encode([NOW // 30, b"8 bytes!"])
    protected = cose.encode({label: -7})
    signature = PHONE.sign(cose.encode(["Signature1", protected, digest(credential), body]))
    text = raw([credential, cose.encode([protected, {}, body, signature])])
    assert core_says(text) == library_says(text) == "malformed"


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.text(max_size=300), st.binary(max_size=300).map(lambda data: PREFIX + cose.base45_encode(data))
    )
)
def test_garbage_is_refused_alike(text: str) -> None:
    assert library_says(text) == core_says(text) == "malformed"


def test_without_a_hook_a_code_of_an_sm2_city_is_refused() -> None:
    assert (
        library_says(shown(city=SM2), library.Gate(VECTORS["keys"], lambda index: False)) == "bad-signature"
    )


def _bundle(time: int = NOW) -> dict[str, Any]:
    bits = bytearray(1 << 17)
    place = STOPPED % (1 << 20)
    bits[place >> 3] |= 1 << (place & 7)
    packed = base64.urlsafe_b64encode(zlib.compress(bytes(bits))).rstrip(b"=").decode()
    return {
        "version": 1, "time": time, "keys": [{**to_jwk(CITY.public), "kid": CITY.public.kid.hex()}],
        "status": {"size": 1 << 20, "lists": {"47": packed}},
        "scenes": [{"code": "metro", "bit": 1, "printed": False}, {"code": "library", "bit": 3, "printed": True}],
        "limits": {"skew_seconds": 60, "window_steps": 1, "stale_seconds": 86400},
    }  # fmt: skip


def test_a_gate_works_from_the_citys_bundle() -> None:
    here, text = library.Gate.from_bundle(_bundle(), now=NOW), shown()
    assert library_says(text, here, scene="metro").startswith("ok")
    here.renew(_bundle(NOW + 1), now=NOW + 1)
    assert library_says(text, here, scene="metro") == "replayed"  # a new list does not clear its memory
    assert library_says(shown(replace(FACTS, status_index=STOPPED)), here, scene="metro") == "stopped"
    assert library_says(printed(issue(PAPER, CITY)), here, scene="metro") == "printed-refused"
    assert library_says(printed(issue(PAPER, CITY)), here, scene="library").startswith("ok")


def test_a_gate_whose_clock_disagrees_with_the_city_takes_nothing_until_it_is_set() -> None:
    fast = library.Gate.from_bundle(_bundle(), now=NOW + 600)
    assert library_says(shown(now=NOW + 600), fast, now=NOW + 600, scene="metro") == "clock"
    fast.renew(_bundle(), now=NOW + 2)
    assert library_says(shown(), fast, scene="metro").startswith("ok")
    assert core_says(shown(), Gate(Verifying(KEYS, lambda index: False, told=NOW + 61))) == "clock"
    set_back = library.Gate.from_bundle(_bundle())  # from the disk: only a clock before the list's time shows
    assert library_says(shown(now=NOW - 600), set_back, now=NOW - 600, scene="metro") == "clock"


def test_a_gate_cut_off_for_too_long_takes_nothing() -> None:
    here = library.Gate.from_bundle(_bundle(NOW - 86401))
    assert library_says(shown(), here, scene="metro") == "old-list"


def test_five_people_off_by_the_same_show_that_the_gate_is_wrong() -> None:
    here, known = gate(), Gate(Verifying(KEYS, lambda index: False))
    for number in range(5):
        phone = key(f"drift {number}")
        facts = replace(FACTS, device=phone.public, subject=bytes([number]) * 12)
        text = present(issue(facts, CITY), phone, now=NOW, nonce=b"8 bytes!")
        said = library_says(text, here, NOW + 600)
        assert said == core_says(text, known, NOW + 600) == ("clock" if number == 4 else "stale")


def test_a_clock_that_ran_ahead_and_was_set_back_lets_no_code_pass_twice() -> None:
    here, known, text = gate(), Gate(Verifying(KEYS, lambda index: False)), shown()
    later = present(issue(FACTS, CITY), PHONE, now=NOW + 600, nonce=b"another!")
    for say, where in ((library_says, here), (core_says, known)):
        assert say(text, where).startswith("ok")
        assert say(later, where, NOW + 600).startswith("ok")  # its memory of NOW is gone
        assert say(text, where) == "replayed"


def test_its_words_are_those_of_core() -> None:
    for reason in CodeReason:
        assert library.SAID[str(reason)] == (reason.text.zh, reason.text.en)


def test_the_file_needs_nothing_of_quancheng() -> None:
    program = (
        "import runpy, sys; runpy.run_path(sys.argv[1]);"
        "sys.exit(any(one.split('.')[0] in ('quancheng', 'django') for one in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program, str(FILE)], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
