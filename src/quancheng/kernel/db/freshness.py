"""连接更新: for threads that live long and are no request's: dead and aged connections are opened anew."""

from __future__ import annotations

from django.db import close_old_connections, connections


def freshen() -> None:
    """Let go of connections that broke or outlived their age, unless a transaction runs on one: it would be lost."""
    if not any(one.in_atomic_block for one in connections.all(initialized_only=True)):
        close_old_connections()
