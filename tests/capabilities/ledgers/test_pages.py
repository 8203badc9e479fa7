"""Every page and list for everybody: who sees what, what refuses, what a form says."""

from __future__ import annotations

import io
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image
from tests.capabilities.ledgers.conftest import COMMUNITIES, STREET, id_number

from quancheng.capabilities.ledgers import actions, queries
from quancheng.capabilities.ledgers.models import (
    Book,
    Comparison,
    Difference,
    Receipt,
    Returned,
    Row,
    Submission,
)
from quancheng.capabilities.people.models import User
from quancheng.kernel import access
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor

pytestmark = pytest.mark.django_db
ClientOf = Callable[[Actor], Client]
EVERYBODY = ("clerk", "head", "worker", "neighbour", "district", "source", "bureau", "asker", "stranger")


@pytest.fixture
def used(book: Book, staff: SimpleNamespace, returned: Returned) -> Book:
    """A ledger with a filled row, a difference, a conflict and a receipt."""
    row = book.rows.get(number=1)
    actions.save_row(
        Call(staff.worker), row=row.pk, base_revision=1, cells={"是否健在": "健在", "手机号": "13900000001"}
    )
    actions.save_row(
        Call(staff.clerk), row=row.pk, base_revision=1, cells={"手机号": "13900000002"}, done=False
    )
    actions.send_differences(Call(staff.clerk), book=book.pk)
    actions.take_receipt(Call(staff.clerk), returned=returned.pk)
    return book


def seen(actor: Actor, model: Any) -> int:
    return int(access.visible(actor, model).count())


def test_what_everybody_sees_of_every_table(used: Book, staff: SimpleNamespace) -> None:
    table = {
        name: tuple(
            seen(getattr(staff, name), one) for one in (Book, Row, Submission, Difference, Returned, Receipt)
        )
        for name in EVERYBODY
    }
    assert table == {
        "clerk": (1, 9, 2, 1, 1, 1), "head": (1, 9, 2, 1, 1, 1), "worker": (0, 6, 2, 0, 0, 0),
        "neighbour": (0, 3, 0, 0, 0, 0), "district": (1, 9, 2, 1, 1, 1), "source": (0, 0, 0, 1, 1, 1),
        "bureau": (1, 9, 2, 1, 1, 1), "asker": (0, 0, 0, 0, 0, 0), "stranger": (0, 0, 0, 0, 1, 0),
    }  # fmt: skip
    assert all(
        seen(Actor.anonymous(), one) == 0
        for one in (Book, Row, Submission, Difference, Returned, Receipt, Comparison)
    )


def test_pages_open_to_whom_they_belong(
    used: Book, staff: SimpleNamespace, returned: Returned, client_of: ClientOf
) -> None:
    difference = Difference.objects.get()
    paths = {
        f"/work/ledgers/{used.code}/": {"clerk", "head", "district", "bureau"},
        f"/work/ledgers/{used.code}/rows/": {"clerk", "head", "district", "bureau"},
        f"/work/ledgers/{used.code}/rows/1/": {"clerk", "head", "district", "bureau"},
        f"/work/ledgers/{used.code}/conflicts/": {"clerk", "head", "district", "bureau"},
        f"/work/ledgers/{used.code}/export.csv": {"clerk", "head", "district", "bureau"},
        f"/work/ledgers/collect/{used.code}/": {"clerk", "worker", "neighbour"},
        "/work/ledgers/new/": {"clerk", "asker", "stranger"},
        f"/work/returns/{returned.pk}/": {"clerk", "head", "district", "source", "bureau", "stranger"},
        "/work/returns/new/": {"source", "bureau"},
        f"/work/differences/{difference.pk}/": {"clerk", "head", "district", "source", "bureau"},
        "/work/compare/new/": {"clerk", "district", "bureau", "asker", "stranger"},
    }
    for name in EVERYBODY:
        client = client_of(getattr(staff, name))
        for path in ("/work/ledgers/", "/work/ledgers/burden/", "/work/ledgers/collect/", "/work/returns/",
                     "/work/compare/", "/work/differences/"):  # fmt: skip
            assert client.get(path).status_code == 200, (name, path)
        for path, whom in paths.items():
            wanted = {200} if name in whom else {403, 404}
            assert client.get(path).status_code in wanted, (name, path)
    assert Client().get(f"/work/ledgers/{used.code}/").status_code == 302
    kept = client_of(staff.clerk).get("/work/ledgers/offline/")
    assert kept.status_code == 200 and used.code not in kept.content.decode()
    assert Client().get("/work/ledgers/offline/").status_code == 200, "the device fetches it as nobody"
    assert '"/work/ledgers/collect/": "/work/ledgers/offline/"' in Client().get("/sw.js").content.decode()


def test_lists_of_the_api_keep_to_the_asker(
    used: Book, staff: SimpleNamespace, returned: Returned, client_of: ClientOf
) -> None:
    counts = {}
    for name in EVERYBODY:
        client = client_of(getattr(staff, name))
        lists = [
            client.get(f"/api/v1/ledgers/{one}/").json()
            for one in ("books", "differences", "returned", "comparisons")
        ]
        counts[name] = tuple(len(one["items"]) for one in lists)
    assert counts == {
        "clerk": (1, 1, 1, 0), "head": (1, 1, 1, 0), "worker": (0, 0, 0, 0), "neighbour": (0, 0, 0, 0),
        "district": (1, 1, 1, 0), "source": (0, 1, 1, 0), "bureau": (1, 1, 1, 0), "asker": (0, 0, 0, 0),
        "stranger": (0, 0, 1, 0),
    }  # fmt: skip
    assert Client().get("/api/v1/ledgers/books/").status_code == 401
    rows = client_of(staff.clerk).get(f"/api/v1/ledgers/returned/{returned.pk}/rows/").json()
    assert rows["total"] == 9 and rows["area"] == STREET and rows["mark"]["code"]
    assert client_of(staff.stranger).get(f"/api/v1/ledgers/books/{used.code}/rows/").status_code == 404
    burden = client_of(staff.district).get("/api/v1/ledgers/burden/?digits=9").json()["items"]
    assert burden == [
        {"area": STREET, "books": 1, "rows": 9, "prefilled": 27, "typed": 2, "prefilled_share": 93.1}
    ]
    for wrong in ("?digits=7", "?month=2026-13"):
        assert client_of(staff.district).get(f"/api/v1/ledgers/burden/{wrong}").status_code == 422


def test_the_phone_speaks_to_the_api(book: Book, staff: SimpleNamespace, client_of: ClientOf) -> None:
    client = client_of(staff.worker)
    hello = client.get("/api/v1/ledgers/collect/").json()
    assert hello["user"] == staff.worker.user_id and [one["left"] for one in hello["books"]] == [6]
    package = client.get(f"/api/v1/ledgers/collect/{book.code}/").json()
    assert len(package["rows"]) == 6 and package["more"] is False and package["book"]["photos"] == 2
    row = package["rows"][0]
    sent = {"base_revision": row["revision"], "cells": {"是否健在": "健在"}}
    address = f"/api/v1/ledgers/rows/{row['id']}/"
    first = client.post(address, sent, "application/json", headers={"Idempotency-Key": "k1"})
    again = client.post(address, sent, "application/json", headers={"Idempotency-Key": "k1"})
    assert first.status_code == 200 and first.json() == again.json()
    other = client.post(address, {**sent, "cells": {}}, "application/json", headers={"Idempotency-Key": "k1"})
    assert other.status_code == 409
    wrong = client.post(address, {**sent, "cells": {"手机号": "1"}}, "application/json")
    assert wrong.status_code == 422 and "手机号" in wrong.json()["fields"]
    added = {"client_id": "c" * 12, "cells": {"身份证号": id_number(50), "姓名": "赵", "是否健在": "健在"}}
    made = client.post(f"/api/v1/ledgers/books/{book.code}/rows/", added, "application/json").json()
    assert made["row"]["standing"] == "added" and made["row"]["region"] == STREET
    assert client_of(staff.neighbour).post(address, sent, "application/json").status_code == 404
    known = client.get(f"/api/v1/ledgers/books/{book.code}/prefill/?key={id_number(0)}").json()
    assert known["cells"]["姓名"] == "王秀一"
    foreign = client.get(f"/api/v1/ledgers/books/{book.code}/prefill/?key={id_number(10)}").json()
    assert foreign == {"cells": {}}


def picture() -> SimpleUploadedFile:
    kept = io.BytesIO()
    Image.new("RGB", (20, 20), "#eef").save(kept, "JPEG")
    return SimpleUploadedFile("x.jpg", kept.getvalue(), "image/jpeg")


def test_photos_of_a_row(book: Book, staff: SimpleNamespace, client_of: ClientOf) -> None:
    row = book.rows.get(number=1)
    client = client_of(staff.worker)
    address = f"/api/v1/ledgers/rows/{row.pk}/photos/"
    first = client.post(address, {"file": picture(), "client_id": "p" * 10}).json()
    assert client.post(address, {"file": picture(), "client_id": "p" * 10}).json() == first
    assert client.post(address, {"file": SimpleUploadedFile("x.jpg", b"no picture")}).status_code == 422
    assert client.post(address, {"file": picture(), "client_id": "q" * 10}).status_code == 200
    assert client.post(address, {"file": picture(), "client_id": "r" * 10}).status_code == 409
    shown = client_of(staff.district).get(f"/work/ledgers/photos/{first['photo']}/")
    assert shown.status_code == 200 and b"".join(shown.streaming_content)[:2] == b"\xff\xd8"  # type: ignore[attr-defined]
    assert client_of(staff.stranger).get(f"/work/ledgers/photos/{first['photo']}/").status_code == 404


def test_a_clerk_designs_in_the_browser(
    staff: SimpleNamespace, returned: Returned, client_of: ClientOf
) -> None:
    client = client_of(staff.clerk)
    answer = client.post("/work/ledgers/new/", {"starter": "elder-allowance", "idempotency_key": "s1"})
    book = Book.objects.get()
    assert answer.url == f"/work/ledgers/{book.code}/design/"  # type: ignore[attr-defined]
    assert book.base == returned and {one.name for one in book.prefilled} == {
        "身份证号",
        "姓名",
        "出生日期",
        "手机号",
    }
    page = client.get(answer.url)  # type: ignore[attr-defined]
    assert page.status_code == 200
    facts = {
        "zh": "走访", "purpose": "走访", "region_code": STREET, "due_on": book.due_on.isoformat(), "period": "once",
        "photos": "1", "base": "", "revision": "1", "columns": "3", "what": "save", "c0-name": "联系电话", "c0-kind": "phone",
        "c0-origin": "ask", "c1-name": "身体状况", "c1-kind": "text", "c1-origin": "ask", "c1-choices": "好、一般、差",
        "c2-name": "姓名", "c2-origin": f"{returned.table}|name",
    }  # fmt: skip
    address = f"/work/ledgers/{book.code}/design/"
    assert client.post(address, facts).status_code == 302
    assert book.refresh().design[1].choices == ("好", "一般", "差") and book.held[0]["column"] == "联系电话"
    refused = client.post(f"/work/ledgers/{book.code}/propose/", follow=True)
    assert "不得重复采集" in refused.content.decode() and book.refresh().state == "draft"
    assert client.post(address, facts | {"revision": "2", "what": "prefill:联系电话"}).status_code == 302
    assert book.refresh().design[0].prefilled and book.design[0].source == "phone"
    client.post(f"/work/ledgers/{book.code}/propose/")
    assert book.refresh().state == "proposed"
    wrong = client.post(address, facts)
    assert wrong.status_code == 302
    head = client_of(staff.head)
    assert head.post(f"/work/ledgers/{book.code}/decide/", {"what": "return"}).status_code == 422
    head.post(f"/work/ledgers/{book.code}/decide/", {"what": "approve", "note": "同意"})
    assert book.refresh().state == "open"


def test_a_spreadsheet_becomes_a_ledger(
    staff: SimpleNamespace, returned: Returned, client_of: ClientOf
) -> None:
    lines = [
        "出租房台账,,",
        "门牌号,用途,登记日",
        *(f"解放路{at}号,{'居住' if at % 2 else '经营'},2026年7月{at + 1}日" for at in range(12)),
    ]
    file = SimpleUploadedFile("出租房.csv", "\n".join(lines).encode("gb18030"))
    client = client_of(staff.clerk)
    page = client.post("/work/ledgers/new/", {"file": file}, follow=True)
    book = Book.objects.get()
    assert book.zh == "出租房" and book.rows.count() == 12 and "3个字段、12行" in page.content.decode()
    assert [(one.name, one.kind.value, one.choices) for one in book.design] == [
        ("门牌号", "text", ()), ("用途", "text", ("居住", "经营")), ("登记日", "date", ())
    ]  # fmt: skip
    for name, content in (("x.xlsx", b"PK\x03\x04broken"), ("x.csv", b""), ("x.pdf", b"%PDF-1.7")):
        refused = client.post("/work/ledgers/new/", {"file": SimpleUploadedFile(name, content)})
        assert refused.status_code == 422, name


def test_the_desk_fills_and_settles_too(used: Book, staff: SimpleNamespace, client_of: ClientOf) -> None:
    client = client_of(staff.clerk)
    row = used.rows.get(number=2)
    address = f"/work/ledgers/{used.code}/rows/2/"
    cells = {f"cell-{at}": row.cells.get(one.name, "") for at, one in enumerate(used.design)}
    refused = client.post(address, {**cells, "revision": "1"})
    assert refused.status_code == 422 and "是否健在" in refused.content.decode()
    assert client.post(address, {**cells, "cell-3": "健在", "revision": "1"}).status_code == 302
    assert row.refresh().state == "done"
    clash = queries.conflicts(staff.clerk, used).get()
    chosen = {"submission": clash.pk, "revision": clash.row.revision, "choose-0": "mine"}
    done = client.post(f"/work/ledgers/{used.code}/conflicts/", chosen, follow=True)
    assert "冲突已裁定" in done.content.decode() and clash.refresh().state == "settled"
    assert clash.row.refresh().cells["手机号"] == "13900000002"


def test_a_comparison_in_the_browser(staff: SimpleNamespace, returned: Returned, client_of: ClientOf) -> None:
    client = client_of(staff.clerk)
    file = SimpleUploadedFile(
        "名单.csv", f"身份证号,姓名\n{id_number(0)},王秀一\n{id_number(1)},改名\n".encode()
    )
    facts = {
        "zh": "核对",
        "left": "file",
        "right": f"table:{returned.pk}",
        "mode": "key",
        "left_key": "身份证号",
    }
    refused = client.post("/work/compare/new/", facts)
    assert refused.status_code == 422 and "请选择表格文件" in refused.content.decode()
    page = client.post("/work/compare/new/", {**facts, "left_file": file}, follow=True).content.decode()
    assert "改名" in page and "王秀丁" in page
    found = Comparison.objects.get()
    assert found.counts["differing"] == 1 and found.counts["same"] == 1
    assert client_of(staff.district).get(f"/work/compare/{found.pk}/").status_code == 404
    client.post(f"/work/compare/{found.pk}/correct/")
    assert Difference.objects.get().found == "改名"
    client.post(f"/work/compare/{found.pk}/drop/")
    assert not Comparison.objects.exists()


def test_the_source_decides_in_the_browser(used: Book, staff: SimpleNamespace, client_of: ClientOf) -> None:
    found = Difference.objects.get()
    client = client_of(staff.source)
    assert client.post(f"/work/differences/{found.pk}/", {"what": "reject"}).status_code == 422
    assert (
        client_of(staff.clerk).post(f"/work/differences/{found.pk}/", {"what": "accept"}).status_code == 403
    )
    done = client.post(f"/work/differences/{found.pk}/", {"what": "accept"}, follow=True)
    assert "已采纳" in done.content.decode() and found.refresh().state == "accepted"


def test_the_demo_street_looks_alive(db: None, client_of: ClientOf) -> None:
    from quancheng.capabilities.ledgers import simulate
    from quancheng.capabilities.people import actions as people
    from quancheng.capabilities.people import demo

    people.sync_departments(Call.system("people"))
    demo.ensure_identities(Call.system("people"))
    assert simulate.seed(None, None).startswith("3本台账")
    assert simulate.seed(None, None) == "-"
    states = {
        one.zh: (one.state, one.rows.filter(state="done").count(), one.rows.count())
        for one in Book.objects.all()
    }
    assert states == {
        "高龄津贴核查": ("open", 24, 48),
        "出租房登记": ("open", 7, 18),
        "汛期隐患排查": ("draft", 0, 0),
    }
    assert Difference.objects.filter(state="waiting").count() == 7 and all(
        one.simulated for one in Book.objects.all()
    )
    from quancheng.capabilities.people.queries import actor_for

    user = User.objects.get(demo_key="clerk-town")
    page = client_of(actor_for(user)).get("/work/ledgers/").content.decode()
    assert "高龄津贴核查" in page and "模拟" in page and "24" in page
    assert COMMUNITIES[0] not in page
