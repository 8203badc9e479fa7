"""Stories through actions: built, changed, decided, undone, corrected, opened; each by whom it may be."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.capabilities.masters.conftest import SYSTEM, citizen, official

from quancheng.capabilities.masters import actions, profile, queries, running
from quancheng.capabilities.masters.models import (
    Build,
    Change,
    Consent,
    Correction,
    Golden,
    Home,
    Master,
    Member,
    Opening,
    Pair,
    Source,
    Theme,
)
from quancheng.capabilities.people.models import NaturalPerson
from quancheng.capabilities.people.queries import uses_of_me
from quancheng.capabilities.tables import actions as tables
from quancheng.capabilities.tables import queries as table_queries
from quancheng.kernel import clock, events, jobs
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound, TooMany


def call(actor, key: str | None = None) -> Call:
    return Call(actor, key=key)


def population() -> Master:
    return Master.objects.get(code="population")


def built(code: str = "population") -> Build:
    """What waits is built here and now."""
    for one in Build.objects.filter(master__code=code, state=Build.State.QUEUED):
        running.run(one.pk, lambda fraction, text: None)
    return Build.objects.filter(master__code=code).order_by("-id").first()


def many() -> Golden:
    """A registered person whom several departments know."""
    return (
        Golden.objects.filter(master__code="population", members_count__gte=3)
        .exclude(person=None)
        .order_by("number")
        .first()
    )


# -- what the demo builds ---------------------------------------------------------------------
def test_the_population_base_stands_on_the_register_and_departments(base: None) -> None:
    registered = NaturalPerson.objects.count()
    active = Golden.objects.filter(master=population(), state="active")
    found = active.exclude(person=None)
    assert found.count() == registered  # nobody registered is lost, nobody is joined with another
    assert found.values("person").distinct().count() == registered
    assert active.filter(sources__gte=2).count() > registered / 2
    for one in found.prefetch_related("members")[:40]:
        assert one.values["id_number"] == NaturalPerson.objects.get(pk=one.person).id_number
        assert set(one.origins) == set(one.values)


def test_the_twins_are_two_and_the_tenant_without_number_is_no_twin_for_certain(base: None) -> None:
    one = Member.objects.get(source__code="health", record="JKTWIN0")
    other = Member.objects.get(source__code="health", record="JKTWIN1")
    assert one.golden_id != other.golden_id


def test_licences_and_credit_meet_their_subject(base: None) -> None:
    licence = Golden.objects.filter(master__code="licence", sources=2).first()
    assert licence is not None and licence.about
    credit = Golden.objects.filter(master__code="credit").first()
    firm = Golden.objects.get(master__code="legal", key=credit.about)
    assert firm.label == credit.values["subject"]


def test_homes_are_judged_with_reasons(base: None) -> None:
    states = set(Home.objects.values_list("state", flat=True))
    assert {"OCCUPIED", "VACANT"} <= states
    assert (
        Home.objects.count() == Golden.objects.filter(master__code="space").count()
    )  # also where no use is known
    vacant = Home.objects.filter(state="VACANT").first()
    assert vacant.findings and vacant.findings[0]["text"]["zh"] and vacant.rule_from
    assert vacant.residents == 0
    lived = Home.objects.filter(residents__gte=2).first()
    assert lived.households and lived.residences.filter(chosen=True).count() == lived.residents


# -- changes ----------------------------------------------------------------------------------
def test_building_again_changes_nothing(base: None, steward) -> None:
    before = list(Golden.objects.values_list("pk", "digest"))
    actions.ask_build(call(steward), master=population(), mode="whole", reason="再来一次")
    done = built()
    assert done.counts["created"] == done.counts["changed"] == done.counts["members"] == 0
    assert list(Golden.objects.values_list("pk", "digest")) == before


def test_a_changed_row_of_a_source_reaches_its_record_alone(base: None) -> None:
    member = Member.objects.filter(source__code="health", golden__person__isnull=False).order_by("pk").first()
    source = Source.objects.get(code="health")
    row = table_queries.view(source.table_id).lookup([member.record])[0]
    row |= {"phone": "19912345678", "updated": clock.today()}
    tables.apply_changes(SYSTEM, table_id=source.table_id, upserts=[row], run="t")
    events.drain(strict=True)
    assert population().stale
    done = built()
    assert done.mode == "changes" and done.state == "done" and done.counts["changed"] == 1
    golden = member.golden.refresh()
    assert golden.values["phone"] == "19912345678"
    assert golden.origins["phone"]["because"] == "NEWEST"
    change = Change.objects.filter(golden=golden).order_by("-id").first()
    assert change.detail["fields"]["phone"][1] == "19912345678"
    assert not population().stale


def test_a_deleted_row_leaves_and_an_empty_record_retires(base: None) -> None:
    source = Source.objects.get(code="health")
    alone = Golden.objects.filter(members__source=source, members__record="JKTWIN1").get()
    keep = alone.members.exclude(source=source).exists()
    tables.apply_changes(SYSTEM, table_id=source.table_id, deletes=[("JKTWIN1",)], run="t")
    events.drain(strict=True)
    done = built()
    assert done.counts["gone"] == 1
    assert alone.refresh().state == ("active" if keep else "retired")


def test_a_new_rule_of_survivorship_is_dated_and_changes_values(base: None, steward) -> None:
    golden = Golden.objects.filter(master=population(), values__has_key="phone", sources__gte=2).first()
    conflicted = next(
        g
        for g in Golden.objects.filter(master=population(), person__isnull=False)
        if g.origins.get("phone", {}).get("losers")
    )
    assert golden is not None and conflicted.origins["phone"]["because"] == "NEWEST"
    actions.change_rule(
        call(steward), master=population(), field="phone", strategies=["MOST_TRUSTED"], valid_from=clock.today(),
        reason="公安号码最准",
    )  # fmt: skip
    actions.ask_build(call(steward), master=population(), mode="whole", reason="规则调整")
    built()
    assert conflicted.refresh().origins["phone"]["source"] == "people"


def test_wrong_rules_are_refused_at_their_fields(base: None, steward) -> None:
    with pytest.raises(InvalidInput) as refused:
        actions.change_rule(
            call(steward), master=population(), field="nope", strategies=["NEWEST", "NEWEST"],
            valid_from=clock.today() - timedelta(days=1), reason="", trust=["nowhere"],
        )  # fmt: skip
    assert set(refused.value.fields) == {"field", "strategies", "valid_from", "reason", "trust"}


def test_a_source_that_cannot_be_read_fails_the_build_with_its_name(base: None, steward) -> None:
    source = Source.objects.get(code="relief")
    tables.drop_table(SYSTEM, table_id=source.table_id, reason="测试")
    build = actions.ask_build(call(steward), master=population(), mode="whole", reason="x")
    with pytest.raises(Exception, match="救助"):
        running.run(build.pk, lambda fraction, text: None)
    assert build.refresh().state == "failed" and "救助" in build.error["zh"]


def test_one_build_at_a_time(base: None, steward) -> None:
    first = actions.ask_build(call(steward), master=population(), reason="一")
    actions.begin_build(SYSTEM, build=first)
    second = actions.ask_build(call(steward), master=population(), reason="二")
    with pytest.raises(Conflict):
        actions.begin_build(SYSTEM, build=second)


def test_the_job_builds(base: None, steward) -> None:
    build = actions.ask_build(call(steward, "k1"), master=Master.objects.get(code="credit"), reason="任务")
    assert actions.ask_build(call(steward, "k1"), master=build.master, reason="任务") == build
    ran = [one for one in jobs.run_due() if one.args.get("build") == build.pk]
    assert [one.state for one in ran] == ["done"]
    assert build.refresh().state == "done" and build.progress == 1.0


# -- review -----------------------------------------------------------------------------------
def doubt(left: Member, right: Member) -> Pair:
    """A pair to be decided, as a build would ask it."""
    from quancheng.kernel.models import writing

    a, b = sorted([left.ref, right.ref])
    with writing("test"):
        row, _ = Pair.objects.update_or_create(
            master=left.golden.master, left=a, right=b,
            defaults={"asked_at": clock.now(), "region_code": "370102", "state": "open"},
        )  # fmt: skip
    return row


def plain_pair() -> tuple[Member, Member]:
    """Members of two records that hold no licences."""
    held = set(Golden.objects.filter(master__code="licence").values_list("about", flat=True))
    rows = Golden.objects.filter(master=population(), state="active", person=None).order_by("number")
    free = [one for one in rows if one.key.upper() not in held][:2]
    return free[0].members.first(), free[1].members.first()


def test_a_decision_joins_binds_and_is_undone(base: None, steward) -> None:
    left, right = plain_pair()
    pair = actions.decide_pair(
        call(steward), pair=doubt(left, right), verdict="same", reason="同一身份证复印件"
    )
    assert pair.state == "same"
    built()
    one = Golden.objects.get(members=left)
    assert one == Golden.objects.get(members=right)
    merged = Golden.objects.filter(successor=one.number, master=one.master, state="merged").first()
    assert merged is not None
    assert queries.record(steward, merged.code) == one  # an old number leads on
    actions.ask_build(call(steward), master=population(), mode="whole", reason="核对后")
    built()
    assert Golden.objects.get(members=left) == Golden.objects.get(members=right)
    actions.unmerge_record(call(steward), golden=one.refresh(), records=[right.ref], reason="看错了")
    built()
    assert Golden.objects.get(members=left) != Golden.objects.get(members=right)
    kinds = set(Change.objects.filter(golden=one).values_list("kind", flat=True))
    assert {"created", "merged", "split"} <= kinds


def test_a_merge_that_touches_licences_waits_for_a_second_person(base: None, steward) -> None:
    licence = Golden.objects.filter(master__code="licence").exclude(about="").first()
    holder = Golden.objects.get(master__code__in=["population", "legal"], key=licence.about)
    other = Golden.objects.filter(master=holder.master, state="active").exclude(pk=holder.pk).first()
    pair = doubt(holder.members.first(), other.members.first())
    pair = actions.decide_pair(call(steward), pair=pair, verdict="same", reason="同一主体")
    assert pair.state == "second" and pair.needs_second
    with pytest.raises(Forbidden):
        actions.confirm_pair(call(steward), pair=pair, agree=True, reason="自己复核")
    second = official("复核员", "masters.reviewer")
    assert actions.confirm_pair(call(second), pair=pair, agree=True, reason="已核").state == "same"


def test_two_reviewers_at_once_and_empty_reasons(base: None, steward) -> None:
    pair = doubt(*plain_pair())
    with pytest.raises(InvalidInput) as refused:
        actions.decide_pair(call(steward), pair=pair, verdict="maybe", reason="")
    assert set(refused.value.fields) == {"verdict", "reason"}
    assert (
        actions.decide_pair(call(steward), pair=pair, verdict="unsure", reason="资料不足").state == "unsure"
    )
    actions.decide_pair(call(steward), pair=pair, verdict="different", reason="照片不同")
    with pytest.raises(Conflict):
        actions.decide_pair(
            call(official("乙", "masters.reviewer")), pair=pair, verdict="same", reason="我看是"
        )


def test_contradicting_decisions_are_refused(base: None, steward) -> None:
    rows = Golden.objects.filter(master=population(), state="active", person=None).order_by("number")[:3]
    a, b, c = (one.members.first() for one in rows)
    actions.decide_pair(call(steward), pair=doubt(a, b), verdict="different", reason="不同人")
    for pair in (doubt(a, c), doubt(b, c)):
        try:
            state = actions.decide_pair(call(steward), pair=pair, verdict="same", reason="同一人").state
        except Conflict:
            return
        if state == "second":
            actions.confirm_pair(
                call(official("乙", "masters.reviewer")), pair=pair, agree=True, reason="已核"
            )
    pytest.fail("a = c, b = c, a ≠ b was accepted")


# -- profiles ---------------------------------------------------------------------------------
def test_a_look_needs_a_purpose_and_a_case_and_is_shown_to_the_person(base: None) -> None:
    reader = official("低保审核员", "masters.reader", department="jn-civil")
    golden = many()
    for purpose, case in (("", ""), ("nope", "SL2026-001"), ("relief", ""), ("quality", "SL2026-001")):
        with pytest.raises(InvalidInput):
            actions.open_record(call(reader), golden=golden, purpose=purpose, case=case)
    assert queries.opened(reader, golden) is None
    actions.open_record(call(reader), golden=golden, purpose="relief", case="SL2026-001")
    found = queries.opened(reader, golden)
    assert found is not None
    seen = {one.name for one in profile.facts(golden, found[1])}
    assert "id_number" in seen and "phone" not in seen  # only what the purpose needs
    me = citizen(NaturalPerson.objects.get(pk=golden.person))
    assert queries.looks(queries.mine(me))[0]["who"] == "低保审核员"
    assert uses_of_me(me)[0]["purpose"] == "社会救助审核"
    with clock.at(clock.now() + timedelta(minutes=31)):
        assert queries.opened(reader, golden) is None


def test_consent_opens_and_its_withdrawal_closes(base: None) -> None:
    reader = official("社工", "masters.reader")
    golden = many()
    me = citizen(NaturalPerson.objects.get(pk=golden.person))
    with pytest.raises(Forbidden):
        actions.open_record(call(reader), golden=golden, purpose="home-visit")
    actions.give_consent(call(me), purpose="home-visit")
    with pytest.raises(Conflict):
        actions.give_consent(call(me), purpose="home-visit")
    assert actions.open_record(call(reader), golden=golden, purpose="home-visit").pk
    actions.withdraw_consent(call(me), purpose="home-visit")
    with pytest.raises(Forbidden):
        actions.open_record(call(reader), golden=golden, purpose="home-visit")
    assert Consent.objects.get(person=golden.person).withdrawn_at is not None
    with pytest.raises(InvalidInput):
        actions.give_consent(call(me), purpose="relief")


def test_a_correction_goes_to_the_organ_and_comes_back(base: None) -> None:
    golden = next(
        g for g in Golden.objects.filter(master=population()) if g.person and g.origins.get("marriage")
    )
    me = citizen(NaturalPerson.objects.get(pk=golden.person))
    made = actions.ask_correction(
        call(me), golden=golden, field="marriage", claimed="未婚", reason="从未结婚"
    )
    assert made.due_on > clock.today()
    with pytest.raises(Conflict):
        actions.ask_correction(call(me), golden=golden, field="marriage", claimed="未婚", reason="再说一次")
    with pytest.raises(InvalidInput) as refused:
        actions.ask_correction(
            call(me), golden=golden, field="name", claimed=golden.values["name"], reason=""
        )
    assert set(refused.value.fields) == {"claimed", "reason"}
    civil = official("民政联络员", "masters.contact", department="jn-civil")
    health = official("卫健联络员", "masters.contact", department="jn-health")
    assert list(queries.corrections(civil)) == [made] and not queries.corrections(health)
    with pytest.raises(Forbidden):
        actions.answer_correction(call(health), correction=made, accept=True, answer="已改")
    assert (
        actions.answer_correction(call(civil), correction=made, accept=True, answer="已改").state
        == "accepted"
    )
    with pytest.raises(Conflict):
        actions.answer_correction(call(civil), correction=made, accept=False, answer="又不改")
    assert list(queries.corrections(me)) == [made]
    assert Correction.objects.get().source.organ == "jn-civil"


def test_other_peoples_records_cannot_be_corrected(base: None) -> None:
    mine, other = Golden.objects.filter(master=population()).exclude(person=None)[:2]
    me = citizen(NaturalPerson.objects.get(pk=mine.person))
    with pytest.raises(Forbidden):
        actions.ask_correction(call(me), golden=other, field="phone", claimed="1", reason="不是我")


def test_look_ups_are_limited_found_or_not(base: None, monkeypatch) -> None:
    reader = official("查询员", "masters.reader")
    for _ in range(30):
        actions.note_lookup(call(reader), purpose="relief")
    with pytest.raises(TooMany):
        actions.note_lookup(call(reader), purpose="relief")
    with clock.at(clock.now() + timedelta(seconds=61)):
        actions.note_lookup(call(reader), purpose="relief")
    assert Opening.objects.filter(user=reader.user_id).count() == 31


def test_a_home_opens_its_people_and_says_so_to_each(base: None, steward) -> None:
    home = Home.objects.filter(residents__gte=2).first()
    assert actions.open_home(call(steward), home=home, purpose="quality") == home.residences.count()
    opened = set(Opening.objects.filter(way="home").values_list("golden", flat=True))
    assert opened == {home.golden_id, *home.residences.values_list("golden", flat=True)}


def test_a_trial_of_thresholds_writes_nothing(base: None, steward) -> None:
    before = list(Home.objects.values_list("pk", "state"))
    strict, loose = queries.trial(steward, 0, 9), queries.trial(steward, 0, 1)
    assert strict["VACANT"] < loose["VACANT"] and sum(strict.values()) == len(before)
    with pytest.raises(InvalidInput):
        queries.trial(steward, 5, 1)
    assert list(Home.objects.values_list("pk", "state")) == before


# -- themes -----------------------------------------------------------------------------------
THEME = {
    "code": "young-firms", "zh": "初创企业", "en": "Young firms", "owner": "jn-market", "purpose": "创业扶持名单",
    "base": "master:legal", "fields": ["uscc", "name", "established"], "condition": [("established", "ge", "2015-01-01")],
    "refresh": "change",
}  # fmt: skip


def test_a_theme_is_a_table_with_lineage_and_follows_its_base(base: None) -> None:
    owner = official("市场数据官", "masters.theme_owner", department="jn-market")
    theme = actions.refresh_theme(call(owner), theme=actions.create_theme(call(owner), **THEME))
    rows = table_queries.view(theme.table_id).arrow().to_pylist()
    expected = [
        g
        for g in Golden.objects.filter(master__code="legal")
        if g.values.get("established", "") >= "2015-01-01"
    ]
    assert len(rows) == theme.rows == len(expected) and all(
        set(row) == {"record", "uscc", "name", "established"} for row in rows
    )
    assert theme.lineage["inputs"][0]["master"] == "legal"
    actions.ask_build(SYSTEM, master=Master.objects.get(code="legal"), reason="变化")
    built("legal")
    events.drain(strict=True)
    jobs.run_due()
    assert Theme.objects.get(code="young-firms").refreshed_at >= theme.refreshed_at
    assert actions.retire_theme(call(owner), theme=theme, reason="不再需要").active is False


def test_themes_of_others_persons_and_wrong_forms_are_refused(base: None) -> None:
    owner = official("市场数据官", "masters.theme_owner", department="jn-market")
    wrong = THEME | {
        "code": "X",
        "zh": "",
        "purpose": "",
        "fields": ["nope"],
        "condition": [("established", "ge", "去年")],
    }
    with pytest.raises(InvalidInput) as refused:
        actions.create_theme(call(owner), **wrong)
    assert set(refused.value.fields) == {"code", "zh", "purpose", "fields", "condition"}
    for change in ({"owner": "jn-civil"}, {"base": "master:population"}, {"base": "master:nothing"}):
        with pytest.raises(InvalidInput) as refused:
            actions.create_theme(call(owner), **THEME | change)
        assert set(refused.value.fields) & set(change)
    with pytest.raises(Forbidden):
        actions.create_theme(call(official("旁人", "masters.reader")), **THEME)
    with pytest.raises(NotFound):
        queries.theme(owner, "nothing")


def test_a_worker_that_dies_in_the_middle_loses_and_doubles_nothing(base: None, steward, monkeypatch) -> None:
    source = Source.objects.get(code="hrss")
    source = actions.change_source(call(steward), source=source, trust=1, active=False, reason="停用试验")
    build = actions.ask_build(call(steward), master=population(), reason="停用来源")
    written = []

    def dies(call, *, build, drafts):
        if written:
            raise RuntimeError("killed")
        written.append(len(drafts))
        return apply(call, build=build, drafts=drafts)

    apply = actions.apply_groups
    monkeypatch.setattr(running, "BATCH", 50)
    monkeypatch.setattr(actions, "apply_groups", dies)
    with pytest.raises(RuntimeError):
        running.run(build.pk, lambda fraction, text: None)
    monkeypatch.setattr(actions, "apply_groups", apply)
    counts = running.run(build.pk, lambda fraction, text: None)
    assert written == [50] and counts["gone"] > 0
    active = Golden.objects.filter(master=population(), state="active")
    assert not Member.objects.filter(source=source).exists()
    assert all(one.members.count() == one.members_count for one in active.prefetch_related("members"))
    assert running.run(build.pk, lambda fraction, text: None) == counts  # done is done
