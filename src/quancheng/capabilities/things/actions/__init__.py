"""The only writers of things: stations, frames, alarms."""

from quancheng.capabilities.things.actions.alarms import (
    acknowledge_alarm,
    acknowledge_alarms,
    close_alarm,
    downgrade_alarm,
    end_alarm,
    end_alarms,
    escalate_alarm,
    escalate_due,
    mute_alarm,
    raise_alarm,
    raise_alarms,
    unmute_alarm,
)
from quancheng.capabilities.things.actions.bridging import enrol, note_bridge
from quancheng.capabilities.things.actions.editing import edit_device
from quancheng.capabilities.things.actions.frames import FRAMES_LIMIT, clear_exercise, ingest_frames, prune
from quancheng.capabilities.things.actions.imports import import_devices, undo_import
from quancheng.capabilities.things.actions.orders import (
    mark_overdue,
    move_order,
    order_repair,
    verify_order,
)
from quancheng.capabilities.things.actions.quality import keep_days
from quancheng.capabilities.things.actions.readings import record_readings
from quancheng.capabilities.things.actions.register import (
    register_station,
    register_stations,
    retire,
    update_status,
    update_statuses,
)
from quancheng.capabilities.things.actions.rules import sync_rules
from quancheng.capabilities.things.actions.silence import mark_silent, watch_streams
from quancheng.capabilities.things.actions.upkeep import (
    calibrate,
    connect_device,
    register_maintainer,
    set_interval,
    set_maintainer,
    set_members,
)

__all__ = [
    "FRAMES_LIMIT",
    "acknowledge_alarm",
    "acknowledge_alarms",
    "calibrate",
    "clear_exercise",
    "close_alarm",
    "connect_device",
    "downgrade_alarm",
    "edit_device",
    "end_alarm",
    "end_alarms",
    "enrol",
    "escalate_alarm",
    "escalate_due",
    "import_devices",
    "ingest_frames",
    "keep_days",
    "mark_overdue",
    "mark_silent",
    "move_order",
    "mute_alarm",
    "note_bridge",
    "order_repair",
    "prune",
    "raise_alarm",
    "raise_alarms",
    "record_readings",
    "register_maintainer",
    "register_station",
    "register_stations",
    "retire",
    "set_interval",
    "set_maintainer",
    "set_members",
    "sync_rules",
    "undo_import",
    "unmute_alarm",
    "update_status",
    "update_statuses",
    "verify_order",
    "watch_streams",
]
