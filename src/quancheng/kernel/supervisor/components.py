"""The kernel's own processes: web, worker and scheduler. Each runs until SIGTERM or SIGINT."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from importlib import import_module
from types import FrameType

from django.conf import settings

from quancheng.core.text import Text
from quancheng.kernel import collector
from quancheng.kernel.errors import InvalidInput
from quancheng.kernel.observability import logs

logger = logging.getLogger(__name__)

LEAVE_SECONDS = 6.0
"""How long work in hand may go on after the signal to stop."""
PRUNE_SECONDS = 3600.0

Loop = Callable[[threading.Event], None]


def web(host: str = "127.0.0.1", port: int = 8000) -> None:
    """Serve pages, APIs and streams with uvicorn until told to stop."""
    import uvicorn

    logs.configure("web")
    _setup()
    config = uvicorn.Config(
        "quancheng.asgi:application",
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="websockets",
        ws_max_size=64 * 1024,
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=2000,
        backlog=2048,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=5,
        h11_max_incomplete_event_size=64 * 1024,
    )
    server = uvicorn.Server(config)
    server.run()
    if not server.started:
        raise SystemExit(3)


def worker() -> None:
    """Deliver events and run jobs until told to stop."""
    logs.configure("worker")
    _setup()  # before anything that imports models
    from quancheng.kernel.events.dispatcher import EventDispatcher
    from quancheng.kernel.jobs.worker import JobWorker

    workers = [JobWorker() for _ in range(int(getattr(settings, "JOB_THREADS", 2)))]
    loops: dict[str, Loop] = {"events": EventDispatcher().run_forever}
    loops |= {f"jobs-{place}": one.run_forever for place, one in enumerate(workers, start=1)}
    if getattr(settings, "BUS_URL", ""):
        loops |= {"bus-publish": _bus("publish"), "bus-receive": _bus("receive")}

    def hand_back() -> None:
        for one in workers:
            one.hand_back()

    run_loops("worker", loops, at_end=hand_back)


def scheduler() -> None:
    """Enqueue periodic jobs and keep the tables small until told to stop."""
    logs.configure("scheduler")
    _setup()
    from quancheng.kernel.jobs.scheduler import Scheduler

    run_loops("scheduler", {"schedules": Scheduler().run_forever, "pruning": prune_forever})


def component(name: str) -> None:
    """Run a process a module brings along, by its id (``quancheng component ID``)."""
    from quancheng.kernel.supervisor.run import module_components

    logs.configure(name)
    _setup()
    for one in module_components():
        if one.id == name:
            path, _, function = one.function.partition(":")
            getattr(import_module(path), function)()
            return
    raise InvalidInput(Text(f"没有组件 {name}。", f"There is no component {name}."))


def prune_forever(stop: threading.Event) -> None:
    """Remove old events and finished jobs once an hour."""
    from django.db import DatabaseError, close_old_connections

    from quancheng.kernel import events, jobs

    while not stop.wait(PRUNE_SECONDS):
        try:
            removed = events.prune(), jobs.prune()
            logger.info("pruned %s events and %s jobs", *removed)
        except DatabaseError:
            logger.exception("pruning failed, trying again in an hour")
            close_old_connections()


def run_loops(
    name: str,
    loops: dict[str, Loop],
    *,
    at_end: Callable[[], None] | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Run each loop in a thread until a signal, or until one of them dies: then all end.

    A loop that raises ends the process with exit code 1, so that the supervisor starts a fresh
    one; a half-dead worker would look alive and do nothing.
    """
    from quancheng.kernel.supervisor.heartbeat import Heart

    ending = stop or threading.Event()
    _stop_on_signals(ending)
    failures: list[str] = []

    def guarded(label: str, loop: Loop) -> None:
        try:
            loop(ending)
        except Exception:
            logger.exception("%s: loop %s died", name, label)
            failures.append(label)
        finally:
            ending.set()
            _close_connections()

    everything = loops | {"heart": Heart(name).run_forever}
    threads = [
        threading.Thread(target=guarded, args=(label, loop), name=f"{name}-{label}", daemon=True)
        for label, loop in everything.items()
    ]
    for thread in threads:
        thread.start()
    while not ending.wait(1.0):
        pass
    until = time.monotonic() + LEAVE_SECONDS
    for thread in threads:
        thread.join(max(until - time.monotonic(), 0.0))
    if at_end is not None and any(thread.is_alive() for thread in threads):
        at_end()
    if failures:
        raise SystemExit(1)


def _bus(role: str) -> Loop:
    def loop(stop: threading.Event) -> None:
        from quancheng.kernel.events.nats_bus import NatsBus

        bus = NatsBus()
        try:
            bus.run_forever(stop, role)
        finally:
            bus.close()

    return loop


def _setup() -> None:
    import django
    from django.apps import apps

    if not apps.ready:
        django.setup()
    collector.look_rarely(keep=True)


def _stop_on_signals(stop: threading.Event) -> None:
    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, handle)


def _close_connections() -> None:
    from django.db import connections

    connections.close_all()
