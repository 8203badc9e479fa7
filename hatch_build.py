"""Build hook: the wheel carries built front-end files and compiled catalogues."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class QuanchengBuildHook(BuildHookInterface[Any]):
    """Builds what git does not keep; an existing front-end build is packed as it is when npm is absent."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Run before files are collected; editable installs need neither."""
        if version == "editable":
            return
        root = Path(self.root)
        self._frontend(root)
        self._catalogues(root)

    def _frontend(self, root: Path) -> None:
        manifest = root / "src/quancheng/portal/static/portal/dist/manifest.json"
        if manifest.exists():
            return
        npm = shutil.which("npm")
        if npm is None or not (root / "frontend").is_dir():
            raise RuntimeError("no built front end and no npm: run `make frontend` first")
        for command in (["ci", "--ignore-scripts"], ["run", "build"]):
            subprocess.run([npm, *command], cwd=root / "frontend", check=True)

    def _catalogues(self, root: Path) -> None:
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po

        for source in sorted((root / "src").rglob("LC_MESSAGES/django.po")):
            with source.open("rb") as file:
                catalogue = read_po(file)
            with source.with_suffix(".mo").open("wb") as file:
                write_mo(file, catalogue)
