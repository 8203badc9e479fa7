"""Regular expressions of XPath, against its examples and against Python's where they agree."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quancheng.core.feel.regex import compile_pattern

FREE = lambda amount: None  # noqa: E731

MATCHES = [
    ("abracadabra", "bra", "", True),
    ("abracadabra", "^a.*a$", "", True),
    ("abracadabra", "^bra", "", False),
    ("line one\nline two", "^line two$", "", False),
    ("line one\nline two", "^line two$", "m", True),
    ("a\nb", "a.b", "", False),
    ("a\nb", "a.b", "s", True),
    ("helloworld", "hello world", "x", True),
    ("hello world", r"hello\ sworld", "x", True),
    ("hello world", "hello[ ]world", "x", True),
    ("HELLO", "hello", "i", True),
    ("\u212a", "[a-z]", "i", True),
    ("O", "[A-Z-[IO]]", "i", False),
    ("b", "[A-Z-[IO]]", "i", True),
    ("q", "[^Q]", "i", False),
    ("济南市", r"\p{IsCJKUnifiedIdeographs}{3}", "", True),
    ("Ab", r"^\p{Lu}\p{Ll}$", "", True),
    ("٣", r"^\d$", "", True),
    ("e", "[a-z-[aeiou]]", "", False),
    ("f", "[a-z-[aeiou]]", "", True),
    ("xml:lang", r"^\i\c*$", "", True),
    ("abab", r"(ab)\1", "", True),
    ("abac", r"(ab)\1", "", False),
    ("a.b", "a.b", "q", True),
    ("axb", "a.b", "q", False),
    ("aaa", "^a{2,3}$", "", True),
    ("aaaa", "^a{2,3}$", "", False),
    ("", "", "", True),
]
REFUSED = [
    "[",
    "(",
    ")",
    "a**",
    "{1}",
    "a{2,1}",
    r"\b",
    r"\q",
    r"(a\1)",
    r"\p{Xx}",
    "[z-a]",
    "(?i)a",
    "a{9999}",
]


@pytest.mark.parametrize(("text", "pattern", "flags", "expected"), MATCHES)
def test_matches(text: str, pattern: str, flags: str, expected: bool) -> None:
    found = compile_pattern(pattern, flags)
    assert found is not None
    assert (found.search(text, 0, FREE) is not None) is expected


@pytest.mark.parametrize("pattern", REFUSED)
def test_what_is_not_a_pattern_is_refused(pattern: str) -> None:
    assert compile_pattern(pattern, "") is None


_ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "(a|b)", "(ab)", "(?:a|ab)", "()"])
_QUANTIFIERS = st.sampled_from(["", "", "?", "*", "+", "{2}", "{1,2}", "??", "*?", "+?"])
_PATTERNS = st.recursive(
    st.tuples(_ATOMS, _QUANTIFIERS).map("".join),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]}|{pair[1]})"),
    ),
    max_leaves=5,
)


@given(_PATTERNS, st.text("ab", max_size=12))
def test_same_match_as_python(pattern: str, text: str) -> None:
    ours = compile_pattern(pattern, "")
    assert ours is not None
    theirs = re.search(pattern, text)
    found = ours.search(text, 0, FREE)
    assert (found is None) == (theirs is None)
    if found and theirs:
        assert found[:2] == theirs.span()


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(a*)*b", "(a|a)*b", "(.*)*x"])
def test_no_pattern_takes_exponential_time(pattern: str) -> None:
    steps = 0

    def tick(amount: int) -> None:
        nonlocal steps
        steps += amount

    found = compile_pattern(pattern, "")
    assert found is not None
    assert found.search("a" * 1000 + "c", 0, tick) is None
    assert steps < 10_000
