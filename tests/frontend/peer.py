"""The front end's library in Node: built from its sources, asked by JSON lines."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[2]
FRONTEND = PROJECT / "frontend"
ESBUILD = FRONTEND / "node_modules" / ".bin" / "esbuild"
NODE = shutil.which("node") or ""
NEEDS_NODE = pytest.mark.skipif(
    not NODE or not ESBUILD.exists(), reason="needs Node and `npm ci` in frontend/"
)


class Refused(Exception):
    """The library said: this is not what it should be."""


class Peer:
    """One Node process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, ask: str, **more: Any) -> Any:
        """What the library says. Raises Refused."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps({"ask": ask, **more}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "refused" in answer:
            raise Refused(answer["refused"])
        assert "broke" not in answer, answer["broke"]
        return answer.get("said")


def built(source: Path, folder: Path) -> Path:
    """A TypeScript file as one module for Node."""
    out = folder / f"{source.stem}.mjs"
    subprocess.run(
        [ESBUILD, source, "--bundle", "--platform=node", "--format=esm", "--target=node20",
         f"--outfile={out}", "--log-level=warning"],
        check=True, cwd=FRONTEND,
    )  # fmt: skip
    return out


@contextmanager
def peer(folder: Path) -> Iterator[Peer]:
    """The library, answering."""
    script = built(Path(__file__).with_name("qc1_peer.ts"), folder)
    process = subprocess.Popen([NODE, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        yield Peer(process)
        assert process.stdin
        process.stdin.close()
        process.wait(10)
