"""规则编译: many versions at once are what each is by itself, for a few queries."""

from __future__ import annotations

from dataclasses import replace

from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.capabilities.watch.conftest import NOW, SYSTEM

from quancheng.capabilities.watch.compiling import Compiled, compile_version, compile_versions
from quancheng.capabilities.watch.models import RuleVersion, State, WatchRule
from quancheng.capabilities.watch.values import Scope, spec_to_dict
from quancheng.core.watch import Direction, Kind, Spec
from quancheng.core.watch.spec import Step
from quancheng.kernel.errors import QuanchengError
from quancheng.kernel.models import writing

ABOVE = Spec(kind=Kind.THRESHOLD, limit=0.3)
AROUND = Spec(kind=Kind.NEIGHBOUR, limit=1.0, minutes=10, neighbours=2)
THEN = Spec(kind=Kind.SEQUENCE, limit=1.0, seconds=60, then=Step(Direction.ABOVE, 0.0))


def written(*rows: tuple[Spec, Scope, str]) -> list[RuleVersion]:
    made = []
    with writing("tests"):
        for spec, scope, parameter in rows:
            number = WatchRule.objects.count()
            rule = WatchRule.objects.create(code=f"many-{number}", zh="一", en="one", created_at=NOW)
            made.append(
                RuleVersion.objects.create(
                    rule=rule, number=1, state=State.IN_FORCE, kind=str(spec.kind), spec=spec_to_dict(spec),
                    scope=scope.to_dict(), parameter=parameter, source="x", level=3, incident_type="watch.water",
                    written_by="a", written_at=NOW, valid_from=NOW, changed_at=NOW,
                )
            )  # fmt: skip
    return made


def alone(version: RuleVersion) -> Compiled | str:
    try:
        return compile_version(version, SYSTEM.actor)
    except QuanchengError as refused:
        return refused.detail.zh


def test_together_is_what_each_is_alone(streams: dict[str, int]) -> None:
    some = tuple(streams.values())
    rows = written(
        (ABOVE, Scope(streams=some[:2]), ""),
        (ABOVE, Scope(streams=(some[1], 10**9, some[0])), ""),
        (ABOVE, Scope(property="things:ponding_depth"), ""),
        (AROUND, Scope(property="things:ponding_depth"), ""),
        (AROUND, Scope(streams=some[:3]), ""),
        (THEN, Scope(property="things:smoke", then_property="things:air_temperature"), ""),
        (ABOVE, Scope(streams=some[:1]), "no.such.parameter"),
    )
    together = [
        found if isinstance(found, Compiled) else found.detail.zh
        for _, found in compile_versions(rows, SYSTEM.actor)
    ]
    assert together == [alone(version) for version in rows]
    assert together[1].rule.streams == tuple(sorted(some[:2]))
    assert isinstance(together[6], str), "the rule without a value says why, and stops no other"


def test_rules_of_single_streams_share_their_queries(streams: dict[str, int]) -> None:
    some = tuple(streams.values())
    rows = written(
        *((replace(ABOVE, limit=0.1 * n), Scope(streams=(some[n % len(some)],)), "") for n in range(1, 40))
    )
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = list(compile_versions(rows, SYSTEM.actor))
    assert len(found) == 39 and all(isinstance(one, Compiled) for _, one in found)
    assert len(queries) <= 2
