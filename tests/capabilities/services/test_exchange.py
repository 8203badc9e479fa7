"""A matter goes out as a file and comes back the same; what is no matter is refused with its reason."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.capabilities.services import exchange, spec, sync
from quancheng.capabilities.services.exchange import export_matter, export_zip, import_matter
from quancheng.kernel.errors import InvalidInput, TooLarge

RESOURCES = Path(spec.__file__).parent / "resources"
FILES = sorted(RESOURCES.glob("*-*.toml"))


def version(content, number=3):
    return SimpleNamespace(content=content, number=number)


def published(path: Path) -> dict:
    return spec.read_spec(sync.load(path)).model_dump(mode="json", exclude_none=True)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_matter_goes_out_and_comes_back(path):
    content = published(path)
    for write in (export_matter, export_zip):
        data = write(version(content))
        assert import_matter(data) == content
        assert write(version(import_matter(data))) == data, "the same content, the same bytes"


def test_the_zip_holds_the_files_a_person_can_open():
    names = set(
        zipfile.ZipFile(
            io.BytesIO(export_zip(version(published(RESOURCES / "food-business.toml"))))
        ).namelist()
    )
    assert names == {"matter.json", "process.bpmn", "decisions.dmn"}
    bare = export_zip(version(published(RESOURCES / "senior-card.toml")))
    assert zipfile.ZipFile(io.BytesIO(bare)).namelist() == ["matter.json"]


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20).map(
    lambda text: f"字{text.strip()}"
)


@given(
    WORDS, WORDS, st.lists(WORDS, max_size=3), st.integers(0, 9), st.sampled_from([export_matter, export_zip])
)
def test_any_words_survive(zh, en, keywords, visits, write):
    content = published(RESOURCES / "senior-card.toml")
    content |= {"name": {"zh": zh, "en": en}, "keywords": keywords, "visits": visits}
    assert import_matter(write(version(content))) == content


def changed(**more) -> bytes:
    document = json.loads(export_matter(version(published(RESOURCES / "senior-card.toml"))))
    return json.dumps({**document, **more}).encode()


def archive(entries) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in entries:
            out.writestr(name, data)
    return kept.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "JSON"),
        (b"hello", "JSON"),
        (b"\xff\xfe", "JSON"),
        (b"[]", "一个 JSON 对象"),
        (b"{}", "format"),
        (b'{"format": "quancheng.matter/1"}', "content"),
        (b'{"format": 1, "format": 2}', "键重复"),
        (b'{"format": "quancheng.matter/1", "content": {"minimum": NaN}}', "JSON"),
        (b'{"format": "quancheng.matter/1", "content": {"name": "\\ud800"}}', "JSON"),
        (b'{"a":' * 100 + b"1" + b"}" * 100, "嵌套过深"),
        (b'{"a":' * 20000 + b"1" + b"}" * 20000, "嵌套过深"),
        (b'{"format": "quancheng.matter/1", "content": {"code": "x"}}', "定义有误"),
        (changed(digest="0" * 64), "摘要不符"),
        (changed(format="other/1"), "format"),
        (b"PK\x03\x04 broken", "损坏"),
        (archive([("readme.txt", "x")]), "只应有这些文件"),
        (archive([("../matter.json", "x")]), "只应有这些文件"),
        (archive([("matter.json", "{}"), ("process.bpmn", b"\xff\xfe\xff")]), "UTF-8"),
    ],
)
def test_what_is_no_matter_is_refused_and_told(data, words):
    with pytest.raises(InvalidInput) as wrong:
        import_matter(data)
    assert words in wrong.value.detail.zh
    assert wrong.value.detail.en


def test_a_wrong_definition_names_the_key():
    content = published(RESOURCES / "senior-card.toml") | {"visits": 99}
    content["material"] = [{**content["material"][0], "surprise": 1}]
    with pytest.raises(InvalidInput) as wrong:
        import_matter(export_matter(version(content)))
    assert "visits" in wrong.value.detail.zh
    assert "surprise" in wrong.value.detail.zh


def test_bombs_and_giants():
    with pytest.raises(TooLarge):
        import_matter(b" " * (exchange.MAX_BYTES + 1))
    bomb = archive([("matter.json", "{}"), ("process.bpmn", b"0" * (exchange.MAX_BYTES + 1))])
    assert len(bomb) < 100_000
    with pytest.raises(TooLarge):
        import_matter(bomb)


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda tail: b"PK\x03\x04" + tail))
def test_random_bytes_are_never_a_fault_of_ours(data):
    with pytest.raises(InvalidInput):
        import_matter(data)


@given(st.integers(0, 20_000), st.binary(min_size=1, max_size=4))
def test_a_damaged_zip_is_refused_or_still_whole(place, junk):
    content = published(RESOURCES / "elder-allowance.toml")
    data = bytearray(export_zip(version(content)))
    place %= len(data)
    data[place : place + len(junk)] = junk
    try:
        found = import_matter(bytes(data))
    except InvalidInput:
        return
    assert found == content
