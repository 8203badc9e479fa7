"""``quancheng cascade``: this node's key, joining, rounds and counts from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import click

from quancheng.kernel.actions import Call


@click.group(name="cascade", help="级联 Cascade between nodes")
def command() -> None:
    """Cascade between nodes."""


@command.command("node")
def show_node() -> None:
    """This node's name, public key and fingerprint, as JSON."""
    from quancheng.capabilities.cascade.cascade_client import fingerprint, public_text
    from quancheng.capabilities.cascade.network import own_name, signer

    mine = signer()
    found = {"node": own_name(), "public_key": public_text(mine), "fingerprint": fingerprint(mine.public_der)}
    click.echo(json.dumps(found))


@command.command("join")
@click.argument("description", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def join(description: Path) -> None:
    """Register neighbours from a JSON file and trust their keys, as whoever holds this machine may.

    The file holds a list of objects with the fields of the form: code, zh, kind, address, public_key, gives …
    """
    from quancheng.capabilities.cascade import actions
    from quancheng.capabilities.cascade.cascade_client import fingerprint
    from quancheng.capabilities.cascade.network import public_der

    call = Call.system("cascade")
    for fields in json.loads(description.read_text()):
        made = actions.add_neighbour(call, **fields)
        for _ in range(2):
            actions.confirm_key(call, code=made.code, read=fingerprint(public_der(made.public_key)))
        click.echo(made.code)


@command.command("round")
@click.option("--times", default=1, show_default=True)
def one_round(times: int) -> None:
    """Gather, talk with all neighbours, land, now."""
    from quancheng.capabilities.cascade import moving
    from quancheng.capabilities.cascade.models import Neighbour

    for _ in range(times):
        looked = moving.gather_all()
        active = Neighbour.objects.filter(state=Neighbour.State.ACTIVE, simulated=False)
        done = [moving.talk_with(code) for code in active.values_list("code", flat=True)]
        landed = moving.land_all()
        click.echo(
            json.dumps(
                {
                    "gathered": looked,
                    "rows": sum(one.rows for one in done),
                    "changes": sum(one.changes for one in done),
                    "faults": [one.fault for one in done if one.fault],
                    "landed": landed,
                }
            )
        )


@command.command("count")
def count() -> None:
    """Count both sides of every stream, now; exit code 1 when they differ."""
    from quancheng.capabilities.cascade import moving

    found = moving.count_all()
    click.echo(json.dumps(found))
    if found["differ"] or found["unreached"]:
        raise SystemExit(1)


@command.command("home")
def home() -> None:
    """After a restore: take back own rows from all neighbours, then begin a new epoch of every stream."""
    from quancheng.capabilities.cascade import book as books
    from quancheng.capabilities.cascade import moving, upkeep

    changed = upkeep.bring_home(moving.system())
    epochs = [upkeep.begin_epoch(moving.system(), stream=stream) for stream in books.opened_streams()]
    click.echo(json.dumps({"changed": changed, "streams": len(epochs)}))
