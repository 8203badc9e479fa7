"""The writers of departments 机构, posts 岗位 and roles 角色."""

from __future__ import annotations

from datetime import date

from quancheng.capabilities.people import city, queries
from quancheng.capabilities.people.models import Appointment, Department, Post, RoleGrant, User
from quancheng.capabilities.people.tree import Node, nodes
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput

_COLUMNS = (
    "path", "level", "region_code", "zh", "en", "duty_zh", "duty_en", "plan", "inferred",
    "follows", "active", "order",
)  # fmt: skip


@action("people.role.grant")
def grant_role(
    call: Call,
    *,
    user: User,
    role: str,
    department: Department,
    region_code: str = "",
    valid_from: date | None = None,
    valid_to: date | None = None,
    reason: str = "",
) -> RoleGrant:
    """授予角色 at a department one administers. Raises Forbidden, InvalidInput, Conflict."""
    access.require(call.actor, "grant_role", department)
    begin = valid_from or clock.today()
    fields: dict[str, Text] = {}
    if role not in queries.known_roles():
        fields["role"] = Text(f"没有角色 {role}。", f"There is no role {role}.")
    if region_code and region_code not in city.all_regions():
        fields["region_code"] = Text("没有这个区划。", "There is no such region.")
    if valid_to is not None and valid_to <= begin:
        fields["valid_to"] = Text("截止日应晚于起始日。", "The end must be after the start.")
    if user.kind != User.Kind.OFFICIAL:
        fields["user"] = Text("角色只能授予工作人员账户。", "Only officials can hold roles.")
    if fields:
        raise InvalidInput(fields=fields)
    live = RoleGrant.objects.filter(
        user=user, role=role, department=department, region_code=region_code, revoked_at=None
    ).exclude(valid_to__lte=begin)
    if live.exists():
        raise Conflict(Text("该角色已授予，仍在有效期。", "This role is already held."))
    given: RoleGrant = RoleGrant.objects.create(
        user=user,
        role=role,
        department=department,
        region_code=region_code,
        valid_from=begin,
        valid_to=valid_to,
        reason=reason.strip(),
        granted_by=str(call.actor)[:100],
        granted_at=call.at,
    )
    audit.note(user=user.pk, role=role, department=department.code, region=region_code)
    events.emit("people.role.granted", f"user:{user.pk}", {"role": role, "department": department.code})
    return given


@action("people.role.revoke")
def revoke_role(call: Call, *, grant: RoleGrant, reason: str) -> RoleGrant:
    """收回角色 now, with a reason. Raises Forbidden, InvalidInput."""
    access.require(call.actor, "revoke", grant)
    if not reason.strip():
        wrong = Text("请写明收回的理由。", "Give a reason.")
        raise InvalidInput(wrong, fields={"reason": wrong})
    if grant.revoked_at is None:
        grant.revoked_at = call.at
        grant.save(update_fields=["revoked_at"])
        events.emit("people.role.revoked", f"user:{grant.user_id}", {"role": grant.role})
    audit.note(user=grant.user_id, role=grant.role, reason=reason.strip())
    return grant


@action("people.appoint")
def appoint(
    call: Call,
    *,
    user: User,
    department: Department,
    code: str,
    title: Text,
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> Appointment:
    """任职: put a user on a post of a department (made if new). Raises Forbidden, InvalidInput."""
    access.require(call.actor, "appoint", department)
    begin = valid_from or clock.today()
    if valid_to is not None and valid_to <= begin:
        raise InvalidInput(Text("截止日应晚于起始日。", "The end must be after the start."))
    post, _ = Post.objects.get_or_create(
        department=department, code=code, defaults={"zh": title.zh, "en": title.en}
    )
    held: Appointment = Appointment.objects.create(post=post, user=user, valid_from=begin, valid_to=valid_to)
    audit.note(user=user.pk, post=post.pk, department=department.code)
    return held


@action("people.departments.sync", idempotent=False)
def sync_departments(call: Call) -> dict[str, list[str]]:
    """机构入库: make the profile's tree into rows; those no longer named become inactive."""
    access.require(call.actor, "sync", Department)
    known: dict[str, Department] = {row.code: row for row in Department.objects.all()}
    report: dict[str, list[str]] = {"created": [], "changed": [], "unchanged": []}
    wanted = nodes()
    for node in wanted:
        row = known.get(node.code)
        if row is None:
            row = Department(code=node.code)
            outcome = "created"
        else:
            outcome = "unchanged"
        parent = known[node.parent] if node.parent else None
        if _apply(row, node, parent) and outcome == "unchanged":
            outcome = "changed"
        if outcome != "unchanged":
            row.save()
        known[node.code] = row
        report[outcome].append(node.code)
    gone = Department.objects.filter(active=True).exclude(code__in=[one.code for one in wanted])
    report["changed"] += list(gone.values_list("code", flat=True))
    gone.update(active=False)
    audit.note(**{key: len(codes) for key, codes in report.items()})
    return report


def _apply(row: Department, node: Node, parent: Department | None) -> bool:
    """Copy a node's facts onto a row; True when anything differs."""
    changed = row.parent_id != (parent.pk if parent else None)
    row.parent = parent
    for column in _COLUMNS:
        value = getattr(node, column)
        if getattr(row, column) != value:
            setattr(row, column, value)
            changed = True
    return changed
