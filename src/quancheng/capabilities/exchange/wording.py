"""Words of pages and the API: labels of deeds, limits, ways, share types, modes."""

from __future__ import annotations

from quancheng.core.exchange import Clock, Deed, GrantStatus, Mode, ShareType, Stage
from quancheng.core.text import Text

DEEDS = {
    Deed.SUBMIT: Text("提交申请", "Submit"),
    Deed.RETURN: Text("退回补正", "Return for correction"),
    Deed.ACCEPT: Text("受理", "Accept"),
    Deed.EXTEND: Text("延长答复期限", "Extend the limit"),
    Deed.ASK: Text("要求补充说明", "Ask for more"),
    Deed.SUPPLY: Text("补充说明", "Say more"),
    Deed.AGREE: Text("同意共享", "Agree"),
    Deed.DECLINE: Text("不同意共享", "Decline"),
    Deed.OBJECT: Text("提出异议", "Object"),
    Deed.ESCALATE: Text("提请主管部门处理", "Bring before the bureau"),
    Deed.UPHOLD: Text("维持不予共享", "Uphold the no"),
    Deed.OVERRULE: Text("责成提供", "Overrule the no"),
    Deed.DELIVER: Text("提供数据", "Provide"),
    Deed.CONFIRM: Text("确认收到", "Confirm receipt"),
    Deed.SUSPEND: Text("暂停使用", "Suspend"),
    Deed.RESUME: Text("恢复使用", "Resume"),
    Deed.WITHDRAW: Text("撤回", "Withdraw"),
    Deed.EXPIRE: Text("到期", "Expire"),
    Deed.TICK: Text("计时", "Tick"),
}
LIMITS = {
    Clock.ACCEPT: Text("受理期限", "Limit to accept"),
    Clock.CORRECT: Text("补正期限", "Limit to correct"),
    Clock.ANSWER: Text("答复期限", "Limit to answer"),
    Clock.DELIVER: Text("提供期限", "Limit to provide"),
    Clock.CONFIRM: Text("确认期限", "Limit to confirm"),
    Clock.OBJECT: Text("异议期限", "Limit to object"),
    Clock.REVIEW: Text("复核期限", "Limit to review"),
    Clock.ARBITRATE: Text("争议处理期限", "Limit to settle the dispute"),
}
WAYS = {
    "api": Text("接口调用", "API calls"),
    "table": Text("库表同步", "Table kept in step"),
    "file": Text("批量文件", "Batch file"),
    "subscription": Text("变更订阅", "Subscription to changes"),
}
SHARES = {
    ShareType.UNCONDITIONAL: Text("无条件共享", "Shared without condition"),
    ShareType.CONDITIONAL: Text("有条件共享", "Shared on condition"),
    ShareType.NOT_SHARED: Text("不予共享", "Not shared"),
}
MODES = {
    Mode.QUERY: Text("查询", "Query"),
    Mode.BATCH: Text("批量", "Batch"),
    Mode.SUBSCRIPTION: Text("订阅", "Subscription"),
}
GRANTS = {
    GrantStatus.ACTIVE: Text("有效", "In force"),
    GrantStatus.SUSPENDED: Text("已暂停", "Suspended"),
    GrantStatus.WITHDRAWN: Text("已终止", "Ended"),
}
KINDS = {
    Stage.DECLINED: "bad",
    Stage.WITHDRAWN: "",
    Stage.EXPIRED: "",
    Stage.IN_USE: "ok",
    Stage.DELIVERED: "ok",
    Stage.RETURNED: "warn",
    Stage.SUSPENDED: "warn",
    Stage.ARBITRATED: "warn",
    Stage.OBJECTED: "warn",
}
"""Kinds of tags of stages; others are plain information."""
NEEDS_REASON = frozenset(
    {
        Deed.RETURN, Deed.EXTEND, Deed.ASK, Deed.SUPPLY, Deed.DECLINE, Deed.OBJECT, Deed.ESCALATE, Deed.UPHOLD,
        Deed.OVERRULE, Deed.SUSPEND, Deed.WITHDRAW,
    }
)  # fmt: skip
NEEDS_BASIS = frozenset({Deed.DECLINE, Deed.UPHOLD, Deed.OVERRULE})
