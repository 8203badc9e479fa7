"""Which modules there are, in which order, and what they provide."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from quancheng.kernel import registry
from quancheng.kernel.registry import RegistryError
from quancheng.kernel.registry.checks import check_modules, check_rulebook

PAGE = """
[[page]]
face = "desk"
path = "/{name}/"
zh = "页"
en = "Page"
icon = "files"
order = {order}
"""
ROLE = '\n[[role]]\nid = "{0}.clerk"\nzh = "员"\nen = "Clerk"\n'


@dataclass(frozen=True)
class Asker:
    role_ids: frozenset[str]


def test_capabilities_come_first_then_order_then_name(make_module) -> None:
    places = [
        make_module("b_scene", order=5),
        make_module("a_scene", order=5),
        make_module("z_base", floor="capability", order=90),
    ]
    with registry.using(places) as found:
        assert [one.name for one in found] == ["z_base", "a_scene", "b_scene"]
        assert registry.modules() is found
        assert registry.module("z_base").text.en == "Trial"
        assert registry.module("a_scene").dotted == "a_scene"
        with pytest.raises(KeyError, match="there are: z_base"):
            registry.module("nothing")
        with pytest.raises(KeyError, match="There is no kind"):
            registry.items("nothing")


def test_navigation_shows_what_the_actor_may_open(make_module) -> None:
    rows = (
        PAGE.format(name="late", order=20)
        + 'roles = ["water.clerk"]\nsummary = { zh = "简介", en = "About" }'
        + PAGE.format(name="early", order=10)
        + PAGE.format(name="screen", order=1).replace("desk", "command")
        + ROLE.format("water")
    )
    with registry.using([make_module("water", rows)]):
        public = registry.navigation("desk")
        assert [entry.path for entry in public] == ["/early/"]
        assert public[0].public
        assert public[0].summary is None
        clerk = registry.navigation("desk", Asker(frozenset({"water.clerk"})))
        assert [entry.path for entry in clerk] == ["/early/", "/late/"]
        assert clerk[1].summary is not None
        assert clerk[1].summary.en == "About"
        assert registry.navigation("desk", Asker(frozenset({"other.clerk"}))) == public


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (PAGE.format(name="x", order=1), PAGE.format(name="x", order=2), "page desk /x/"),
        (
            '[[drill]]\nid = "flood"\nzh = "演"\nen = "D"\nfunction = "a:b"\n',
            '[[drill]]\nid = "flood"\nzh = "演"\nen = "D"\nfunction = "a:b"\n',
            "drill flood",
        ),
    ],
)
def test_an_id_used_twice_is_an_error(make_module, first, second, said) -> None:
    places = [make_module("aa", first), make_module("bb", second)]
    with pytest.raises(RegistryError, match=said) as refused:
        registry.read(places)
    assert str(places[0].manifest) in str(refused.value)


def test_an_id_used_twice_in_one_module_is_an_error(make_module) -> None:
    twice = '[[parameters]]\nfile = "a.toml"\n' * 2
    with pytest.raises(RegistryError, match=r"parameters aa:a\.toml"):
        registry.read([make_module("aa", twice)])


def test_files_of_the_same_name_in_two_modules_are_fine(make_module) -> None:
    row = '[[parameters]]\nfile = "a.toml"\n'
    assert len(registry.read([make_module("aa", row), make_module("bb", row)])) == 2


def test_all_problems_are_told_at_once(make_module) -> None:
    places = [make_module("aa", "x = 1"), make_module("bb", "y = 1"), make_module("cc")]
    other = places[2].folder.rename(places[2].folder.with_name("dd"))
    places[2] = registry.ModuleLocation("dd", other)
    with pytest.raises(RegistryError) as refused:
        registry.read(places)
    assert len(refused.value.lines) == 3
    assert "name of the folder: dd" in str(refused.value)


def test_unknown_roles_are_found_by_the_system_check(make_module) -> None:
    rows = PAGE.format(name="x", order=1) + 'roles = ["water.boss"]\n'
    rows += '[[access]]\nmodel = "water.A"\nverbs = ["view"]\nrole = "water.chief"\n'
    rows += '[[access]]\nmodel = "water.A"\nverbs = ["view"]\nrole = "anyone"\n'
    with registry.using([make_module("water", rows)]):
        messages = [message.msg for message in check_modules()]
    assert len(messages) == 2
    assert "water.boss" in messages[0]
    assert "water.chief" in messages[1]


def test_the_system_check_tells_broken_manifests(make_module, monkeypatch) -> None:
    place = make_module("water", "x = 1")
    registry.reload()
    monkeypatch.setattr("quancheng.kernel.registry.load.discover", lambda: [place])
    try:
        assert [message.id for message in check_modules()] == ["registry.E001"]
        assert [message.id for message in check_rulebook()] == ["registry.E003"]
    finally:
        monkeypatch.undo()
        registry.reload()


def test_the_shipped_modules_pass_the_system_checks() -> None:
    assert list(check_modules()) == []
    assert list(check_rulebook()) == []


def test_resource_paths_stay_inside_the_module(make_module) -> None:
    with registry.using([make_module("water")]) as (water,):
        assert registry.resource_path("water", "a.toml") == water.folder.resolve() / "a.toml"
        assert registry.resource_path(water, "b/c.toml").name == "c.toml"
        with pytest.raises(ValueError, match="outside"):
            registry.resource_path("water", "../other/a.toml")


def test_a_broken_module_leaves_using_untouched(make_module) -> None:
    before = registry.modules()
    with pytest.raises(RegistryError), registry.using([make_module("water", "x = 1")]):
        pass
    assert registry.modules() is before


def test_extra_modules_are_found_by_import_path(make_module, monkeypatch) -> None:
    from quancheng.kernel.registry.discovery import discover, extra_modules

    place = make_module("waterx")
    assert extra_modules(" waterx, ") == [place]
    with pytest.raises(ImportError, match="not importable"):
        extra_modules("nothing_such_module")
    monkeypatch.setenv("QUANCHENG_EXTRA_MODULES", "waterx")
    found = discover()
    assert found[-1].manifest == place.folder / "module.toml"
