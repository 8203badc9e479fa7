"""``quancheng events``: what could not be delivered, and delivering again."""

from __future__ import annotations

import click

from quancheng.core.text import Text
from quancheng.kernel import events
from quancheng.kernel.errors import NotFound
from quancheng.kernel.events.models import Delivery


@click.group()
def command() -> None:
    """事件：搁置的投递、重新投递。 Events: dead deliveries, delivering again."""


@command.command()
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--revive", is_flag=True, help="重新投递列出的各项。 Deliver the listed ones again.")
def dead(limit: int, revive: bool) -> None:
    """列出搁置的投递及原因。 List dead deliveries and why they failed."""
    rows = list(Delivery.objects.filter(state=Delivery.State.DEAD).order_by("-id")[:limit])
    for row in rows:
        click.echo(f"{row.pk}  {row.type} → {row.subscriber}  {row.subject}\n    {row.last_error}")
    if not rows:
        click.echo("没有搁置的投递。 Nothing is dead.")
    if revive:
        count = events.revive(row.pk for row in rows)
        click.echo(f"{count} 项将重新投递 will be delivered again")


@command.command()
@click.argument("subscriber")
@click.option("--since", "sequence", type=click.IntRange(1), default=1, show_default=True,
              help="从这个序号起。 From this sequence number.")  # fmt: skip
def replay(subscriber: str, sequence: int) -> None:
    """把错过的事件交给一个订阅者(已处理的不重复)。 Give a subscriber the events it missed."""
    if subscriber not in {one.name for one in events.subscriptions()}:
        names = "、".join(sorted(one.name for one in events.subscriptions())) or "-"
        raise NotFound(
            Text(f"没有订阅 {subscriber}。", f"There is no subscription {subscriber}."),
            todo=Text(f"现有订阅:{names}。", f"There are: {names}."),
        )
    count = events.redeliver(subscriber, sequence)
    click.echo(f"{count} 个事件将投递给 {subscriber} events will be delivered")
