"""入库: ``[[matter]]`` rows of every module become matters and versions."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from quancheng.capabilities.services.models import Matter
from quancheng.capabilities.services.publishing import publish_matter
from quancheng.kernel import registry
from quancheng.kernel.actions import Call


@registry.syncer("matter")
def matter(module: registry.Module, row: Any, path: Path | None) -> str:
    """Publish one file; nothing is written when its content did not change."""
    if path is None:
        raise ValueError(f"{module.name}: a matter needs a file")
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    before = _current(str(content.get("code", "")))
    published = publish_matter(Call.system("services"), content=content, module=module.name)
    if before is None:
        return "created"
    return "unchanged" if published.current_id == before else "changed"


def _current(code: str) -> int | None:
    return Matter.objects.filter(code=code).values_list("current_id", flat=True).first()
