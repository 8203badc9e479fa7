"""``quancheng jobs``: how background work stands, and giving it another try."""

from __future__ import annotations

from uuid import UUID

import click

from quancheng.core.text import Text
from quancheng.kernel import jobs
from quancheng.kernel.errors import NotFound
from quancheng.kernel.jobs.models import Job


@click.group()
def command() -> None:
    """后台任务：列出、重试。 Background jobs: list and retry."""


@command.command("list")
@click.option("--state", type=click.Choice(Job.State.values), default=None,
              help="只列这种状态。 Only in this state.")  # fmt: skip
@click.option("--kind", default=None, help="只列这类任务。 Only of this kind.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=30, show_default=True)
def list_jobs(state: str | None, kind: str | None, limit: int) -> None:
    """列出任务，新的在前。 List jobs, newest first."""
    wanted = {key: value for key, value in (("state", state), ("kind", kind)) if value}
    rows = list(Job.objects.filter(**wanted).order_by("-created_at")[:limit])
    for row in rows:
        reason = f"\n    {row.error.strip().splitlines()[-1]}" if row.error.strip() else ""
        click.echo(f"{row.pk}  {row.kind}  {row.state}  {row.progress:.0%}{reason}")
    if not rows:
        click.echo("没有任务。 There are no jobs.")


@command.command()
@click.argument("ids", nargs=-1, required=True, type=click.UUID)
def retry(ids: tuple[UUID, ...]) -> None:
    """重试失败或取消的任务。 Give failed or cancelled jobs another try."""
    refused = [job for job in ids if not jobs.retry(job)]
    click.echo(f"{len(ids) - len(refused)} 个任务将重试 jobs will be tried again")
    if refused:
        names = ", ".join(map(str, refused))
        raise NotFound(
            Text(
                f"这些任务不存在或并未失败:{names}。",
                f"These jobs do not exist or have not failed: {names}.",
            ),
            todo=Text("用 quancheng jobs list 查看。", "See quancheng jobs list."),
        )
