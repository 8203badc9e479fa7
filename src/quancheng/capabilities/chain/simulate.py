"""演示数据: the three reference cities as members."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.chain import actions
from quancheng.capabilities.chain.city_peer import City
from quancheng.capabilities.chain.models import Member
from quancheng.capabilities.chain.peers_component import CITIES, first_port, key_of
from quancheng.kernel.actions import Call


def seed(city: Any, random: Any) -> str:
    """Take the reference cities in."""
    made = 0
    for place, (name, title) in enumerate(CITIES):
        if Member.objects.filter(name=name).exists():
            continue
        node = City(name, log=key_of(name, "log"), witness=key_of(name, "witness"))
        told = node.introduction(f"http://127.0.0.1:{first_port() + place}")
        actions.add_member(
            Call.system("chain", simulated=True), name=name, title=title, url=told["url"],
            log_key=told["log_key"], witness_key=told["witness_key"],
        )  # fmt: skip
        made += 1
    return f"{made}个联盟成员"
