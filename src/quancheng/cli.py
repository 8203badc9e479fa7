"""The ``quancheng`` command 命令行. Nothing is imported before it is needed.

Modules add a group by a room ``commands.py`` with ``command: click.Group``; it is offered under
the module's name and under the group's own name.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec

import click

# name -> (module, attribute, needs Django, short help)
COMMANDS: dict[str, tuple[str, str, bool, str]] = {
    "run": ("quancheng.commands.serve", "run", False, "启动整个平台。 Start everything."),
    "web": ("quancheng.commands.serve", "web", False, "只启动网页与接口。 Start web only."),
    "worker": ("quancheng.commands.serve", "worker", False, "只启动后台任务。 Start workers only."),
    "scheduler": (
        "quancheng.commands.serve",
        "scheduler",
        False,
        "只启动定时器。 Start the timer.",
    ),
    "component": (
        "quancheng.commands.serve",
        "component",
        False,
        "启动一个组件。 Start a component.",
    ),
    "setup": (
        "quancheng.commands.prepare",
        "setup",
        False,
        "建库、装入城市。 Make everything ready.",
    ),
    "migrate": (
        "quancheng.commands.prepare",
        "migrate",
        False,
        "更新数据库。 Update the database.",
    ),
    "check": (
        "quancheng.commands.check",
        "check",
        False,
        "检查模块与等级。 Check modules and grades.",
    ),
    "new": ("quancheng.commands.new", "new", False, "新建场景。 Make a new scenario."),
    "drill": ("quancheng.commands.drill", "drill", False, "运行演练。 Run a drill."),
    "django": (
        "quancheng.commands.manage",
        "manage",
        False,
        "Django 管理命令。 Django's commands.",
    ),
    "audit": ("quancheng.commands.audit", "command", True, "审计链。 The audit chain."),
    "store": ("quancheng.commands.store", "command", True, "数据湖。 The data store."),
    "events": ("quancheng.commands.events", "command", True, "事件。 Events."),
    "jobs": ("quancheng.commands.jobs", "command", True, "后台任务。 Background jobs."),
}


def start_django() -> None:
    """Set Django up with the platform's settings, once."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quancheng.settings")
    import django
    from django.apps import apps

    if not apps.ready:
        django.setup()


class LazyGroup(click.Group):
    """A group that imports a command when it is called, not when it is listed."""

    def list_commands(self, context: click.Context) -> list[str]:
        return [*COMMANDS, *(name for name in _module_rooms() if name not in COMMANDS)]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        rooms = _module_rooms()
        if name in COMMANDS:
            target, attribute, needs_django, _ = COMMANDS[name]
            return _load(target, attribute, needs_django)
        if name in rooms:
            return _load(rooms[name], "command", True)
        for room in rooms.values():  # a group offered under a name of its own, such as "user"
            command = _load(room, "command", True)
            if command.name == name:
                return command
        return None

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, text) for name, (_, _, _, text) in COMMANDS.items()]
        with formatter.section("命令 Commands"):
            formatter.write_dl(rows)
        rooms = [(name, room.removesuffix(".commands")) for name, room in _module_rooms().items()]
        if rooms:
            with formatter.section("模块命令 Commands of modules"):
                formatter.write_dl(rooms)


def _module_rooms() -> dict[str, str]:
    """Module name -> dotted path of its ``commands`` room; files only, no import."""
    from quancheng.kernel.registry.discovery import discover

    return {
        one.name: f"{one.dotted}.commands"
        for one in discover()
        if (one.folder / "commands.py").is_file() or (one.folder / "commands").is_dir()
    }


def _load(target: str, attribute: str, needs_django: bool) -> click.Command:
    if needs_django:
        start_django()
    if find_spec(target.rpartition(".")[0]) is None or find_spec(target) is None:
        raise click.ClickException(
            f"这个命令还没有装上({target})。 This command is not installed ({target})."
        )
    command = getattr(import_module(target), attribute)
    if not isinstance(command, click.Command):
        raise click.ClickException(f"{target}:{attribute} 不是命令。 It is not a click command.")
    return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="quancheng", prog_name="quancheng")
def cli() -> None:
    """泉城：一座城市，一个程序。 Quancheng: one city, one program."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command; errors become two-language sentences and an exit code, no traceback."""
    try:
        code = cli.main(args=arguments, prog_name="quancheng", standalone_mode=False)
    except click.exceptions.Exit as end:
        code = end.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("已中断。 Interrupted.", err=True)
        code = 130
    except click.UsageError as error:
        click.echo(f"用法有误 Usage: {error.format_message()}", err=True)
        if error.ctx is not None:
            click.echo(f"{error.ctx.get_usage()}\n{error.ctx.command_path} --help", err=True)
        code = 2
    except click.ClickException as error:
        click.echo(f"错误 Error: {error.format_message()}", err=True)
        code = error.exit_code
    except Exception as error:  # the edge of the program: say it, do not spill it
        if os.environ.get("QUANCHENG_DEBUG"):
            raise
        from quancheng.commands.failures import sentence

        text, code = sentence(error)
        click.echo(text, err=True)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
