"""Entries: what they say, that they chain, that they cannot be changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, models, transaction
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.text import Text
from quancheng.kernel import audit
from quancheng.kernel.actor import Actor
from quancheng.kernel.audit import canonical, hashing, queries
from quancheng.kernel.audit.models import AuditEntry, Checkpoint, Stream, TreeNode
from quancheng.kernel.errors import TooLarge

pytestmark = pytest.mark.django_db
MOMENT = datetime(2026, 6, 1, 1, 30, tzinfo=UTC)


def test_entry_says_who_did_what(clerk: Actor) -> None:
    entry = audit.record(
        clerk, verb="services.case.decide", object_ref="services.Case:12",
        detail={"receipt": "JN-1"}, at=MOMENT, action="services.case.decide",
    )  # fmt: skip
    kept = AuditEntry.objects.get()
    assert kept.pk == entry.pk
    assert (kept.stream, kept.sequence, kept.previous) == ("main", 1, hashing.GENESIS)
    assert (kept.user_id, kept.actor_kind, kept.actor_name) == (7, "official", "王芳")
    assert (kept.roles, kept.on_behalf_of, kept.purpose) == ("desk,services.clerk", "李雷", "审批")
    assert kept.details == {"receipt": "JN-1"}
    assert kept.hash == hashing.chosen().digest(kept.canonical("sha256").encode()).hex()
    assert str(kept) == "main#1 services.case.decide services.Case:12"
    assert json.loads(kept.canonical("sha256"))["time"] == "2026-06-01T01:30:00.000000Z"


def test_entries_chain_by_stream(clerk: Actor) -> None:
    first, second = audit.record(clerk, "a"), audit.record(clerk, "b")
    other = audit.record(clerk, "c", stream="uses")
    assert (second.sequence, second.previous) == (2, first.hash)
    assert (other.sequence, other.previous) == (1, hashing.GENESIS)
    assert str(Stream.objects.get(pk="main")) == "main@2"


def test_many_at_once_are_one_chain(clerk: Actor) -> None:
    entries = audit.record_many([audit.Fact(clerk, "scan", f"x:{n}") for n in range(1200)], stream="uses")
    assert [entry.sequence for entry in entries] == list(range(1, 1201))
    assert audit.record_many([], stream="uses") == []
    assert audit.verify().ok


def test_a_rolled_back_entry_leaves_no_gap(clerk: Actor) -> None:
    audit.record(clerk, "kept")
    with transaction.atomic():
        audit.record(clerk, "lost")
        transaction.set_rollback(True)
    assert audit.record(clerk, "next").sequence == 2
    assert audit.verify().ok


def test_bad_names_and_details_are_refused(clerk: Actor) -> None:
    with pytest.raises(ValueError, match="stream"):
        audit.record(clerk, "x", stream="../x")
    with pytest.raises(TypeError, match="object"):
        audit.record(clerk, "x", detail={"what": object()})
    with pytest.raises(TooLarge):
        audit.record(clerk, "x", detail={"what": "很" * canonical.LIMIT})
    assert not AuditEntry.objects.exists()


def test_long_and_odd_texts_are_kept_visibly(clerk: Actor) -> None:
    entry = audit.record(clerk, "v" * 200, "标识\x00\ud800", {"s": "\ud800\x00"})
    kept = AuditEntry.objects.get()
    assert len(kept.verb) == 120
    assert kept.verb.endswith("…")
    assert "\x00" not in kept.object_ref
    assert kept.hash == entry.hash
    assert audit.verify().ok


def test_notes_go_into_the_running_action() -> None:
    with audit.collecting() as outer:
        audit.note(receipt="A")
        with audit.collecting() as inner:
            audit.note(step=1)
        audit.note(more=2)
    assert (outer, inner) == ({"receipt": "A", "more": 2}, {"step": 1})
    with pytest.raises(RuntimeError, match=r"audit\.note"):
        audit.note(lost=True)


class Colour(Enum):
    RED = "red"


class Shape(StrEnum):
    ROUND = "round"


def test_details_are_said_in_json(clerk: Actor) -> None:
    entry = audit.record(clerk, "x")
    said = json.loads(
        canonical.detail_text(
            {
                "moment": MOMENT, "naive": datetime(2026, 1, 1), "day": date(2026, 6, 1),
                "clock": time(9, 30),
                "span": timedelta(minutes=2), "money": Decimal("1.10"), "id": UUID(int=1),
                "path": Path("a/b"),
                "text": Text("一", "one"), "set": {2, 1}, "list": (1, None, True), "bytes": b"\x01",
                "nan": float("nan"), "enum": Colour.RED, "shape": Shape.ROUND, "model": entry, 5: 1.5,
                "lazy": gettext_lazy("x"),
            }
        )
    )  # fmt: skip
    assert said["moment"] == "2026-06-01T01:30:00.000000Z"
    assert said["naive"] == "2026-01-01T00:00:00"
    assert (said["day"], said["clock"], said["span"]) == ("2026-06-01", "09:30:00", 120.0)
    assert (said["money"], said["path"], said["bytes"], said["nan"]) == ("1.10", "a/b", "AQ==", "nan")
    assert (said["text"], said["set"], said["list"]) == ({"zh": "一", "en": "one"}, [1, 2], [1, None, True])
    assert (said["enum"], said["shape"], said["5"]) == ("red", "round", 1.5)
    assert said["model"] == f"audit.AuditEntry:{entry.pk}"


words = st.text(max_size=20).map(canonical.clean)
numbers = st.none() | st.integers(0, 2**62)


@given(
    words, words, numbers, words, st.booleans(),
    st.dictionaries(words, words | st.floats(allow_nan=False) | st.integers() | st.lists(words)),
    st.datetimes(timezones=st.just(UTC)),
)  # fmt: skip
def test_canonical_text_is_sorted_json(
    verb: str,
    name: str,
    number: int | None,
    roles: str,
    simulated: bool,
    detail: dict[str, Any],
    at: datetime,
) -> None:
    if at.year < 1000:
        return
    row: canonical.Row = (
        3, at, verb, verb, name, "done", roles, canonical.detail_text(detail), number, None, number,
        "person", name, "", roles, 2, name, simulated, hashing.GENESIS,
    )  # fmt: skip
    text = canonical.entry_text("main", "sm3", row)
    again = json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert text == again.encode("utf-8", "backslashreplace").decode()


def test_python_refuses_changes(clerk: Actor) -> None:
    entry = audit.record(clerk, "x")
    audit.checkpoint()
    for model in (AuditEntry, Checkpoint):
        row = model.objects.get()
        for change in (
            row.save, row.delete,
            lambda model=model: model.objects.update(stream="y"),
            lambda model=model: model.objects.all().delete(),
            lambda model=model: model.objects.all()._raw_delete(None),
            lambda model=model: model.objects.create(stream="y"),
            lambda model=model, row=row: model.objects.bulk_create([row]),
            lambda model=model, row=row: model.objects.bulk_update([row], ["stream"]),
        ):  # fmt: skip
            with pytest.raises(audit.AppendOnly):
                change()
    assert entry.hash == AuditEntry.objects.get().hash


@pytest.mark.parametrize("table", ["audit_auditentry", "audit_checkpoint"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET stream = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_database_refuses_changes(clerk: Actor, table: str, statement: str) -> None:
    audit.record(clerk, "x")
    audit.checkpoint()
    if statement.startswith("TRUNCATE") and connection.vendor == "sqlite":
        pytest.skip("SQLite has no TRUNCATE")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        connection.cursor().execute(statement.format(table))
    assert audit.verify().ok


def test_flush_is_refused_outside_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.core import mail

    monkeypatch.delattr(mail, "outbox")
    with pytest.raises(CommandError, match="append-only"):
        call_command("flush", interactive=False, verbosity=0)


@pytest.mark.parametrize(
    "function", [hashing._openssl_sm3, hashing._cryptography_sm3, hashing.sm3_function()]
)
def test_sm3_known_answer(function: Callable[[bytes], bytes]) -> None:
    """GB/T 32905-2016, example 1."""
    assert function(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


def test_a_stream_keeps_its_hash(clerk: Actor, settings: Any) -> None:
    settings.QUANCHENG_AUDIT_HASH = "sm3"
    entry = audit.record(clerk, "x")
    assert entry.hash == hashing._openssl_sm3(entry.canonical("sm3").encode()).hex()
    settings.QUANCHENG_AUDIT_HASH = "sha256"
    audit.record(clerk, "y")
    made = audit.checkpoint()
    assert made is not None
    assert "\nhash sm3\n" in made.note
    assert audit.verify().ok
    audit.inclusion_proof(entry).verify()
    settings.QUANCHENG_AUDIT_HASH = "md5"
    with pytest.raises(ValueError, match="sm3"):
        audit.record(clerk, "z", stream="other")


def test_search_narrows(clerk: Actor) -> None:
    audit.record(clerk, "open", "data.Asset:1", at=MOMENT)
    audit.record(clerk, "close", "data.Asset:1", at=MOMENT + timedelta(days=1))
    audit.record(Actor.system("water"), "open", "data.Asset:2", at=MOMENT, stream="uses", outcome="refused")

    def found(*args: Any, **kwargs: Any) -> list[str]:
        return [str(entry) for entry in queries.search(*args, **kwargs)]

    assert found() == ["uses#1 open data.Asset:2", "main#2 close data.Asset:1", "main#1 open data.Asset:1"]
    assert (
        found(7, "open")
        == found("王", "open")
        == found({"user_id": 7}, "open")
        == ["main#1 open data.Asset:1"]
    )
    assert found("", None, "data.Asset:1", MOMENT + timedelta(hours=1)) == ["main#2 close data.Asset:1"]
    assert found(until=MOMENT + timedelta(hours=1), stream="main") == ["main#1 open data.Asset:1"]
    assert found({"module": "water"}, outcome="refused") == ["uses#1 open data.Asset:2"]
    with pytest.raises(ValueError, match="no actor field"):
        queries.search({"hash": "x"})


def test_models_say_what_they_are(clerk: Actor) -> None:
    audit.record(clerk, "x")
    assert str(audit.checkpoint()).startswith("main@1 ")
    assert isinstance(TreeNode._meta, models.options.Options)


@pytest.mark.django_db(transaction=True)
def test_test_databases_can_be_emptied(clerk: Actor) -> None:
    """Between transactional tests Django flushes; the triggers must not stand in the way."""
    audit.record(clerk, "x")
    audit.checkpoint()
    call_command("flush", interactive=False, verbosity=0)
    assert not AuditEntry.objects.exists()
    audit.record(clerk, "x")
    with pytest.raises(DatabaseError, match="append-only"):
        connection.cursor().execute("DELETE FROM audit_auditentry")
