"""Grades: every rule, met and not met."""

from __future__ import annotations

from typing import Any

import pytest

from quancheng.core.text import Text
from quancheng.kernel import registry
from quancheng.kernel.registry import grades
from quancheng.kernel.registry.grades import labels, subject
from quancheng.kernel.registry.grades.subject import Subject

ACTIONS = '''
from quancheng.kernel import access, events
from quancheng.kernel.actions import Call, action

@action("water.open")
def open_gate(call: Call) -> None:
    """开闸。"""
    access.require(call.actor, "open", None)
    events.emit("water.opened", subject="gate", data={})
'''
FULL = """
[[page]]
face = "desk"
path = "/healthz"
zh = "水"
en = "Water"
icon = "files"
[[access]]
model = "auth.Group"
verbs = ["view"]
role = "anyone"
[[event]]
type = "water.opened"
zh = "已开闸"
en = "Gate opened"
[[indicator]]
id = "water.level"
zh = "水位"
en = "Level"
function = "water.indicators:level"
[grade]
claims = "platinum"
core = ["merkle"]
standards = ["CAP 1.2"]
peers = ["FROST"]
benchmarks = ["no-such-benchmark"]
[[grade.exempt]]
rule = "gold.benchmark"
reason = "the benchmark is written later"
"""
FILES = {
    "actions.py": ACTIONS,
    "pages.py": 'urlpatterns = ["x"]\n',
    "protocols.py": 'urlpatterns = ["x"]\n',
    "indicators.py": "def level(): ...\n",
    "simulate.py": "def seed(city, random): ...\ndef processes(sim): ...\n",
    "api.py": (
        'from ninja import Router\nrouter = Router()\n\n@router.get("/x")\ndef get(request):\n    return 1\n'
    ),
    "migrations/0001_initial.py": "",
    "tests/test_water.py": "def test_one():\n    assert 1\n",
    "tests/test_browser.py": "def test_axe(page):\n    page.assert_ok()\n",
    "tests/test_faults.py": "async def test_cut():\n    with pytest.raises(OSError): ...\n",
    "README.md": "# W\n## What\nCAP 1.2\n## How\n## Peers\nFROST 2.1 x\n## Scale\n| n | 10 |\n",
}


@pytest.fixture
def full(make_module, monkeypatch):
    """A module that meets every rule; its table is borrowed."""
    from quancheng.kernel.models import GuardedModel

    class Table(GuardedModel):
        class Meta:
            app_label = "auth"
            managed = False

    Table.__name__ = "Group"
    monkeypatch.setattr(Subject, "tables", [Table])
    place = make_module("water", FULL, files=FILES)
    with registry.using([place]):
        yield place
    from django.apps import apps

    apps.all_models["auth"].pop("table", None)
    apps.clear_cache()


def outcome(rule: str) -> grades.Result:
    grades.clear()
    (one,) = grades.report()
    return next(result for result in one.results if result.rule.id == rule)


def todo(rule: str) -> str:
    result = outcome(rule)
    assert result.outcome == "missing"
    return " ".join(text.en for text in result.todo)


def rewrite(place: registry.ModuleLocation, path: str, text: str) -> None:
    import importlib
    import sys

    (place.folder / path).write_text(text, encoding="utf-8")
    for name in [name for name in sys.modules if name.startswith("water.")]:
        del sys.modules[name]
    importlib.invalidate_caches()


def test_a_full_module_reaches_platinum(full) -> None:
    grades.clear()
    (one,) = grades.report()
    assert {r.rule.id: r.todo for r in one.results if r.outcome == "missing"} == {}
    assert one.faults == ()
    assert one.reached == "platinum"
    assert one.keeps_claim
    assert (one.exempt, one.missing) == (1, 0)
    assert one.reached_text == one.claims_text == Text("白金级", "platinum")
    assert outcome("gold.benchmark").reason == "the benchmark is written later"
    assert one.to_dict()["rules"][0]["outcome"] == "done"
    assert grades.report() is grades.report()


def test_every_rule_is_documented() -> None:
    guide = (subject.REPOSITORY / "docs" / "grades.md").read_text(encoding="utf-8")
    assert [rule.id for rule in grades.rules() if f"`{rule.id}`" not in guide] == []
    assert len(grades.rules()) == len({rule.id for rule in grades.rules()}) == 22


def test_an_empty_module_is_told_everything(make_module, monkeypatch) -> None:
    monkeypatch.setattr(Subject, "tables", [])
    with registry.using([make_module("water", '[grade]\nclaims = "bronze"\n')]):
        grades.clear()
        (one,) = grades.report()
        assert one.reached == "none"
        assert not one.keeps_claim
        missing = {r.rule.id for r in one.results if r.outcome == "missing"}
        met = {"bronze.domain", "bronze.errors", "bronze.labels", "silver.rights", "silver.audit"}
        assert missing == {rule.id for rule in grades.rules()} - met
        for result in one.results:
            assert bool(result.todo) == (result.outcome == "missing")


def test_tables_need_a_guard_a_migration_and_rights(full, monkeypatch) -> None:
    from django.contrib.auth.models import Permission

    monkeypatch.setattr(Subject, "tables", [Permission])
    (full.folder / "migrations" / "0001_initial.py").unlink()
    assert "GuardedModel" in todo("bronze.model")
    assert "makemigrations water" in todo("bronze.model")
    assert "auth.Permission" in todo("silver.rights")
    assert "Permission must extend GuardedModel" in todo("silver.audit")


def test_writers_must_be_actions_that_say_what_and_ask(full) -> None:
    bare = ACTIONS.replace('    """开闸。"""\n', "").replace("access.require(", "print(")
    rewrite(full, "actions.py", bare + "\ndef shut():\n    pass\n\ndef _helper():\n    pass\n")
    assert "actions.shut is not an @action" in todo("bronze.actions")
    assert "actions.open_gate has no docstring" in todo("bronze.actions")
    assert "_helper" not in todo("bronze.actions")
    assert "open_gate does not call access.require" in todo("silver.audit")


def test_pages_must_resolve(full) -> None:
    manifest = full.manifest.read_text(encoding="utf-8").replace("/healthz", "/nowhere-at-all/")
    full.manifest.write_text(manifest, encoding="utf-8")
    with registry.using([full]):
        assert "no page at /nowhere-at-all/" in todo("bronze.pages")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise ValueError('x')", "raises ValueError"),
        ("raise http.Http404", "raises Http404"),
        ("try:\n        pass\n    except Exception:\n        pass", "swallows"),
        ("try:\n        pass\n    except:\n        pass", "swallows"),
        ("raise", ""),
        ("raise errors.NotFound()", ""),
        ("raise make()()", ""),
        ("try:\n        pass\n    except OSError:\n        pass", ""),
        ("try:\n        pass\n    except Exception as e:\n        print(e)", ""),
    ],
)
def test_errors_must_be_of_the_taxonomy(full, code: str, said: str) -> None:
    rewrite(full, "queries.py", f"def ask():\n    {code}\n")
    if said:
        assert said in todo("bronze.errors")
    else:
        assert outcome("bronze.errors").outcome == "done"


def test_the_samples_mark_is_found(full) -> None:
    rewrite(full, "queries.py", "# quancheng:new-scenario\n")
    assert "still the sample" in todo("bronze.domain")


def test_events_must_be_declared_and_emitted(full) -> None:
    rewrite(full, "actions.py", ACTIONS.replace("water.opened", "water.shut"))
    said = todo("silver.events")
    assert "water.shut is emitted but not declared" in said
    assert "water.opened is declared but never emitted" in said


@pytest.mark.parametrize("type_", ['f"water.{verb}"', "WATER_OPENED"])
def test_events_may_be_named_by_code(full, type_: str) -> None:
    code = ACTIONS.replace('"water.opened"', type_) + 'WATER_OPENED = "water." "opened"\n'
    rewrite(full, "actions.py", code)
    assert outcome("silver.events").outcome == "done"


def test_a_helper_may_ask_for_the_right(full) -> None:
    code = ACTIONS.replace('access.require(call.actor, "open", None)', "_may(call)")
    rewrite(full, "actions.py", code + "\ndef _may(call):\n    access.require(call.actor, 'x', 1)\n")
    assert outcome("silver.audit").outcome == "done"


def test_words_must_be_in_the_catalogue(full) -> None:
    code = (
        "from django.utils.translation import gettext as _, ngettext, pgettext\n"
        "A = _('水闸'), _('plain'), ngettext('一个', '多个', 2), pgettext('上下文', '语境'), _(B)\n"
    )
    rewrite(full, "queries.py", code)
    (full.folder / "templates" / "water").mkdir(parents=True)
    page = (
        "{% load i18n %}<p title='{% translate \"标题\" %}'>{{ _('变量') }}</p>"
        "{% blocktranslate %}块{{ x }}{% endblocktranslate %}{% comment %}注释{% endcomment %}"
        "<!-- 说明 --><b>裸字</b>"
    )
    rewrite(full, "templates/water/a.html", page)
    said = todo("bronze.labels")
    for word in ("水闸", "一个", "语境", "标题", "变量", "块%(x)s"):
        assert f"lacks “{word}”" in said
    for word in ("plain", "多个", "上下文", "注释", "说明"):
        assert word not in said
    assert "“裸字” is not inside translate" in said
    catalogue = full.folder / "locale" / "en" / "LC_MESSAGES"
    catalogue.mkdir(parents=True)
    po = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    po += 'msgid "水闸"\nmsgstr "Gate"\n\nmsgid "标题"\nmsgstr ""\n\n'
    po += '#, fuzzy\nmsgid "变量"\nmsgstr "v"\n\n'
    po += 'msgid "一个"\nmsgid_plural "多个"\nmsgstr[0] "one"\nmsgstr[1] "many"\n'
    (catalogue / "django.po").write_text(po, encoding="utf-8")
    assert labels.catalogue(full.folder / "locale") == {"水闸", "一个"}
    assert "水闸" not in todo("bronze.labels")


def test_names_must_be_in_their_language(full) -> None:
    text = full.manifest.read_text(encoding="utf-8").replace('"Gate opened"', '"已开闸"')
    full.manifest.write_text(text, encoding="utf-8")
    with registry.using([full]):
        assert "event[1]" in todo("bronze.labels")


def test_upper_grades_say_what_is_missing(full) -> None:
    rewrite(full, "README.md", "# W\n## A\n## B\n## C\n")
    (full.folder / "protocols.py").unlink()
    text = full.manifest.read_text(encoding="utf-8")
    text = text.replace('core = ["merkle"]', 'core = ["nothing_such", "text"]')
    full.manifest.write_text(text, encoding="utf-8")
    with registry.using([full]):
        assert "no core package nothing_such" in todo("gold.core")
        assert "In tests/core/text read outside cases" in todo("gold.core")
        assert "does not mention CAP 1.2" in todo("gold.standard")
        assert "[[component]]" in todo("gold.standard")
        assert "no figures for FROST" in todo("platinum.peer")
        assert "section Scale" in todo("platinum.scale")


def test_a_rule_that_cannot_be_checked_is_missing(full, monkeypatch) -> None:
    def broken(self: Any, name: str) -> None:
        raise RuntimeError("no such room")

    monkeypatch.setattr(Subject, "room", broken)
    assert "cannot be checked" in todo("bronze.api")


def test_paths_of_own_modules_lie_in_the_repository() -> None:
    own = [one for one in registry.modules() if Subject(one).is_own]
    for one in own:
        asked = Subject(one)
        assert asked.guide == subject.REPOSITORY / "docs" / "modules" / f"{one.name}.md"
        assert asked.test_folders[0].parent.parent == subject.REPOSITORY / "tests"
        assert asked.short(one.folder / "module.toml").startswith("src/quancheng/")
        assert isinstance(asked.tables, list)
