"""请求与应答: a request of the protocol without HTTP around it, so that ``$batch`` can carry many."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, unquote_plus, urlsplit

from quancheng.core.sensorthings.faults import BadQuery
from quancheng.core.text import Text
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import QuanchengError

ROOT = "/sta/v1.1"
VERSION = "v1.1"


@dataclass(frozen=True, slots=True)
class Request:
    """One request below the service root."""

    method: str
    path: str
    query: str
    """Query string as it came, encoded."""
    body: bytes
    headers: Mapping[str, str]
    """Lower-case names."""
    actor: Actor
    root: str
    """The service's address without a slash at the end."""
    key: str | None = None
    request_id: str = ""

    @property
    def content_type(self) -> str:
        """Media type of the body without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def pairs(self) -> list[tuple[str, str]]:
        """Query options, decoded. Raises BadQuery."""
        return split_query(self.query)


@dataclass(slots=True)
class Reply:
    """An answer: ``body`` is JSON unless ``text`` is set."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    text: str | None = None


def split_query(query: str) -> list[tuple[str, str]]:
    """Names and values of a query string; a plus is a space. Raises BadQuery."""
    found = []
    for part in query.split("&"):
        if part:
            name, mark, value = part.partition("=")
            if not mark:
                raise BadQuery(f"选项缺少等号：{part[:60]}", f"Option without '=': {part[:60]}")
            try:
                found.append((unquote_plus(name, errors="strict"), unquote_plus(value, errors="strict")))
            except UnicodeDecodeError as bad:
                raise BadQuery("网址不是UTF-8编码。", "The address is not UTF-8.") from bad
    return found


_BEFORE = re.compile(r"/?(?:[\w.-]+/)*?v1\.1(?:/|$)")


def below_root(url: str) -> tuple[str, str]:
    """Path (decoded) and query (encoded) of a relative, absolute-path or absolute address of the service.

    Another host's address counts as ours: behind a proxy the service goes by several names.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return url, ""
    path = unquote(parts.path)
    path = path[len(ROOT) :] if path.startswith(f"{ROOT}/") else _BEFORE.sub("", path, count=1)
    return path.lstrip("/"), parts.query


class Refused(QuanchengError):
    """A refusal with a status of the protocol's own choosing."""

    code = "sensorthings-refused"

    def __init__(
        self, status: int = 400, zh: str = "请求无法处理。", en: str = "The request cannot be handled."
    ) -> None:
        self.status = status
        super().__init__(Text(zh, en))


def bad(zh: str, en: str) -> Refused:
    """400: the request does not make sense."""
    return Refused(400, zh, en)


def missing(zh: str = "没有这个实体。", en: str = "There is no such entity.") -> Refused:
    """404."""
    return Refused(404, zh, en)


def error_body(status: int, text: Text) -> dict[str, Any]:
    """The protocol's form of an error, with our two languages."""
    return {"code": status, "type": "error", "message": text.en, "detail": text.to_dict()}
