"""目录问题: what is wrong with an entry, where, why and in two languages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from quancheng.core.catalogue.terms import Severity
from quancheng.core.text import Text

__all__ = ["CatalogueError", "Finding", "Reason", "errors_of"]


class Reason(Enum):
    """Why a value is refused or doubted (问题类型)."""

    MISSING = "missing"
    MALFORMED = "malformed"
    TOO_LONG = "too_long"
    UNPRINTABLE = "unprintable"
    UNKNOWN = "unknown"
    UNKNOWN_KEY = "unknown_key"
    DUPLICATE = "duplicate"
    UNNEEDED = "unneeded"
    LOOSER_THAN_RESOURCE = "looser_than_resource"
    ABOVE_RESOURCE_LEVEL = "above_resource_level"
    NOTHING_SHARED = "nothing_shared"
    NOTHING_OPEN = "nothing_open"
    OPEN_BUT_NOT_SHARED = "open_but_not_shared"
    LEVEL_FORBIDS = "level_forbids"
    PERSONAL_OPEN = "personal_open"
    DATE_ORDER = "date_order"
    SELF_REFERENCE = "self_reference"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong (一处问题).

    ``resource`` is the entry's code ("" for the whole request), ``field`` a path such as
    ``items[id_no].share``.
    """

    resource: str
    field: str
    reason: Reason
    text: Text
    severity: Severity = Severity.ERROR


def errors_of(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Only the findings that stop publication (仅错误)."""
    return tuple(finding for finding in findings if finding.severity is Severity.ERROR)


class CatalogueError(ValueError):
    """Input refused as a whole (目录数据有误); ``findings`` has every reason, at least one."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("; ".join(f"{item.field}: {item.text.en}" for item in self.findings))

    @property
    def text(self) -> Text:
        """All reasons in one sentence each (全部原因)."""
        return Text(
            "".join(item.text.zh for item in self.findings),
            " ".join(item.text.en for item in self.findings),
        )
