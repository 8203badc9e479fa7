"""血缘: OpenLineage run events (spec 2-0-2) of collection runs, and edges read out of anybody's events. Pure.

Facets: schema, columnLineage, dataSource, outputStatistics, inputStatistics, errorMessage, documentation.
Sources: https://openlineage.io/spec/2-0-2/OpenLineage.json and the facets beside it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput

PRODUCER = "https://quancheng.example/collection"
SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
_FACETS = "https://openlineage.io/spec/facets/"
NAMESPACE = "quancheng"
KINDS = ("START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER")


@dataclass(frozen=True, slots=True)
class Facts:
    """What an event says of a run."""

    run_id: str
    kind: str
    at: datetime
    job: str
    title: str
    source: Mapping[str, str]
    table_id: str
    columns: Sequence[Mapping[str, Any]] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)
    """Source name → column."""
    counts: Mapping[str, int] = field(default_factory=dict)
    size: int = 0
    version: int | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """What was made from what, with target column → source columns."""

    source: str
    target: str
    columns: dict[str, list[str]]


def table_name(table_id: str) -> str:
    """How lineage calls a data table."""
    return f"{NAMESPACE}|tables/{table_id}"


def _facet(kind: str, version: str = "1-0-0", /, **members: Any) -> dict[str, Any]:
    return {"_producer": PRODUCER, "_schemaURL": f"{_FACETS}{version}/{kind}.json#/$defs/{kind}", **members}


def event(facts: Facts) -> dict[str, Any]:
    """One run event (运行事件)."""
    run: dict[str, Any] = {"runId": facts.run_id, "facets": {}}
    if facts.error:
        run["facets"]["errorMessage"] = _facet(
            "ErrorMessageRunFacet", "1-0-1", message=facts.error, programmingLanguage="Python"
        )
    return {
        "eventType": facts.kind,
        "eventTime": facts.at.isoformat(),
        "producer": PRODUCER,
        "schemaURL": SPEC,
        "run": run,
        "job": {
            "namespace": NAMESPACE,
            "name": f"collection.{facts.job}",
            "facets": {"documentation": _facet("DocumentationJobFacet", "1-0-1", description=facts.title)},
        },
        "inputs": [_input(facts)] if facts.source else [],
        "outputs": [_output(facts)] if facts.table_id else [],
    }


def _input(facts: Facts) -> dict[str, Any]:
    made: dict[str, Any] = {
        "namespace": facts.source["namespace"],
        "name": facts.source["name"],
        "facets": {
            "schema": _facet(
                "SchemaDatasetFacet", "1-1-1", fields=[{"name": name} for name in facts.mapping]
            ),
            "dataSource": _facet(
                "DatasourceDatasetFacet",
                "1-0-1",
                name=facts.source["namespace"],
                uri=_uri(facts.source["namespace"]),
            ),
        },
    }
    if facts.kind == "COMPLETE":
        made["inputFacets"] = {
            "inputStatistics": _facet(
                "InputStatisticsInputDatasetFacet",
                rowCount=facts.counts.get("rows_in", 0),
                size=facts.size,
                fileCount=1,
            )
        }
    return made


def _uri(namespace: str) -> str:
    """A namespace as the URI the facet wants; files and our own tables have none of their own."""
    return namespace if "://" in namespace else f"{namespace}:///"


def _output(facts: Facts) -> dict[str, Any]:
    fields = [
        {"name": one["name"], "type": one["kind"], "description": one.get("zh") or one["name"]}
        for one in facts.columns
    ]
    facets: dict[str, Any] = {"schema": _facet("SchemaDatasetFacet", "1-1-1", fields=fields)}
    if facts.source:
        facets["columnLineage"] = _facet(
            "ColumnLineageDatasetFacet", "1-2-0", fields={
                column: {"inputFields": [
                    {"namespace": facts.source["namespace"], "name": facts.source["name"], "field": source,
                     "transformations": [{"type": "DIRECT", "subtype": "IDENTITY", "description": "", "masking": False}]}
                ]}
                for source, column in facts.mapping.items()
            },
        )  # fmt: skip
    if facts.version is not None:
        facets["version"] = _facet("DatasetVersionDatasetFacet", "1-0-1", datasetVersion=str(facts.version))
    made: dict[str, Any] = {"namespace": NAMESPACE, "name": f"tables/{facts.table_id}", "facets": facets}
    if facts.kind == "COMPLETE":
        written = sum(facts.counts.get(name, 0) for name in ("inserted", "updated", "deleted"))
        made["outputFacets"] = {
            "outputStatistics": _facet("OutputStatisticsOutputDatasetFacet", "1-0-2", rowCount=written)
        }
    return made


def digest(body: Mapping[str, Any]) -> str:
    """What an event is known by: the same event sent twice is one."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def check(body: Any) -> dict[str, Any]:
    """An event from elsewhere, if it has what every run event must have. Raises InvalidInput by member."""
    wrong: dict[str, Text] = {}
    if not isinstance(body, dict) or not _storable(body):
        raise InvalidInput(
            Text("事件应为可保存的 JSON 对象。", "An event is a JSON object that can be stored.")
        )
    required = {"eventTime": str, "producer": str, "schemaURL": str, "run": dict, "job": dict}
    for name, kind in required.items():
        if not isinstance(body.get(name), kind):
            wrong[name] = Text("缺少或类型不对。", "Missing or of a wrong type.")
    if body.get("eventType") not in KINDS:
        wrong["eventType"] = Text(f"应为 {'、'.join(KINDS)} 之一。", f"One of {', '.join(KINDS)}.")
    if not wrong and not isinstance(body["job"].get("name"), str):
        wrong["job"] = Text("作业没有名称。", "The job has no name.")
    for side in ("inputs", "outputs"):
        rows = body.get(side, [])
        if not isinstance(rows, list) or not all(
            isinstance(one, dict)
            and isinstance(one.get("namespace"), str)
            and isinstance(one.get("name"), str)
            for one in rows
        ):
            wrong[side] = Text(
                "每个数据集要有 namespace 和 name。", "Each dataset has a namespace and a name."
            )
    if wrong:
        raise InvalidInput(fields=wrong)
    return body


def _storable(body: dict[str, Any]) -> bool:
    """No NUL and no NaN, which data bases refuse in JSON."""
    try:
        return "\\u0000" not in json.dumps(body, allow_nan=False)
    except (ValueError, RecursionError):
        return False


def edges(events: Sequence[Mapping[str, Any]]) -> list[Edge]:
    """Edges of one run from all its events together (合并): an event that says less takes nothing away."""
    inputs: dict[str, None] = {}
    outputs: dict[str, dict[str, dict[str, None]]] = {}
    for body in events:
        if body.get("eventType") in ("FAIL", "ABORT"):
            return []
        inputs.update(dict.fromkeys(_called(one) for one in body.get("inputs") or ()))
        for one in body.get("outputs") or ():
            columns = outputs.setdefault(_called(one), {})
            for column, origin in _column_lineage(one).items():
                columns.setdefault(column, {}).update(dict.fromkeys(origin))
    made = []
    for target, columns in outputs.items():
        for source in inputs:
            kept = {
                column: [one[1] for one in origins if one[0] == source] for column, origins in columns.items()
            }
            made.append(Edge(source, target, {column: names for column, names in kept.items() if names}))
    return made


def _called(dataset: Mapping[str, Any]) -> str:
    return f"{dataset['namespace']}|{dataset['name']}"[:400]


def _column_lineage(dataset: Mapping[str, Any]) -> dict[str, list[tuple[str, str]]]:
    fields = ((dataset.get("facets") or {}).get("columnLineage") or {}).get("fields") or {}
    found: dict[str, list[tuple[str, str]]] = {}
    for column, facts in fields.items() if isinstance(fields, dict) else ():
        origins = facts.get("inputFields") if isinstance(facts, dict) else None
        found[column] = [
            (_called(one), str(one.get("field", "")))
            for one in origins or ()
            if isinstance(one, dict) and "namespace" in one and "name" in one
        ]
    return found
