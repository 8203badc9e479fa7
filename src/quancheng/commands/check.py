"""``quancheng check``: every module, every rule, with what is to be done."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from quancheng.cli import start_django

if TYPE_CHECKING:
    from quancheng.kernel.registry.grades import ModuleGrade

SHOWN = 8
MARKS = {"done": "✓", "missing": "✗", "exempt": "–"}


@click.command()
@click.argument("names", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="机器可读。 Machine-readable.")
@click.option("--all", "show_all", is_flag=True, help="也列出已做到的规则。 Also list what is done.")
def check(names: tuple[str, ...], as_json: bool, show_all: bool) -> None:
    """检查模块清单、结构与等级。 Check manifests, structure and grades (docs/grades.md)."""
    start_django()
    from quancheng.kernel.registry import grades

    for name in names:
        _known(name)
    faults = platform_faults()
    report = [one for one in grades.report() if not names or one.module in names]
    kept = not faults and all(one.keeps_claim for one in report)
    if as_json:
        body = {"ok": kept, "faults": faults, "modules": [one.to_dict() for one in report]}
        click.echo(json.dumps(body, ensure_ascii=False, indent=2))
    else:
        for line in faults:
            click.echo(f"✗ {line}")
        for one in report:
            _print(one, show_all)
        good = sum(one.keeps_claim for one in report)
        click.echo(f"{good}/{len(report)} 个模块达到所声明的等级 modules keep the grade they claim")
    if not kept:
        raise click.exceptions.Exit(1)


def platform_faults() -> list[str]:
    """What the system checks of the platform find, one line each."""
    from django.core.checks import run_checks

    return [f"{message.id} {message.msg}" for message in run_checks(tags=["quancheng"])]


def _known(name: str) -> None:
    from quancheng.kernel import registry

    try:
        registry.module(name)
    except KeyError as error:
        raise click.UsageError(str(error.args[0])) from error


def _print(one: ModuleGrade, show_all: bool) -> None:
    mark = "✓" if one.keeps_claim else "✗"
    click.echo(
        f"{mark} {one.id:<4} {one.module}  {one.text.zh} {one.text.en}: 声明 claims {one.claims},"
        f" 达到 reached {one.reached} ({one.done} 做到 done, {one.missing} 未做 missing,"
        f" {one.exempt} 豁免 exempt)"
    )
    for text in one.faults:
        click.echo(f"    ✗ {text.zh} {text.en}")
    for result in one.results:
        needed = show_all or (result.outcome != "done" and _within(one, result.rule.grade))
        if not needed:
            continue
        reason = f": {result.reason}" if result.reason else ""
        click.echo(f"    {MARKS[result.outcome]} {result.rule.id}{reason}")
        if result.outcome == "missing":
            for text in result.todo[:SHOWN]:
                click.echo(f"        {text.zh} {text.en}")
            if len(result.todo) > SHOWN:
                click.echo(f"        …… 共 {len(result.todo)} 项 {len(result.todo)} in all (--json)")


def _within(one: ModuleGrade, grade: str) -> bool:
    """True for rules of the claimed grade and below: what the module owes."""
    order = ("bronze", "silver", "gold", "platinum")
    return order.index(grade) <= order.index(one.claims)
