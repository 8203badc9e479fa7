"""Words of states and findings."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

JOB_STATES = {
    "queued": _("排队"),
    "running": _("进行中"),
    "done": _("完成"),
    "failed": _("失败"),
    "cancelled": _("已取消"),
}
STATE_TAGS = {"queued": "", "running": "info", "done": "ok", "failed": "bad", "cancelled": "warn"}

KINDS = {
    "altered": _("被改写"),
    "missing": _("缺失"),
    "duplicate": _("重复"),
    "unchained": _("链条断开"),
    "truncated": _("链尾被截断"),
    "surplus": _("多出"),
    "rewritten": _("整段重写"),
    "forged-checkpoint": _("检查点伪造"),
    "lost-checkpoint": _("检查点丢失"),
    "forked": _("分叉"),
    "no-head": _("链头丢失"),
}
