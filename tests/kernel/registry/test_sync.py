"""Resources become rows: by their owner, in module order, all or none."""

from __future__ import annotations

import pytest

from quancheng.kernel import registry
from quancheng.kernel.registry import SyncReport, syncing

pytestmark = pytest.mark.django_db
MATTER = '[[matter]]\nfile = "a.toml"\n'


@pytest.fixture(autouse=True)
def no_owners(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syncing, "_syncers", {})


def test_the_owner_of_a_kind_gets_every_row(make_module) -> None:
    seen = []
    outcomes = iter(["created", "changed", "unchanged"])

    @registry.syncer("matter")
    def matter(owner, row, path) -> str:
        seen.append((owner.name, row.file, path.name))
        return next(outcomes)

    with registry.using([make_module(name, MATTER) for name in ("cc", "aa", "bb")]):
        report = registry.sync()
    assert seen == [(name, "a.toml", "a.toml") for name in ("aa", "bb", "cc")]
    assert report.to_dict() == {
        "created": ["matter a.toml"],
        "changed": ["matter a.toml"],
        "unchanged": 1,
    }


def test_rows_without_a_file_come_without_a_path(make_module) -> None:
    @registry.syncer("role")
    def role(owner, row, path) -> str:
        assert path is None
        return "created"

    with registry.using([make_module("aa", '[[role]]\nid = "aa.x"\nzh = "员"\nen = "X"\n')]):
        assert registry.sync().created == ["role aa.x"]


def test_a_module_may_bring_its_own_sync(make_module) -> None:
    source = """
        from quancheng.kernel.registry import SyncReport

        def sync() -> SyncReport:
            return SyncReport(created=["region 370100"], unchanged=2)
    """
    with registry.using([make_module("aa", files={"sync.py": source})]):
        report = registry.sync()
    assert report == SyncReport(created=["region 370100"], unchanged=2)


def test_nothing_is_kept_when_one_row_fails(make_module) -> None:
    from django.contrib.auth.models import Group

    @registry.syncer("matter")
    def matter(owner, row, path) -> str:
        if owner.name == "bb":
            raise ValueError("broken file")
        Group.objects.create(name=owner.name)
        return "created"

    places = [make_module("aa", MATTER), make_module("bb", MATTER)]
    with registry.using(places), pytest.raises(ValueError, match="broken file"):
        registry.sync()
    assert not Group.objects.filter(name="aa").exists()


def test_a_kind_has_one_owner_and_must_exist() -> None:
    def one(owner, row, path) -> str:
        return "created"

    def other(owner, row, path) -> str:
        return "created"

    registry.syncer("matter")(one)
    registry.syncer("matter")(one)
    with pytest.raises(ValueError, match="already has an owner"):
        registry.syncer("matter")(other)
    with pytest.raises(ValueError, match="no kind"):
        registry.syncer("nothing")


def test_an_unknown_outcome_is_refused() -> None:
    with pytest.raises(ValueError, match="returns one of"):
        SyncReport().note("done", "a")
