"""选择出示: a few facts for a purpose and some minutes; and the counting of every look."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import timedelta

from django.db.models import F

from quancheng.capabilities.trust.models import Licence, LicenceLook, LicenceShow
from quancheng.capabilities.trust.values import fact_keys
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, Expired, InvalidInput

WAYS = ("code", "show", "paper")


@action("trust.show.make")
def make_show(
    call: Call, *, licence: Licence, keys: Iterable[str], purpose: str, minutes: int
) -> LicenceShow:
    """生成选择出示. Raises Forbidden, InvalidInput, Conflict (not good, too many open)."""
    access.require(call.actor, "show", licence)
    if not licence.good:
        raise Conflict(
            Text("证照现在不能出示。", "The licence cannot be shown now."), extra={"state": licence.state}
        )
    chosen = _wanted(licence, keys, purpose, minutes)
    now = clock.now()
    live = LicenceShow.objects.filter(
        licence=licence, stopped_at=None, ends_at__gt=now, views__lt=F("views_most")
    )
    most = rulebook.find("trust.show_open_most").integer()
    if live.count() >= most:
        raise Conflict(
            Text(f"同时有效的出示最多{most}个，请先停用不用的。", f"At most {most} are open; stop one first.")
        )
    made = LicenceShow.objects.create(
        licence=licence, code=secrets.token_urlsafe(18), keys=chosen, purpose=purpose.strip(), made_at=now,
        ends_at=now + timedelta(minutes=minutes), views_most=rulebook.find("trust.show_views_most").integer(),
    )  # fmt: skip
    audit.note(number=licence.number, keys=chosen, purpose=made.purpose, minutes=minutes)
    return made  # type: ignore[no-any-return]


@action("trust.show.stop")
def stop_show(call: Call, *, show: LicenceShow) -> LicenceShow:
    """停用: the link shows nothing from now on. Raises Forbidden, Conflict."""
    access.require(call.actor, "stop", show)
    if not LicenceShow.objects.filter(pk=show.pk, stopped_at=None).update(stopped_at=clock.now()):
        raise Conflict(Text("已经停用。", "It was stopped already."))
    audit.note(number=show.licence.number)
    return show.refresh()


@action("trust.show.view", idempotent=False)
def view_show(call: Call, *, show: LicenceShow) -> LicenceShow:
    """查看: counts one view. Raises Forbidden, Expired (over, stopped, looked at often enough)."""
    access.require(call.actor, "look", show)
    now = clock.now()
    live = LicenceShow.objects.filter(pk=show.pk, stopped_at=None, ends_at__gt=now, views__lt=F("views_most"))
    if not live.update(views=F("views") + 1):
        raise Expired(Text("出示已失效，请对方重新生成。", "It is over; ask the holder for a new one."))
    _counted(show.licence, "show")
    return show.refresh()


@action("trust.licence.look", idempotent=False)
def count_look(call: Call, *, licence: Licence, way: str) -> None:
    """查验计数: one more verification today; nothing is kept about who verified. Raises Forbidden."""
    access.require(call.actor, "verify", licence)
    _counted(licence, way if way in WAYS else WAYS[0])


def _counted(licence: Licence, way: str) -> None:
    row, _made = LicenceLook.objects.get_or_create(licence=licence, day=clock.today(), way=way)
    LicenceLook.objects.filter(pk=row.pk).update(count=F("count") + 1)


def _wanted(licence: Licence, keys: Iterable[str], purpose: str, minutes: int) -> list[str]:
    faults: dict[str, Text] = {}
    offered = fact_keys(licence)
    wanted = set(keys)
    chosen = [key for key in offered if key in wanted]
    if not chosen or wanted - set(offered):
        faults["keys"] = Text("请选择要出示的内容。", "Choose what to show.")
    if not purpose.strip() or len(purpose.strip()) > 100:
        faults["purpose"] = Text("请填写用途，最多100字。", "Enter the purpose, at most 100 characters.")
    most = rulebook.find("trust.show_minutes_most").integer()
    if not 1 <= minutes <= most:
        faults["minutes"] = Text(f"时间应为1到{most}分钟。", f"Between 1 and {most} minutes.")
    if faults:
        raise InvalidInput(Text("请按提示修改。", "Correct what is marked."), fields=faults)
    return chosen
