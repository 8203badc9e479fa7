"""OGC API - Processes 1.0, Part 1: Core (OGC 18-062r2): the documents. No HTTP here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quancheng.capabilities.models.models import Task
from quancheng.capabilities.models.serving import Process
from quancheng.capabilities.models.values import JobStatus
from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput

ROOT = "/ogc/processes-1"
CLASSES = tuple(
    f"http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/{name}"
    for name in ("core", "ogc-process-description", "json", "job-list", "dismiss")
)
RELATION = "http://www.opengis.net/def/rel/ogc/1.0/"
EXCEPTION = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/"
_QUALIFIED = {"value", "mediaType", "encoding", "schema"}


@dataclass(frozen=True, slots=True)
class Execution:
    """A request to execute: checked as far as the standard goes."""

    inputs: dict[str, Any]
    outputs: tuple[str, ...]
    is_document: bool
    purpose: str


def link(href: str, rel: str, title: str = "", kind: str = "application/json") -> dict[str, str]:
    """A link object."""
    made = {"href": href, "rel": rel, "type": kind}
    return made | ({"title": title} if title else {})


def landing(base: str) -> dict[str, Any]:
    """/req/core/landingpage-success."""
    return {
        "title": "泉城算法平台 Quancheng algorithms",
        "description": "城市的算法和模型。 Algorithms and models of the city.",
        "links": [
            link(f"{base}/", "self"),
            link(f"{base.removesuffix(ROOT)}/api/v1/openapi.json", "service-desc", "OpenAPI", "application/vnd.oai.openapi+json;version=3.0"),
            link(f"{base.removesuffix(ROOT)}/open/algorithms/", "service-doc", "Documentation", "text/html"),
            link(f"{base}/conformance", f"{RELATION}conformance"),
            link(f"{base}/processes", f"{RELATION}processes"),
            link(f"{base}/jobs", f"{RELATION}job-list"),
        ],
    }  # fmt: skip


def summary(one: Process, base: str, language: str) -> dict[str, Any]:
    """/req/ogc-process-description/json-encoding: the summary."""
    return {
        "id": one.id,
        "version": one.algorithm.version,
        "title": one.algorithm.title.pick(language),
        "description": one.algorithm.summary.pick(language),
        "jobControlOptions": ["sync-execute", "async-execute", "dismiss"],
        "outputTransmission": ["value"],
        "links": [link(f"{base}/processes/{one.id}", "self")],
    }


def description(one: Process, base: str, language: str) -> dict[str, Any]:
    """/req/ogc-process-description/inputs-def and outputs-def."""
    whole = summary(one, base, language)
    whole["inputs"] = {
        name: {
            "title": name,
            "minOccurs": 0 if name in one.algorithm.optional else 1,
            "maxOccurs": 1,
            "schema": schema,
        }
        for name, schema in one.algorithm.inputs.items()
    }
    whole["outputs"] = {
        name: {"title": name, "schema": schema} for name, schema in one.algorithm.outputs.items()
    }
    if not one.algorithm.public:
        whole["additionalParameters"] = {"parameters": [{"name": "purpose", "value": [_PURPOSE]}]}
    whole["links"].append(link(f"{base}/processes/{one.id}/execution", f"{RELATION}execute"))
    return whole


_PURPOSE = "请求中须有 purpose 说明用途。 The request must say its purpose in the member purpose."


def read_execution(body: bytes, chosen: Process) -> Execution:
    """/req/core/process-execute-request. Raises InvalidInput."""
    try:
        said = json.loads(body or b"{}")
    except (ValueError, RecursionError) as wrong:
        text = Text("请求正文不是 JSON。", "The body is no JSON.")
        raise InvalidInput(text) from wrong
    if not isinstance(said, dict) or not isinstance(said.get("inputs", {}), dict):
        text = Text("inputs 应为对象。", "The member inputs must be an object.")
        raise InvalidInput(text, fields={"inputs": text})
    inputs = {
        str(name): _plain(str(name), value, chosen.algorithm.inputs.get(str(name), {}))
        for name, value in said.get("inputs", {}).items()
    }
    purpose = said.get("purpose", "")
    return Execution(
        inputs,
        _outputs(said.get("outputs"), chosen),
        said.get("response") == "document",
        purpose if isinstance(purpose, str) else "",
    )


def _plain(name: str, value: Any, schema: Mapping[str, Any]) -> Any:
    """A qualified value as its value; references are not followed."""
    if isinstance(value, dict) and schema.get("type") != "object":
        if "href" in value:
            text = Text("不接受引用，请内联给出。", "References are not followed; give the value itself.")
            raise InvalidInput(fields={name: text})
        if "value" in value and set(value) <= _QUALIFIED:
            return value["value"]
    return value


def _outputs(asked: Any, chosen: Process) -> tuple[str, ...]:
    known = tuple(chosen.algorithm.outputs)
    if not isinstance(asked, dict) or not asked:
        return known
    for name, wish in asked.items():
        if name not in known:
            text = Text("没有这个输出项。", "There is no such output.")
            raise InvalidInput(fields={str(name): text})
        if isinstance(wish, dict) and wish.get("transmissionMode", "value") != "value":
            text = Text("输出只能直接返回。", "Outputs are given by value only.")
            raise InvalidInput(fields={str(name): text})
    return tuple(name for name in known if name in asked)


def status_info(task: Task, base: str) -> dict[str, Any]:
    """/req/core/job-success: the status of a job."""
    here = f"{base}/jobs/{task.code}"
    times = {"created": task.created_at, "started": task.started_at, "finished": task.finished_at}
    made: dict[str, Any] = {
        "processID": task.process,
        "type": "process",
        "jobID": str(task.code),
        "status": task.status,
        **{name: at.isoformat() for name, at in times.items() if at is not None},
        "links": [link(here, "self")],
    }
    if task.message:
        made["message"] = task.message
    if task.status == str(JobStatus.SUCCESSFUL):
        made["links"].append(link(f"{here}/results", f"{RELATION}results"))
    return made


def multipart(outputs: Mapping[str, Any], names: Sequence[str], boundary: str) -> bytes:
    """/req/core/process-execute-sync-raw-value-multi: each output a part."""
    parts = [
        f"--{boundary}\r\nContent-Type: application/json\r\nContent-ID: {name}\r\n\r\n"
        f"{json.dumps(outputs.get(name), ensure_ascii=False)}\r\n"
        for name in names
    ]
    return ("".join(parts) + f"--{boundary}--\r\n").encode()
