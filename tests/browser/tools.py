"""What browser tests share: who walks in, what the page must be, pictures to upload."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from PIL import Image, ImageDraw
from playwright.sync_api import ConsoleMessage, Page, Request, Response

ROOT = Path(__file__).parents[2]
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = Path("/usr/bin/chromium")
PHONE = (390, 844)
DESK = (1440, 900)
WALL = (1920, 1080)

Visit = Callable[..., Page]
"""``visit(identity, size, language=…, elder=…)``: a fresh window, signed in when an identity is named."""


@dataclass
class Watch:
    """What a window did besides showing pages: complaints, and requests that left the city."""

    origin: str
    complaints: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def attach(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        page.on("request", self._request)
        page.on("response", self._response)

    def clear(self) -> None:
        self.complaints.clear()
        self.strangers.clear()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(f"console: {message.text[:300]}")

    def _request(self, request: Request) -> None:
        if request.url.startswith(("http:", "https:", "ws:", "wss:")) and not request.url.startswith(
            self.origin
        ):
            self.strangers.append(request.url)

    def _response(self, response: Response) -> None:
        if response.status >= 400 and response.request.resource_type != "document":
            self.complaints.append(f"{response.status}: {response.url.removeprefix(self.origin)}")


def axe(page: Page) -> list[str]:
    """Serious and critical findings of axe-core, one line each."""
    if not page.evaluate("typeof window.axe === 'object'"):
        page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate(
        """async () => {
          const result = await axe.run(document, {resultTypes: ['violations']});
          return result.violations.filter(v => ['serious', 'critical'].includes(v.impact)).map(v =>
            [v.id, v.nodes.length, v.nodes[0].html.slice(0, 200), v.nodes[0].failureSummary.slice(0, 300)]);
        }"""
    )
    return [f"axe {name} ×{count}: {html} — {why}" for name, count, html, why in found]


def sideways(page: Page) -> str:
    """What sticks out of the window to the right, empty when nothing does."""
    return str(
        page.evaluate(
            """() => {
              const wide = document.documentElement.clientWidth;
              if (document.documentElement.scrollWidth <= wide) return '';
              const out = [...document.querySelectorAll('main *, header *, footer *')].filter(
                e => e.getBoundingClientRect().right > wide + 1);
              const last = out.filter(e => !out.some(o => o !== e && e.contains(o)))[0] ?? out[0];
              return `${document.documentElement.scrollWidth} > ${wide}: ${last?.outerHTML.slice(0, 200)}`;
            }"""
        )
    )


def chinese(page: Page) -> list[str]:
    """Chinese words an English reader sees outside elements marked as Chinese."""
    return list(
        page.evaluate(
            """() => {
              const han = /[\\u3400-\\u9fff\\uf900-\\ufaff]/, said = new Set();
              const marked = e => e.closest('[lang^="zh"], script, style, template, noscript');
              const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
              while (walk.nextNode()) {
                const text = walk.currentNode.data.trim();
                if (han.test(text) && !marked(walk.currentNode.parentElement)) said.add(text.slice(0, 80));
              }
              for (const e of document.querySelectorAll('[aria-label], [title], [placeholder], [alt], [data-label]')) {
                for (const name of ['aria-label', 'title', 'placeholder', 'alt', 'data-label']) {
                  const text = e.getAttribute(name) ?? '';
                  if (han.test(text) && !marked(e)) said.add(`${name}=${text.slice(0, 80)}`);
                }
              }
              const known = [...document.querySelectorAll('[lang^="zh"]')].map(e => e.textContent.trim()).filter(Boolean);
              const title = known.reduce((left, one) => left.replaceAll(one, ''), document.title);
              if (han.test(title)) said.add(`title: ${document.title}`);
              return [...said];
            }"""
        )
    )


def settled(page: Page) -> None:
    """Loaded, and every island drawn or failed."""
    page.wait_for_load_state("load")
    for island in page.locator("[data-island]").all():
        island.scroll_into_view_if_needed()
    page.locator("[data-island]:not([data-state])").first.wait_for(state="detached", timeout=30_000)


def go(page: Page, path: str) -> int:
    """Open a page and wait until it stands; its status."""
    response = page.goto(path)
    settled(page)
    return response.status if response else 0


def until(condition: Callable[[], Any], what: str, seconds: float = 45) -> None:
    """Ask again until it is so; the asking (a page load) takes its time, so nothing sleeps."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:g} s: {what}")


def path_of(page: Page) -> str:
    """Path and query of where the window is."""
    parts = urlsplit(page.url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def portrait(
    width: int = 413, height: int = 579, tint: tuple[int, int, int] = (70, 110, 150)
) -> dict[str, Any]:
    """A JPEG as a phone would take it, in the form Playwright uploads."""
    picture = Image.new("RGB", (width, height), (236, 240, 244))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((width * 0.28, height * 0.16, width * 0.72, height * 0.60), fill=(226, 190, 160))
    draw.pieslice((width * 0.08, height * 0.62, width * 0.92, height * 1.3), 180, 360, fill=tint)
    draw.pieslice((width * 0.27, height * 0.12, width * 0.73, height * 0.5), 180, 360, fill=(150, 150, 150))
    held = io.BytesIO()
    picture.save(held, "JPEG", quality=88)
    return {"name": "照片.jpg", "mimeType": "image/jpeg", "buffer": held.getvalue()}
