"""What the services refuse and how they count: ended keys, odd input, two callers at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from tests.capabilities.security.test_services import PICTURE, Officer, csr

from quancheng.capabilities.security import actions, queries
from quancheng.capabilities.security.actions.keys import count_use
from quancheng.capabilities.security.models import Key, Quota, QuotaUse
from quancheng.core.keys import Algorithm, MemoryKey
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict, InvalidInput
from quancheng.kernel.models import writing


def test_a_seal_whose_key_was_rotated_seals_no_more(officer: Officer) -> None:
    seal = actions.make_electronic_seal(
        Call(officer()), department="jn-data", name="测试印章", picture=PICTURE, simulated=True
    )
    system = Call.system("security")
    given = {"number": seal.number, "digest": "ab" * 32, "place": "/x.pdf", "caller": "security"}
    actions.seal_document(system, **given)
    assert Key.objects.get(pk=seal.certificate.key_id).uses == 1
    actions.rotate(system, purpose=f"seal.{seal.number}")
    with pytest.raises(Conflict) as caught:
        actions.seal_document(system, **given)
    assert "anew" in caught.value.detail.en


def test_odd_digests_and_places_are_refused_or_kept_in_one_form(officer: Officer) -> None:
    seal = actions.make_electronic_seal(
        Call(officer()), department="jn-data", name="测试印章", picture=PICTURE, simulated=True
    )
    system = Call.system("security")
    row = actions.seal_document(
        system, number=seal.number, digest="AB " * 32, place="/x.pdf", caller="security"
    )
    assert row.digest == "ab" * 32
    for digest, place in (
        ("ab" * 32, "x" * 201),
        ("ab" * 32, ""),
        ("ab" * 31, "/x"),
        ("zz", "/x"),
        ("ab" * 32, "文件"),
    ):
        with pytest.raises(InvalidInput):
            actions.seal_document(system, number=seal.number, digest=digest, place=place, caller="security")
    with pytest.raises(InvalidInput):
        actions.stamp(system, digest="ab" * 4000, caller="security")


def test_every_signature_of_a_key_is_counted(city: None) -> None:
    system = Call.system("security")
    for _ in range(3):
        actions.stamp(system, digest="ab" * 32, caller="security")
    assert Key.objects.get(purpose="tsa.sm2").uses == 3
    assert Key.objects.get(purpose="ca.issuing-sm2").uses >= 2  # its first list, the certificate of stamps
    row = Key.objects.get(purpose="tsa.sm2")
    stale = Key.objects.get(pk=row.pk)
    with writing("tests"):
        count_use(row)
        count_use(stale)  # two callers that read the row at the same moment
    assert row.refresh().uses == 5


def test_names_of_devices_are_host_names(officer: Officer) -> None:
    key = MemoryKey.generate(Algorithm.ES256)
    for names in (
        ("*.jinan.gov.cn",),
        ("a b.example",),
        ("-x.example",),
        tuple(f"h{n}.example" for n in range(21)),
    ):
        with pytest.raises(InvalidInput) as caught:
            actions.issue_certificate(
                Call(officer()), csr=csr(key, names=names), profile="device", department="jn-data"
            )
        assert "csr" in caught.value.fields
    made = actions.issue_certificate(
        Call(officer()), csr=csr(key, names=("gate-7.example",)), profile="device", department="jn-data"
    )
    assert int(made.serial, 16).bit_length() == 127 and made.x509.names == ("gate-7.example",)


def test_a_program_is_not_called_like_a_module(officer: Officer) -> None:
    for code in ("code", "vault", "public", "security"):
        with pytest.raises(InvalidInput):
            actions.add_client(Call(officer()), code=code, name="冒名", department="jn-data")


def test_a_key_past_its_end_signs_no_more_though_the_job_is_late(city: None) -> None:
    first = actions.ensure_key(Call.system("security"), purpose="security.service")
    with writing("tests"):
        Key.objects.filter(pk=first.pk).update(sign_until=clock.now())
    queries.forget()
    assert queries.signer("security.service").public != first.public
    assert first.refresh().state == Key.State.RETIRING


def test_the_list_of_use_asks_the_database_as_often_for_many_callers(
    officer: Officer, django_assert_max_num_queries: Any
) -> None:
    with writing("tests"):
        for number in range(60):
            QuotaUse.objects.create(caller=f"caller-{number}", service="sign", day=clock.today(), used=number)
        Quota.objects.create(caller="caller-59", service="sign", per_day=59)
    with django_assert_max_num_queries(10):
        rows = queries.uses_today(officer())
    assert len(rows) == 60 and (rows[0].caller, rows[0].limit, rows[0].percent) == ("caller-59", 59, 100)
    assert rows[1].limit == 10000


def test_the_day_of_a_quota_is_the_citys(city: None) -> None:
    system = Call.system("security")
    for at in (
        "2026-11-23T15:59:59+00:00",
        "2026-11-23T16:00:01+00:00",
    ):  # a second to and after midnight in Jinan
        actions.stamp(Call(system.actor, at=datetime.fromisoformat(at)), digest="ab" * 32, caller="security")
    days = QuotaUse.objects.filter(caller="security", service="stamp").order_by("day")
    assert [(str(one.day), one.used) for one in days] == [("2026-11-23", 1), ("2026-11-24", 1)]
