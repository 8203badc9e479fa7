"""长辈版: large text and large targets on the citizen pages of the loop, at phone width."""

from __future__ import annotations

import pytest

from tests.browser.tools import PHONE, Visit, axe, go, sideways

LOOP = (
    "/",
    "/matters/",
    "/matters/zone/elder/",
    "/matters/senior-card/",
    "/matters/senior-card/apply/",
    "/cases/",
    "/wallet/",
    "/messages/",
    "/me/",
)
SMALLEST_TEXT, SMALLEST_TARGET = 18, 44
TOO_SMALL = """([text, target]) => {
  const said = new Set();
  const seen = e => e.checkVisibility({visibilityProperty: true}) && e.getClientRects().length > 0
    && !e.closest('.visually-hidden, svg, noscript, .skip');
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement, words = walk.currentNode.data.trim();
    if (words && seen(e) && parseFloat(getComputedStyle(e).fontSize) < text)
      said.add(`text ${getComputedStyle(e).fontSize}: ${words.slice(0, 40)}`);
  }
  for (const e of document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')) {
    if (!seen(e)) continue;
    const label = ['radio', 'checkbox'].includes(e.type) ? e.closest('label') : null;
    const inline = e.matches('a') && getComputedStyle(e).display === 'inline';
    const box = (label ?? e).getBoundingClientRect();
    if (!inline && (box.height < target || box.width < target))
      said.add(`target ${Math.round(box.width)}×${Math.round(box.height)}: ${e.outerHTML.slice(0, 120)}`);
  }
  return [...said];
}"""


@pytest.mark.parametrize("path", LOOP)
def test_nothing_is_small_for_an_elder(visit: Visit, path: str) -> None:
    page = visit("citizen-elder", PHONE, elder=True)
    assert go(page, path) == 200
    assert page.locator("html[data-elder]").count() == 1
    small = page.evaluate(TOO_SMALL, [SMALLEST_TEXT, SMALLEST_TARGET])
    assert not small
    assert not sideways(page)
    assert not axe(page)
