"""What many tests copy is made once, also when they ask at once; a failed making leaves nothing."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from quancheng.testing.prepared import once


def test_eight_who_ask_at_once_get_one(tmp_path: Path) -> None:
    made: list[Path] = []

    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "city").write_text("泉城")

    found: list[str] = []
    asking = [
        threading.Thread(target=lambda: found.append((once(tmp_path, "home", make) / "city").read_text()))
        for _ in range(8)
    ]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    assert found == ["泉城"] * 8
    assert made == [tmp_path / "home"]


def test_a_making_that_failed_is_tried_again_from_nothing(tmp_path: Path) -> None:
    def half(folder: Path) -> None:
        (folder / "half").touch()
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        once(tmp_path, "home", half)
    assert list(once(tmp_path, "home", lambda folder: (folder / "whole").touch()).iterdir()) == [
        tmp_path / "home" / "whole"
    ]
