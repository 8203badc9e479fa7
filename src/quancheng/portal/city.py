"""What the shell says about the city: names, sponsor and the site's registration numbers."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from quancheng.core.text import Text

FILE = "site.toml"
DEFAULTS: dict[str, Any] = {
    "name": {"zh": "泉城", "en": "Quancheng"},
    "site": {"zh": "济南市泉城城市平台", "en": "Quancheng, the platform of Jinan"},
    "sponsor": {"zh": "济南市人民政府（模拟）", "en": "Jinan Municipal People's Government (simulated)"},
    "site_code": "0000000000",
    "icp": {"zh": "鲁ICP备00000000号（模拟）", "en": "ICP 00000000 (simulated)"},
    "police": {"zh": "鲁公网安备00000000000000号（模拟）", "en": "Police record 00000000000000 (simulated)"},
    "placeholders": True,
}
"""Numbers of zeros: placeholders until a city writes its own ``site.toml``."""


@lru_cache(maxsize=4)
def site(folder: Path | None = None) -> dict[str, Any]:
    """The site's facts, two-language ones as :class:`Text`."""
    path = Path(folder or settings.CITY_FOLDER) / FILE
    facts = DEFAULTS | (tomllib.loads(path.read_text("utf-8")) if path.exists() else {})
    return {key: Text.of(value) if isinstance(value, dict) else value for key, value in facts.items()}


def site_in(language: str) -> dict[str, Any]:
    """The same in one language."""
    return {key: value.pick(language) if isinstance(value, Text) else value for key, value in site().items()}
