"""入库: every one-thing file of this module's resources becomes a published theme."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from quancheng.capabilities.onething.models import Theme
from quancheng.capabilities.onething.publishing import publish_theme
from quancheng.capabilities.onething.spec import digest_of
from quancheng.kernel.actions import Call
from quancheng.kernel.registry import SyncReport

FOLDER = Path(__file__).parent / "resources"


def sync() -> SyncReport:
    """Publish what is new or changed; idempotent. Other modules may call ``publish_theme`` with theirs."""
    report = SyncReport()
    for path in sorted(FOLDER.glob("*.toml")):
        if path.name == "parameters.toml":
            continue
        content = read_file(path)
        before = Theme.objects.select_related("current").filter(code=content["code"]).first()
        same = (
            before is not None and before.current is not None and before.current.digest == digest_of(content)
        )
        if not same:
            publish_theme(Call.system("onething"), content=content, module="onething")
        report.note(
            "unchanged" if same else "changed" if before else "created", f"onething {content['code']}"
        )
    return report


def read_file(path: Path) -> dict[str, Any]:
    """The content of a one-thing file with its questionnaire read in."""
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    if isinstance(content.get("questions"), str):
        content["questions"] = json.loads((path.parent / content["questions"]).read_text(encoding="utf-8"))
    return content
