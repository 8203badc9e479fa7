"""Background work of the vault."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import uuid
from typing import Any
from urllib.parse import urlsplit

from quancheng.capabilities.vault import actions, threads, trusted
from quancheng.capabilities.vault.models import DataRequest, Objection, Recipient
from quancheng.core.text import Text
from quancheng.core.vault import HEADER, Envelope, VaultFault, replay, sign_message
from quancheng.kernel import clock, jobs
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import PartnerFailed

_SECONDS = 10


@jobs.every("vault.forget", cron="20 * * * *")
@jobs.job("vault.forget")
def forget(handle: Any = None) -> dict[str, int]:
    """遗忘应答内容: facts kept for repeated answers are removed after the hours of the rule book."""
    return {"forgotten": actions.forget_facts(Call.system("vault"))}


@jobs.every("vault.audit", cron="40 3 * * *")
@jobs.job("vault.audit")
def audit(handle: Any = None) -> dict[str, Any]:
    """复核: every request's log is replayed; the columns must say what the entries say."""
    wrong, checked = [], 0
    for row in DataRequest.objects.order_by("pk").iterator(chunk_size=500):
        checked += 1
        try:
            thread = replay(threads.entries(row))
        except VaultFault as fault:
            wrong.append(f"{row.number}: {fault}")
            continue
        ended = thread.ended.value if thread.ended else ""
        if (thread.seq, thread.head, thread.uses, ended) != (row.seq, bytes(row.head), row.uses, row.ended):
            wrong.append(f"{row.number}: columns")
    if wrong:
        raise PartnerFailed(Text(f"授权记录不一致：{wrong[:5]}", f"Logs of grants do not fit: {wrong[:5]}"))
    return {"checked": checked}


@jobs.job("vault.notify", max_attempts=16)
def notify(
    handle: Any = None, *, number: str = "", objection: str = "", recipient: str = ""
) -> dict[str, str]:
    """回调使用方: signed by the city; repeated for hours, ever more seldom, until the address answers 2xx."""
    row = Recipient.objects.get(code=recipient)
    if not row.callback or row.standing != Recipient.Standing.ACTIVE:
        return {"waits": recipient}  # it asks for its notices, or is told when it may hear again
    _post(row.callback, _notice(number, objection))
    if objection:
        kept = Objection.objects.get(number=objection)
        actions.tell_receiver(Call.system("vault"), objection=kept, whom=recipient)
    return {"told": recipient}


def _notice(number: str, objection: str) -> dict[str, str]:
    if objection:
        kept = Objection.objects.select_related("item").get(number=objection)
        return {"kind": "repaired", "objection": objection, "item": kept.item.code}
    asked = DataRequest.objects.select_related("grant").get(number=number)
    return {"kind": "state", "number": number, "state": asked.state.value}


def _post(url: str, said: dict[str, str]) -> None:
    body = json.dumps(said).encode()
    envelope = Envelope(int(clock.now().timestamp()), uuid.uuid4().hex, "POST", urlsplit(url).path or "/")
    request = urllib.request.Request(  # noqa: S310 the registered address, approved by two people
        url, data=body, method="POST",
        headers={"Content-Type": "application/json", HEADER: sign_message(trusted.signer(), envelope, body)},
    )  # fmt: skip
    opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_SECONDS):
            return
    except (OSError, ValueError, urllib.error.URLError) as error:
        raise PartnerFailed(Text(f"回调失败：{error}", f"The callback failed: {error}")) from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """News of a person goes to the registered address or nowhere."""

    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None
