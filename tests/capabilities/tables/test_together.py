"""Many threads over one opened version: no one waits for ever, everybody gets the same."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from quancheng.capabilities.tables import actions, packs, queries
from quancheng.capabilities.tables.values import TableInfo
from quancheng.capabilities.tables.view import View

from .conftest import SYSTEM


def test_threads_open_page_and_search_a_version_at_once(people: TableInfo) -> None:
    rows = [{"id": f"{n:04d}", "age": n % 7} for n in range(400)]
    actions.apply_changes(SYSTEM, table_id=people.table_id, upserts=rows, run="")
    actions.apply_changes(SYSTEM, table_id=people.table_id, upserts=[rows[5] | {"age": 99}], run="")
    for _ in range(5):
        packs.forget()
        view = queries.view(people.table_id)

        def ask(turn: int, view: View = view) -> tuple[int, int]:
            if turn % 2:
                return 5, view.search(limit=1, offset=5).rows[0]["age"]
            return 5, view.search(filters={"age": 99}).rows[0]["age"]

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(ask, range(32), timeout=60))
        assert set(answers) == {(5, 99)}
