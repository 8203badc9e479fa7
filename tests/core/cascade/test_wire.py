"""The wire form: what is written is read again; what is cut, altered or foreign is refused with a place."""

from __future__ import annotations

import dataclasses
import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.cascade import (
    FORM,
    Batch,
    BatchKind,
    CascadeError,
    Entry,
    Reason,
    Row,
    RowId,
    Stream,
    StreamKind,
    Version,
    Withdrawal,
    dump,
    parse,
)

NAMES = st.text(
    st.characters(categories=("Lu", "Ll", "Lo", "Nd"), include_characters="-._:/"), min_size=1, max_size=12
)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
VERSIONS = st.builds(Version, *[st.integers(0, 2**53)] * 3)
IDS = st.builds(RowId, NAMES, NAMES)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    ids = draw(st.lists(IDS, max_size=6, unique=True))
    entries: list[Entry | Withdrawal] = []
    for seq, row_id in enumerate(ids, 1):
        if draw(st.booleans()):
            entries.append(Withdrawal(row_id, draw(VERSIONS), seq))
            continue
        deleted = draw(st.booleans())
        body = "" if deleted else draw(TEXTS)
        former = tuple(draw(st.lists(NAMES, max_size=2)))
        row = Row(
            row_id,
            draw(NAMES),
            draw(VERSIONS),
            draw(TEXTS),
            draw(TEXTS),
            body,
            deleted,
            draw(TEXTS),
            former,
        )
        entries.append(Entry(row, tuple(draw(st.lists(NAMES, min_size=1, max_size=3))), seq))
    stream = Stream(draw(st.sampled_from(StreamKind)), draw(NAMES))
    sender, receiver = draw(NAMES), draw(NAMES)
    return Batch(BatchKind.DELTA, sender, receiver, stream, 1, 0, len(ids), 1, tuple(entries), more=True)


@given(batches())
@settings(max_examples=30, deadline=None)
def test_what_is_written_is_read_again(batch: Batch) -> None:
    assert parse(dump(batch)) == batch


@given(batches(), st.data())
@settings(max_examples=30, deadline=None)
def test_no_cut_and_no_flipped_bit_goes_unseen_in_the_entries(batch: Batch, data: st.DataObject) -> None:
    raw = dump(batch)
    cut = data.draw(st.integers(0, len(raw) - 1))
    with pytest.raises(CascadeError):
        parse(raw[:cut])
    start = raw.index(b"\n") + 1
    if start < len(raw):
        place = data.draw(st.integers(start, len(raw) - 1))
        bad = bytearray(raw)
        bad[place] ^= 1 << data.draw(st.integers(0, 7))
        with pytest.raises(CascadeError):
            parse(bytes(bad))


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_noise_is_refused_with_a_reason_and_a_text(noise: bytes) -> None:
    for raw in (noise, b'{"form":"' + FORM.encode() + b'"}\n' + noise):
        with pytest.raises(CascadeError) as refused:
            parse(raw)
        assert refused.value.reason.text.zh.endswith("。")


ROW = Row(RowId("历下", "1"), "历下", Version(1, 1, 5), "370102", "民政局", "{}", evidence="anchor:1")
GOOD = Batch(
    BatchKind.DELTA,
    "历下",
    "济南",
    Stream(StreamKind.TABLE, "法人库"),
    1,
    4,
    9,
    1,
    (Entry(ROW, ("历下",), 5), Withdrawal(RowId("历下", "2"), Version(1, 1, 6), 6)),
)


def forged(change: object, head: dict[str, object] | None = None, line: int = 0) -> bytes:
    """GOOD with one entry exchanged and the head made right again: what a liar who can hash sends."""
    first, *lines = dump(GOOD).decode().splitlines()
    if change is not None:
        lines[line] = json.dumps(change, ensure_ascii=False)
    body = "".join(text + "\n" for text in lines).encode()
    fields = json.loads(first) | {"count": len(lines), "sha256": hashlib.sha256(body).hexdigest()}
    return json.dumps(fields | (head or {})).encode() + b"\n" + body


def row_line(**changes: object) -> list[object]:
    names = (
        "tag seq path digest origin local owner term epoch number region organ body deleted evidence former"
    )
    fields = dict(zip(names.split(), json.loads(dump(GOOD).splitlines()[1]), strict=True))
    return list((fields | changes).values())


@pytest.mark.parametrize(
    ("raw", "reason", "line"),
    [
        (forged(row_line(body='{"a":1}')), Reason.ROW_DAMAGED, 2),
        (forged(row_line(owner="市中")), Reason.ROW_DAMAGED, 2),
        (forged(row_line(evidence="")), Reason.ROW_DAMAGED, 2),
        (forged(row_line(seq=True)), Reason.BAD_FIELD, 2),
        (forged(row_line(seq=2**60)), Reason.BAD_FIELD, 2),
        (forged(row_line(seq=-1)), Reason.BAD_FIELD, 2),
        (forged(row_line(seq=7)), Reason.OUT_OF_ORDER, None),
        (forged(row_line(seq=3)), Reason.OUT_OF_ORDER, None),
        (forged(row_line(number=1.5)), Reason.BAD_FIELD, 2),
        (forged(row_line(local="a\n")), Reason.BAD_NAME, 2),
        (forged(row_line(origin="")), Reason.BAD_NAME, 2),
        (forged(row_line(path=["x"] * 65)), Reason.BAD_FIELD, 2),
        (forged(row_line(region="3" * 201)), Reason.BAD_FIELD, 2),
        (forged(row_line(deleted=0)), Reason.BAD_FIELD, 2),
        (forged(row_line(deleted=True)), Reason.BAD_FIELD, 2),
        (forged(["row"]), Reason.BAD_FIELD, 2),
        (forged({"row": 1}), Reason.BAD_FIELD, 2),
        (forged(["gone", 6, "历下", "2", 1, 1], line=1), Reason.BAD_FIELD, 3),
        (forged(None, {"form": "quancheng-cascade/2"}), Reason.UNKNOWN_FORM, 1),
        (forged(None, {"kind": "gossip"}), Reason.BAD_FIELD, 1),
        (forged(None, {"stream": ["table"]}), Reason.BAD_FIELD, 1),
        (forged(None, {"stream": ["secret", "x"]}), Reason.BAD_FIELD, 1),
        (forged(None, {"more": 1}), Reason.BAD_FIELD, 1),
        (forged(None, {"since": 10}), Reason.OUT_OF_ORDER, None),
        (forged(None, {"from": " 历下"}), Reason.BAD_NAME, 1),
        (forged(None, {"after": ["历下"]}), Reason.BAD_FIELD, 1),
        (forged(None, {"count": 1}), Reason.COUNT_MISMATCH, 3),
        (forged(None, {"count": 3}), Reason.CUT_SHORT, 3),
        (forged(None, {"count": None}), Reason.BAD_FIELD, 1),
        (forged(None, {"sha256": "0" * 64}), Reason.DIGEST_MISMATCH, 1),
        (dump(GOOD)[:-1], Reason.CUT_SHORT, 3),
        (b"", Reason.NO_HEADER, 1),
        (b"\xff\xfe\n", Reason.NOT_UTF8, 1),
        (b"[" * 100_000 + b"\n", Reason.BAD_FIELD, 1),
        (b"[1]\n", Reason.UNKNOWN_FORM, 1),
    ],
)
def test_damaged_and_foreign_batches(raw: bytes, reason: Reason, line: int | None) -> None:
    with pytest.raises(CascadeError) as refused:
        parse(raw)
    assert (refused.value.reason, refused.value.line) == (reason, line)
    if line is not None:
        assert f"第 {line} 行：" in refused.value.text.zh


def test_a_lone_surrogate_in_a_body_is_no_text() -> None:
    with pytest.raises(CascadeError) as refused:
        parse(forged(None).replace(b'"{}"', b'"\\ud800"'))
    assert refused.value.reason is Reason.DIGEST_MISMATCH
    with pytest.raises(CascadeError) as refused:
        dataclasses.replace(ROW, body="\ud800").digest()
    assert refused.value.reason is Reason.BAD_ROW


def test_too_large_is_refused_before_it_is_read() -> None:
    with pytest.raises(CascadeError) as refused:
        parse(dump(GOOD), max_bytes=10)
    assert refused.value.reason is Reason.TOO_LARGE


def test_the_digest_of_a_row_can_be_made_by_anybody_from_the_published_form() -> None:
    """The canonical array, written here by hand: an independent script needs only SHA-256 and JSON."""
    text = '["历下","1","历下",1,1,5,"370102","民政局","{}",false,"anchor:1",[]]'
    assert ROW.digest() == hashlib.sha256(text.encode()).digest()
    assert len({dataclasses.replace(ROW, evidence=e).digest() for e in ("", "a", "b")}) == 3
