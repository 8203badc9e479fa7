"""Keys of purposes: made once, kept private, rotated without losing trust."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from quancheng.core.keys import Algorithm
from quancheng.kernel import keyring


@pytest.fixture
def home(tmp_path: Path, settings: Any) -> Path:
    settings.HOME = tmp_path
    return tmp_path


def test_the_first_use_makes_a_key_only_its_owner_reads_and_keeps_it(home: Path) -> None:
    first, again = keyring.signer("tests"), keyring.signer("tests")
    assert first.public == again.public
    files = sorted((home / "keys" / "tests").iterdir())
    assert [path.suffix for path in files] == [".key", ".pub"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)


def test_after_a_rotation_the_new_key_signs_and_the_old_one_is_still_trusted(home: Path) -> None:
    old = keyring.signer("tests", Algorithm.SM2)
    signature = old.sign(b"kept")
    made = keyring.rotate("tests", Algorithm.SM2)
    assert keyring.signer("tests", Algorithm.SM2).public == made != old.public
    assert keyring.trusted("tests") == (made, old.public)
    keyring.trusted("tests")[1].verify(b"kept", signature)


def test_another_algorithm_asked_for_is_a_rotation(home: Path) -> None:
    keyring.signer("tests", Algorithm.ES256)
    assert keyring.signer("tests", Algorithm.EDDSA).public.algorithm is Algorithm.EDDSA
    assert len(keyring.trusted("tests")) == 2


@pytest.mark.parametrize("purpose", ["", "../up", "UPPER", "a/b"])
def test_a_purpose_cannot_leave_its_folder(home: Path, purpose: str) -> None:
    with pytest.raises(ValueError, match="purpose"):
        keyring.signer(purpose)


def test_those_who_look_after_keys_see_every_one(home: Path) -> None:
    old = keyring.signer("one")
    new = keyring.rotate("one")
    other = keyring.signer("two", Algorithm.EDDSA)
    (home / "keys" / "one" / "notes.pub").write_text("none of ours")
    seen = [(one.purpose, one.public, one.signs) for one in keyring.kept()]
    assert seen == [("one", old.public, False), ("one", new, True), ("two", other.public, True)]
    assert keyring.holds("one", old.public) and not keyring.holds("two", old.public)


def test_an_ended_key_signs_no_more_and_its_number_is_not_given_again(home: Path) -> None:
    old, new = keyring.signer("tests").public, keyring.rotate("tests")
    keyring.end("tests", old, trusted=True)
    assert keyring.trusted("tests") == (new, old) and not keyring.holds("tests", old)
    last = keyring.rotate("tests")  # it used to take the number of the one before, and to keep that key
    assert last not in (old, new) and keyring.signer("tests").public == last
    keyring.end("tests", last, trusted=False)
    assert keyring.trusted("tests") == (new, old) and keyring.signer("tests").public == new


def test_a_public_part_that_was_not_written_in_time_is_written_again(home: Path) -> None:
    key = keyring.signer("tests").public
    next((home / "keys" / "tests").glob("*.pub")).unlink()  # the process died between the two files
    assert keyring.trusted("tests") == ()
    assert keyring.signer("tests").public == key and keyring.trusted("tests") == (key,)
