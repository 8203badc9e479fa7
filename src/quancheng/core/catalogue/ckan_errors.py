"""CKAN 应答: results and errors in the shape of CKAN's Action API v3.

``{"help", "success": true, "result"}`` or ``{"help", "success": false, "error": {"__type", …}}`` (CKAN 2.12
documentation, "API guide: making an API request"). A validation error lists messages by field, for
resources and tags as a list of such tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

from quancheng.core.catalogue.findings import Finding, Reason
from quancheng.core.catalogue.values import Resource

__all__ = ["CkanError", "CkanErrorType", "failure", "help_address", "success", "validation_error"]


class CkanErrorType(Enum):
    """CKAN's error types with their HTTP status and the beginning of their message."""

    VALIDATION = ("Validation Error", 409, "")
    NOT_FOUND = ("Not Found Error", 404, "Not found")
    NOT_AUTHORIZED = ("Authorization Error", 403, "Access denied")
    SEARCH_QUERY = ("Search Query Error", 400, "Search Query is invalid")
    SEARCH = ("Search Error", 409, "Search error")
    SEARCH_INDEX = ("Search Index Error", 500, "Unable to add package to search index")
    INTERNAL = ("Internal Server Error", 500, "Internal Server Error")

    @property
    def type(self) -> str:
        """The ``__type`` of the answer."""
        return self.value[0]

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.value[1]

    @property
    def opening(self) -> str:
        """What its message begins with; clients cut it off up to the first colon."""
        return self.value[2]


class CkanError(Exception):
    """An error to be answered as CKAN would (接口错误)."""

    def __init__(
        self, type: CkanErrorType, message: str = "", fields: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message or type.type)
        self.type = type
        self.message = message
        self.fields: dict[str, Any] = dict(fields or {})

    @property
    def status(self) -> int:
        """The HTTP status to answer with."""
        return self.type.status

    def to_dict(self) -> dict[str, Any]:
        """The ``error`` of the answer."""
        if self.type is CkanErrorType.VALIDATION:
            return {**self.fields, "__type": self.type.type}
        message = f"{self.type.opening}: {self.message}" if self.message else self.type.opening
        return {"message": message, "__type": self.type.type}


def help_address(base: str, action: str) -> str:
    """Where CKAN explains an action; ``base`` ends in "/"."""
    return f"{base}api/3/action/help_show?name={action}"


def success(result: Any, help: str) -> dict[str, Any]:
    """The answer to a call that worked."""
    return {"help": help, "success": True, "result": result}


def failure(error: CkanError, help: str) -> dict[str, Any]:
    """The answer to a call that did not, to be sent with :attr:`CkanError.status`."""
    return {"help": help, "success": False, "error": error.to_dict()}


_NAMES: dict[str, str] = {
    "name": "title",
    "abstract": "notes",
    "provider": "owner_org",
    "distributions": "resources",
    "keywords": "tags",
}
_DISTRIBUTION_NAMES: dict[str, str] = {"sha256": "hash", "kind": "resource_type", "modified": "last_modified"}


def validation_error(
    findings: Iterable[Finding], resource: Resource | None = None, language: str = "en"
) -> CkanError:
    """Findings as CKAN's validation error (校验错误), each at the field that a CKAN client knows.

    ``distributions[a].url`` becomes the list ``resources`` with one table per distribution, which
    needs the ``resource``; without it, or for a member that it has not, the message stands at the
    field itself.
    """
    fields: dict[str, Any] = {}
    for finding in findings:
        head, _, tail = finding.field.partition("[")
        top = head.partition(".")[0]
        message = "Missing value" if finding.reason is Reason.MISSING else finding.text.pick(language)
        key = _NAMES.get(top, top)
        place = _place(resource, tail.partition("]")[0]) if top == "distributions" and tail else None
        if place is not None and resource is not None and isinstance(fields.get(key, []), list):
            rows = fields.setdefault(key, [{} for _ in resource.distributions])
            part = tail.rpartition(".")[2]
            rows[place].setdefault(_DISTRIBUTION_NAMES.get(part, part), []).append(message)
        elif top == "items" and tail:
            fields.setdefault("items", []).append(f"{finding.field}: {message}")
        else:
            fields.setdefault(key, []).append(message)
    return CkanError(CkanErrorType.VALIDATION, fields=fields)


def _place(resource: Resource | None, member: str) -> int | None:
    known = [one.id for one in resource.distributions] if resource is not None else []
    return known.index(member) if member in known else None
