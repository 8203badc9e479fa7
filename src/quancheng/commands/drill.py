"""``quancheng drill``: runs a rehearsal a module offers by ``[[drill]]``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from quancheng.cli import start_django
from quancheng.commands import scratch


@click.command()
@click.argument("name", required=False)
@click.option("--headless", is_flag=True, help="尽快跑完，不配合屏幕。 As fast as possible.")
@click.option("--seed", type=int, default=1, show_default=True, help="随机种子。 Seed.")
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    default=None,
    help="相对真实时间的倍速，默认 60。 Times real time; 60 unless headless.",
)
@click.option(
    "--faults",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="注入故障的比例。 Share of messages that meet a fault.",
)
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="写出 JSON 报告。 Write the report as JSON.",
)
@click.option(
    "--here",
    is_flag=True,
    help="不用临时城市，在当前城市中演练。 In this city's own database, not in a scratch one.",
)
def drill(
    name: str | None,
    headless: bool,
    seed: int,
    speed: float | None,
    faults: float,
    report: Path | None,
    here: bool,
) -> None:
    """运行演练；不带名称则列出全部。 Run a drill; without a name, list them.

    A headless drill runs in a scratch city of its own, so that it needs no set-up, leaves no trace
    and says the same for the same seed.
    """
    if name is not None and headless and not here and not scratch.inside():
        again = ["drill", name, "--headless", "--seed", str(seed), "--faults", str(faults)]
        again += ["--speed", str(speed)] if speed is not None else []
        again += ["--report", str(report.resolve())] if report is not None else []
        raise click.exceptions.Exit(scratch.run_again(again))
    start_django()
    from quancheng.kernel.simulation import drills

    if name is None:
        rows = drills.available()
        for row in rows:
            click.echo(f"{row.id}  {row.zh}  {row.en}")
        if not rows:
            click.echo("还没有演练。 There are no drills yet.")
        return
    if scratch.inside():
        scratch.prepare(name)
    if speed is None and not headless:
        speed = 60.0
    terms = drills.Terms(seed=seed, speed=speed, faults=faults, headless=headless)
    result = drills.run(name, terms, progress=lambda words: click.echo(words, err=True))
    if report is not None:
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text(json.dumps(result, ensure_ascii=False, indent=2), encoding="utf-8")
    for line in result.get("lines") or [json.dumps(result, ensure_ascii=False, indent=2)]:
        click.echo(line)
    if result.get("passed") is False:
        raise click.exceptions.Exit(1)
