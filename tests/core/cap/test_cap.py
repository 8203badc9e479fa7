"""CAP 1.2: the OASIS examples and schema, round trips, broken messages, chains, feed, colours."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from quancheng.core.cap import (
    CONCEPTS,
    Alert,
    Area,
    CapError,
    Category,
    Certainty,
    ChainFault,
    Circle,
    Colour,
    FeedInfo,
    Info,
    MsgType,
    Named,
    Point,
    Reference,
    Resource,
    ResponseType,
    Scope,
    Severity,
    Status,
    Urgency,
    active,
    build_feed,
    check_chain,
    colour_of,
    from_xml,
    problems,
    to_xml,
    with_colour,
)
from tests.cases import cases

BEIJING = timezone(timedelta(hours=8))
SENT = datetime(2007, 7, 18, 18, 25, tzinfo=BEIJING)
SQUARE = tuple(
    Point(Decimal(lat), Decimal(lon))
    for lat, lon in (("36.6", "117.0"), ("36.7", "117.0"), ("36.7", "117.1"), ("36.6", "117.0"))
)
INFO = Info(
    categories=(Category.MET, Category.SAFETY),
    event="暴雨",
    urgency=Urgency.IMMEDIATE,
    severity=Severity.EXTREME,
    certainty=Certainty.OBSERVED,
    language="zh-CN",
    response_types=(ResponseType.AVOID,),
    audience="沿街商户",
    event_codes=(Named("GB/T 35561", "11B03"),),
    effective=SENT,
    onset=SENT,
    expires=SENT + timedelta(hours=3),
    sender_name="济南市防汛抗旱指挥部（模拟）",
    headline="暴雨红色预警 <模拟> & 演练",
    description="三小时雨量已达 100 毫米",
    instruction="远离下穿立交",
    web="https://example.org/a",
    contact="12345",
    parameters=(Named("ColorCode", "Red"),),
    resources=(
        Resource("map", "image/png", 10, "https://example.org/m.png", "aGk=", "a" * 40),
    ),
    areas=(
        Area("泉城路", (SQUARE,), (Circle(SQUARE[0], Decimal("1.5")),),
             (Named("GB/T 2260", "370102"),),
            Decimal(20), Decimal("30.5")),
    ),
)  # fmt: skip
ALERT = Alert(
    "370100-20070718-1", "water@jinan.example", SENT, Status.EXERCISE, MsgType.ALERT,
    Scope.PRIVATE, "模拟", None, ("a b", "c"), ("drill",), "演练", (), ("7 18",), (INFO,),
)  # fmt: skip


def child(number: int, kind: MsgType, *parents: Alert, **changes: object) -> Alert:
    sent = SENT + timedelta(minutes=number)
    made = replace(
        ALERT, identifier=f"m{number}", sent=sent, msg_type=kind,
        references=tuple(p.reference for p in parents),
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(cases("cap") / "CAP-v1.2.xsd")))


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_oasis_examples(number: int) -> None:
    document = (cases("cap") / "data" / "oasis" / f"example{number}.xml").read_bytes()
    alert = from_xml(document)
    written = to_xml(alert)
    assert from_xml(written) == alert
    schema().assertValid(etree.fromstring(written))
    original, ours = etree.fromstring(document), etree.fromstring(written)
    texts = [[(n.tag, (n.text or "").split()) for n in root.iter("{*}*")] for root in (original, ours)]
    assert texts[0] == texts[1]


def test_a_full_message_validates() -> None:
    written = to_xml(ALERT)
    assert from_xml(written) == ALERT
    schema().assertValid(etree.fromstring(written))
    update = child(5, MsgType.UPDATE, ALERT)
    assert from_xml(to_xml(update)) == update
    assert problems(update) == ()


text = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=20)
word = st.from_regex(r"[A-Za-z0-9._@-]{1,12}", fullmatch=True)
times = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)).flatmap(
    lambda t: st.integers(-14 * 60, 14 * 60).map(
        lambda m: t.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=m)) if m else UTC)
    )
)
decimals = st.decimals(-90, 90, places=4)
points = st.builds(Point, decimals, decimals)
polygons = st.lists(points, min_size=3, max_size=6).map(lambda p: (*p, p[0]))
names = st.builds(Named, text, text)
filled = text.filter(lambda t: bool(t.strip()))
areas = st.builds(
    Area, filled, st.lists(polygons, max_size=2).map(tuple),
    st.lists(st.builds(Circle, points, st.decimals(0, 50, places=2)), max_size=2).map(tuple),
    st.lists(names, max_size=2).map(tuple), st.just(Decimal(1)), st.none() | st.just(Decimal(2)),
)  # fmt: skip
infos = st.builds(
    Info, st.lists(st.sampled_from(Category), min_size=1, max_size=3).map(tuple), filled,
    st.sampled_from(Urgency), st.sampled_from(Severity), st.sampled_from(Certainty),
    st.none() | st.just("zh-CN"), st.lists(st.sampled_from(ResponseType), max_size=2).map(tuple),
    st.none() | text, st.lists(names, max_size=2).map(tuple), st.none() | times,
    headline=st.none() | text, parameters=st.lists(names, max_size=2).map(tuple),
    areas=st.lists(areas, max_size=2).map(tuple),
)  # fmt: skip
alerts = st.builds(
    Alert, word, word, times, st.sampled_from(Status), st.just(MsgType.ALERT),
    st.just(Scope.PUBLIC), st.none() | text, st.none() | text,
    st.lists(st.one_of(word, st.just("two words")), max_size=3).map(tuple),
    st.lists(text, max_size=2).map(tuple), st.none() | text,
    incidents=st.lists(word, max_size=2).map(tuple), infos=st.lists(infos, max_size=2).map(tuple),
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(alerts)
def test_round_trip(alert: Alert) -> None:
    written = to_xml(alert)
    assert from_xml(written) == alert
    assert schema().validate(etree.fromstring(written))


def _info(**changes: object) -> Alert:
    return replace(ALERT, infos=(replace(INFO, **changes),))  # type: ignore[arg-type]


def _area(**changes: object) -> Alert:
    return _info(areas=(replace(INFO.areas[0], **changes),))  # type: ignore[arg-type]


def _resource(**changes: object) -> Alert:
    return _info(resources=(replace(INFO.resources[0], **changes),))  # type: ignore[arg-type]


FAR = Point(Decimal(91), Decimal(0))
BROKEN: list[tuple[Alert, str]] = [
    (replace(ALERT, identifier=""), "identifier"),
    (replace(ALERT, identifier="a b"), "identifier"),
    (replace(ALERT, sender="a,b"), "sender"),
    (replace(ALERT, sender="a<b"), "sender"),
    (replace(ALERT, sent=SENT.replace(tzinfo=None)), "sent"),
    (replace(ALERT, sent=SENT.replace(microsecond=1)), "sent"),
    (replace(ALERT, sent=SENT.replace(tzinfo=timezone(timedelta(hours=15)))), "sent"),
    (replace(ALERT, sent=SENT.replace(tzinfo=timezone(timedelta(seconds=1)))), "sent"),
    (replace(ALERT, scope=Scope.RESTRICTED), "restriction"),
    (replace(ALERT, addresses=()), "addresses"),
    (replace(ALERT, addresses=('"',)), "addresses"),
    (replace(ALERT, incidents=(" ",)), "incidents"),
    (replace(ALERT, note="\x00"), "note"),
    (replace(ALERT, msg_type=MsgType.UPDATE), "references"),
    (replace(ALERT, msg_type=MsgType.CANCEL), "references"),
    (replace(child(1, MsgType.ERROR, ALERT), note=None), "note"),
    (replace(ALERT, references=(ALERT.reference,)), "references[0]"),
    (replace(ALERT, references=(Reference("a", "b", SENT + timedelta(1)),)), "references[0]"),
    (replace(ALERT, references=(Reference("a b", "b", SENT),)), "references[0].sender"),
    (_info(categories=()), "info[0].category"),
    (_info(event=" "), "info[0].event"),
    (_info(headline="\ufffe"), "infos[0].headline"),
    (_info(language="中文"), "info[0].language"),
    (_info(onset=SENT.replace(tzinfo=None)), "info[0].onset"),
    (_info(expires=SENT), "info[0].expires"),
    (_info(web="/relative"), "info[0].web"),
    (_resource(description=""), "info[0].resource[0].resourceDesc"),
    (_resource(mime_type="png"), "info[0].resource[0].mimeType"),
    (_resource(size=-1), "info[0].resource[0].size"),
    (_resource(digest="a"), "info[0].resource[0].digest"),
    (_area(description=""), "info[0].area[0].areaDesc"),
    (_area(polygons=(SQUARE[:3],)), "info[0].area[0].polygon[0]"),
    (_area(polygons=((*SQUARE[:3], SQUARE[1]),)), "info[0].area[0].polygon[0]"),
    (_area(polygons=((FAR, *SQUARE[1:3], FAR),)), "info[0].area[0].polygon[0]"),
    (_area(circles=(Circle(FAR, Decimal(1)),)), "info[0].area[0].circle[0]"),
    (_area(circles=(Circle(SQUARE[0], Decimal(-1)),)), "info[0].area[0].circle[0]"),
    (_area(altitude=None), "info[0].area[0].ceiling"),
    (_area(ceiling=Decimal(1)), "info[0].area[0].ceiling"),
    (_area(altitude=Decimal("NaN")), "info[0].area[0].altitude"),
]


@pytest.mark.parametrize(("alert", "path"), BROKEN)
def test_broken_messages_are_not_written(alert: Alert, path: str) -> None:
    assert [p.path for p in problems(alert)] == [path]
    with pytest.raises(CapError) as caught:
        to_xml(alert)
    assert caught.value.problems[0].text.zh
    assert path in str(caught.value)


DOCTYPE = "<!DOCTYPE alert [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>"
Edit = Callable[[str], str]
EDITS: list[tuple[Edit, str]] = [
    (lambda x: x[:-3], "alert"),
    (lambda x: x.replace("cap:1.2", "cap:1.1"), "alert"),
    (lambda x: x.replace("<alert", DOCTYPE + "<alert"), "alert"),
    (lambda x: x.replace("<note>演练", "<note>&e;"), "alert"),
    (lambda x: x.replace("<note>", "stray<note>"), "alert"),
    (lambda x: x.replace("<identifier>370100-20070718-1</identifier>", ""), "identifier"),
    (lambda x: x.replace("18:25:00+08:00</sent>", "10:25:00Z</sent>"), "sent"),
    (lambda x: x.replace("18:25:00+08:00</sent>", "18:25:00</sent>"), "sent"),
    (lambda x: x.replace("18:25:00+08:00</sent>", "25:25:00+08:00</sent>"), "sent"),
    (lambda x: x.replace("18:25:00+08:00</sent>", "18:25:00+15:00</sent>"), "sent"),
    (lambda x: x.replace("Exercise", "Fake"), "status"),
    (lambda x: x.replace("<note>演练</note>", "<note/><note/>"), "note"),
    (lambda x: x.replace("<note>演练</note>", "<note><code/></note>"), "note"),
    (lambda x: x.replace("<note>演练</note>", "<other/>"), "other"),
    (lambda x: x.replace("<incidents>", "<references>a,b</references><incidents>"), "references"),
    (lambda x: x.replace("36.6,117.0 36.7", "36.6;117.0 36.7"), "info[0].area[0].polygon[0]"),
    (lambda x: x.replace("36.6,117.0 36.7", "1e1,117.0 36.7"), "info[0].area[0].polygon[0]"),
    (lambda x: x.replace("117.0 1.5", "117.0"), "info[0].area[0].circle[0]"),
    (lambda x: x.replace("<size>10", "<size>ten"), "info[0].resource[0].size"),
    (lambda x: x.replace("<altitude>20", "<altitude>NaN"), "info[0].area[0].altitude"),
    (lambda x: x.replace("<urgency>Immediate</urgency>", ""), "info[0].urgency"),
    (lambda x: x + " " * 5_000_000, "alert"),
]


@pytest.mark.parametrize(("edit", "path"), EDITS)
def test_broken_documents_are_refused(edit: Edit, path: str) -> None:
    document = to_xml(ALERT).decode()
    changed = edit(document)
    assert changed != document
    with pytest.raises(CapError) as caught:
        from_xml(changed.encode())
    assert caught.value.problems[0].path == path


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_documents_raise_only_cap_errors(data: st.DataObject) -> None:
    document = bytearray(to_xml(ALERT))
    at = data.draw(st.integers(0, len(document) - 1))
    document[at] = data.draw(st.integers(0, 255))
    with suppress(CapError):
        assert problems(from_xml(bytes(document))) == ()


def test_comments_are_ignored_and_signatures_kept() -> None:
    written = to_xml(ALERT).replace(b"<status>", b"<!-- x --><status>")
    written = written.replace(b"Exer", b"Exer<!-- -->")
    assert from_xml(written) == ALERT
    signature = b'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo/></Signature>'
    signed = from_xml(written.replace(b"</alert>", signature + b"</alert>"))
    assert len(signed.signatures) == 1
    assert from_xml(to_xml(signed)).signatures == signed.signatures
    schema().assertValid(etree.fromstring(to_xml(signed)))


def test_utc_is_written_without_z() -> None:
    utc = replace(ALERT, sent=datetime(2007, 7, 18, 9, 0, tzinfo=UTC))
    assert b"<sent>2007-07-18T09:00:00-00:00</sent>" in to_xml(utc)
    assert from_xml(to_xml(utc)) == utc


def faults(*messages: Alert) -> list[ChainFault]:
    found = check_chain(messages)
    assert all(problem.text.zh and problem.text.en for problem in found)
    return [problem.fault for problem in found]


def test_good_chains() -> None:
    one = child(1, MsgType.UPDATE, ALERT)
    two = child(2, MsgType.UPDATE, ALERT, one)
    end = child(3, MsgType.CANCEL, two)
    ack = child(4, MsgType.ACK, end)
    assert faults(end, two, ack, ALERT, one) == []
    assert active([ALERT, one, two, end], SENT) == (ALERT,)
    assert active([ALERT, one, two, end], SENT + timedelta(minutes=2)) == (two,)
    assert active([ALERT, one, two, end], SENT + timedelta(minutes=3)) == ()
    assert active([ALERT], SENT + timedelta(hours=4)) == ()
    assert active([replace(ALERT, infos=())], SENT + timedelta(days=9)) != ()


def test_broken_chains() -> None:
    one = child(1, MsgType.UPDATE, ALERT)
    end = child(2, MsgType.CANCEL, one)
    assert faults(one) == [ChainFault.ORPHAN]
    assert faults(child(1, MsgType.UPDATE)) == [ChainFault.ORPHAN]
    assert faults(ALERT, ALERT) == [ChainFault.DUPLICATE]
    assert faults(ALERT, one, child(3, MsgType.CANCEL, ALERT)) == [ChainFault.FORK]
    assert faults(ALERT, one, end, child(3, MsgType.UPDATE, one)) == [ChainFault.CANCELLED]
    later = child(2, MsgType.ALERT)
    assert faults(ALERT, child(1, MsgType.UPDATE, later), later) == [ChainFault.NOT_BEFORE]
    wrong = replace(ALERT.reference, sent=SENT - timedelta(1))
    assert faults(ALERT, child(1, MsgType.UPDATE, references=(wrong,))) == [ChainFault.MISMATCH]
    ack = child(1, MsgType.ACK, ALERT)
    assert faults(ALERT, ack, child(2, MsgType.CANCEL, ack)) == [ChainFault.NOT_AN_ALERT]


def test_feed() -> None:
    plain = child(1, MsgType.UPDATE, ALERT, infos=(), addresses=("x",))
    english = replace(INFO, language="en-US", headline=None, sender_name=None, expires=None,
                      description=None)  # fmt: skip
    both = child(2, MsgType.UPDATE, plain, infos=(english, INFO))
    info = FeedInfo("urn:x", "https://e.org/feed", "预警", "济南", SENT)
    document = build_feed(info, [ALERT, plain, both], lambda a: f"https://e.org/{a.identifier}")
    root = etree.fromstring(document)
    ns = {"a": "http://www.w3.org/2005/Atom", "c": "urn:oasis:names:tc:emergency:cap:1.2"}
    titles = root.xpath("a:entry/a:title/text()", namespaces=ns)
    assert titles == [INFO.headline, "Update m1", INFO.headline]
    assert root.xpath("a:entry[1]/a:link[@type='application/cap+xml']/@href", namespaces=ns) == [
        "https://e.org/m2"
    ]
    assert root.xpath("count(a:entry/c:areaDesc)", namespaces=ns) == 2
    for name in ("id", "title", "updated", "author", "link"):
        assert root.xpath(f"count(a:entry[a:{name}])", namespaces=ns) == 3
    assert b"Update m1" in build_feed(info, [both, plain], lambda a: "https://e.org", "en")
    with pytest.raises(CapError):
        build_feed(replace(info, updated=SENT.replace(tzinfo=None)), [], lambda a: "")


def test_colours() -> None:
    for colour in Colour:
        info = with_colour(with_colour(INFO, Colour.RED), colour)
        assert colour_of(info) is colour
        assert len(info.parameters) == 1
        assert colour_of(replace(info, parameters=())) is colour
        assert colour.text.zh
    assert colour_of(replace(INFO, parameters=(), severity=Severity.UNKNOWN)) is None
    assert colour_of(replace(INFO, parameters=(Named("ColorCode", "Pink"),))) is None
    later = (Named("EventID", "1"), Named("ColorCode", "Blue"))
    assert colour_of(replace(INFO, parameters=later)) is Colour.BLUE
    assert any(not concept.certain for concept in CONCEPTS)
