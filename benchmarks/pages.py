"""What a citizen's telephone has to load: gzip weight of pages with their styles and scripts, without the map."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from benchmarks.city import small_city
from benchmarks.harness import benchmark, figure

if TYPE_CHECKING:
    import httpx

PAGES = (
    ("home", "/"),
    ("matters", "/matters/"),
    ("guide", "/matters/senior-card/"),
    ("apply", "/matters/senior-card/apply/"),
    ("cases", "/cases/"),
    ("wallet", "/wallet/"),
    ("me", "/me/"),
)
SCRIPT = re.compile(r'<script[^>]+src="([^"]+)"')
STYLE = re.compile(r'<link rel="stylesheet" href="([^"]+)"')
IMPORT = re.compile(r'(?:from|import)\s*\(?"(\./[^"]+\.js)"')


@benchmark(
    "pages", "gzip weight of citizen pages with css and js, without the map", "a built frontend, httpx"
)
def run(scale: float) -> None:
    """One load of each page as a signed-in elder; the scale changes nothing."""
    with small_city() as product, product.client("citizen-elder") as elder:
        for name, path in PAGES:
            answer = elder.get(path)
            answer.raise_for_status()
            scripts = _with_imports(elder, path, SCRIPT.findall(answer.text))
            styles = [elder.get(one).content for one in STYLE.findall(answer.text) if not _is_map(one)]
            weight = {
                "html": _gzip(answer.content),
                "css": sum(_gzip(one) for one in styles),
                "js": sum(_gzip(one) for one in scripts),
            }
            for kind, size in weight.items():
                figure(f"pages_{name}_{kind}", size / 1000, "kB")
            figure(f"pages_{name}_total", sum(weight.values()) / 1000, "kB")


def _with_imports(client: httpx.Client, page: str, addresses: list[str]) -> list[bytes]:
    """The scripts a page names and what they import, at once or later."""
    wanted, seen, found = [urljoin(page, one) for one in addresses], set[str](), []
    while wanted:
        address = wanted.pop()
        if address in seen or _is_map(address):
            continue
        seen.add(address)
        content = client.get(address).raise_for_status().content
        found.append(content)
        wanted += [urljoin(address, one) for one in IMPORT.findall(content.decode())]
    return found


def _is_map(address: str) -> bool:
    return "map" in address.rpartition("/")[2]


def _gzip(content: bytes) -> int:
    return len(gzip.compress(content, 6))
