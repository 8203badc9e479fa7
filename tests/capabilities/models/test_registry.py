"""A model goes from draft to use by two persons, and back in one deed."""

from __future__ import annotations

from typing import Any

import pytest
from tests.capabilities.models.conftest import measure

from quancheng.capabilities.models import actions, queries
from quancheng.capabilities.models.models import Version
from quancheng.core.text import Text
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound

pytestmark = pytest.mark.django_db


def states(code: str = "triage") -> list[tuple[str, int]]:
    return [(one.state, one.share) for one in Version.objects.filter(model__code=code).order_by("number")]


def test_a_version_is_used_only_after_evaluation_and_a_second_person(staff: Any, add: Any) -> None:
    version = add("sigmoid")
    assert version.facts["tried"]
    assert 10 < version.facts["peak_mb"] < 200, "its own memory, not that of the process that started it"
    assert version.facts["inputs"][0][1] == "tensor(float)"
    approver = staff("approver")
    with pytest.raises(Conflict):
        actions.approve_version(Call(approver), version_id=version.pk)
    measure(staff(), version, 0.9)
    with pytest.raises(Conflict):
        actions.activate_version(Call(staff()), version_id=version.pk)
    with pytest.raises(Forbidden):
        actions.approve_version(Call(staff()), version_id=version.pk)
    actions.approve_version(Call(approver), version_id=version.pk)
    actions.activate_version(Call(staff()), version_id=version.pk)
    assert states() == [("active", 100)]


def test_nobody_approves_the_own_version_though_holding_both_roles(staff: Any, add: Any) -> None:
    version = add("sigmoid")
    measure(staff(), version, 0.9)
    both = staff("approver", name="engineer@jn-data")
    assert both.user_id == version.made_by
    with pytest.raises(Forbidden, match="自己"):
        actions.approve_version(Call(both), version_id=version.pk)


def test_a_worse_version_needs_a_reason(staff: Any, approved: Any) -> None:
    first, second = approved("sigmoid", 0.9), approved("mul_1", 0.85)
    actions.activate_version(Call(staff()), version_id=first.pk)
    with pytest.raises(InvalidInput) as refused:
        actions.activate_version(Call(staff()), version_id=second.pk)
    assert "reason" in refused.value.fields
    actions.activate_version(Call(staff()), version_id=second.pk, reason="更快，差距可接受")
    assert states() == [("approved", 0), ("active", 100)]


def test_not_measured_on_the_same_data_counts_as_worse(staff: Any, approved: Any, add: Any) -> None:
    actions.activate_version(Call(staff()), version_id=approved("sigmoid", 0.5).pk)
    other = add("mul_1")
    measure(staff(), other, 0.99, dataset_version="4")
    actions.approve_version(Call(staff("approver")), version_id=other.pk)
    with pytest.raises(InvalidInput):
        actions.activate_version(Call(staff()), version_id=other.pk)


def test_canary_and_roll_back(staff: Any, approved: Any) -> None:
    first, second = approved("sigmoid", 0.9), approved("mul_1", 0.91)
    with pytest.raises(InvalidInput):
        actions.activate_version(Call(staff()), version_id=first.pk, share=10)
    actions.activate_version(Call(staff()), version_id=first.pk)
    actions.activate_version(Call(staff()), version_id=second.pk, share=10)
    assert states() == [("active", 90), ("active", 10)]
    with pytest.raises(Conflict):
        actions.retire_version(Call(staff()), version_id=second.pk, reason="停")
    back = actions.roll_back(Call(staff()), code="triage", reason="投诉增多")
    assert back.number == 1
    assert states() == [("active", 100), ("retired", 0)]
    with pytest.raises(Conflict):
        actions.roll_back(Call(staff()), code="triage", reason="再退")


def test_roll_back_after_full_change(staff: Any, approved: Any) -> None:
    first, second = approved("sigmoid", 0.9), approved("mul_1", 0.91)
    for one in (first, second):
        actions.activate_version(Call(staff()), version_id=one.pk)
    assert actions.roll_back(Call(staff()), code="triage", reason="出错").number == 1
    assert states() == [("active", 100), ("retired", 0)]


@pytest.mark.parametrize(
    ("metrics", "field"),
    [
        ({}, "metrics"),
        ({"latency_ms": 3.0}, "metrics"),
        ({"f1": 1.2}, "metrics"),
        ({"f1": float("nan")}, "metrics"),
    ],
)
def test_senseless_metrics_are_refused(staff: Any, add: Any, metrics: Any, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        measure(staff(), add("sigmoid"), 0.9, metrics=metrics)
    assert field in refused.value.fields


def test_only_the_organ_sees_and_manages_its_models(staff: Any, add: Any) -> None:
    version = add("sigmoid")
    stranger = staff(organ="jn-civil")
    assert not queries.models(stranger, {}).items
    with pytest.raises(NotFound):
        queries.versions(stranger, "triage")
    with pytest.raises(Forbidden):
        measure(stranger, version, 0.9)
    with pytest.raises(Forbidden):
        actions.roll_back(Call(stranger), code="triage", reason="x")
    assert [one.pk for one in queries.versions(staff("approver"), "triage")] == [version.pk]
    assert queries.model(staff(), "triage").text == Text("诉求分类", "Sorting of requests")


def test_the_same_file_is_one_version(staff: Any, add: Any) -> None:
    add("sigmoid")
    with pytest.raises(Conflict):
        add("sigmoid")
    assert len(states()) == 1
