"""网络机器人: reads the pages of systems that have no interface, by a recipe; every request is on record."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.message import Message
from typing import Any
from urllib.parse import urlencode, urlsplit

from lxml import html

from quancheng.capabilities.collection import config, recipe
from quancheng.capabilities.collection.connectors.base import Cursor, Delivered, Source, lines
from quancheng.capabilities.collection.connectors.http import with_params
from quancheng.capabilities.collection.connectors.http_client import Session
from quancheng.capabilities.collection.connectors.net import Permits
from quancheng.capabilities.collection.recipe import Recipe
from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput, PartnerFailed


class Robot:
    """A recipe over pages. settings: ``recipe`` (JSON, see :class:`Recipe`); secrets ``user`` and ``password``."""

    secrets = ("user", "password")

    def faults(self, settings: Mapping[str, Any]) -> dict[str, Text]:
        """As :class:`SourceKind`."""
        try:
            made = read_recipe(settings)
        except InvalidInput as wrong:
            return dict(wrong.fields)
        parts = urlsplit(made.start)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return {"recipe": Text("start 应为 http 或 https 地址。", "start is an http or https address.")}
        return {}

    @contextmanager
    def open(
        self, settings: Mapping[str, Any], secrets: Mapping[str, str], cursor: Cursor, permits: Permits
    ) -> Iterator[Delivered | None]:
        """As :class:`SourceKind`."""
        made = read_recipe(settings)
        seconds = config.seconds("FETCH_SECONDS", 1800)
        session = Session(permits, seconds, config.limits().bytes, pause=made.pause)
        parts = urlsplit(made.start)
        source = Source(f"{parts.scheme}://{parts.netloc}", parts.path.strip("/") or "/")
        yield Delivered("pages.ndjson", lines(_rows(session, made, secrets)), source, dict, session.trace)


def read_recipe(settings: Mapping[str, Any]) -> Recipe:
    """The recipe among the settings, as text or as data."""
    said = settings.get("recipe")
    try:
        return Recipe.of(json.loads(said) if isinstance(said, str) else said)
    except ValueError as error:
        raise InvalidInput(
            fields={"recipe": Text("配方不是有效的 JSON。", "The recipe is not valid JSON.")}
        ) from error


def _rows(session: Session, made: Recipe, secrets: Mapping[str, str]) -> Iterator[dict[str, str]]:
    page, address = _get(session, made.start)
    for step in made.steps:
        page, address = _step(session, step, page, address, secrets)
    if made.expect and not recipe.found(page, made.expect):
        raise PartnerFailed(
            Text(
                "页面上没有约定的内容，可能未登录成功或已改版。",
                "The page lacks what was agreed: signed out, or changed.",
            )
        )
    seen = {address}
    for _ in range(made.pages):
        yield from recipe.extract(page, made)
        following = recipe.link(page, made.next, address) if made.next else None
        if following is None or following in seen:
            return
        seen.add(following)
        page, address = _get(session, following)
    raise PartnerFailed(
        Text(
            f"超过 {made.pages} 页，未能读完。",
            f"There are more than {made.pages} pages; it was not read to the end.",
        )
    )


def _step(
    session: Session,
    step: Mapping[str, Any],
    page: html.HtmlElement,
    address: str,
    secrets: Mapping[str, str],
) -> tuple[html.HtmlElement, str]:
    if "open" in step:
        return _get(session, recipe.urljoin(address, str(step["open"])))
    if "follow" in step:
        target = recipe.link(page, str(step["follow"]), address)
        if target is None:
            raise PartnerFailed(
                Text(
                    f"页面上没有链接 {str(step['follow'])[:60]}。",
                    f"There is no link {str(step['follow'])[:60]}.",
                )
            )
        return _get(session, target)
    sent = recipe.submission(page, str(step["submit"]), step.get("fields", {}), address, secrets)
    if sent.method == "GET":
        return _get(session, with_params(sent.url, dict(sent.fields)))
    body = urlencode(sent.fields).encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return _read(session, "POST", sent.url, kind, body)


def _get(session: Session, url: str) -> tuple[html.HtmlElement, str]:
    return _read(session, "GET", url, {}, None)


def _read(
    session: Session, method: str, url: str, headers: Mapping[str, str], body: bytes | None
) -> tuple[html.HtmlElement, str]:
    answer = session.request(method, url, headers={"Accept": "text/html", **headers}, body=body).good()
    kind = Message()
    kind["Content-Type"] = answer.headers.get("Content-Type") or "text/html"
    content = answer.read()
    return recipe.page_of(content, str(kind.get_param("charset") or "")), answer.url
