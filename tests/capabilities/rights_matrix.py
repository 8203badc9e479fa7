"""权限矩阵: who gets what from every GET address of the data base's modules, on a small city.

``look()`` runs inside the product (``Product.ask``); ``python -m tests.capabilities.rights_matrix HOME``
prints the table for ``tests/capabilities/governance/rights.toml`` from a copy of the city in HOME.
"""

from __future__ import annotations

import html
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MODULES = (
    "tables", "catalogue", "collection", "quality", "exchange",
    "cascade", "masters", "ledgers", "opening", "governance",
)  # fmt: skip
WHO = {
    "stranger": "",
    "citizen": "citizen-young",
    "other": "fund-officer",
    "town": "clerk-town",
    "owner": "officer-civil",
    "bureau": "data-officer",
}
"""Column of the table → demo identity; ``other`` is an official with no role in any of the modules."""

LISTS = {
    "tables/": ("tables.DataTable", "table_id", "table_id"),
    "catalogue/entries": ("catalogue.Entry", "code", "code"),
    "catalogue/demands": ("catalogue.Demand", "number", "number"),
    "collection/feeds": ("collection.Feed", "code", "code"),
    "collection/runs": ("collection.Run", "id", "id"),
    "quality/tables": ("quality.Sheet", "table", "table_id"),
    "quality/issues": ("quality.Issue", "number", "number"),
    "exchange/requests": ("exchange.ShareRequest", "number", "number"),
    "exchange/grants": ("exchange.Grant", "number", "number"),
    "exchange/exchanges": ("exchange.Exchange", "id", "id"),
    "cascade/neighbours": ("cascade.Neighbour", "code", "code"),
    "cascade/corrections": ("cascade.Wish", "id", "id"),
    "masters/masters": ("masters.Master", "code", "code"),
    "ledgers/books/": ("ledgers.Book", "code", "code"),
    "opening/datasets": ("opening.Dataset", "name", "name"),
}
"""List below /api/v1/ → (guarded model, key in the answer, field of the model)."""
PUBLIC = {"catalogue/entries", "opening/datasets"}

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
LINK = re.compile(r'(?:href|src|hx-get|data-href)="(/[^"#?]*)')


def patterns() -> Iterator[tuple[str, str]]:
    """(module, pattern such as ``/work/quality/<int:pk>/``) of every address of the modules."""
    from django.urls import URLPattern, get_resolver

    def walk(entries: Any, prefix: str) -> Iterator[tuple[str, URLPattern]]:
        for entry in entries:
            route = prefix + str(entry.pattern)
            if isinstance(entry, URLPattern):
                yield route, entry
            else:
                yield from walk(entry.url_patterns, route)

    for route, entry in walk(get_resolver().url_patterns, "/"):
        api = re.match(r"/api/v1/(\w+)/", route)
        dotted = re.match(r"quancheng\.capabilities\.(\w+)\.", getattr(entry.callback, "__module__", ""))
        found = api or dotted
        if found and found[1] in MODULES:
            yield found[1], route


def look() -> dict[str, Any]:
    """``statuses``: pattern → who → status; ``lists``: list → who → seen and visible keys."""
    from django.conf import settings

    settings.ALLOWED_HOSTS = ["*"]
    clients = {who: _client(key) for who, key in WHO.items()}
    every = dict.fromkeys(patterns())
    urls = _filled(list(every), clients)
    statuses = {}
    for route, url in sorted(urls.items()):
        row = {who: client.get(url).status_code for who, client in clients.items()}
        if 200 in row.values():  # else the address was filled with a row nobody has, and says nothing
            statuses[route] = row
    unfilled = sorted(route for _, route in every if route not in statuses)
    return {"statuses": statuses, "lists": _lists(clients), "unfilled": unfilled}


def _client(key: str) -> Any:
    from django.test import Client

    client = Client(raise_request_exception=False)
    if key:
        answer = client.post("/demo/sign-in/", {"key": key})
        if answer.status_code != 302:
            raise RuntimeError(f"signing in as {key}: {answer.status_code}")
    return client


def _filled(every: list[tuple[str, str]], clients: dict[str, Any]) -> dict[str, str]:
    """Pattern → address: parameters from the links and lists the owner sees, then the bureau, then the town."""
    urls = {route: route for _, route in every if "<" not in route and "^" not in route}
    known = {route for _, route in every}
    firsts: dict[str, dict[str, Any]] = {}
    waiting, read = list(urls.values()), set()
    while waiting:
        url = waiting.pop(0)
        if url in read:
            continue
        read.add(url)
        for answer in _answers(url, clients):
            if "json" in answer.headers.get("Content-Type", ""):
                first = next(iter(_items(answer.json())), None)
                if isinstance(first, dict):
                    firsts.setdefault(url.rstrip("/"), first)
                continue
            for route, link in _links(answer.content.decode(errors="replace")):
                if route in known and route not in urls:
                    urls[route] = link
                    waiting.append(link)
    for _, route in every:
        if route not in urls and (url := _from_list(route, firsts)):
            urls[route] = url
    return urls


def _answers(url: str, clients: dict[str, Any]) -> Iterator[Any]:
    """What the owner, the bureau and the town get there, where they get something."""
    for who in ("owner", "bureau", "town"):
        answer = clients[who].get(url)
        if not answer.streaming and answer.status_code == 200:
            yield answer


def _links(page: str) -> Iterator[tuple[str, str]]:
    """Addresses of ours that a page leads to, with their patterns."""
    from django.urls import Resolver404, resolve

    for link in map(html.unescape, LINK.findall(page)):
        try:
            yield "/" + resolve(link).route, link
        except Resolver404:
            continue


def _from_list(route: str, firsts: dict[str, dict[str, Any]]) -> str:
    """An API address with one parameter, filled from the first row of the list above it."""
    names = PARAMETER.findall(route)
    if len(names) != 1 or not route.startswith("/api/"):
        return ""
    first = firsts.get(route[: route.index("<")].rstrip("/"), {})
    for name in (names[0], "code", "number", "table_id", "table", "id", "pk", "name"):
        if name in first:
            return PARAMETER.sub(str(first[name]).replace("\\", ""), route)
    return ""


def _items(said: Any) -> list[Any]:
    if isinstance(said, list):
        return said
    lists = [value for value in said.values() if isinstance(value, list)] if isinstance(said, dict) else []
    return said["items"] if isinstance(said, dict) and "items" in said else (lists[0] if lists else [])


def _lists(clients: dict[str, Any]) -> dict[str, dict[str, Any]]:
    from django.apps import apps

    from quancheng.kernel import access

    found: dict[str, dict[str, Any]] = {}
    for path, (label, key, field) in LISTS.items():
        model = apps.get_model(label)
        for who, client in clients.items():
            answer = client.get(f"/api/v1/{path}")
            seen = [str(row[key]) for row in _items(answer.json())] if answer.status_code == 200 else []
            rows = access.visible(answer.wsgi_request.actor, model).values_list(field, flat=True)
            found.setdefault(path, {})[who] = {
                "status": answer.status_code, "seen": seen, "visible": sorted({str(one) for one in rows}),
            }  # fmt: skip
    return found


def ask(city: Path, work: Path) -> dict[str, Any]:
    """What ``look`` finds in a copy of ``city`` made in ``work``."""
    from quancheng.testing.product import Product

    home = work / "rights-city"
    shutil.copytree(city, home)
    root = str(Path(__file__).parents[2])
    code = f"import sys; sys.path.insert(0, {root!r})\nfrom tests.capabilities.rights_matrix import look\nanswer = look()"
    found: dict[str, Any] = Product(home, QUANCHENG_SQLITE_SYNCHRONOUS="OFF").ask(code)
    return found


def toml(statuses: dict[str, dict[str, int]]) -> str:
    """The committed table: one line an address, statuses in the order of WHO."""
    head = (
        "# Status of GET, by address: " + ", ".join(WHO) + "\n"
        "# Made by: QUANCHENG_RIGHTS=write pytest tests/capabilities/governance/test_rights_matrix.py\n"
        "# READ the difference before committing: a 200 more is somebody who sees more.\n[statuses]\n"
    )
    lines = [f'"{route}" = [{", ".join(str(row[who]) for who in WHO)}]' for route, row in statuses.items()]
    return head + "\n".join(lines) + "\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        result = ask(Path(sys.argv[1]), Path(folder))
        sys.stdout.write(toml(result["statuses"]))
        for path, by in result["lists"].items():
            told = {who: (one["status"], len(one["seen"]), len(one["visible"])) for who, one in by.items()}
            sys.stderr.write(f"{path} {told}\n")
        sys.stderr.write("unfilled: " + " ".join(result["unfilled"]) + "\n")
