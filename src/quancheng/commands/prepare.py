"""``quancheng migrate`` and ``quancheng setup``: tables, words, the city, demo data."""

from __future__ import annotations

import click

from quancheng.cli import start_django
from quancheng.kernel import collector


@click.command()
def migrate() -> None:
    """更新数据库并装入模块资源。 Update tables and load the modules' resources."""
    start_django()
    prepare()


@click.command()
@click.option(
    "--persons",
    type=click.IntRange(0),
    default=20_000,
    show_default=True,
    help="模拟居民数。 Synthetic residents (with QUANCHENG_DEMO=1).",
)
@click.option(
    "--firms",
    type=click.IntRange(0),
    default=3_000,
    show_default=True,
    help="模拟企业数。 Synthetic firms (with QUANCHENG_DEMO=1).",
)
@click.option(
    "--seed",
    type=int,
    default=20_250_101,
    show_default=True,
    help="随机种子。 Seed of the synthetic data.",
)
@click.option(
    "--demo/--no-demo",
    default=None,
    help="是否装入模拟数据，默认按 QUANCHENG_DEMO。 Load demo data or not.",
)
def setup(persons: int, firms: int, seed: int, demo: bool | None) -> None:
    """建好一切：表、词汇、城市资料、模拟数据。可重复运行。 Make everything ready; repeatable."""
    collector.look_rarely()
    start_django()
    from django.conf import settings

    prepare()
    if settings.DEMO if demo is None else demo:
        from quancheng.kernel.simulation.demo import DemoCity, seed_modules

        city = DemoCity.of_settings(persons=persons, firms=firms, seed=seed)
        for name, result in seed_modules(city):
            click.echo(f"模拟数据 demo data  {name}: {result}")
    click.echo(f"就绪 Ready. quancheng run → {settings.PUBLIC_URL}")


def prepare(*, aside: bool = False) -> None:
    """Tables, words and resources up to date; ``aside`` tells it on standard error."""
    from django.conf import settings
    from django.core.management import call_command

    from quancheng.commands.words import compile_catalogues
    from quancheng.kernel import registry

    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # in HOME; whitenoise looks there first
    call_command("migrate", interactive=False, verbosity=0)
    compiled = compile_catalogues()
    report = registry.sync()
    click.echo(
        f"数据库已更新 tables up to date; 词汇 catalogues {compiled}; 资源 resources: 新增 created"
        f" {len(report.created)}, 变更 changed {len(report.changed)}, 不变 unchanged"
        f" {report.unchanged}",
        err=aside,
    )
