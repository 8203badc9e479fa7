"""HTTP 接口: a file behind an address, or records page by page (four styles of paging)."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from quancheng.capabilities.collection import config
from quancheng.capabilities.collection.connectors.base import Cursor, Delivered, Source, lines, missing
from quancheng.capabilities.collection.connectors.http_client import Session
from quancheng.capabilities.collection.connectors.net import Permits
from quancheng.core.text import Text
from quancheng.kernel.errors import PartnerFailed

PAGINGS = ("none", "page", "offset", "cursor", "link")
AUTHS = ("none", "bearer", "header", "basic", "query")
PAGES = 20_000
_NEXT = re.compile(r'<([^>]+)>\s*;[^,]*rel="?next"?')


class Http:
    """An address that gives a file, or JSON in pages.

    settings: ``url``; ``auth`` none bearer header basic query with ``auth_name`` (header, parameter or
    user); ``paging`` none page offset cursor link with ``page_param size_param page_size first_page``;
    ``items`` dotted member that holds the records, ``next`` dotted member with the next cursor;
    ``since_param``: parameter that gets the last watermark, ``watermark`` the column it comes from.
    """

    secrets = ("token",)

    def faults(self, settings: Mapping[str, Any]) -> dict[str, Text]:
        """As :class:`SourceKind`."""
        wrong = missing(settings, "url")
        parts = urlsplit(str(settings.get("url", "")))
        if "url" not in wrong and (
            parts.scheme not in ("http", "https") or not parts.hostname or parts.username
        ):
            wrong["url"] = Text(
                "请填写 http 或 https 地址，不带用户名。", "An http or https address without a user."
            )
        if settings.get("paging", "none") not in PAGINGS:
            wrong["paging"] = Text("没有这种分页方式。", "There is no such paging.")
        if settings.get("auth", "none") not in AUTHS:
            wrong["auth"] = Text("没有这种认证方式。", "There is no such authentication.")
        if settings.get("auth") in ("header", "basic", "query") and not settings.get("auth_name"):
            wrong["auth_name"] = Text("请填写名称。", "Please name it.")
        if settings.get("paging") == "cursor" and not (settings.get("next") and settings.get("page_param")):
            wrong["next"] = Text(
                "游标分页要写明游标所在成员和参数名。", "Name the cursor's member and parameter."
            )
        return wrong

    @contextmanager
    def open(
        self, settings: Mapping[str, Any], secrets: Mapping[str, str], cursor: Cursor, permits: Permits
    ) -> Iterator[Delivered | None]:
        """As :class:`SourceKind`; 304 Not Modified is nothing new."""
        session = Session(permits, config.seconds("FETCH_SECONDS", 1800), config.limits().bytes)
        url, headers = _signed(settings, secrets, cursor)
        parts = urlsplit(str(settings["url"]))
        source = Source(f"{parts.scheme}://{parts.netloc}", parts.path.strip("/") or "/")
        if settings.get("paging", "none") != "none":
            kept = dict(cursor)
            rows = _pages(session, settings, url, headers)
            marked = _marked(rows, str(settings.get("watermark", "")), kept)
            yield Delivered("records.ndjson", lines(marked), source, lambda: kept, session.trace)
            return
        for name, ours in (("If-None-Match", "etag"), ("If-Modified-Since", "modified")):
            if cursor.get(ours):
                headers[name] = str(cursor[ours])
        answer = session.request("GET", url, headers=headers)
        if answer.status == 304:
            answer.close()
            yield None
            return
        answer.good()
        new = {
            "etag": answer.headers.get("ETag") or "",
            "modified": answer.headers.get("Last-Modified") or "",
        }
        name = parts.path.rpartition("/")[2] or "delivery"
        try:
            yield Delivered(name, answer.pieces(), source, lambda: new, session.trace)
        finally:
            answer.close()


def _signed(
    settings: Mapping[str, Any], secrets: Mapping[str, str], cursor: Cursor
) -> tuple[str, dict[str, str]]:
    url, headers = str(settings["url"]), {"Accept": "*/*"}
    kind, name, token = (
        settings.get("auth", "none"),
        str(settings.get("auth_name", "")),
        secrets.get("token", ""),
    )
    if kind == "bearer":
        headers["Authorization"] = f"Bearer {token}"
    elif kind == "header":
        headers[name] = token
    elif kind == "basic":
        headers["Authorization"] = "Basic " + base64.b64encode(f"{name}:{token}".encode()).decode()
    elif kind == "query":
        url = with_params(url, {name: token})
    if settings.get("since_param") and cursor.get("watermark"):
        url = with_params(url, {str(settings["since_param"]): str(cursor["watermark"])})
    return url, headers


def with_params(url: str, params: Mapping[str, str]) -> str:
    """The address with parameters set, replacing those of the same name."""
    parts = urlsplit(url)
    kept = [
        (name, word) for name, word in parse_qsl(parts.query, keep_blank_values=True) if name not in params
    ]
    return urlunsplit(parts._replace(query=urlencode([*kept, *params.items()])))


def _pages(
    session: Session, settings: Mapping[str, Any], url: str, headers: Mapping[str, str]
) -> Iterator[Mapping[str, Any]]:
    style, size = settings["paging"], int(settings.get("page_size") or 100)
    number = int(settings["first_page"]) if str(settings.get("first_page", "")).isdecimal() else 1
    param, taken = str(settings.get("page_param") or {"offset": "offset"}.get(style, "page")), 0
    address = url
    for _ in range(PAGES):
        params = {str(settings["size_param"]): str(size)} if settings.get("size_param") else {}
        if style == "page":
            params[param] = str(number)
        elif style == "offset":
            params[param] = str(taken)
        answer = session.request("GET", with_params(address, params) if params else address, headers=headers)
        link = _NEXT.search(answer.good().headers.get("Link") or "")
        document = _json(answer.read())
        items = member(document, str(settings.get("items", "")))
        if not isinstance(items, list):
            raise PartnerFailed(
                Text("应答中没有约定的记录列表。", "The answer has no list of records as agreed.")
            )
        yield from (one for one in items if isinstance(one, dict))
        taken, number = taken + len(items), number + 1
        if style in ("page", "offset"):
            if not items or (settings.get("size_param") and len(items) < size):
                return
        elif style == "cursor":
            following = member(document, str(settings["next"]))
            if not following:
                return
            address = with_params(url, {param: str(following)})
        else:
            if link is None:
                return
            address = urljoin(address, link.group(1))
    raise PartnerFailed(Text("页数过多，可能没有尽头。", "There are too many pages; they may have no end."))


def _json(body: bytes) -> Any:
    try:
        return json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise PartnerFailed(Text("应答不是有效的 JSON。", "The answer is not valid JSON.")) from error


def member(document: Any, path: str) -> Any:
    """The member under a dotted path; ``None`` where there is none; the document itself for an empty path."""
    for name in path.split(".") if path else ():
        document = document.get(name) if isinstance(document, dict) else None
    return document


def _marked(
    rows: Iterator[Mapping[str, Any]], column: str, kept: dict[str, Any]
) -> Iterator[Mapping[str, Any]]:
    """Rows as they are, keeping the highest watermark seen (texts that sort, such as ISO times)."""
    for row in rows:
        mark = row.get(column) if column else None
        if mark is not None and str(mark) > str(kept.get("watermark", "")):
            kept["watermark"] = str(mark)
        yield row
