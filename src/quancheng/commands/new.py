"""``quancheng new scenario``: a new module with all rooms, small but working."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def new() -> None:
    """新建。 Make something new."""


@new.command()
@click.argument("name")
@click.option("--zh", default=None, help="中文名称。 Chinese name.")
@click.option("--en", default=None, help="英文名称。 English name.")
@click.option(
    "--id",
    "ident",
    default="S0",
    show_default=True,
    help="系统表编号。 Row of plan/SYSTEMS.md; S0 when it is not in the plan.",
)
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="放到这个文件夹。 Folder to make it in, instead of src/quancheng/scenarios.",
)
def scenario(name: str, zh: str | None, en: str | None, ident: str, into: Path | None) -> None:
    """新建场景，例如 quancheng new scenario parks --zh 城市公园。 Make a scenario."""
    from quancheng.commands.scaffold import Wanted, make

    made = make(Wanted(name, zh or name, en or name.replace("_", " ").capitalize(), ident, into))
    for path in made.files:
        click.echo(f"  {path}")
    click.echo(
        f"已建立 {made.dotted}。下一步:quancheng migrate;quancheng check {name};"
        "然后把样板改成本业务(见 docs/scenario-walkthrough.md)。\n"
        f"Made {made.dotted}. Next: quancheng migrate; quancheng check {name}; then make the sample"
        " yours (docs/scenario-walkthrough.md)."
    )
    if into is not None:
        click.echo(
            f"PYTHONPATH={made.root} QUANCHENG_EXTRA_MODULES={made.dotted} — 运行时请设置。"
            " Set these when you run it."
        )
