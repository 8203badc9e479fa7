"""The command line: quick to start, clear when it fails, each command where it belongs."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import click
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from django.db import OperationalError

from quancheng import cli
from quancheng.commands.failures import sentence
from quancheng.core.rules import InvalidRegion
from quancheng.core.text import Text
from quancheng.kernel.errors import NotFound
from quancheng.kernel.registry import ModuleLocation, RegistryError

LIGHT = """
import sys
from quancheng.cli import main
try:
    main(["--help"])
finally:
    assert not [name for name in sys.modules if name.split(".")[0] in {"django", "numpy"}]
"""


def run(*arguments: str) -> int:
    """The exit code of a command run in this process."""
    with pytest.raises(SystemExit) as end:
        cli.main(list(arguments))
    return int(end.value.code or 0)


def test_help_comes_quickly() -> None:
    """Processor time, not wall time: other work on the machine must not decide this."""
    used = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "quancheng", "--help"]
        subprocess.run(command, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(used) < 0.5


def test_help_imports_no_django_and_lists_everything() -> None:
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for name in cli.COMMANDS:
        assert f"  {name} " in done.stdout


@pytest.mark.parametrize("name", list(cli.COMMANDS))
def test_every_command_has_its_own_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    if name == "django":
        assert run("django", "version") == 0
        return
    assert run(name, "--help") == 0
    assert "Usage: quancheng" in capsys.readouterr().out


def test_a_slip_is_answered_in_two_languages(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("chek") == 2
    said = capsys.readouterr().err
    assert "用法有误 Usage" in said
    assert "--help" in said
    assert run("check", "nothing-such") == 2
    assert "There is no module nothing-such" in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert "quancheng" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "words", "code"),
    [
        (NotFound(Text("没有。", "None.")), "None.", 1),
        (RegistryError(["a: 甲 A"]), "a: 甲 A", 78),
        (InvalidRegion("1"), "administrative code", 1),
        (OperationalError("no such table"), "quancheng setup", 1),
        (ImproperlyConfigured("x"), "settings are wrong", 78),
        (CommandError("x", returncode=3), "Error: x", 3),
        (KeyError("x"), "QUANCHENG_DEBUG=1", 70),
    ],
)
def test_failures_become_sentences(error: Exception, words: str, code: int) -> None:
    text, number = sentence(error)
    assert words in text
    assert number == code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotFound(Text("没有。", "None.")), 1),
        (KeyboardInterrupt(), 130),
        (click.ClickException("x"), 1),
        (ZeroDivisionError(), 70),
    ],
)
def test_no_traceback_reaches_people(monkeypatch, capsys, error: BaseException, code: int) -> None:
    monkeypatch.delenv("QUANCHENG_DEBUG", raising=False)

    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(cli.cli, "main", fail)
    assert run() == code
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert said.strip()


def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setenv("QUANCHENG_DEBUG", "1")
    monkeypatch.setattr(cli.cli, "main", fail)
    with pytest.raises(ZeroDivisionError):
        cli.main([])


def test_modules_bring_their_own_commands(tmp_path: Path, monkeypatch, capsys) -> None:
    for name in ("waterworks", "plainmod", "wrongmod"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    (tmp_path / "waterworks" / "commands.py").write_text(
        "import click\n\n@click.group('gate')\ndef command():\n    '''Gates.'''\n\n"
        "@command.command()\ndef open():\n    click.echo('open!')\n",
        encoding="utf-8",
    )
    (tmp_path / "wrongmod" / "commands.py").write_text("command = 1\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    names = ("waterworks", "plainmod")
    places = [ModuleLocation(name, tmp_path / name) for name in names]
    monkeypatch.setattr("quancheng.kernel.registry.discovery.discover", lambda: places)
    assert run("waterworks", "open") == 0
    assert run("gate", "open") == 0
    assert capsys.readouterr().out == "open!\nopen!\n"
    assert run("--help") == 0
    assert "waterworks" in capsys.readouterr().out
    assert run("plainmod") == 2
    places.append(ModuleLocation("wrongmod", tmp_path / "wrongmod"))
    assert run("wrongmod") == 1
    monkeypatch.setitem(cli.COMMANDS, "ghost", ("quancheng.nothing.commands", "x", False, ""))
    assert run("ghost") == 1
    assert "not installed" in capsys.readouterr().err


def test_check_gives_json(capsys: pytest.CaptureFixture[str]) -> None:
    code = run("check", "--json")
    body = json.loads(capsys.readouterr().out)
    assert body["ok"] is (code == 0)
    assert {"module", "claims", "reached", "rules"} <= set(body["modules"][0])
    assert run("check", "--all") == code
    assert "modules keep the grade" in capsys.readouterr().out


def test_drills_are_listed_and_written(tmp_path: Path, monkeypatch, capsys) -> None:
    from types import SimpleNamespace

    from quancheng.kernel.simulation import drills

    seen = []

    def storm(terms: drills.Terms) -> dict[str, object]:
        seen.append(terms)
        return {"passed": terms.faults < 0.5}

    row = SimpleNamespace(id="storm", zh="暴雨", en="Storm", function=f"{__name__}:storm")
    monkeypatch.setattr(drills, "available", lambda: [row])
    monkeypatch.setattr(drills, "import_module", lambda name: SimpleNamespace(storm=storm), raising=True)
    assert run("drill") == 0
    assert "storm  暴雨  Storm" in capsys.readouterr().out
    report = tmp_path / "reports" / "storm.json"
    assert run("drill", "storm", "--seed", "7", "--report", str(report)) == 0
    assert json.loads(report.read_text(encoding="utf-8"))["terms"]["speed"] == 60
    assert run("drill", "storm", "--headless", "--here", "--faults", "0.9") == 1
    assert [(one.seed, one.speed, one.headless) for one in seen] == [
        (7, 60, False),
        (1, None, True),
    ]
    assert run("drill", "quake") == 1
    monkeypatch.setattr(drills, "available", list)
    assert run("drill") == 0
    assert "There are no drills" in capsys.readouterr().out


def test_a_headless_drill_is_run_again_in_a_scratch_city(tmp_path: Path, monkeypatch) -> None:
    from quancheng.commands import scratch

    asked: list[list[str]] = []
    monkeypatch.setattr(scratch, "run_again", lambda arguments: asked.append(arguments) or 3)
    report = tmp_path / "r.json"
    assert run("drill", "storm", "--headless", "--seed", "7", "--report", str(report)) == 3
    wanted = ["drill", "storm", "--headless", "--seed", "7", "--faults", "0.0", "--report", str(report)]
    assert asked == [wanted]


@pytest.mark.django_db
def test_jobs_and_events_and_audit(capsys: pytest.CaptureFixture[str]) -> None:
    from quancheng.kernel import clock
    from quancheng.kernel.events.models import Delivery
    from quancheng.kernel.jobs.models import Job

    assert run("jobs", "list") == 0
    assert "There are no jobs" in capsys.readouterr().out
    now = clock.now()
    failed = Job.objects.create(
        kind="tests.sums", state="failed", run_at=now, created_at=now, error="a\nno money"
    )
    assert run("jobs", "list", "--state", "failed", "--kind", "tests.sums") == 0
    assert "no money" in capsys.readouterr().out
    assert run("jobs", "retry", str(failed.pk)) == 0
    assert run("jobs", "retry", str(uuid4())) == 1
    assert run("events", "dead") == 0
    assert "Nothing is dead" in capsys.readouterr().out
    Delivery.objects.create(
        event_id=uuid4(), type="a.b", subject="s", subscriber="c", state="dead",
        available_at=now, created_at=now, finished_at=now, last_error="boom",
    )  # fmt: skip
    assert run("events", "dead", "--revive") == 0
    said = capsys.readouterr().out
    assert "boom" in said
    assert "1 项将重新投递" in said
    assert run("events", "replay", "nobody") == 1
    assert run("audit", "verify", "--since", "2026-01-01") == 0
    assert run("audit", "checkpoint") == 0
    assert run("audit", "head", "--stream", "nothing") == 1
    assert run("store", "verify") == 0
    assert run("store", "compact") == 0
    assert run("store", "clean") == 0
    assert run("store", "expire", "--keep-days", "30") == 0


@pytest.mark.django_db
def test_setup_says_what_it_did(monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    from quancheng.commands import prepare
    from quancheng.kernel.simulation import demo

    asked = []
    monkeypatch.setattr(prepare, "prepare", lambda: asked.append("migrate"))
    monkeypatch.setattr(demo, "seed_modules", lambda city: [("people", f"{city.persons}人")])
    assert run("setup", "--demo", "--persons", "7") == 0
    assert "people: 7人" in capsys.readouterr().out
    assert run("setup", "--no-demo") == 0
    assert "people" not in capsys.readouterr().out
    assert run("migrate") == 0
    assert asked == ["migrate"] * 3


def test_servers_are_started_by_the_supervisor(monkeypatch: pytest.MonkeyPatch) -> None:
    from quancheng.kernel.supervisor import components
    from quancheng.kernel.supervisor import run as supervisor

    asked: list[object] = []
    for name in ("web", "worker", "scheduler", "component"):
        monkeypatch.setattr(components, name, lambda *args, name=name: asked.append((name, *args)))
    monkeypatch.setattr(supervisor, "run_city", lambda *args: asked.append(args) or 0)
    for command in (["web", "--port", "81"], ["worker"], ["scheduler"], ["component", "a.b"]):
        assert run(*command) == 0
    assert run("run", "--only", "web", "--only", "worker") == 0
    assert run("run", "--host", "0.0.0.0") == 0
    assert asked == [
        ("web", "127.0.0.1", 81),
        ("worker",),
        ("scheduler",),
        ("component", "a.b"),
        (("web", "worker"), "127.0.0.1", 8000),
        (None, "0.0.0.0", 8000),
    ]


def test_catalogues_are_compiled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import gettext

    from quancheng.commands import words

    source = tmp_path / "en" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True)
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    source.write_text(head + 'msgid "水"\nmsgstr "Water"\n', encoding="utf-8")
    monkeypatch.setattr(words, "catalogues", lambda: iter([source]))
    assert words.compile_catalogues() == 1
    compiled = source.with_suffix(".mo")
    with compiled.open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("水") == "Water"
    stamp = compiled.stat().st_mtime_ns
    assert words.compile_catalogues() == 1
    assert compiled.stat().st_mtime_ns == stamp
