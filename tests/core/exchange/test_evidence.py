"""Evidence: two organs prove an exchange with two files; every single change of a file is caught."""

from __future__ import annotations

import copy
import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.exchange import (
    CheckKind,
    FormatError,
    KeyRole,
    Tolerance,
    TrustedKeys,
    read_evidence,
    read_trusted,
    verify,
    verify_files,
    write_evidence,
    write_trusted,
)
from tests.core.exchange.world import (
    AUTHORITY,
    CONSUMER_KEY,
    HOUSING,
    KEYS,
    NOW,
    POLICE,
    PROVIDER_KEY,
    STAMP_KEY,
    a_pair,
    both_sides,
    ed25519_signer,
    evidence_of,
    trusted,
)

TOOL = Path(__file__).resolve().parents[3] / "tools" / "verify_exchange.py"


def load_tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verify_exchange", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    return load_tool()


def told(tool: ModuleType, folder: Path, one: bytes, other: bytes, keys: bool) -> tuple[int, str]:
    (folder / "a.json").write_bytes(one)
    (folder / "b.json").write_bytes(other)
    (folder / "keys.json").write_bytes(write_trusted(KEYS))
    paths = [folder / "a.json", folder / "b.json"]
    return tool.verify(paths, folder / "keys.json" if keys else None, timedelta(minutes=5))  # type: ignore[no-any-return]


def test_the_two_files_prove_the_exchange() -> None:
    one, other = (write_evidence(evidence) for evidence in both_sides())
    verdict = verify_files(one, other, KEYS)
    assert verdict.valid, verdict.failed
    assert verdict.answered
    assert verdict.request is not None
    assert verdict.request.purpose == "公租房资格审核"
    assert {check.kind for check in verdict.checks} == set(CheckKind)
    assert verify_files(other, one, KEYS).valid
    assert write_evidence(read_evidence(one)) == one
    assert all(kind.text.zh.endswith("。") for kind in CheckKind)


def test_a_request_without_answer_is_proved_as_such() -> None:
    verdict = verify(*both_sides(answered=False), KEYS)
    assert verdict.valid
    assert not verdict.answered
    assert not verify(both_sides()[0], both_sides(answered=False)[1], KEYS).valid


def test_the_tool_runs_alone_and_tells_the_story(tmp_path: Path) -> None:
    for name, evidence in zip(("a.json", "b.json"), both_sides(), strict=True):
        (tmp_path / name).write_bytes(write_evidence(evidence))
    (tmp_path / "keys.json").write_bytes(write_trusted(KEYS))
    # isolated: neither this project nor the environment can help it
    command = [sys.executable, "-I", str(TOOL), "a.json", "b.json", "--keys", "keys.json"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, env={"PYTHONIOENCODING": "utf-8"}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "市住房和城乡建设局" in done.stdout
    assert "公租房资格审核" in done.stdout
    assert "✓ 成立。Proved." in done.stdout
    assert "quancheng" not in "".join(
        line for line in TOOL.read_text("utf-8").splitlines() if "import " in line
    )


def test_without_a_list_of_keys_the_tool_does_not_say_proved(tool: ModuleType, tmp_path: Path) -> None:
    one, other = (write_evidence(evidence) for evidence in both_sides())
    code, text = told(tool, tmp_path, one, other, keys=False)
    assert code == 2
    assert "未核对" in text


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict):
        for name, part in value.items():
            yield from leaves(part, (*path, name))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from leaves(part, (*path, index))


def changes(value: Any) -> list[Any]:
    """Other values for one place: near misses of the same type, and other types."""
    if isinstance(value, bool):
        return [not value, 1]
    if isinstance(value, int):
        return [value + 1, value - 1, str(value), float(value), True]
    if isinstance(value, str):
        flipped = [
            value[:spot] + chr(ord(value[spot]) ^ 1) + value[spot + 1 :]
            for spot in {0, len(value) // 2, len(value) - 1}
            if value
        ]
        return [*flipped, value + " ", value.swapcase(), "", None, [value]]
    if isinstance(value, list):
        return [[*value, "x"], value[1:], value[::-1], None]
    if isinstance(value, dict):
        return [
            {**value, "extra": 1},
            *({k: v for k, v in value.items() if k != name} for name in value),
            None,
        ]
    return [0, "x", {}]


def put(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    tree = copy.deepcopy(tree)
    place = tree
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return tree


def mutants(tree: Any) -> Iterator[tuple[tuple[Any, ...], bytes]]:
    for path in leaves(tree):
        place = tree
        for step in path:
            place = place[step]
        for value in changes(place):
            if type(value) is type(place) and value == place:
                continue
            if path in {("request", "body"), ("response", "body")} and value is None:
                continue  # a side may delete a body; the digest stays
            yield path, json.dumps(put(tree, path, value), ensure_ascii=False).encode()


@pytest.mark.parametrize("side", [0, 1])
def test_every_single_change_is_caught(tool: ModuleType, tmp_path: Path, side: int) -> None:
    files = [write_evidence(evidence) for evidence in both_sides()]
    told(tool, tmp_path, files[0], files[1], keys=True)
    paths, skew = [tmp_path / "a.json", tmp_path / "b.json"], timedelta(minutes=5)
    tried, missed = 0, []
    for path, changed in mutants(json.loads(files[side])):
        tried += 1
        paths[side].write_bytes(changed)
        pair = [changed, files[1]] if side == 0 else [files[0], changed]
        if verify_files(pair[0], pair[1], KEYS).valid:
            missed.append(("core", path))
        if tool.verify(paths, tmp_path / "keys.json", skew)[0] != 1:
            missed.append(("tool", path))
        if tool.verify(paths, None, skew)[0] != 1:
            missed.append(("tool without keys", path))
    assert missed == []
    assert tried > 300


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_flipped_bit_is_caught(data: st.DataObject) -> None:
    one, other = (write_evidence(evidence) for evidence in both_sides())
    place = data.draw(st.integers(0, len(one) - 1))
    broken = bytearray(one)
    broken[place] ^= 1 << data.draw(st.integers(0, 7))
    assert not verify_files(bytes(broken), other, KEYS).valid


def failing(*args: Any) -> set[CheckKind]:
    return {check.kind for check in verify(*args).failed}


def test_sides_must_be_the_two_parties() -> None:
    one, other = both_sides()
    assert CheckKind.SIDES in failing(one, one, KEYS)
    assert failing(one, replace(other, keeper="stranger"), KEYS) >= {CheckKind.SIDES, CheckKind.INCLUSION}


def test_another_answer_on_one_side_is_found() -> None:
    asked, answer = a_pair()
    forged = a_pair(provider=ed25519_signer("forger"))[1]
    one = evidence_of(HOUSING.code, asked, answer)
    other = evidence_of(POLICE.code, asked, forged, (CONSUMER_KEY, ed25519_signer("forger"), STAMP_KEY))
    assert failing(one, other, KEYS) == {CheckKind.SAME_RESPONSE, CheckKind.RESPONSE_SIGNATURE}


def test_an_answer_to_another_request_is_found() -> None:
    asked, _ = a_pair(1)
    _, answer = a_pair(2)
    pair = evidence_of(HOUSING.code, asked, answer), evidence_of(POLICE.code, asked, answer)
    assert failing(*pair, KEYS) == {CheckKind.PAIR}


def keys_with(**revoked: Any) -> TrustedKeys:
    return TrustedKeys.of(
        (
            trusted(
                HOUSING.code, CONSUMER_KEY, revoked.get("role", KeyRole.MESSAGE), revoked.get("consumer")
            ),
            trusted(POLICE.code, PROVIDER_KEY, KeyRole.MESSAGE),
            trusted(AUTHORITY, STAMP_KEY, KeyRole.STAMP, revoked.get("stamp")),
        )
    )


def test_revocation_counts_from_the_stamp() -> None:
    sides = both_sides()
    before, after = NOW + timedelta(milliseconds=500), NOW + timedelta(seconds=5)
    assert failing(*sides, keys_with(consumer=before)) == {CheckKind.REQUEST_SIGNATURE}
    assert verify(*sides, keys_with(consumer=after)).valid
    assert failing(*sides, keys_with(stamp=before)) == {CheckKind.STAMP}
    assert failing(*sides, keys_with(role=KeyRole.STAMP)) == {CheckKind.REQUEST_SIGNATURE}
    assert not verify(*sides, TrustedKeys.of(())).valid


def test_times_and_late_stamps() -> None:
    sides = both_sides()
    assert verify(*sides, KEYS, Tolerance(timedelta(), timedelta(seconds=1))).valid
    assert failing(*sides, KEYS, Tolerance(stamped_within=timedelta(milliseconds=999))) == {CheckKind.TIMES}


def test_hostile_files() -> None:
    good = write_evidence(both_sides()[1])
    for bad in (
        b"",
        b"\xff",
        b"[]",
        b"null",
        b"{" * 5000,
        b"[" * 100_000,
        b'{"a":NaN}',
        b'{"a":1,"a":1}',
        b'{"a":1e999}',
        b'{"a":"\\ud800"}',
        b'{"a":' + b"9" * 5000 + b"}",
    ):
        verdict = verify_files(bad, good, KEYS)
        assert {check.kind for check in verdict.failed} == {CheckKind.READABLE}
    with pytest.raises(FormatError):
        read_evidence(good, limit=100)


def test_trusted_list_round_trip() -> None:
    keys = keys_with(consumer=NOW)
    assert read_trusted(write_trusted(keys)) == keys
    with pytest.raises(FormatError):
        read_trusted(b'[{"owner":"x"}]')
