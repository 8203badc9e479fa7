"""入库: ``[[matter]]`` rows of every module become matters and versions."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from quancheng.capabilities.services.models import Matter, MatterVersion
from quancheng.capabilities.services.publishing import publish_matter
from quancheng.capabilities.services.spec import digest_of, read_spec
from quancheng.kernel import registry
from quancheng.kernel.actions import Call

BESIDE = {"flow": "bpmn", "decisions": "dmn", "form": "form_json"}
"""Key of the file → attribute of the definition that holds the named file's text."""


@registry.syncer("matter")
def matter(module: registry.Module, row: Any, path: Path | None) -> str:
    """Publish one file; nothing is written when its content did not change."""
    if path is None:
        raise ValueError(f"{module.name}: a matter needs a file")
    content = load(path)
    if _published_before(content, module.name):
        return "unchanged"
    before = _current(str(content.get("code", "")))
    published = publish_matter(Call.system("services"), content=content, module=module.name)
    if before is None:
        return "created"
    return "unchanged" if published.current_id == before else "changed"


def _published_before(content: dict[str, Any], module: str) -> bool:
    """Whether this very content was published already: what authors published since then stays in force.

    A file set back to older content is not published again; roll back in the designer instead.
    """
    try:
        digest = digest_of(read_spec(content).model_dump(mode="json", exclude_none=True))
    except ValueError:
        return False  # publishing says what is wrong
    code = str(content.get("code", ""))
    return MatterVersion.objects.filter(matter__code=code, matter__module=module, digest=digest).exists()


def load(path: Path) -> dict[str, Any]:
    """The content of a matter file with the files it names beside it (``flow``, ``decisions``, ``form``).

    Raises ValueError naming a file that is not there.
    """
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    for key, attribute in BESIDE.items():
        if name := content.pop(key, ""):
            beside = path.parent / Path(str(name)).name
            if not beside.is_file():
                raise ValueError(
                    f"{path}: {key} 指向的文件不存在: {name}. The file {key} names is not there."
                )
            content[attribute] = beside.read_text(encoding="utf-8")
    return content


def _current(code: str) -> int | None:
    return Matter.objects.filter(code=code).values_list("current_id", flat=True).first()
