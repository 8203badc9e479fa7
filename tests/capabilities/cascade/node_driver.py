"""One node's worker, driven line by line: JSON commands on standard input, JSON answers on standard output.

It runs inside the node's own home and database and calls what the jobs of the module call.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any

import numpy as np
import pyarrow as pa

from quancheng.cli import start_django

start_django()

from quancheng.capabilities.cascade import actions, moving  # noqa: E402
from quancheng.capabilities.cascade import book as books  # noqa: E402
from quancheng.capabilities.cascade.bodies import ORIGIN  # noqa: E402
from quancheng.capabilities.cascade.cascade_client import fingerprint, public_text  # noqa: E402
from quancheng.capabilities.cascade.forms_of_tables import landing_schema, stream_of_table  # noqa: E402
from quancheng.capabilities.cascade.gathering import to_gather  # noqa: E402
from quancheng.capabilities.cascade.landing import to_land  # noqa: E402
from quancheng.capabilities.cascade.models import Book, Count, Holding, Neighbour  # noqa: E402
from quancheng.capabilities.cascade.network import own_name, public_der, signer  # noqa: E402
from quancheng.capabilities.tables import actions as tables  # noqa: E402
from quancheng.capabilities.tables import queries as table_queries  # noqa: E402
from quancheng.capabilities.tables.values import ColumnSpec, TableSchema  # noqa: E402
from quancheng.core.cascade import Remove, RowId, Stream, StreamKind, Upsert  # noqa: E402
from quancheng.core.tabular import Kind  # noqa: E402
from quancheng.kernel import clock  # noqa: E402

CATALOGUE = Stream(StreamKind.CATALOGUE, "catalogue")
FIRMS = stream_of_table("firms")
SCHEMA = TableSchema(
    (
        ColumnSpec("code", Kind.TEXT, zh="编码", required=True),
        ColumnSpec("name", Kind.TEXT, zh="名称"),
        ColumnSpec("region", Kind.TEXT, zh="区域"),
        ColumnSpec("capital", Kind.INTEGER, zh="资本"),
        ColumnSpec("since", Kind.DATE, zh="成立日期"),
    ),
    ("code",),
)


class Driver:
    """The commands."""

    def __init__(self) -> None:
        self.random = np.random.default_rng(sum(own_name().encode()))
        self.size = 0
        self.entries = 0

    def node(self) -> dict[str, Any]:
        return {"node": own_name(), "public_key": public_text(signer())}

    def open(self) -> dict[str, Any]:
        """The table that all three share."""
        made = tables.create_table(
            moving.system(), name="bench.firms", zh="企业", schema=landing_schema(SCHEMA), owner="jn-data"
        )
        actions.share_table(
            moving.system(), name="firms", table_id=str(made.table_id), region_column="region"
        )
        return {"table": str(made.table_id)}

    def join(self, neighbours: list[dict[str, Any]]) -> dict[str, Any]:
        for fields in neighbours:
            actions.add_neighbour(moving.system(), **fields)
            for _ in range(2):
                read = fingerprint(public_der(fields["public_key"]))
                actions.confirm_key(moving.system(), code=fields["code"], read=read)
        return {"neighbours": len(neighbours)}

    def load(self, rows: int, entries: int) -> dict[str, Any]:
        """So many row changes (seven new, two changed, one deleted of ten) and changes of catalogue entries."""
        new = max(1, rows * 7 // 10) if self.size else rows
        fresh = np.arange(self.size, self.size + new)
        old = self.random.permutation(self.size)[: rows - new] if self.size else np.arange(0)
        cut = len(old) // 3
        deleted, changed = old[:cut], old[cut:]
        self.size += new
        where = np.concatenate([fresh, changed])
        table_id = self._table()
        keep = sorted(int(one) for one in deleted)
        upserts = self._rows(where)
        deletes = [(own_name(), f"{own_name()}-{one:08}") for one in keep]
        tables.apply_changes(moving.system(), table_id=table_id, upserts=upserts, deletes=deletes, run="")
        edits: list[Any] = []
        for place in range(entries):
            number = (
                place + self.entries
                if place % 10 < 7 or not self.entries
                else int(self.random.integers(self.entries))
            )
            row = RowId(own_name(), f"entry-{number:06}")
            if place % 10 == 9 and self.entries:
                edits.append(Remove(row))
            else:
                body = {"title": f"目录{number}", "revision": int(self.random.integers(10**9))}
                edits.append(Upsert(row, "370102", "jn-data", json.dumps(body, sort_keys=True)))
        self.entries += entries
        actions.publish(moving.system(), stream=CATALOGUE, edits=edits)
        return {"rows": len(where) + len(deletes), "entries": len(edits)}

    def _rows(self, where: np.ndarray[Any, Any]) -> pa.Table:
        schema = landing_schema(SCHEMA).arrow()
        columns = [
            pa.array([own_name()] * len(where)),
            pa.array([f"{own_name()}-{one:08}" for one in where]),
            pa.array([f"泉水公司{one}号" for one in where]),
            pa.array([("370102", "370103", "370105")[one % 3] for one in where]),
            pa.array(self.random.integers(0, 10**9, len(where))),
            pa.array(self.random.integers(10_000, 20_000, len(where)).astype("int32")).cast(pa.date32()),
        ]
        return pa.table(columns, schema=schema)

    def _table(self) -> str:
        return str(Book.objects.get(kind=FIRMS.kind.value, name=FIRMS.name).table_id)

    def round(self) -> dict[str, Any]:
        """What the worker does every half minute."""
        looked = moving.gather_all()
        done = [
            moving.talk_with(code)
            for code in Neighbour.objects.filter(simulated=False).values_list("code", flat=True)
        ]
        landed = moving.land_all()
        return {
            "gathered": looked,
            "rows": sum(one.rows for one in done),
            "changes": sum(one.changes for one in done),
            "faults": [one.fault for one in done if one.fault],
            "refused": [text for one in done for text in one.refused],
            "landed": landed,
            "waiting": self._waiting(),
        }

    def _waiting(self) -> int:
        """What another worker holds (one that was killed, until its lease ends), and what is still to be moved."""
        now = clock.now()
        held = sum(model.objects.filter(busy_until__gt=now).count() for model in (Book, Neighbour))
        return held + len(to_gather()) + len(to_land())

    def count(self) -> dict[str, Any]:
        found = moving.count_all()
        kept = Count.objects.filter(
            book__name__in=["firms", "catalogue"],
            neighbour__in=Neighbour.objects.filter(simulated=False).values("code"),
        )
        return {
            **found,
            "counts": [[one.neighbour, one.book.name, one.ours, one.theirs, one.equal] for one in kept],
        }

    def digest(self) -> dict[str, Any]:
        """What the node has: of the table, of the ledger's living rows, and marks that move with any write."""
        view = table_queries.view(self._table())
        table = view.sql(
            f"select count(*) n, coalesce(sum(hash({ORIGIN}, code, name, region, capital, since)), 0)::varchar h from t"
        )
        held = {}
        for stream in (FIRMS, CATALOGUE):
            found = Holding.objects.filter(book=books.book_of(stream), live=True)
            whole, number = 0, 0
            for raw in found.values_list("digest", flat=True).iterator(10_000):
                whole, number = (whole + int.from_bytes(bytes(raw), "big")) % 2**256, number + 1
            held[stream.name] = [number, f"{whole:x}"]
        marks = [
            [one.name, one.epoch, one.seq, one.gathered, one.landed]
            for one in Book.objects.order_by("kind", "name")
            if one.name in ("firms", "catalogue", "tables")
        ]
        return {
            "table": str(table.to_pylist() if hasattr(table, "to_pylist") else table),
            "held": held,
            "marks": marks,
            "version": view.version,
        }

    def spent(self) -> dict[str, Any]:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return {"cpu": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1024, "at": time.time()}


def main() -> None:
    driver = Driver()
    for line in sys.stdin:
        asked = json.loads(line)
        what = asked.pop("do")
        print(json.dumps(getattr(driver, what)(**asked)), flush=True)


if __name__ == "__main__":
    main()
