"""Chinese full text: pairs, phrases, prefixes, ranking, highlighting, with SQLite FTS5 as the outside judge."""

from __future__ import annotations

import sqlite3
import unicodedata
from itertools import pairwise
from math import isclose

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from quancheng.core.catalogue import (
    Field,
    MemoryIndex,
    Statistics,
    bigrams,
    bm25f,
    document_text,
    document_vector,
    excerpt,
    idf,
    idf_robertson,
    parse,
    spans,
    texts_of,
    to_fts5,
    to_tsquery,
    tokens,
)
from tests.core.catalogue.worlds import DRIVERS, STOPS, patient

chinese = st.text("公交站列表济南市人口生𠮷〇", min_size=1, max_size=10)
mixed = st.text("公交站列济abBÀé09 -_,。\"'*（）Ａ１é\u0301𠮷", max_size=14)


def words(text: str) -> list[str]:
    return [token.text for token in tokens(text)]


def found(query: str, text: str) -> bool:
    return parse(query).matches(tokens(text))


def test_bus_is_found_in_the_list_of_bus_stops() -> None:
    assert words("公交站列表") == ["公交", "交站", "站列", "列表", "表"]
    assert found("公交", "公交站列表") and found("公交", "济南公交")
    assert not found("公站", "公交站列表")


def test_words_numbers_and_chinese_live_together() -> None:
    assert words("5G基站Bus_Stop（２０２６）") == ["5g", "基站", "站", "bus", "stop", "2026"]
    assert found("5g", "５Ｇ基站") and found("bus", "Bus_Stop") and found("基站 2026", "5G基站，2026年")
    assert not found("5", "5G基站") and found("5*", "5G基站")


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("站", "公交站列表", True),
        ("表", "公交站列表", True),
        ("地", "公交站列表", False),
        ("站点 公交", "公交线路和站点", True),
        ("公交站点", "公交线路和站点", False),
        ('"公交站列"', "公交站列表", True),
        ('"公交列表"', "公交站列表", False),
        ("“公交 站”", "公交站", False),
        ('"5G基站"', "建设5G基站一处", True),
        ('"5G站"', "5G基站", False),
        ('"基站5G"', "新基站5G覆盖", True),
        ("公交 -停用", "公交站列表", True),
        ("公交 -停用", "停用公交站", False),
        ("-停用", "公交站列表", False),
        ("", "公交站列表", False),
        ("。，！", "公交站列表", False),
        ('"', "公交站列表", False),
        ("sto*", "bus stop", True),
        ("sto", "bus stop", False),
        ("ÉCOLE", "école", True),
        ("école", "e\u0301cole", True),
    ],
)
def test_what_a_query_finds(query: str, text: str, expected: bool) -> None:
    assert found(query, text) is expected


def test_while_typing_the_last_word_is_a_beginning() -> None:
    assert parse("bus st", prefix_last=True).matches(tokens("bus stop"))
    assert not parse("bu stop", prefix_last=True).matches(tokens("bus stop"))


@patient
@given(chinese, st.integers(0, 9), st.integers(1, 10))
@example("公交站列表", 0, 2)
def test_every_part_of_a_chinese_text_is_found_in_it(text: str, start: int, length: int) -> None:
    part = text[start : start + length]
    if part:
        assert found(part, text)
        assert found(f'"{part}"', f"前{text}后")


@patient
@given(chinese, chinese)
def test_a_phrase_is_found_exactly_where_it_stands(part: str, text: str) -> None:
    assert found(f'"{part}"', text) is (part in text)


@patient
@given(mixed)
def test_tokens_lie_in_order_inside_the_text(text: str) -> None:
    row = tokens(text)
    assert [token.position for token in row] == list(range(len(row)))
    assert all(0 <= token.start < token.end <= len(text) for token in row)
    assert all(one.start <= other.start for one, other in pairwise(row))
    assert all(token.text and token.text == token.text.strip() for token in row)
    assert set(bigrams(text)) <= set(words(text))


@patient
@given(mixed)
def test_full_width_and_composed_forms_make_the_same_tokens(text: str) -> None:
    assert words(text) == words(unicodedata.normalize("NFC", text))
    assert words(text) == words(unicodedata.normalize("NFD", text))


@patient
@given(mixed, mixed)
def test_lit_spans_lie_apart_and_inside(query: str, text: str) -> None:
    lit = spans(parse(query), text)
    assert all(0 <= start < end <= len(text) for start, end in lit)
    assert all(one[1] < other[0] for one, other in pairwise(lit))


@patient
@given(chinese, chinese, chinese)
def test_a_found_phrase_is_lit_where_it_stands(before: str, part: str, after: str) -> None:
    text = before + part + after
    lit = spans(parse(f'"{part}"'), text)
    place = text.index(part)
    assert any(start <= place and place + len(part) <= end for start, end in lit)


def test_what_is_lit() -> None:
    assert spans(parse("公交"), "公交站与公交线") == ((0, 2), (4, 6))
    assert spans(parse("站"), "公交站列表") == ((2, 3),)
    assert spans(parse("公交站"), "公交站列表") == ((0, 3),)
    assert spans(parse("Bus sto*"), "ＢＵＳ stops") == ((0, 3), (4, 7))
    assert spans(parse("列表 缺"), "公交站列表") == ((3, 5),)
    assert spans(parse("公交 -站"), "公交站") == ((0, 2),)


def test_an_excerpt_shows_the_fullest_stretch() -> None:
    text = "说明" * 50 + "公交站点和公交线路" + "其他" * 50
    cut = excerpt(parse("公交"), text, 30)
    assert len(cut.text) == 30 and cut.cut_before and cut.cut_after
    assert [cut.text[start:end] for start, end in cut.spans] == ["公交", "公交"]
    assert excerpt(parse("缺"), text, 30).text == text[:30]
    assert excerpt(parse("公交"), "公交站", 30) == type(cut)("公交站", ((0, 2),), False, False)


# SQLite FTS5, the engine of the default deployment, as oracle


def engine(texts: list[str]) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute("create virtual table t using fts5(x, tokenize='unicode61 remove_diacritics 0')")
    connection.executemany("insert into t(rowid, x) values (?, ?)", enumerate(map(document_text, texts)))
    return connection


def ask(connection: sqlite3.Connection, expression: str) -> set[int]:
    if not expression:
        return set()
    return {row[0] for row in connection.execute("select rowid from t where t match ?", (expression,))}


plain_mixed = st.text('公交站列济南ab09 -，。"*', max_size=12)


@patient
@given(st.lists(plain_mixed, min_size=1, max_size=5), plain_mixed)
@example(["公交站列表"], "公交")
@example(["a"], "AND OR NOT NEAR")
def test_sqlite_finds_what_the_oracle_finds(texts: list[str], query: str) -> None:
    parsed = parse(query)
    expected = {place for place, text in enumerate(texts) if parsed.matches(tokens(text))}
    assert ask(engine(texts), to_fts5(parsed)) == expected


@patient
@given(st.text(max_size=20), st.text(max_size=20))
def test_no_text_breaks_the_expression(query: str, text: str) -> None:
    connection = engine([text])
    ask(connection, to_fts5(parse(query)))
    ask(connection, to_fts5(parse(query), any_of=True))
    to_tsquery(parse(query), any_of=True)
    document_vector(text)


def test_the_second_try_asks_for_any_part() -> None:
    connection = engine(["公交线路和站点", "菜单"])
    query = parse("公交站点")
    assert ask(connection, to_fts5(query)) == set()
    assert ask(connection, to_fts5(query, any_of=True)) == {0}


def test_an_expression_of_a_hostile_length_is_cut() -> None:
    assert sum(len(clause.units) for clause in parse("公交" * 5000).clauses) == 64
    assert sum(len(clause.units) for clause in parse("公 交 " * 5000).clauses) == 64


def test_postgresql_literals() -> None:
    """Expected values typed from the PostgreSQL manual, 8.11 Text Search Types."""
    assert to_tsquery(parse("公交站 bus*")) == "(('公交' & '交站') & ('bus':*))"
    assert to_tsquery(parse('"公交站" -停用')) == "(('公交' <1> '交站')) & !('停用')"
    assert to_tsquery(parse('"基站5G"')) == "(('基站' <1> '站' <1> '5g'))"
    assert document_vector("公交站", "A") == "'交站':2A '公交':1A '站':3A"
    assert document_vector("公交公交", "D") == "'交':4D '交公':2D '公交':1D,3D"


@patient
@given(st.lists(st.text("公交站列济", min_size=1, max_size=9), min_size=2, max_size=6))
def test_the_score_is_the_one_that_sqlite_computes(texts: list[str]) -> None:
    """FTS5's ``bm25()`` (sqlite.org/fts5 5.1.1): k1 1.2, b 0.75, the original idf, sign turned."""
    connection = engine(texts)
    rows = [words(text) for text in texts]
    mean = sum(map(len, rows)) / len(rows)
    having = sum("公交" in row for row in rows)
    for rowid, score in connection.execute("select rowid, bm25(t) from t where t match '公交'"):
        row = rows[rowid]
        ours = bm25f(
            {"公交": {"x": row.count("公交")}},
            {"x": len(row)},
            {"公交": having},
            Statistics(len(rows), {"x": mean}),
            {"x": Field()},
            inverse=idf_robertson,
        )
        assert isclose(ours, -score, rel_tol=1e-9)


def test_rarer_is_worth_more_and_nothing_is_worth_less_than_nothing() -> None:
    assert idf(100, 1) > idf(100, 50) > idf(100, 100) > 0
    assert idf_robertson(100, 90) == 1e-6


def test_a_word_in_title_and_abstract_is_one_word() -> None:
    """BM25F saturates once: eight times one word stays below two words once each."""
    common = {"x": {"title": 4, "body": 4}}
    two = {"x": {"title": 1, "body": 0}, "y": {"title": 1, "body": 0}}
    lengths = {"title": 5, "body": 50}
    statistics = Statistics(100, {"title": 5.0, "body": 50.0})
    fields = {"title": Field(1.0, 0.0), "body": Field(1.0, 0.0)}
    one = bm25f(common, lengths, {"x": 10}, statistics, fields)
    assert one < bm25f(two, lengths, {"x": 10, "y": 10}, statistics, fields)


def test_the_catalogue_is_searched_by_name_item_and_code() -> None:
    index = MemoryIndex()
    for entry in (STOPS, DRIVERS):
        index.add(entry.code, texts_of(entry))
    assert [hit.id for hit in index.search(parse("公交"))] == ["307015/1", "307015/2"]
    assert [hit.id for hit in index.search(parse("身份证"))] == ["307015/2"]
    assert [hit.id for hit in index.search(parse("307015 2"))] == ["307015/2"]
    assert [hit.id for hit in index.search(parse("bus stops"))] == ["307015/1"]
    assert [hit.id for hit in index.search(parse("公交 -驾驶员"))] == ["307015/1"]
    index.add(STOPS.code, {"name": "改名"})
    assert [hit.id for hit in index.search(parse("站点"))] == []
    index.remove(STOPS.code)
    index.remove("nobody")
    assert len(index) == 1 and index.search(parse("改名")) == []


@patient
@given(st.lists(plain_mixed, min_size=1, max_size=5), plain_mixed)
def test_the_index_finds_what_the_oracle_finds(texts: list[str], query: str) -> None:
    index = MemoryIndex({"x": Field()})
    for place, text in enumerate(texts):
        index.add(str(place), {"x": text})
    parsed = parse(query)
    expected = {str(place) for place, text in enumerate(texts) if parsed.matches(tokens(text))}
    hits = index.search(parsed)
    assert {hit.id for hit in hits} == expected
    assert all(hit.score > 0 for hit in hits)
