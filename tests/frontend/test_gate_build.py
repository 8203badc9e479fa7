"""The library for gates that is committed is the one the sources make."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.frontend.peer import FRONTEND, NEEDS_NODE, NODE, PROJECT

pytestmark = NEEDS_NODE


def test_the_committed_library_is_a_fresh_build(tmp_path: Path) -> None:
    fresh = tmp_path / "qc1-gate.mjs"
    subprocess.run([NODE, "gate.mjs", fresh], cwd=FRONTEND, check=True)
    committed = PROJECT / "tools" / "gate" / "qc1-gate.mjs"
    assert committed.read_text("utf-8") == fresh.read_text("utf-8"), "run `npm run gate` in frontend/"
