"""The overview screen 总览: what each of its parts shows."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe

from quancheng.capabilities.command import flow, queries
from quancheng.capabilities.command.models import Exercise
from quancheng.capabilities.things import queries as things
from quancheng.core.text import Text
from quancheng.kernel import clock, registry
from quancheng.kernel.actor import Actor

log = logging.getLogger(__name__)
PARTS = ("banner", "figures", "incidents", "alarms", "plan", "board", "ticker")
REAL_CITY = "-"
OWN_LAYERS = {"command.incidents", "command.tasks", "things.stations", "people.districts"}
ROWS, URGENT = 6, 5
SHORT = 3
"""Tasks shown below the bars."""
ROOM = 4
"""Lines a card of the left column holds at 1080 lines when incidents and alarms share it."""
TICKER = 7


def chosen(actor: Actor, asked: str) -> tuple[str, Exercise | None]:
    """The exercise to show: the one asked for, else the one running; ``-`` is the real city."""
    if asked == REAL_CITY:
        return "", queries.running_exercise(actor)
    row = queries.exercise(actor, asked) if asked else queries.running_exercise(actor)
    return (row.code if row else ""), row


def part(
    name: str, request: HttpRequest, actor: Actor, exercise: str, row: Exercise | None
) -> dict[str, Any]:
    """The context of one part of the screen."""
    now = queries.exercise_clock(row) if row is not None and exercise else clock.now()
    common = {
        "exercise": exercise,
        "run": row,
        "now": now,
        "part": name,
        "params": urlencode({"exercise": exercise or REAL_CITY}),
    }
    return common | _MAKERS[name](request, actor, exercise, now)


def _banner(request: HttpRequest, actor: Actor, exercise: str, now: datetime) -> dict[str, Any]:
    return {"real_open": queries.open_incidents(actor).count() if exercise else 0}


def _todays_counts(actor: Actor, exercise: str, now: datetime) -> dict[str, int]:
    """Tasks that are open or ended today; of an exercise all, it is one occasion."""
    midnight = now.astimezone(clock.LOCAL).replace(hour=0, minute=0, second=0, microsecond=0)
    return queries.task_counts(actor, exercise=exercise, since=None if exercise else midnight)


def _figures(request: HttpRequest, actor: Actor, exercise: str, now: datetime) -> dict[str, Any]:
    wettest = max(
        things.window_sums(actor, at=now, exercise=exercise, minutes=(60,)).values(),
        key=lambda row: row.amounts[60],
        default=None,
    )
    counts = _todays_counts(actor, exercise, now)
    done = counts["closed"]
    return {
        "counts": counts,
        "open_incidents": queries.open_incidents(actor, exercise=exercise).count(),
        "open_alarms": things.alarms(actor, state="open", exercise=exercise).count(),
        "wettest": wettest,
        "rain": round(float(wettest.amounts[60]), 1) if wettest else None,
        "percent": round(100 * done / counts["total"]) if counts["total"] else None,
        "level": queries.plan_level(actor, exercise=exercise),
        "on_duty": queries.on_duty(actor).count(),
    }


def _incidents(request: HttpRequest, actor: Actor, exercise: str, now: datetime) -> dict[str, Any]:
    alarms = things.alarms(actor, state="open", exercise=exercise).exists()
    room = ROOM if alarms else 2 * ROOM
    rows = list(queries.open_incidents(actor, exercise=exercise)[: room + 1])
    left = room - len(rows) - 1  # one line for the heading
    feed = queries.report_feed(actor, exercise=exercise)[: min(left, ROOM)] if rows and left > 1 else []
    lately = (
        []
        if rows
        else list(queries.incidents(actor, exercise=exercise).order_by("-occurred_at", "-id")[:ROWS])
    )
    return {
        "rows": rows[:room],
        "more": len(rows) > room,
        "lately": lately,
        "feed": feed,
        "types": queries.incident_types(),
    }


def _alarms(request: HttpRequest, actor: Actor, exercise: str, now: datetime) -> dict[str, Any]:
    rows = things.alarms(actor, state="open", exercise=exercise).order_by("level", "-raised_at", "-id")
    found = list(rows[: ROOM + 1])
    return {"rows": found[:ROOM], "more": len(found) > ROOM}


def _plan(request: HttpRequest, actor: Actor, exercise: str, now: datetime) -> dict[str, Any]:
    rows = list(queries.activations(actor, exercise=exercise)[:3])
    return {
        "rows": [_activation(row) for row in rows],
        "plans": [] if rows else list(queries.plans(actor)[:4]),
        "panels": panels(request, exercise),
        "duty": list(queries.on_duty(actor)[:3]),
    }


def _activation(row: Any) -> dict[str, Any]:
    by_id = {one["row"]: one for one in row.reasons.get("considered", [])}
    cited = [by_id[name] for name in row.reasons.get("rows", []) if name in by_id]
    wanted = row.level if row.state == "proposed" else row.proposed_level
    return {
        "row": row,
        "cited": cited[:2],
        "districts": [queries.region_text(code) for code in row.districts[:12]],
        "wanted": wanted,
        "verb": "activate" if row.state == "proposed" else "level",
        "waits": row.state == "proposed" or bool(row.proposed_level),
    }


def _board(request: HttpRequest, actor: Actor, exercise: str, now: datetime) -> dict[str, Any]:
    counts = _todays_counts(actor, exercise, now)
    order = ("issued", "accepted", "onsite", "proved", "returned", "closed")
    bars = [(flow.TASK.label(state), counts[state], state) for state in order]
    closed = queries.tasks(actor, state="closed", exercise=exercise).order_by("-issued_at", "-id")
    urgent = queries.tasks(actor, state="open", exercise=exercise).order_by("priority", "due_at", "id")
    return {
        "counts": counts,
        "bars": bars,
        "urgent": list(urgent[:SHORT]) or list(closed[: SHORT if counts["total"] else URGENT]),
        "soon": now + timedelta(minutes=10),
    }


def _ticker(request: HttpRequest, actor: Actor, exercise: str, now: datetime) -> dict[str, Any]:
    return {"lines": list(queries.log_of(actor, exercise=exercise).select_related("incident")[:TICKER])}


_MAKERS = {
    "banner": _banner,
    "figures": _figures,
    "incidents": _incidents,
    "alarms": _alarms,
    "plan": _plan,
    "board": _board,
    "ticker": _ticker,
}


def panels(request: HttpRequest, exercise: str) -> list[SafeString]:
    """Panels ``templates/command/panel/<module>.html``; a broken one is logged and left out."""
    found = []
    for module in registry.modules():
        try:
            template = get_template(f"command/panel/{module.name}.html")
        except TemplateDoesNotExist:
            continue
        try:
            html = template.render(_panel_context(module.dotted, request, exercise), request)
        except Exception:
            log.exception("panel of %s failed", module.name)
            continue
        if html.strip():
            found.append(mark_safe(html))  # noqa: S308  a template's own output
    return found


def _panel_context(dotted: str, request: HttpRequest, exercise: str) -> dict[str, Any]:
    room = f"{dotted}.command_panel"
    own = import_module(room).context(request, exercise) if find_spec(room) is not None else {}
    return {"exercise": exercise, **own}


def map_config(exercise: str) -> dict[str, Any]:
    """The map: stations, incidents, tasks, and the layers of all modules."""
    suffix = urlencode({"exercise": exercise})
    layers: list[dict[str, Any]] = []
    for owner, row in registry.items("layer"):
        if row.id in OWN_LAYERS:
            continue
        layers.append(
            {
                "id": row.id,
                "label": row.text,
                "kind": row.kind if row.kind in {"circle", "fill", "line"} else "circle",
                "url": f"{row.url}{'&' if '?' in row.url else '?'}{suffix}",
                "color": "level" if owner.name == "weather" else "accent",
                "radius": 4,
                "topic": owner.name,
                "title": "title",
                "opacity": 0.35,
            }
        )
    layers.append(
        {
            "id": "stations",
            "label": Text("雨量、水位站", "Gauges"),
            "kind": "circle",
            "color": "level",
            "radius": 5,
            "url": f"/api/v1/things/stations.geojson?{suffix}",
            "topic": "things.stations",
            "title": "code",
            "fields": [
                {"key": "kind_label", "label": Text("类别", "Kind")},
                {"key": "value", "label": Text("最新值", "Latest")},
            ],
            "href": "url",
        }
    )
    layers.append(
        {
            "id": "tasks",
            "label": Text("任务", "Tasks"),
            "kind": "circle",
            "color": "primary",
            "radius": 7,
            "topic": "command",
            "url": f"/api/v1/command/tasks.geojson?{suffix}",
            "title": "label",
            "href": "href",
            "fields": [
                {"key": "said", "label": Text("状态", "State")},
                {"key": "who", "label": Text("部门", "Department")},
            ],
        }
    )
    layers.append(
        {
            "id": "incidents",
            "label": Text("突发事件", "Incidents"),
            "kind": "circle",
            "color": "level",
            "radius": 11,
            "url": f"/api/v1/command/incidents.geojson?{suffix}",
            "topic": "command",
            "title": "label",
            "href": "href",
            "fields": [
                {"key": "said", "label": Text("状态", "State")},
                {"key": "reports", "label": Text("接报", "Reports")},
            ],
        }
    )
    return {
        "base": True,
        "bounds": [116.72, 36.5, 117.34, 36.84],
        "layers": layers,
        "label": Text("指挥一张图", "The one map of command"),
    }
