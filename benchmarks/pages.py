"""What a citizen's telephone has to load: gzip weight of pages with their styles and scripts, without the map."""

from __future__ import annotations

import gzip
import re
from urllib.parse import urljoin

from benchmarks.city import small_city
from benchmarks.harness import benchmark, figure

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
STYLE = re.compile(
    r'<link[^>]+rel="stylesheet"[^>]*href="([^"]+)"|<link[^>]+href="([^"]+)"[^>]*rel="stylesheet"'
)
PRELOAD = re.compile(r'<link[^>]+rel="modulepreload"[^>]*href="([^"]+)"')


@benchmark(
    "pages", "gzip weight of citizen pages with css and js, without the map", "a built frontend, httpx"
)
def run(scale: float) -> None:
    """One load of each page as a signed-in elder; the scale changes nothing."""
    with small_city() as product, product.client("citizen-elder") as elder:
        for name, path in PAGES:
            answer = elder.get(path)
            answer.raise_for_status()
            styles = {one or other for one, other in STYLE.findall(answer.text)}
            scripts = {*SCRIPT.findall(answer.text), *PRELOAD.findall(answer.text)}
            weight = {"html": _gzip(answer.content)}
            for kind, found in (("css", styles), ("js", scripts)):
                parts = [
                    elder.get(urljoin(path, one)).raise_for_status().content
                    for one in sorted(found)
                    if not _is_map(one)
                ]
                weight[kind] = sum(_gzip(part) for part in parts)
            for kind, size in weight.items():
                figure(f"pages_{name}_{kind}", size / 1000, "kB")
            figure(f"pages_{name}_total", sum(weight.values()) / 1000, "kB")


def _is_map(address: str) -> bool:
    return "map" in address.rpartition("/")[2]


def _gzip(content: bytes) -> int:
    return len(gzip.compress(content, 6))
