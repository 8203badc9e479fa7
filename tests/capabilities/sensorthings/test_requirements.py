"""Every requirement the service declares has a test, and every test named is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from quancheng.capabilities.sensorthings.landing import CONFORMANCE

HERE = Path(__file__).parent


def test_declared_is_covered() -> None:
    ledger = tomllib.loads((HERE / "requirements.toml").read_text(encoding="utf-8"))
    declared = {one.partition("/iot_sensing/1.1/req/")[2] for one in CONFORMANCE}
    assert set(ledger) == declared and len(ledger) == 48
    for name in ledger.values():
        file, _, function = name.partition("::")
        source = (HERE / file).read_text(encoding="utf-8")
        found = re.search(rf"^def {function}\(.*?(?=^def |\Z)", source, re.MULTILINE | re.DOTALL)
        assert found and ("assert" in found.group() or "check(" in found.group()), name
