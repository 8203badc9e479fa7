"""Pages, API, rights, files: what each sees of each list, and what bad input gets."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.capabilities.quality.conftest import World, broken_elders, elder, idn

from quancheng.capabilities.quality import actions, queries
from quancheng.capabilities.quality.models import Issue, RuleVersion, Sheet
from quancheng.core.tabular import safe_cell
from quancheng.kernel import access, events
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind

Sign = Callable[..., Client]
IDN = {"id": "idn", "kind": "checksum", "column": "idn", "scheme": "resident_id"}
PHONE = {"id": "phone", "kind": "complete", "column": "phone"}


@pytest.fixture
def city(world: World) -> dict[str, Sheet]:
    """A table with findings for each organ of the world."""
    sheets = {}
    for organ in ("jn-civil", "jn-market", "jn-lixia-civil"):
        sheet = world.sheet(broken_elders(12), owner=organ, name=f"t-{organ}")
        world.rule(sheet, **IDN)
        world.rule(sheet, **PHONE)
        world.check(sheet)
        sheets[organ] = Sheet.objects.get(pk=sheet.pk)
    return sheets


def test_what_each_sees_of_each_list(world: World, city: dict[str, Sheet], signed_in: Sign) -> None:
    everywhere = {"jn-civil", "jn-market", "jn-lixia-civil"}
    nobody = Actor(ActorKind.OFFICIAL, "elsewhere", user_id=world.stranger.user_id)
    sees = [
        (world.officer, {"jn-civil"}),
        (world.stranger, {"jn-market"}),
        (world.district, {"jn-lixia-civil"}),
        (world.bureau, everywhere),
        (world.district_bureau, {"jn-lixia-civil"}),
        (nobody, set()),
        (Actor.anonymous(), set()),
    ]
    for actor, organs in sees:
        assert {one.organ.code for one in queries.sheets(actor)} == organs
        assert {one.organ.code for one in queries.issues(actor)} == organs
        assert {line.code for line in queries.board(actor)} == organs
        for organ, sheet in city.items():
            seen = organ in organs
            assert bool(queries.runs(actor, sheet)) == seen
            assert bool(queries.rules(actor, sheet)) == seen
            assert (queries.profile(actor, sheet) is not None) == seen
            issue = Issue.objects.filter(sheet=sheet)[0]
            assert queries.steps(actor, issue).exists() == seen
            assert access.allowed(actor, "work", issue) == (
                seen and actor in (world.officer, world.stranger, world.district)
            )
            assert access.allowed(actor, "decide", issue) == (
                seen and actor in (world.bureau, world.district_bureau)
            )
    for actor, organs in sees:
        client = signed_in(actor if actor is not sees[-1][0] else None)
        for organ, sheet in city.items():
            number = Issue.objects.filter(sheet=sheet)[0].number
            missing = 401 if actor is sees[-1][0] else 404
            for path in (
                f"tables/{sheet.table_id}",
                f"tables/{sheet.table_id}/facets",
                f"issues/{number}",
                f"issues/{number}/rows",
            ):
                answer = client.get(f"/api/v1/quality/{path}")
                assert answer.status_code == (200 if organ in organs else missing), (actor.name, path)
        for path, key in (("tables", "organ"), ("issues", "organ"), ("board", "organ")):
            answer = client.get(f"/api/v1/quality/{path}")
            if actor is sees[-1][0]:
                assert answer.status_code == 401
            else:
                assert {one[key] for one in answer.json()["items"]} == organs


def test_personal_values_are_masked_for_all_but_the_organ(
    world: World, city: dict[str, Sheet], signed_in: Sign
) -> None:
    issue = Issue.objects.get(sheet=city["jn-civil"], code="idn")
    wrong = {row["code"]: row["idn"] for row in broken_elders(12) if row["idn"] != idn(int(row["code"][1:]))}
    own = signed_in(world.officer).get(f"/api/v1/quality/issues/{issue.number}/rows").json()
    assert {row["key"]["code"]: row["values"]["idn"] for row in own["items"]} == wrong
    assert not own["masked"] and {row["reason"]["zh"] for row in own["items"]} == {"校验位不符"}
    client = signed_in(world.bureau)
    other = client.get(f"/api/v1/quality/issues/{issue.number}/rows").json()
    assert other["masked"] and {row["key"]["code"] for row in other["items"]} == set(wrong)
    shown = json.dumps(other) + client.get(f"/work/quality/issues/{issue.number}/rows/").content.decode()
    assert not any(value in shown for value in wrong.values())
    for path in ("rows.csv", "rows/correct/?version=1&row=0"):
        assert client.get(f"/work/quality/issues/{issue.number}/{path}").status_code == 403
    profile = queries.profile(world.officer, city["jn-civil"])
    assert profile is not None and "王" not in json.dumps(profile.data, ensure_ascii=False)


def test_failing_rows_go_out_as_a_file_and_come_back_corrected(
    world: World, city: dict[str, Sheet], signed_in: Sign
) -> None:
    sheet = city["jn-civil"]
    world.change(sheet, elder(3, phone=None, name="=HYPERLINK(1)"))
    issue = Issue.objects.get(sheet=sheet, code="phone")
    client = signed_in(world.officer)
    answer = client.get(f"/work/quality/issues/{issue.number}/rows.csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    head = rows[0]
    assert [row[head.index("code")] for row in rows[1:]] == ["E0003", "E0007", "E0011"]
    assert rows[1][head.index("name")] == safe_cell("=HYPERLINK(1)")
    phone = head.index("phone")
    rows[1][phone], rows[2][phone] = "13900000003", "12345"
    rows += [["", *rows[3][1:]], ["", "E0001", *rows[3][2:]], ["", "", *rows[3][2:]]]
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    file = SimpleUploadedFile("更正.csv", out.getvalue().encode("gb18030"))
    page = client.post(f"/work/quality/issues/{issue.number}/upload/", {"file": file})
    assert page.status_code == 200
    said = page.context["done"]
    assert said.rows_in == len(said.changed) + said.unchanged + len(said.refused) == 6
    assert ([row["code"] for row in said.changed], said.unchanged) == (["E0003"], 1)
    assert said.changed[0]["name"] == "=HYPERLINK(1)"
    reasons = {why.zh for _, why in said.refused}
    assert any("phone" in why for why in reasons) and {"主键重复", "不是本问题的不合格行"} <= reasons
    assert Issue.objects.get(pk=issue.pk).state == "repairing"
    for name, content in (("x.csv", b"a,b\n1,2\n"), ("x.xlsx", b"PK\x03\x04broken"), ("empty.csv", b"")):
        bad = client.post(
            f"/work/quality/issues/{issue.number}/upload/", {"file": SimpleUploadedFile(name, content)}
        )
        assert bad.status_code == 422, name


def test_rules_are_written_by_form_and_faults_stand_at_their_fields(
    world: World, city: dict[str, Sheet], signed_in: Sign
) -> None:
    sheet = city["jn-civil"]
    client = signed_in(world.officer)
    base = f"/work/quality/tables/{sheet.table_id}/rules/new/"
    assert client.get(base).status_code == 200
    common = {"name_zh": "规则", "severity": "error", "weight": "1", "share": "100"}
    bad: list[tuple[str, dict[str, Any], str]] = [
        ("format", {"column": "phone", "pattern": "(a+)+"}, "pattern"),
        ("format", {"column": "phone"}, "__all__"),
        ("range", {"column": "amount", "least": "10", "most": "1"}, "most"),
        ("range", {"column": "name", "least": "x"}, "least"),
        ("consistent", {"expression": "born <= "}, "expression"),
        ("consistent", {"expression": "nothing = 1"}, "expression"),
        ("checksum", {"column": "amount", "scheme": "uscc"}, "column"),
        ("complete", {"column": "phone", "when": "district ="}, "when"),
        ("updated", {"days": "0"}, "days"),
    ]
    for kind, own, field in bad:
        answer = client.post(f"{base}?kind={kind}", common | own)
        assert answer.status_code == 422 and field in answer.context["form"].errors, (
            kind,
            answer.context["form"].errors,
        )
    good: list[tuple[str, dict[str, Any]]] = [
        ("format", {"column": "phone", "named": "mobile"}),
        ("range", {"column": "born", "least": "1900-01-01", "most": "2026-01-01"}),
        ("allowed", {"column": "district", "values": "历下区\n市中区"}),
        ("unique", {"columns": ["name", "born"]}),
        ("reference", {"columns": ["code"], "table": str(city["jn-civil"].table_id), "target": "code"}),
        ("consistent", {"expression": "born <= today"}),
        ("timely", {"column": "updated", "days": "3", "ahead_minutes": "0", "scope": "row"}),
        ("row_count", {"least": "5"}),
        ("updated", {"days": "31"}),
    ]
    for kind, own in good:
        if kind == "reference":
            continue  # its table must be another one the officer sees; below
        answer = client.post(f"{base}?kind={kind}", common | own)
        assert answer.status_code == 302, (kind, answer.context and answer.context["form"].errors)
    assert RuleVersion.objects.filter(state="draft").count() == len(good) - 1
    bureau = signed_in(world.bureau)
    own = {"columns": ["code"], "table": str(city["jn-market"].table_id), "target": "code"}
    assert bureau.post(f"{base}?kind=reference", common | own).status_code == 302
    rule = RuleVersion.objects.get(kind="reference")
    assert (rule.trial["applicable"], rule.trial["failed"]) == (12, 0)
    assert "高龄补贴t-jn-market" in queries.words(rule).zh
    for each in RuleVersion.objects.filter(state="draft"):
        assert bureau.get(f"/work/quality/rules/{each.pk}/").status_code == 200
        assert bureau.get(f"/work/quality/rules/{each.pk}/edit/").status_code == 200
    stranger = signed_in(world.stranger)
    assert stranger.get(base).status_code == 404
    assert stranger.get(f"/work/quality/rules/{rule.pk}/").status_code == 404


def test_an_order_is_handled_on_its_page(world: World, city: dict[str, Sheet], signed_in: Sign) -> None:
    issue = Issue.objects.get(sheet=city["jn-civil"], code="idn")
    path = f"/work/quality/issues/{issue.number}/"
    client = signed_in(world.officer)
    assert client.post(path, {"do": "dispute", "reason": ""}).status_code == 422
    assert client.post(path, {"do": "judge", "reason": "x", "upheld": "yes"}).status_code == 403
    assert client.post(path, {"do": "nonsense"}).status_code == 422
    assert client.post(path, {"do": "take"}).status_code == 302
    assert client.post(path, {"do": "take"}).status_code == 409
    assert client.post(path, {"do": "dispute", "reason": "外国人永居证"}).status_code == 302
    bureau = signed_in(world.bureau)
    assert (
        bureau.get("/work/quality/issues/?state=disputed").context["rows"][0]["issue"].number == issue.number
    )
    assert bureau.post(path, {"do": "judge", "reason": "请补正", "upheld": "no"}).status_code == 302
    assert Issue.objects.get(pk=issue.pk).state == "repairing"
    api = bureau.post(
        f"/api/v1/quality/issues/{issue.number}/do",
        json.dumps({"do": "accept", "reason": "历史数据", "until": "2026-12-31"}), content_type="application/json",
    )  # fmt: skip
    assert api.status_code == 200 and api.json()["state"] == "accepted"


def test_a_user_of_the_data_doubts_a_row_and_hears_the_end(
    world: World, signed_in: Sign, monkeypatch: Any
) -> None:
    from quancheng.capabilities.messages.models import Message
    from quancheng.capabilities.tables import queries as tables

    sheet = world.sheet([elder(number) for number in range(5)])
    # tables decides who may read; here everybody may
    monkeypatch.setattr(tables, "table", lambda actor, table_id: tables.info(table_id))
    client = signed_in(world.stranger)
    path = f"/work/quality/tables/{sheet.table_id}/doubt/"
    assert client.post(path, {"key0": "E0001", "column": "district", "reason": ""}).status_code == 422
    assert client.post(path, {"key0": "E9999", "column": "district", "reason": "x"}).status_code == 404
    assert (
        client.post(path, {"key0": "E0001", "column": "district", "reason": "户口在天桥区"}).status_code
        == 302
    )
    assert client.post(path, {"key0": "E0001", "column": "district", "reason": "again"}).status_code == 409
    issue = Issue.objects.get(origin="doubt")
    assert (issue.state, issue.organ.code, issue.rows) == ("ordered", "jn-civil", 1)
    assert client.get(f"/work/quality/issues/{issue.number}/").status_code == 200
    assert client.get("/work/quality/doubts/").context["rows"][0]["issue"].number == issue.number
    assert client.post(f"/work/quality/issues/{issue.number}/", {"do": "take"}).status_code == 403
    world.check(sheet)
    assert Issue.objects.get(pk=issue.pk).state == "ordered"
    actions.correct_row(
        Call(world.officer),
        issue=Issue.objects.get(pk=issue.pk),
        version=1,
        place=0,
        texts={"district": "天桥区"},
    )
    world.check(sheet)
    assert Issue.objects.get(pk=issue.pk).state == "passed"
    events.drain(strict=True)
    assert Message.objects.filter(user_id=world.stranger.user_id, link__endswith=f"{issue.number}/").exists()


def test_facets_follow_the_schemas_of_openlineage(
    world: World, city: dict[str, Sheet], signed_in: Sign
) -> None:
    table = city["jn-civil"].table_id
    said = signed_in(world.officer).get(f"/api/v1/quality/tables/{table}/facets").json()
    assertions = said["facets"]["dataQualityAssertions"]
    assert assertions["_schemaURL"].startswith("https://openlineage.io/spec/facets/")
    assert {one["column"]: (one["success"], one["failures"]) for one in assertions["assertions"]} == {
        "idn": (False, 2), "phone": (False, 3),
    }  # fmt: skip
    metrics = said["facets"]["dataQualityMetrics"]
    assert metrics["rowCount"] == 12 and metrics["columnMetrics"]["phone"]["nullCount"] == 3
    assert "min" not in metrics["columnMetrics"]["name"]


def test_bad_filters_and_addresses_are_answered_in_words(
    world: World, city: dict[str, Sheet], signed_in: Sign
) -> None:
    client = signed_in(world.bureau)
    number = Issue.objects.filter(sheet=city["jn-civil"])[0].number
    for path, status in (
        ("/work/quality/?month=2026-13", 422), ("/work/quality/issues/?month=x&cursor=zzz", 422),
        (f"/work/quality/issues/{number}/rows/?from=-1", 422), (f"/work/quality/issues/{number}/rows/?version=99", 410),
        ("/work/quality/issues/ZG-0/", 404), ("/api/v1/quality/issues?table=nonsense", 422),
        ("/api/v1/quality/board?month=2026", 422), (f"/api/v1/quality/issues/{number}/rows?offset=-1", 422),
    ):  # fmt: skip
        assert client.get(path).status_code == status, path
    for path in (
        "board.csv",
        "issues.csv",
        "issues/?overdue=yes&dimension=accurate&severity=error&origin=rule&text=高龄",
    ):
        assert client.get(f"/work/quality/{path}").status_code == 200
    assert signed_in().get("/work/quality/").status_code in (302, 401)
