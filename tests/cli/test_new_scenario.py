"""``quancheng new scenario``: what it makes passes every check and its own tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from quancheng.commands.scaffold import Wanted, make
from quancheng.kernel import registry
from quancheng.kernel.errors import Conflict, InvalidInput
from quancheng.kernel.registry import ModuleLocation

ROOT = Path(__file__).resolve().parents[2]
NAVIGATION = """
from quancheng.cli import start_django
start_django()
from quancheng.kernel import registry
entry = next(one for one in registry.navigation("desk") if one.module == "gardens_x")
assert (entry.path, entry.text.en) == ("/desk/gardens_x/", "City gardens")
from django.core.management import call_command
call_command("check", fail_level="WARNING")
"""


pytestmark = pytest.mark.xdist_group("new-scenario")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A scenario in a folder of its own, and the environment it runs in."""
    root = tmp_path_factory.mktemp("distribution")
    make(Wanted("gardens_x", "城市花园", "City gardens", "S26", root))
    home = tmp_path_factory.mktemp("home")
    environment = os.environ | {
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{root}",
        "QUANCHENG_EXTRA_MODULES": "gardens_x",
        "QUANCHENG_HOME": str(home),
        "QUANCHENG_DEMO": "1",
        "DJANGO_SETTINGS_MODULE": "quancheng.settings",
    }
    return root, environment


def run(made: tuple[Path, dict[str, str]], *command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        env=made[1],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_passes_check_with_its_exemption_named(made) -> None:
    said = run(made, "-m", "quancheng", "check", "--all", "gardens_x")
    assert "claims bronze, 达到 reached bronze" in said
    assert "bronze.domain: 新场景" in said
    assert "✗ bronze" not in said


def test_it_has_its_migration_and_stands_in_the_navigation(made) -> None:
    run(made, "-m", "quancheng", "django", "makemigrations", "gardens_x", "--check", "--dry-run")
    run(made, "-c", NAVIGATION)


@pytest.mark.slow
def test_its_own_tests_pass(made) -> None:
    tests = str(made[0] / "gardens_x" / "tests")
    said = run(made, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "-p", "no:cacheprovider", tests)
    assert "failed" not in said


@pytest.mark.slow
def test_setup_seeds_it_once_and_compiles_its_english(made) -> None:
    command = ("-m", "quancheng", "setup", "--persons", "5", "--firms", "2")
    assert "gardens_x: 12" in run(made, *command)
    assert "gardens_x: 0" in run(made, *command)
    assert (made[0] / "gardens_x" / "locale" / "en" / "LC_MESSAGES" / "django.mo").is_file()


@pytest.mark.parametrize(
    ("name", "zh", "en"),
    [
        ("aa", "园", "A"),
        ("water_x", "公园", "Parks"),
        ("city_management_extra_long_nm", "长" * 20, "A very long English name of 40 letters"),
    ],
)
def test_ruff_and_the_manifest_like_it(tmp_path: Path, name: str, zh: str, en: str) -> None:
    made = make(Wanted(name, zh, en, into=tmp_path))
    registry.parse(tmp_path / name / "module.toml")
    settings = ("--no-cache", "--config", str(ROOT / "pyproject.toml"))
    for command in (("check",), ("format", "--check")):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, *settings, str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
    assert made.dotted == name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Parks", "lower-case"),
        ("p", "lower-case"),
        ("../parks", "lower-case"),
        ("class", "lower-case"),
        ("auth", "used by the platform"),
        ("json", "used by the platform"),
    ],
)
def test_bad_names_are_refused(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        make(Wanted(name, "园", "Park", into=tmp_path))
    assert said in refused.value.detail.en
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "wanted",
    [
        {"zh": 'a"b'},
        {"zh": "一" * 41},
        {"en": "公园"},
        {"en": "{{ x }}"},
        {"id": "26"},
    ],
)
def test_bad_labels_and_ids_are_refused(tmp_path: Path, wanted: dict[str, str]) -> None:
    words = {"name": "parks_x", "zh": "园", "en": "Park"} | wanted
    with pytest.raises(InvalidInput) as refused:
        make(Wanted(**words, into=tmp_path))
    assert set(refused.value.fields) == set(wanted)


def test_nothing_is_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "parks_x").mkdir()
    with pytest.raises(Conflict, match="not overwritten"):
        make(Wanted("parks_x", "园", "Park", into=tmp_path))
    existing = [ModuleLocation("quancheng.scenarios.parks_y", tmp_path)]
    monkeypatch.setattr("quancheng.commands.scaffold.discover", lambda: existing)
    with pytest.raises(InvalidInput, match="already"):
        make(Wanted("parks_y", "园", "Park", into=tmp_path))


def test_inside_a_package_the_import_path_is_whole(tmp_path: Path) -> None:
    inner = tmp_path / "firm" / "scenes"
    inner.mkdir(parents=True)
    for folder in (inner, inner.parent):
        (folder / "__init__.py").touch()
    made = make(Wanted("parks_x", "园", "Park", into=inner))
    assert (made.dotted, made.root) == ("firm.scenes.parks_x", tmp_path)
    test = inner / "parks_x" / "tests" / "test_parks_x.py"
    assert "from firm.scenes.parks_x import actions" in test.read_text(encoding="utf-8")


def test_own_scenarios_keep_their_tests_in_the_repository(tmp_path: Path, monkeypatch) -> None:
    package = tmp_path / "src" / "quancheng"
    (package / "scenarios").mkdir(parents=True)
    for folder in (package, package / "scenarios"):
        (folder / "__init__.py").touch()
    monkeypatch.setattr("quancheng.commands.scaffold.PACKAGE_ROOT", package)
    made = make(Wanted("parks_x", "园", "Park"))
    assert made.dotted == "quancheng.scenarios.parks_x"
    assert (tmp_path / "tests" / "scenarios" / "parks_x" / "test_parks_x.py") in made.files
    assert not (package / "scenarios" / "parks_x" / "tests").exists()
    test = (tmp_path / "tests" / "scenarios" / "parks_x" / "test_parks_x.py").read_text("utf-8")
    kernel = test.index("from quancheng.kernel.errors")
    assert kernel < test.index("from quancheng.scenarios.parks_x import actions, queries")
