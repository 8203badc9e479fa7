"""Values that other modules speak in about matters 事项: definitions, faults, exported files, table inputs.

Re-exports only; the designer (设计器) reads, judges and tries definitions with what publishing itself uses.
"""

from __future__ import annotations

import json
from typing import Any

from quancheng.capabilities.services.checking import (
    Facts,
    FileFact,
    Finding,
    Outcome,
    Subject,
    run_checks,
    worst,
)
from quancheng.capabilities.services.checks import CHECKS
from quancheng.capabilities.services.definitions import _converted, definition_of
from quancheng.capabilities.services.elements import HANDLING, ISSUERS, KINDS, LEVELS
from quancheng.capabilities.services.exchange import MAX_BYTES, export_matter, export_zip, import_matter
from quancheng.capabilities.services.flow import State
from quancheng.capabilities.services.linting import Fault, faults
from quancheng.capabilities.services.running import MESSAGES, OUTCOMES, SERVICES, STANDARD, program_of_text
from quancheng.capabilities.services.spec import MatterSpec, Rung, digest_of, read_spec
from quancheng.capabilities.services.tables import applicant_values, evaluate, inputs
from quancheng.capabilities.services.timing import add_working_days

__all__ = [
    "CHECKS",
    "HANDLING",
    "ISSUERS",
    "KINDS",
    "LEVELS",
    "MAX_BYTES",
    "MESSAGES",
    "OUTCOMES",
    "SERVICES",
    "Facts",
    "Fault",
    "FileFact",
    "Finding",
    "MatterSpec",
    "Outcome",
    "Rung",
    "State",
    "Subject",
    "add_working_days",
    "applicant_values",
    "definition_of",
    "digest_of",
    "evaluate",
    "export_matter",
    "export_zip",
    "faults",
    "form_source",
    "import_matter",
    "inputs",
    "program_of_text",
    "read_spec",
    "run_checks",
    "standard_process",
    "worst",
]  # fmt: skip


def form_source(spec: MatterSpec) -> dict[str, Any]:
    """The form of a matter as an author edits it: its form file, or its ``field`` rows as one."""
    found: dict[str, Any] = json.loads(spec.form_json) if spec.form_json else _converted(spec)
    return found


def standard_process() -> str:
    """The process of matters that bring none, as BPMN text."""
    return STANDARD.read_text(encoding="utf-8")
