"""Digest: the published examples, and a nonce book that replays cannot pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.gb28181 import BadMessage
from quancheng.core.gb28181.digest import (
    Algorithm,
    NonceBook,
    Verdict,
    authorization,
    challenge,
    credentials,
    parse_challenge,
    response,
    secret,
)

NAME, REALM, PASSWORD = "37010200001320000001", "3701000000", "quan-cheng"
KEYS = {one: secret(NAME, REALM, PASSWORD, one) for one in Algorithm}


def test_rfc_2617_section_3_5() -> None:
    key = secret("Mufasa", "testrealm@host.com", "Circle Of Life", Algorithm.MD5)
    assert response(
        key, Algorithm.MD5, nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", method="GET", uri="/dir/index.html",
        qop="auth", cnonce="0a4f113b", count="00000001",
    ) == "6629fae49393a05397450978507c4ef1"  # fmt: skip


def test_rfc_2069_section_2_4_as_corrected_by_erratum_749() -> None:
    key = secret("Mufasa", "testrealm@host.com", "CircleOfLife", Algorithm.MD5)
    found = response(
        key, Algorithm.MD5, nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", method="GET", uri="/dir/index.html"
    )
    assert found == "1949323746fe6a43ef61f9606e7febea"


@pytest.mark.parametrize(
    ("algorithm", "wanted"),
    [
        (Algorithm.MD5, "8ca523f5e9506fed4657c9700eebdbec"),
        (Algorithm.SHA256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_rfc_7616_section_3_9_1(algorithm: Algorithm, wanted: str) -> None:
    key = secret("Mufasa", "http-auth@example.org", "Circle of Life", algorithm)
    assert response(
        key, algorithm, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", method="GET", uri="/dir/index.html",
        qop="auth", cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", count="00000001",
    ) == wanted  # fmt: skip


def _answer(
    book: NonceBook, now: float, algorithm: Algorithm, *, name: str = NAME, password: str = PASSWORD
) -> str:
    asked = challenge(REALM, book.give(name, now), algorithm)
    return authorization(asked, username=name, password=password, method="REGISTER", uri="sip:x", cnonce="c1")


def _check(book: NonceBook, value: str, now: float, name: str = NAME) -> Verdict:
    return book.check(name, credentials(value), "REGISTER", lambda one: KEYS[one], now)


@pytest.mark.parametrize("algorithm", Algorithm)
def test_the_right_password_passes_once(algorithm: Algorithm) -> None:
    book = NonceBook(b"k", lifetime=60)
    sent = _answer(book, 100.0, algorithm)
    assert _check(book, sent, 101.0) is Verdict.GOOD
    assert _check(book, sent, 102.0) is Verdict.STALE, "a captured answer is not accepted again"
    assert _check(book, sent, 170.0) is Verdict.STALE
    assert _check(book, _answer(book, 170.0, algorithm), 171.0) is Verdict.GOOD


def test_wrong_password_old_nonce_and_nonces_of_others() -> None:
    book, other = NonceBook(b"k", lifetime=60), NonceBook(b"another", lifetime=60)
    assert _check(book, _answer(book, 0.0, Algorithm.MD5, password="wrong"), 1.0) is Verdict.BAD
    assert _check(book, _answer(book, 0.0, Algorithm.MD5), 61.0) is Verdict.STALE
    assert _check(book, _answer(other, 0.0, Algorithm.MD5), 1.0) is Verdict.STALE
    stolen = challenge(REALM, book.give("37010200001320000002", 0.0), Algorithm.MD5)
    sent = authorization(stolen, username=NAME, password=PASSWORD, method="REGISTER", uri="sip:x")
    assert _check(book, sent, 1.0) is Verdict.STALE, "a nonce is given for one name"
    assert book.check(NAME, credentials(sent), "REGISTER", lambda one: "", 1.0) is Verdict.BAD


def test_the_count_must_rise() -> None:
    book = NonceBook(b"k", lifetime=60)
    nonce = book.give(NAME, 0.0)

    def sent(count: str) -> str:
        answer = response(
            KEYS[Algorithm.SHA256], Algorithm.SHA256, nonce=nonce, method="REGISTER", uri="sip:x", qop="auth",
            cnonce="c", count=count,
        )  # fmt: skip
        return (
            f'Digest username="{NAME}", realm="{REALM}", nonce="{nonce}", uri="sip:x", response="{answer}", '
            f'algorithm=SHA-256, qop=auth, nc={count}, cnonce="c"'
        )

    assert _check(book, sent("00000001"), 1.0) is Verdict.GOOD
    assert _check(book, sent("00000002"), 2.0) is Verdict.GOOD
    assert _check(book, sent("00000002"), 3.0) is Verdict.STALE
    assert _check(book, sent("00000001"), 3.0) is Verdict.STALE


def test_memory_of_used_nonces_is_bounded() -> None:
    book = NonceBook(b"k", lifetime=10)
    for second in range(100):
        assert _check(book, _answer(book, float(second), Algorithm.MD5), float(second)) is Verdict.GOOD
    assert len(book._used) + len(book._older) <= 24


@pytest.mark.parametrize(
    "value",
    ["Basic abc", "Digest", 'Digest username="a"', 'Digest username="a", username="b"',
     'Digest username="a",realm="b",nonce="c",uri="d",response="e",qop=auth', 'Digest x="unterminated',
     'Digest username="a",realm="b",nonce="c",uri="d",response="e",algorithm=CRC32'],
)  # fmt: skip
def test_odd_credentials_are_refused(value: str) -> None:
    with pytest.raises(BadMessage):
        credentials(value)


def test_quotes_and_commas_inside_values() -> None:
    found = parse_challenge('Digest realm="a, \\"b\\"", qop="auth,auth-int", stale=true')
    assert found == {"realm": 'a, "b"', "qop": "auth,auth-int", "stale": "true"}


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    book = NonceBook(b"k", lifetime=60)
    for value in (text, "Digest " + text):
        try:
            sent = credentials(value)
        except BadMessage:
            continue
        assert book.check(NAME, sent, "REGISTER", lambda one: KEYS[one], 0.0) is Verdict.BAD
