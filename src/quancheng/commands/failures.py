"""失败说明: what a failed command says, in two languages, and its exit code."""

from __future__ import annotations

FAILED, CONFIGURATION, INTERNAL = 1, 78, 70


def sentence(error: Exception) -> tuple[str, int]:
    """What to print for an exception, and the exit code."""
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management.base import CommandError
    from django.db import OperationalError, ProgrammingError

    from quancheng.core.text import Text
    from quancheng.kernel.errors import QuanchengError
    from quancheng.kernel.registry import RegistryError

    text = getattr(error, "text", None)  # errors of core carry a Text
    if isinstance(error, QuanchengError):
        return (
            f"错误 {error.detail.zh}{error.todo.zh}\nError: {error.detail.en} {error.todo.en}",
            FAILED,
        )
    if isinstance(error, RegistryError):
        return "\n".join(error.lines), CONFIGURATION
    if isinstance(text, Text):
        return f"错误 {text.zh}\nError: {text.en}", FAILED
    if isinstance(error, OperationalError | ProgrammingError):
        return (
            f"数据库不可用或尚未建好，请先运行 quancheng setup。({error})\n"
            "The database is unavailable or not set up yet; run quancheng setup first.",
            FAILED,
        )
    if isinstance(error, ImproperlyConfigured):
        return f"设置有误。 The settings are wrong: {error}", CONFIGURATION
    if isinstance(error, CommandError):
        return f"错误 Error: {error}", getattr(error, "returncode", FAILED)
    return (
        f"内部错误 {type(error).__name__}: {error}\n"
        "An internal error; set QUANCHENG_DEBUG=1 to see where 设置 QUANCHENG_DEBUG=1 查看详情。",
        INTERNAL,
    )
