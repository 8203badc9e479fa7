"""入库: the shipped articles and canned answers become rows; what editors changed since is left alone."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from quancheng.capabilities.guide.actions import publish_article, save_canned
from quancheng.capabilities.guide.models import Article, CannedAnswer
from quancheng.kernel.actions import Call
from quancheng.kernel.registry import SyncReport

FOLDER = Path(__file__).parent / "resources"


def sync() -> SyncReport:
    """Publish articles of ``knowledge.toml`` and the first canned answers; idempotent."""
    report, call = SyncReport(), Call.system("guide")
    for row in _read("knowledge")["article"]:
        before = Article.objects.filter(code=row["code"]).select_related("current").first()
        if before is not None and before.current is not None and before.current.published_by_id is not None:
            report.note("unchanged", f"article {row['code']}")
            continue
        earlier = before.current_id if before else None
        after = publish_article(call, content=row)
        outcome = "created" if before is None else "unchanged" if after.current_id == earlier else "changed"
        report.note(outcome, f"article {row['code']}")
    known = set(CannedAnswer.objects.values_list("code", flat=True))
    for row in _read("canned")["canned"]:
        if row["code"] not in known:
            save_canned(call, **row)
        report.note("unchanged" if row["code"] in known else "created", f"canned {row['code']}")
    return report


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
