"""The no-certificate ladder: tables of who gets which rung and why, and properties that always hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from quancheng.capabilities.services import ladder
from quancheng.capabilities.services.elements import Label, Material, Rung, Way
from quancheng.capabilities.services.ladder import Known, Trust
from quancheng.capabilities.services.spec import MatterSpec, read_spec
from quancheng.core.text import Text

L = {"zh": "字", "en": "word"}
WAYS = {
    "dropped": {"rung": "dropped", "reason": L},
    "licence": {"rung": "query", "licence": "household-page", "purpose": L},
    "fact": {"rung": "query", "fact": "address", "purpose": L},
    "base": {"rung": "query", "base": L, "purpose": L},
    "verify": {"rung": "verify", "department": "jn-police", "days": "services.verify.police_days"},
    "promise": {"rung": "promise", "text": L, "consequence": L},
    "assist": {"rung": "assist", "helper": L, "groups": ["elder"]},
    "online": {"rung": "online"},
}
BARRED = Text("有虚假承诺记录，修复前不能承诺。", "A broken promise on record.")
ADDRESS = {"address": {"value": "x", "source": {"zh": "人口基础库", "en": "Base"}, "as_of": "2026-01-01"}}


def material(*names: str, **more) -> Material:
    return Material.model_validate(
        {"key": "paper", "name": L, "how": L, "ways": [WAYS[name] for name in names], **more}
    )


def matter(*rows: Material) -> MatterSpec:
    return read_spec(
        {
            "code": "x-y", "name": L, "summary": L, "kind": "other", "zones": ["life"], "basis": [L],
            "department": {"follows": "jn-civil"}, "period": {"legal": "services.a.b"},
            "material": [row.model_dump(mode="json", exclude_none=True) for row in rows],
            "result": {"name": L},
        }
    )  # fmt: skip


# -- who gets which rung ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("ways", "known", "rung", "trust", "failed"),
    [
        (("dropped",), Known(), "dropped", None, []),
        (("licence", "online"), Known(licences=frozenset({"household-page"})), "query", "A", []),
        (("licence", "online"), Known(), "online", "D", ["query"]),
        (("fact", "online"), Known(facts=ADDRESS), "query", "A", []),
        (("licence", "fact", "online"), Known(facts=ADDRESS), "query", "A", ["query"]),
        (("fact", "verify", "promise"), Known(), "verify", "B", ["query"]),
        (("fact", "verify"), Known(refused=frozenset({"paper"}), facts=ADDRESS), "verify", "B", ["query"]),
        (
            ("verify", "promise", "online"),
            Known(unanswered={"paper": Text("查不到。", "Not found.")}),
            "promise",
            "D",
            ["verify"],
        ),
        (("promise", "online"), Known(promise_barred=BARRED), "online", "D", ["promise"]),
        (("promise", "assist", "online"), Known(promise_barred=BARRED), "online", "D", ["promise", "assist"]),
        (("licence", "assist", "online"), Known(groups=frozenset({"elder"})), "assist", "C", ["query"]),
        (
            ("licence", "assist", "online"),
            Known(groups=frozenset({"disabled"})),
            "online",
            "D",
            ["query", "assist"],
        ),
        (("licence", "assist", "online"), Known(wants_help=True), "assist", "C", ["query"]),
        (("licence",), Known(), None, None, ["query"]),
        (("base", "online"), Known(), "query", "A", []),
        (("licence", "online"), None, "query", "A", []),
    ],
)
def test_the_first_rung_that_succeeds(ways, known, rung, trust, failed):
    found = ladder.resolve(material(*ways), known)
    assert found.rung == (Rung(rung) if rung else None)
    assert found.trust == (Trust(trust) if trust else None)
    assert [one.rung.value for one in found.tried] == failed
    assert all(one.why.zh and one.why.en for one in found.tried)


def test_the_reasons_say_what_happened_to_this_applicant():
    found = ladder.resolve(material("licence", "verify", "promise", "online"), Known(
        unanswered={"paper": Text("公安查无此户。", "The police found no such household.")}, promise_barred=BARRED
    ))  # fmt: skip
    assert [one.why.zh for one in found.tried] == [
        "卡包中没有这种有效的电子证照。",
        "公安查无此户。",
        "有虚假承诺记录，修复前不能承诺。",
    ]
    refused = ladder.resolve(material("fact", "online"), Known(facts=ADDRESS, refused=frozenset({"paper"})))
    assert "不同意" in refused.tried[0].why.zh


def test_provenance_says_where_from_when_and_for_what():
    found = ladder.resolve(material("fact", "online"), Known(facts=ADDRESS))
    assert found.provenance["source"] == {"zh": "人口基础库", "en": "Base"}
    assert found.provenance["as_of"] == "2026-01-01"
    assert found.provenance["purpose"] == L
    promised = ladder.resolve(material("promise"), Known())
    assert promised.provenance["text"] == L
    assert promised.provenance["consequence"] == L


# -- properties -------------------------------------------------------------------------------------
ORDERED = st.lists(st.sampled_from(list(WAYS)), min_size=1, max_size=8, unique=True).map(
    lambda names: sorted(names, key=list(WAYS).index)
)
PEOPLE = st.builds(
    Known,
    facts=st.sampled_from([{}, ADDRESS]),
    licences=st.sampled_from([frozenset(), frozenset({"household-page"})]),
    groups=st.sampled_from([frozenset(), frozenset({"elder"}), frozenset({"disabled"})]),
    wants_help=st.booleans(),
    refused=st.sampled_from([frozenset(), frozenset({"paper"})]),
    unanswered=st.sampled_from([{}, {"paper": Text("无", "none")}]),
    promise_barred=st.sampled_from([None, BARRED]),
)


@given(ORDERED, PEOPLE)
def test_it_goes_down_the_ladder_and_never_skips_in_silence(names, known):
    row = material(*names)
    found = ladder.resolve(row, known)
    walked = [one.rung for one in found.tried] + ([found.rung] if found.rung else [])
    assert walked == [way.rung for way in row.ladder][: len(walked)]
    assert found.rung is not None or len(found.tried) == len(row.ladder)
    if "online" in names:
        assert found.rung is not None, "what can be uploaded is never a dead end"
    if found.trust is not None:
        assert (found.trust is Trust.A) == (found.rung is Rung.QUERY)


@given(ORDERED, PEOPLE)
def test_consent_refused_means_no_register_is_used(names, known):
    found = ladder.resolve(material(*names), Known(**{**_parts(known), "refused": frozenset({"paper"})}))
    assert found.rung is not Rung.QUERY


@given(ORDERED, PEOPLE)
def test_knowing_more_never_makes_it_worse(names, known):
    more = Known(
        **{**_parts(known), "facts": ADDRESS, "licences": frozenset({"household-page"}), "unanswered": {}}
    )
    before, after = (ladder.resolve(material(*names), one) for one in (known, more))
    assert after.rung is not None or before.rung is None
    if before.rung is not None and after.rung is not None:
        assert after.rung.place <= before.rung.place


@given(st.lists(ORDERED, min_size=1, max_size=4), PEOPLE)
def test_what_a_case_keeps_is_read_back_the_same(many, known):
    rows = [material(*names, key=f"m{n}") for n, names in enumerate(many)]
    found = ladder.resolve_all(matter(*rows), known)
    assert ladder.from_stored(ladder.stored(found)) == found


def _parts(known: Known) -> dict:
    return {name: getattr(known, name) for name in Known.__dataclass_fields__}


# -- what follows for a case ---------------------------------------------------------------------------
def test_questions_to_departments_and_files_to_bring():
    spec = matter(material("fact", "verify", "online"), material("licence", "online", key="other"))
    found = ladder.resolve_all(spec, Known())
    asked = ladder.verifications_needed(spec, found)
    assert [(one.material, one.department, one.days) for one in asked] == [
        ("paper", "jn-police", "services.verify.police_days")
    ]
    assert [row.key for row in ladder.to_bring(spec, found)] == ["other"]
    answered = ladder.resolve_all(spec, Known(unanswered={"paper": Text("无", "none")}))
    assert ladder.verifications_needed(spec, answered) == ()
    assert [row.key for row in ladder.to_bring(spec, answered)] == ["paper", "other"]


# -- the rate --------------------------------------------------------------------------------------------
def test_the_rate_counts_certificates_of_organs_only():
    spec = matter(
        material("licence", "online", key="a"),
        material("online", key="b"),
        material("online", key="c", issuer="self"),
        material("assist", "online", key="d", exempt=L),
        material("dropped", key="e"),
    )
    found = ladder.rate([spec, matter()])
    assert (found.total, found.spared, found.percent) == (3, 2, 66.67)
    assert found.matters[1].percent is None, "no certificate is no rate, not a perfect one"
    assert ladder.rate([]).percent is None


# -- the old key and wrong files ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("source", "rung"),
    [("query", "query"), ("upload", "online"), ("promise", "promise"), ("dropped", "dropped")],
)
def test_the_old_key_means_one_rung(source, rung):
    old = Material.model_validate({"key": "paper", "name": L, "how": L, "source": source})
    assert [way.rung.value for way in old.ladder] == [rung]
    assert ladder.resolve(old, Known()).rung == Rung(rung)
    again = Material.model_validate(old.model_dump(mode="json", exclude_none=True))
    assert again == old


@given(ORDERED)
def test_a_material_survives_publishing(names):
    row = material(*names)
    assert Material.model_validate(row.model_dump(mode="json", exclude_none=True)) == row
    assert row.source in {"query", "upload", "promise", "dropped", "verify"}


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ({"rung": "query", "licence": "a-b"}, "missing purpose"),
        (
            {"rung": "query", "licence": "a-b", "fact": "name", "purpose": L},
            "name one of licence, fact, base",
        ),
        ({"rung": "query", "purpose": L}, "name one of licence, fact, base"),
        ({"rung": "verify", "department": "jn-police"}, "missing days"),
        ({"rung": "promise", "text": L}, "missing consequence"),
        ({"rung": "assist"}, "missing helper"),
        ({"rung": "online", "department": "jn-police"}, "does not use department"),
        ({"rung": "magic"}, "Input should be"),
    ],
)
def test_a_rung_without_what_it_needs_is_refused(way, words):
    with pytest.raises(ValidationError, match=words):
        Way.model_validate(way)


def test_ways_out_of_order_and_two_stories_are_refused():
    with pytest.raises(ValidationError, match="down the ladder"):
        material("online", "fact")
    with pytest.raises(ValidationError, match="leave source out"):
        material("fact", "online", source="upload")
    with pytest.raises(ValidationError, match="source"):
        Material.model_validate({"key": "paper", "name": L, "how": L})
    assert material("fact", source="query").source == "query"
    assert Label.model_validate(L).pick("en") == "word"
