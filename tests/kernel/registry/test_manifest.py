"""``module.toml``: what is accepted, and what the errors say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from quancheng.kernel import registry
from quancheng.kernel.registry import ManifestError
from quancheng.kernel.registry.discovery import own_modules

ANATOMY = Path(__file__).resolve().parents[3] / "docs" / "module-anatomy.md"


def test_the_documented_example_is_valid(make_module) -> None:
    block = re.search(r"```toml\n(.*?)```", ANATOMY.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    rows = block[1].partition("[[page]]")[2].partition("[[event]]")[0]
    rows = "[[page]]" + re.sub(r'role = "anyone \| [^"]*"', 'role = "anyone"', rows)
    place = make_module("services", rows)
    manifest = registry.parse(place.manifest)
    assert manifest.page[0].path == "/matters/"
    assert manifest.access[0].where == {"applicant_id": "$person"}


def test_all_shipped_manifests_are_valid() -> None:
    for place in own_modules():
        assert registry.parse(place.manifest).name == place.name


@pytest.mark.parametrize(
    ("rows", "key", "words"),
    [
        ("extra = 1", "extra", "There is no such key"),
        ('[[page]]\nface = "wall"', "page[1].face", "'citizen'"),
        ('[[page]]\npath = "water"', "page[1].path", "begin with /"),
        ("[[page]]\nfoo = 1", "page[1].foo", "face、path"),
        ('[grade]\nclaims = "gold"\nfoo = 1', "grade.foo", "claims、exempt"),
        ('[[role]]\nid = "water.A"\nzh = "甲"\nen = "A"', "role[1].id", "dotted id"),
        ('[[role]]\nid = "other.a"\nzh = "甲"\nen = "A"', "", "must begin with water."),
        ('[[role]]\nid = "water.a"\nzh = ""\nen = "A"', "role[1].zh", "must not be empty"),
        (f'[[role]]\nid = "water.a"\nzh = "{"甲" * 201}"\nen = "A"', "role[1].zh", "at most 200"),
        ('[[role]]\nid = "water.a"\nzh = 3\nen = "A"', "role[1].zh", "wrong type"),
        ('[[access]]\nmodel = "Case"', "access[1].model", "services.Case"),
        ('[[access]]\nwhere = { id = "$me" }', "access[1].where", "no variable $me"),
        ('[[job]]\nevery = "daily"', "job[1].every", "five cron fields"),
        ('[[indicator]]\nfunction = "x"', "indicator[1].function", "quancheng.scenarios.water"),
        ('[[matter]]\nfile = "../a.toml"', "matter[1].file", "inside the module folder"),
        ('[[matter]]\nfile = "/etc/a"', "matter[1].file", "inside the module folder"),
        ('[[grade.exempt]]\nrule = "x"\nreason = "1234"', "grade.exempt[1].rule", "bronze.api"),
        ('[[layer]]\nid = "water.a"\nkind = ""', "layer[1].kind", "must not be empty"),
        ('[[incident_type]]\nlead = "济南"', "incident_type[1].lead", "lower-case code"),
    ],
)
def test_errors_say_file_key_and_what_to_write(make_module, rows, key, words) -> None:
    place = make_module("water", rows)
    with pytest.raises(ManifestError) as refused:
        registry.parse(place.manifest)
    start = f"{place.manifest} {key}".rstrip()
    line = next(line for line in refused.value.lines if line.startswith(start))
    assert words in line
    assert re.search(r"[一-鿿]", line)


def test_missing_keys_and_wrong_head_are_named(tmp_path: Path) -> None:
    path = tmp_path / "module.toml"
    path.write_text('id = "9"\nname = "Water"\nfloor = "scenario"\n', encoding="utf-8")
    with pytest.raises(ManifestError) as refused:
        registry.parse(path)
    said = {problem.key: problem.text.en for problem in refused.value.problems}
    assert "This key is missing" in said["zh"]
    assert "plan/SYSTEMS.md" in said["id"]
    assert "city_parks" in said["name"]


@pytest.mark.parametrize("content", [b"id = ", b"\xff\xfe", None])
def test_unreadable_files_are_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "module.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ManifestError) as refused:
        registry.parse(path)
    assert str(path) in str(refused.value)
