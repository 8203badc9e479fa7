"""The writers of collection: feeds and addresses, runs, decisions, lineage."""

from quancheng.capabilities.collection.actions.decisions import decide
from quancheng.capabilities.collection.actions.feeds import (
    agree_layout,
    change_feed,
    create_feed,
    record_trial,
    register_address,
    remove_address,
    set_sample,
    set_state,
    start_trial,
)
from quancheng.capabilities.collection.actions.lineage import record_lineage
from quancheng.capabilities.collection.actions.runs import (
    deliver,
    fail_run,
    nothing_new,
    plan_again,
    record_applied,
    record_fetched,
    record_plan,
    start_run,
)
from quancheng.capabilities.collection.actions.watching import mark_freshness

__all__ = [
    "agree_layout",
    "change_feed",
    "create_feed",
    "decide",
    "deliver",
    "fail_run",
    "mark_freshness",
    "nothing_new",
    "plan_again",
    "record_applied",
    "record_fetched",
    "record_lineage",
    "record_plan",
    "record_trial",
    "register_address",
    "remove_address",
    "set_sample",
    "set_state",
    "start_run",
    "start_trial",
]
