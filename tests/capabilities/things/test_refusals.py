"""The quality board says why the gateways refused what devices sent, by owner, with links for who may read it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.capabilities.things.conftest import NOON, OPERATOR, SYSTEM, facts
from tests.capabilities.things.test_web import signed_in  # noqa: F401  the fixture

from quancheng.capabilities.ingest import actions as ingest
from quancheng.capabilities.ingest.letterbox import write
from quancheng.capabilities.ingest.letters import Letter
from quancheng.capabilities.ingest.models import Device
from quancheng.capabilities.things import actions, refusals
from quancheng.kernel import clock

pytestmark = pytest.mark.django_db
DAY = "2026-07-18"
PAGE = f"/work/things/quality/?day={DAY}"


@pytest.fixture
def letters(noon: Any) -> None:
    """Two devices of two owners and one nobody knows: damaged frames and impossible values, one of another day."""
    rows = [
        facts(61, code="Q-AIR", kind="air", department="jn-environment", protocol="HJ212"),
        facts(62, code="Q-RIVER", kind="river", department="jn-water", region="370103"),
    ]
    actions.register_stations(SYSTEM, rows=rows)
    for code in ("Q-AIR", "Q-RIVER"):
        ingest.register_device(SYSTEM, code=code, protocol="mqtt", thing=f"things:{code}")
    known = dict(Device.objects.values_list("code", "pk"))
    sent = [
        ("Q-AIR", "crc"),
        ("Q-AIR", "crc"),
        ("Q-AIR", "impossible"),
        ("Q-RIVER", "crc"),
        ("nobody", "unknown-device"),
    ]
    made = [Letter(known.get(code, 0), code, "mqtt", reason, "", b"\x01", NOON) for code, reason in sent]
    made.append(Letter(known["Q-AIR"], "Q-AIR", "mqtt", "crc", "", b"\x01", NOON - timedelta(days=1)))
    write(made, {})


def counted(**narrow: str) -> list[tuple[str, str, int]]:
    found = refusals.by_owner(OPERATOR, day=clock.today(), **narrow)
    return [(one.department, one.reason, one.number) for one in found]


def test_reasons_by_owner_and_day(letters: None) -> None:
    assert counted() == [
        ("jn-environment", "crc", 2), ("", "unknown-device", 1), ("jn-environment", "impossible", 1),
        ("jn-water", "crc", 1),
    ]  # fmt: skip
    assert counted(department="jn-water") == [("jn-water", "crc", 1)]
    assert counted(kind="air") == [("jn-environment", "crc", 2), ("jn-environment", "impossible", 1)]
    assert counted(region="370103") == [("jn-water", "crc", 1)]


def test_the_board_links_only_for_who_may_read_dead_letters(letters: None, signed_in: Any) -> None:  # noqa: F811
    link = f"/work/ingest/dead-letters/?reason=crc&amp;day={DAY}"
    text = signed_in("things.viewer").get(PAGE).content.decode()
    assert "接入网关拒收" in text and "设备未登记或已停用" in text and "未登记设备" in text
    assert "/work/ingest/dead-letters/" not in text
    both = signed_in("things.viewer", "ingest.operator")
    assert link in both.get(PAGE).content.decode()
    shown = both.get(link.replace("&amp;", "&")).content.decode()
    assert shown.count('<td data-label="设备编码">Q-AIR') == 2 and "Q-RIVER" in shown, (
        "of that day and reason only"
    )
