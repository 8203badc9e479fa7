"""``quancheng security``: backups, restore drills, what custodians do at a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from quancheng.core.text import Text
from quancheng.kernel.errors import QuanchengError

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(name="security", help="备份、恢复演练、密钥 Backups, restore drills, keys")
def command() -> None:
    """Backups, restore drills, keys."""


def _fail(refused: QuanchengError) -> click.ClickException:
    return click.ClickException(
        f"{refused.detail.zh} {refused.detail.en}\n{refused.todo.zh} {refused.todo.en}"
    )


def _passphrase(file: Path | None) -> str:
    return file.read_text(encoding="utf-8").strip() if file else ""


@command.command("backup")
@click.argument("folder", type=FOLDER)
@click.option(
    "--passphrase-file",
    type=FILE,
    help="口令文件，首次使用时需要。 File with the passphrase, for the first time.",
)
@click.option(
    "--ceremony", type=int, help="首次使用时也可用密钥仪式。 A key ceremony's number, for the first time."
)
def backup(folder: Path, passphrase_file: Path | None, ceremony: int | None) -> None:
    """加密备份到另一处。 An encrypted backup to another place."""
    from quancheng.capabilities.security import actions, backing_up
    from quancheng.kernel.actions import Call

    try:
        repository = _opened_or_made(folder, _passphrase(passphrase_file), ceremony)
        made = backing_up.back_up(repository)
        actions.record_backup(Call.system("security"), place=str(folder), made=_facts(made))
    except QuanchengError as refused:
        raise _fail(refused) from None
    click.echo(
        f"{made.number}: {made.files} 个文件 files, {made.bytes:,} 字节 bytes, 新写 new {made.written:,}, "
        f"{made.seconds:.1f} s"
    )


def _opened_or_made(folder: Path, passphrase: str, ceremony: int | None) -> Any:
    from quancheng.capabilities.security import backing_up, repository

    if (folder / "repository.json").is_file():
        if passphrase:
            return repository.open_with(folder, passphrase=passphrase)
        return backing_up.open_here(folder)
    made = repository.create(folder, passphrase=passphrase, ceremony=_ceremony(ceremony))
    backing_up.remember(made)
    return made


def _ceremony(number: int | None) -> tuple[str, bytes] | None:
    from quancheng.capabilities.security.models import KeyCeremony
    from quancheng.kernel.errors import NotFound

    if number is None:
        return None
    row = KeyCeremony.objects.filter(pk=number, state=KeyCeremony.State.DONE).first()
    if row is None:
        raise NotFound(Text("没有这次已完成的密钥仪式。", "There is no such finished ceremony."))
    return f"{row.pk} {row.name}", bytes.fromhex(row.backup_public)


def _facts(made: Any) -> dict[str, Any]:
    head = made.audit.get("main", {"size": 0, "hash": ""})
    return {
        "number": made.number, "manifest": made.digest, "bytes": made.bytes, "files": made.files,
        "audit_size": head["size"], "audit_head": head["hash"], "seconds": made.seconds,
    }  # fmt: skip


@command.command("backups")
@click.argument("folder", type=FOLDER)
def backups(folder: Path) -> None:
    """列出完整的备份。 List whole backups."""
    for path in sorted((folder / "snapshots").glob("[!.]*")):
        click.echo(path.name)


def _restoring(function: Any) -> Any:
    for option in (
        click.option("--into", type=FOLDER, required=True, help="空文件夹。 An empty folder."),
        click.option(
            "--number", default="", help="备份编号，默认最新。 Number of the backup, the newest by default."
        ),
        click.option("--passphrase-file", type=FILE, help="口令文件。 File with the passphrase."),
        click.option("--shares-file", type=FILE, help="每行一份密钥份额。 File with a share a line."),
    ):
        function = option(function)
    return function


def _open(folder: Path, passphrase_file: Path | None, shares_file: Path | None) -> Any:
    from quancheng.capabilities.security import backing_up, repository
    from quancheng.core.pki import PkiError, Share, combine
    from quancheng.kernel.errors import InvalidInput

    secret = b""
    if shares_file:
        try:
            lines = shares_file.read_text(encoding="utf-8").split("\n")
            secret = combine(Share.from_text(line) for line in lines if line.strip())
        except PkiError as wrong:
            raise InvalidInput(
                Text(f"{wrong.text.zh}：{wrong.detail}", f"{wrong.text.en}: {wrong.detail}")
            ) from None
    passphrase = _passphrase(passphrase_file)
    if passphrase or secret:
        return repository.open_with(folder, passphrase=passphrase, secret=secret)
    return backing_up.open_here(folder)


@command.command("restore")
@click.argument("folder", type=FOLDER)
@_restoring
def restore(
    folder: Path, into: Path, number: str, passphrase_file: Path | None, shares_file: Path | None
) -> None:
    """恢复到空文件夹。 Restore into an empty folder."""
    from quancheng.capabilities.security import restoring

    try:
        done, manifest = restoring.restore(_open(folder, passphrase_file, shares_file), into, number)
    except QuanchengError as refused:
        raise _fail(refused) from None
    click.echo(f"{done}: {len(manifest['files'])} 个文件 files → {into}")


@command.command("restore-drill")
@click.argument("folder", type=FOLDER)
@_restoring
@click.option(
    "--database-url", default="", help="PostgreSQL 备份恢复到的空库。 An empty database for a dump."
)
@click.option(
    "--no-record", is_flag=True, help="不登记（在别的机器上）。 Keep no record (on another machine)."
)
def restore_drill(
    folder: Path,
    into: Path,
    number: str,
    passphrase_file: Path | None,
    shares_file: Path | None,
    database_url: str,
    no_record: bool,
) -> None:
    """恢复演练：恢复到别处、核验、登记数字。 Restore elsewhere, prove it, record the figures."""
    from quancheng.capabilities.security import actions, restoring
    from quancheng.kernel.actions import Call

    try:
        repository = _open(folder, passphrase_file, shares_file)
        found = restoring.drill(repository, into, number=number, database_url=database_url)
        if not no_record:
            actions.record_drill(
                Call.system("security"), number=found.number, good=found.good, figures=found.figures,
                findings=[one.to_dict() for one in found.findings], seconds=found.seconds,
            )  # fmt: skip
    except QuanchengError as refused:
        raise _fail(refused) from None
    for name, value in found.figures.items():
        click.echo(f"{name}: {value}")
    for finding in found.findings:
        click.echo(f"✗ {finding.zh} {finding.en}")
    click.echo(f"{found.number}: {'通过 passed' if found.good else '未通过 failed'}, {found.seconds} s")
    raise click.exceptions.Exit(0 if found.good else 1)


@command.command("check-keys")
def check_keys() -> None:
    """逐把打开密钥核对。 Open every key and compare it with its public part."""
    from quancheng.capabilities.security import keeping
    from quancheng.capabilities.security.models import Key

    wrong = total = 0
    for row in Key.objects.exclude(state=Key.State.DESTROYED).exclude(sealed_by__startswith="ceremony:"):
        total += 1
        try:
            keeping.check_sealed(row)
        except QuanchengError as refused:
            wrong += 1
            click.echo(f"✗ {row}: {refused.detail.zh} {refused.detail.en}")
    click.echo(f"{total} 把密钥 keys, {wrong} 处问题 problems")
    raise click.exceptions.Exit(1 if wrong else 0)
