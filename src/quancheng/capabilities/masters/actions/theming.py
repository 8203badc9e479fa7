"""主题库: made with owner and purpose, refreshed into a data table of its own, retired with a reason."""

from __future__ import annotations

import re
from collections.abc import Sequence

from quancheng.capabilities.masters import theming, viewing
from quancheng.capabilities.masters.models import Theme
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.tables import actions as tables
from quancheng.core.exchange import Condition, ConditionError, condition_from_json, condition_to_json
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput

_CODE = re.compile(r"[a-z][a-z0-9-]{2,39}", re.ASCII)


@action("masters.theme.create")
def create_theme(
    call: Call,
    *,
    code: str,
    zh: str,
    en: str,
    owner: str,
    purpose: str,
    base: str,
    fields: Sequence[str],
    condition: Sequence[tuple[str, str, str]] = (),
    refresh: str = Theme.Refresh.MANUAL,
) -> Theme:
    """建立主题库. ``condition``: lines (field, test, value), all of which must hold.

    Raises InvalidInput (fields), Conflict (code taken), Forbidden (not for this department).
    """
    department = people.department(owner)
    made = Theme(
        code=code, zh=zh.strip(), en=en.strip(), owner=owner, department=department.pk, purpose=purpose.strip(),
        base=base, refresh=refresh, created_at=call.at, simulated=call.actor.simulated,
    )  # fmt: skip
    access.require(call.actor, "create_theme", Theme)
    if not may_own(call, department.pk):
        raise InvalidInput(fields={"owner": Text("只能为本部门建立主题库", "Only for your own department")})
    wrong = _wrong(made)
    if "base" not in wrong and viewing.personal(base) and not is_steward(call):
        # to another department the data of persons goes through a share with a grant, not through a view
        wrong["base"] = Text(
            "含个人信息的基础库须由基础库管理员建立主题库", "Persons' data: only a steward may"
        )
    schema = None if "base" in wrong else viewing.schema_of(base)
    held: Condition | None = None
    if schema is not None:
        names = [one for one in fields if schema.column(one) is not None]
        if not names or len(names) < len(fields):
            wrong["fields"] = Text("请选择字段", "Choose fields")
        made.fields = [one for one in schema.names if one in {*names, *schema.key}]
        try:
            held = theming.condition_of(condition, schema)
        except ConditionError as fault:
            wrong["condition"] = fault.text
    if wrong:
        raise InvalidInput(fields=wrong)
    if Theme.objects.filter(code=code).exists():
        raise Conflict(Text("这个代码已被使用。", "This code is taken."))
    made.condition = condition_to_json(held) if held is not None else None
    made.save()
    audit.note(theme=code, base=base, fields=made.fields, purpose=made.purpose)
    events.emit("masters.theme.created", code, {"theme": code, "owner": owner, "base": base})
    return made


def may_own(call: Call, department: int) -> bool:
    """Stewards for any department, others for those their role was given at."""
    held = [one for one in call.actor.grants if one.role in ("masters.steward", "masters.theme_owner")]
    return is_steward(call) or any(department in one.departments for one in held)


def is_steward(call: Call) -> bool:
    """The city's bureau, or the module itself."""
    return call.actor.module == "masters" or "masters.steward" in call.actor.role_ids


def _wrong(made: Theme) -> dict[str, Text]:
    wrong: dict[str, Text] = {}
    if not _CODE.fullmatch(made.code):
        wrong["code"] = Text("代码为3–40位小写字母、数字、横线", "3 to 40 small letters, digits, hyphens")
    for name, what in (("zh", made.zh), ("en", made.en), ("purpose", made.purpose)):
        if not what or len(what) > (300 if name == "purpose" else 80):
            wrong[name] = Text("请填写", "Fill this in")
    if made.refresh not in Theme.Refresh.values:
        wrong["refresh"] = Text("请选择刷新方式", "Choose how it is refreshed")
    if not viewing.known(made.base):
        wrong["base"] = Text("请选择基础库或数据表", "Choose a master or a table")
    return wrong


def _prepared(call: Call, *, theme: Theme) -> viewing.Selected:
    """Rows are computed before the transaction begins; the right is asked inside."""
    held = condition_from_json(theme.condition) if theme.condition else None
    return viewing.select(theme.base, theme.fields, held)


@action("masters.theme.refresh", idempotent=False, prepare=_prepared)
def refresh_theme(call: Call, *, theme: Theme, prepared: viewing.Selected) -> Theme:
    """刷新主题库: its rows now, as a new version of its data table, with where they came from."""
    access.require(call.actor, "refresh", theme)
    if not theme.active:
        raise Conflict(Text("该主题库已停用。", "This theme is retired."))
    system = Call.system("masters", simulated=theme.simulated)
    if not theme.table_id:
        info = tables.create_table(
            system, name=f"theme_{theme.code.replace('-', '_')}", zh=theme.zh, en=theme.en,
            schema=prepared.schema, owner=theme.owner, simulated=theme.simulated,
        )  # fmt: skip
        theme.table_id = info.table_id
    done = tables.replace_rows(
        system, table_id=theme.table_id, rows=prepared.rows, run=f"theme:{theme.code}:{call.at:%Y%m%d%H%M%S}"
    )
    theme.version, theme.rows, theme.refreshed_at = done.version, prepared.rows.num_rows, call.at
    theme.lineage = {"inputs": prepared.inputs, "fields": list(theme.fields), "condition": theme.condition}
    theme.save(update_fields=["table_id", "version", "rows", "refreshed_at", "lineage"])
    audit.note(theme=theme.code, version=done.version, rows=theme.rows, inputs=prepared.inputs)
    said = {"theme": theme.code, "table": theme.table_id, "version": done.version, "inputs": prepared.inputs}
    events.emit("masters.theme.refreshed", theme.code, said)
    return theme


@action("masters.theme.retire")
def retire_theme(call: Call, *, theme: Theme, reason: str) -> Theme:
    """停用主题库: no refresh any more; its table stays as it is."""
    access.require(call.actor, "refresh", theme)
    if len(reason.strip()) < 2:
        raise InvalidInput(fields={"reason": Text("请填写理由", "Enter the reason")})
    theme.active = False
    theme.save(update_fields=["active"])
    audit.note(theme=theme.code, reason=reason.strip()[:300])
    events.emit("masters.theme.retired", theme.code, {"theme": theme.code})
    return theme
