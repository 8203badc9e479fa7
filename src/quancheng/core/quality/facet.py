"""OpenLineage 数据质量刻面: findings and profiles as the facets that lineage tools read (no values, only counts)."""

from __future__ import annotations

from quancheng.core.quality.language.typing import Sort
from quancheng.core.quality.model import Severity
from quancheng.core.quality.outcome import Findings
from quancheng.core.quality.profile import Profile

__all__ = ["assertions_facet", "metrics_facet"]

_SPEC = "https://openlineage.io/spec/facets"
ASSERTIONS = f"{_SPEC}/1-0-1/DataQualityAssertionsDatasetFacet.json#/$defs/DataQualityAssertionsDatasetFacet"
METRICS = f"{_SPEC}/1-0-0/DataQualityMetricsDatasetFacet.json#/$defs/DataQualityMetricsDatasetFacet"


def assertions_facet(findings: Findings, producer: str) -> dict[str, object]:
    """Facet ``dataQualityAssertions`` of an input dataset (规则结果刻面).

    OpenLineage, DataQualityAssertionsDatasetFacet 1-0-1: ``assertion``, ``success``, and ``column`` where
    a rule looks at one alone; ``severity`` and ``failures`` as later revisions name them, which the earlier
    ones allow. ``producer`` is a URI.
    """
    found = []
    for each in findings.outcomes:
        entry: dict[str, object] = {
            "assertion": str(each.rule.kind),
            "success": each.passed,
            "severity": "error" if each.rule.severity is Severity.ERROR else "warn",
            "failures": each.failed,
        }
        if len(each.rule.columns) == 1:
            entry["column"] = each.rule.columns[0]
        found.append(entry)
    return {"_producer": producer, "_schemaURL": ASSERTIONS, "assertions": found}


def metrics_facet(profile: Profile, producer: str) -> dict[str, object]:
    """Facet ``dataQualityMetrics`` of a dataset (概况刻面): DataQualityMetricsDatasetFacet 1-0-0.

    ``min`` and ``max`` are numbers there, so other columns have none.
    """
    columns: dict[str, object] = {}
    for each in profile.columns:
        entry: dict[str, object] = {"nullCount": each.missing, "count": profile.rows - each.missing}
        if each.distinct is not None:
            entry["distinctCount"] = each.distinct
        for name, value in (("min", each.least), ("max", each.most)):
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if number and each.sort is not Sort.TEXT:  # of a text they are lengths
                entry[name] = value
        columns[each.name] = entry
    return {
        "_producer": producer,
        "_schemaURL": METRICS,
        "rowCount": profile.rows,
        "columnMetrics": columns,
    }
