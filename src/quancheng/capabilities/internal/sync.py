"""事项发布: the definitions and models that ship with the module become versions, idempotently."""

from __future__ import annotations

from quancheng.capabilities.internal import actions, casework
from quancheng.capabilities.internal import spec as specs
from quancheng.kernel import registry
from quancheng.kernel.actions import Call


def sync() -> registry.SyncReport:
    """Publish what is new."""
    report = registry.SyncReport()
    for spec, bpmn in specs.files():
        last = casework.current_model(spec.code)
        content = spec.model_dump(mode="json", by_alias=True, exclude_none=True)
        if last is not None and last.digest == specs.digest_of(content, bpmn):
            report.note("unchanged", spec.code)
            continue
        actions.publish_item(Call.system("internal"), content=content, bpmn=bpmn)
        report.note("created" if last is None else "changed", spec.code)
    return report
