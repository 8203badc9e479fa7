"""Three real nodes, lines cut and a worker killed while rows flow: equal at the end, counts proved, re-run silent."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from tests.capabilities.cascade.nodes import CITY, DISTRICT, LINES, three_nodes
from tests.capabilities.cascade.nodes import settle as settled

pytestmark = [pytest.mark.fault, pytest.mark.slow]


def test_rows_and_entries_come_through_four_cuts_and_a_killed_worker(
    small_city: Path, tmp_path: Path
) -> None:
    chance = random.Random(4)
    with three_nodes(small_city, tmp_path) as nodes:
        net = next(iter(nodes.values())).net
        for part in range(4):
            line = chance.choice(sorted(LINES))
            for one in nodes.values():
                one.ask("load", rows=420, entries=25)
            for one in nodes.values():
                one.send("round")
            time.sleep(chance.random())
            net.set_cut(*line, True)
            if part == 2:
                nodes[DISTRICT].kill_worker()
            time.sleep(0.5)
            net.set_cut(*line, False)
            for name, one in nodes.items():
                if part != 2 or name != DISTRICT:
                    one.answer()
        settled(nodes)
        found = {name: one.ask("digest") for name, one in nodes.items()}
        city = found[CITY]
        assert city["held"]["firms"][0] > 2500 and city["held"]["catalogue"][0] > 60, city
        for one in found.values():
            assert (one["held"], one["table"]) == (city["held"], city["table"])
        for one in nodes.values():
            counted = one.ask("count")
            assert (counted["differ"], counted["unreached"]) == (0, 0)
            assert all(equal and ours == theirs for _, _, ours, theirs, equal in counted["counts"])
        again = settled(nodes)
        assert not any(answer["rows"] for answer in again)
        assert {name: one.ask("digest") for name, one in nodes.items()} == found
