"""目录采集客户端: datasets of a CKAN portal (Action API v3) or of a DCAT feed (JSON-LD, data.json), page by page.

Each dataset becomes one flat description in a fixed form; the portal's own id is its name for ever.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import httpx

__all__ = ["Dataset", "HarvestFailed", "Page", "fetch_ckan", "fetch_dcat"]

MAX_BYTES = 32 * 1024 * 1024
_SECONDS = 30.0
ROWS = 200


class HarvestFailed(RuntimeError):
    """The portal does not answer, or answers something else than it should."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """One dataset as described by its portal (外部数据集)."""

    key: str
    title: str
    text: str = ""
    publisher: str = ""
    modified: str = ""
    licence: str = ""
    page: str = ""
    files: tuple[tuple[str, str, str], ...] = ()
    """Title, format, address."""

    def body(self) -> str:
        """Canonical JSON."""
        value = {
            "title": self.title, "text": self.text, "publisher": self.publisher, "modified": self.modified,
            "licence": self.licence, "page": self.page, "files": [list(one) for one in self.files],
        }  # fmt: skip
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    def digest(self) -> str:
        """SHA-256 of the body, hex."""
        return hashlib.sha256(self.body().encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Page:
    """Datasets of one page, how many the portal says it has, and where to go on (None: done)."""

    datasets: tuple[Dataset, ...]
    refused: int
    total: int | None
    next: str | None


def fetch_ckan(address: str, place: str | None) -> Page:
    """A page of ``package_search``; ``place`` is the offset. Raises HarvestFailed."""
    start = int(place or 0)
    asked = urlencode({"q": "*:*", "rows": ROWS, "start": start, "sort": "id asc"})
    found = _get(f"{address.rstrip('/')}/api/3/action/package_search?{asked}")
    result = found.get("result") if isinstance(found, dict) and found.get("success") is True else None
    if not isinstance(result, dict) or not isinstance(result.get("results"), list):
        raise HarvestFailed("package_search gave no results")
    total = result.get("count")
    if not isinstance(total, int) or isinstance(total, bool) or total < 0:
        raise HarvestFailed("package_search gave no count")
    raw = result["results"]
    datasets, refused = _read(raw, _ckan)
    after = start + len(raw)
    return Page(datasets, refused, total, str(after) if raw and after < total else None)


def _ckan(raw: Mapping[str, Any]) -> Dataset:
    organ = raw.get("organization")
    return Dataset(
        key=_text(raw["id"]), title=_text(raw.get("title") or raw["name"]), text=_text(raw.get("notes")),
        publisher=_text(organ.get("title") or organ.get("name")) if isinstance(organ, dict) else "",
        modified=_text(raw.get("metadata_modified")), licence=_text(raw.get("license_id")),
        page=_text(raw.get("url")),
        files=tuple(
            (_text(one.get("name")), _text(one.get("format")), _text(one.get("url")))
            for one in raw.get("resources") or ()
        ),
    )  # fmt: skip


def fetch_dcat(address: str, place: str | None) -> Page:
    """A page of a DCAT feed; ``place`` is the address of the page. Raises HarvestFailed.

    Read are ``@graph`` or ``dataset`` lists of objects, with full, prefixed or DCAT-US names.
    """
    here = place or address
    if urlsplit(here).netloc != urlsplit(address).netloc:
        raise HarvestFailed("the feed leads to another host")
    found = _get(here)
    if not isinstance(found, dict):
        raise HarvestFailed("the feed is not an object")
    nodes = found.get("@graph") or found.get("dataset") or found.get("dcat:dataset")
    if not isinstance(nodes, list):
        raise HarvestFailed("the feed has no datasets")
    by_id = {str(one["@id"]): one for one in nodes if isinstance(one, dict) and "@id" in one}
    listed = [one for one in nodes if not isinstance(one, dict) or _is_dataset(one, "@graph" not in found)]
    datasets, refused = _read(listed, lambda raw: _dcat(raw, by_id))
    following = _following(found, nodes)
    return Page(datasets, refused, None, urljoin(here, following) if following else None)


def _is_dataset(node: Mapping[str, Any], plain: bool) -> bool:
    kinds = node.get("@type")
    named = [kinds] if isinstance(kinds, str) else list(kinds or ())
    return any(_short(str(kind)) == "Dataset" for kind in named) or (plain and not named)


def _following(found: Mapping[str, Any], nodes: list[Any]) -> str:
    for one in (found, *(node for node in nodes if isinstance(node, dict))):
        for name in ("hydra:next", "next", "http://www.w3.org/ns/hydra/core#next", "hydra:nextPage"):
            if name in one:
                return _link(one[name])
    return ""


def _dcat(raw: Mapping[str, Any], by_id: Mapping[str, Any]) -> Dataset:
    fields = {_short(name): value for name, value in raw.items()}
    publisher = _node(fields.get("publisher"), by_id)
    files = []
    for one in _list(fields.get("distribution")):
        file = {_short(name): value for name, value in _node(one, by_id).items()}
        address = _link(file.get("downloadURL") or file.get("accessURL"))
        files.append(
            (_words(file.get("title")), _words(file.get("format") or file.get("mediaType")), address)
        )
    return Dataset(
        key=_words(fields.get("identifier")) or _text(raw["@id"]), title=_words(fields["title"]),
        text=_words(fields.get("description")),
        publisher=_words(next((v for k, v in publisher.items() if _short(k) == "name"), "")),
        modified=_words(fields.get("modified")), licence=_link(fields.get("license")),
        page=_link(fields.get("landingPage")), files=tuple(files),
    )  # fmt: skip


def _short(name: str) -> str:
    return name.replace("#", "/").rsplit("/", 1)[-1].rsplit(":", 1)[-1]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _node(value: Any, by_id: Mapping[str, Any]) -> Mapping[str, Any]:
    one = _list(value)[0] if _list(value) else {}
    name = one if isinstance(one, str) else str(one.get("@id", "")) if isinstance(one, dict) else ""
    found = by_id.get(name, one)
    return found if isinstance(found, dict) else {}


def _link(value: Any) -> str:
    one = _list(value)[0] if _list(value) else ""
    return _text(one.get("@id") or one.get("@value") or "") if isinstance(one, dict) else _text(one)


def _words(value: Any) -> str:
    """A text, of several languages the Chinese one if there is one."""
    found = _list(value)
    if not found:
        return ""
    chinese = [
        one for one in found if isinstance(one, dict) and str(one.get("@language", "")).startswith("zh")
    ]
    return _link(chinese or found)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str | int | float):
        raise TypeError("not a text")
    return str(value).encode("utf-8", "replace").decode().strip()[:20_000]


def _read(raw: Iterable[Any], one: Any) -> tuple[tuple[Dataset, ...], int]:
    """What can be read, and how many cannot: without an id or title a dataset has no name to keep it under."""
    found: dict[str, Dataset] = {}
    refused = 0
    for value in raw:
        try:
            dataset = one(value)
        except (KeyError, TypeError, AttributeError, IndexError):
            refused += 1
            continue
        if dataset.key and dataset.title and len(dataset.key) <= 150 and dataset.key.isprintable():
            found[dataset.key] = dataset
        else:
            refused += 1
    return tuple(found.values()), refused


def _get(address: str) -> Any:
    try:
        with (
            httpx.Client(timeout=_SECONDS, trust_env=False) as client,
            client.stream(
                "GET", address, headers={"Accept": "application/ld+json, application/json"}
            ) as answer,
        ):
            if answer.status_code != 200:
                raise HarvestFailed(f"HTTP {answer.status_code}")
            content = bytearray()
            for piece in answer.iter_bytes():
                content += piece
                if len(content) > MAX_BYTES:
                    raise HarvestFailed("the answer is too large")
        return json.loads(bytes(content))
    except httpx.HTTPError as cut:
        raise HarvestFailed(f"{type(cut).__name__}: {cut}"[:200]) from cut
    except (ValueError, RecursionError) as wrong:
        raise HarvestFailed("the answer is not JSON") from wrong
