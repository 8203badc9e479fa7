"""Outside cases (外部用例): published test data kept beside the repository, never in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_PROJECT = Path(__file__).resolve().parent.parent


def cases(name: str) -> Path:
    """Return the folder of a collection of outside cases, or skip the test and say why.

    Looked for in ``$QUANCHENG_CASES``, else in ``../shared/cases`` beside the project.
    """
    root = Path(os.environ.get("QUANCHENG_CASES") or _PROJECT.parent / "shared" / "cases")
    folder = root / name
    if not folder.is_dir():
        pytest.skip(f"outside cases {name!r} are not here ({folder}); set QUANCHENG_CASES")
    return folder
