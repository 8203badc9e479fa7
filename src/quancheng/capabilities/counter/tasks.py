"""Background work: delivery of messages to partner cities, reminders of late bags."""

from __future__ import annotations

import json
from typing import Any

from quancheng.capabilities.counter import actions, exchanging, queries
from quancheng.capabilities.counter.models import Letter, Partner
from quancheng.capabilities.counter.partner_client import NotTaken, PartnerClient
from quancheng.kernel import events, jobs
from quancheng.kernel.actions import Call


@jobs.job("counter.deliver")
def deliver(handle: Any = None, *, partner: str) -> dict[str, int]:
    """跨城投递: what waits for one partner, in order; the first that is not taken stops and is tried again."""
    city = Partner.objects.get(code=partner)
    client = PartnerClient(city.address, exchanging.own_key(), city.public_key)
    call, sent = Call.system("counter", simulated=city.simulated), 0
    waiting = Letter.objects.filter(partner=city, outgoing=True, delivered_at=None).order_by("sequence")
    for letter in waiting:
        try:
            receipt = client.send_sealed(json.loads(letter.body)["payload"], letter.body)
        except NotTaken as failed:
            actions.deliver_letter(call, letter=letter, problem=str(failed))
            raise
        actions.deliver_letter(call, letter=letter, receipt=receipt)
        sent += 1
    return {"sent": sent}


@jobs.every("counter.remind", cron="0 9 * * *")
def remind(handle: Any = None) -> dict[str, int]:
    """逾期材料提醒: each late bag is told of once a day."""
    late = list(queries.late_bags()[:1000])
    for bag in late:
        events.emit(
            "counter.bag.late",
            bag.number,
            {
                "bag": bag.number, "receipt": bag.case.receipt, "state": bag.state, "holder": bag.holder,
                "hall_region": bag.hall.region_code, "department_id": bag.office_id, "simulated": bag.simulated,
            },
        )  # fmt: skip
    return {"late": len(late)}
