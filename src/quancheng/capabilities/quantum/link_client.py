"""链路客户端: carry a request to a peer node over a quantum-safe link, and learn what protected it.

>>> done = exchange("jn-qd", b"GET /witness/ HTTP/1.1\\r\\nHost: peer\\r\\n\\r\\n")   # doctest: +SKIP
>>> done.strength, done.away                                                        # doctest: +SKIP

Sessions live in the process that uses them; rows tell everybody else. Call it outside transactions.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings

from quancheng.capabilities.quantum import actions, pki
from quancheng.capabilities.quantum.booking import address_of
from quancheng.capabilities.quantum.caller import CallerSettings, LinkCaller, LinkDown
from quancheng.capabilities.quantum.kme_client import KmeAccess, KmeClient, KmeFailed, KmeReason
from quancheng.capabilities.quantum.models import Link
from quancheng.capabilities.quantum.values import Exchanged, HttpAnswer, Lap, LineState, SessionOpened
from quancheng.core.keys import Algorithm, SigningKey
from quancheng.core.linkkey import Identity, RekeyPolicy, Strength, Suite
from quancheng.core.qkd import Outcome, Status
from quancheng.core.text import Text
from quancheng.kernel import clock, keyring, rulebook
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound

__all__ = [
    "Exchanged",
    "HttpAnswer",
    "LinkDown",
    "connect",
    "exchange",
    "http",
    "identity_of",
    "kme_of",
    "line_state",
    "node_key",
    "node_name",
    "ping",
    "tls_folder",
]

_callers: dict[str, tuple[tuple[Any, ...], LinkCaller]] = {}
_lock = threading.Lock()


def node_name() -> str:
    """What this node is called on links: ``QUANCHENG_NODE``, else the region code of the city."""
    return os.environ.get("QUANCHENG_NODE", "").strip() or rulebook.city_region()


def tls_folder() -> Path:
    """Certificates for key managers: ``<application ID>.pem`` and ``authority.pem``."""
    return Path(settings.HOME) / "quantum" / "tls"


def node_key() -> SigningKey:
    """The handle this node signs handshakes with, ML-DSA-44; after a rotation peers must be told the new key."""
    return keyring.signer("quantum-link", Algorithm.ML_DSA_44)


def exchange(link: str, request: bytes) -> Exchanged:
    """Send ``request`` to the peer of ``link`` and give its answer with the strength that protected both.

    A fallback is not an error: it is told in the answer, on the link's row and as an event; a link whose
    policy wants more raises instead. Raises NotFound, Conflict (the link is closed), LinkDown.
    """
    return _over(link, lambda caller: caller.exchange(request))


def http(
    link: str,
    method: str,
    path: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> HttpAnswer:
    """One HTTP request to the peer's service: status, headers, body and what protected them.

    Raises NotFound, Conflict, LinkDown (also when the peer's answer is no HTTP).
    """
    names = {"Host": link, "Content-Length": str(len(body)), **(headers or {})}
    if any("\r" in part or "\n" in part for part in (method, path, *names, *names.values())):
        raise InvalidInput(Text("请求头不能含换行。", "No line breaks in a request's head."))
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in names.items())]
    done = exchange(link, "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
    try:
        return HttpAnswer.read(done)
    except ValueError as error:
        raise LinkDown(link, "MESSAGE", Text("对端应答不是 HTTP", "the answer is no HTTP")) from error


def connect(link: str) -> None:
    """New keys now, opening the link if need be. Raises NotFound, Conflict, LinkDown."""
    _over(link, lambda caller: caller.rekey("OPEN" if caller.since is None else "ASKED"), fresh=True)


def ping(link: str) -> None:
    """See that the link carries; changes keys when due. Raises NotFound, Conflict, LinkDown."""
    _over(link, lambda caller: caller.exchange(b""))


def _over(link: str, deed: Callable[[LinkCaller], Any], *, fresh: bool = False) -> Any:
    row = Link.objects.select_related("peer").filter(code=link).first()
    if row is None:
        raise NotFound(Text(f"没有链路 {link}。", f"There is no link {link}."))
    if not row.wanted or not row.address:
        _forget(link)
        raise Conflict(
            Text(f"链路 {link} 未建立，请由量子安全值班员建立。", f"Link {link} is not open; have it opened.")
        )
    caller = _caller(row)
    try:
        wish = row.rekey_wanted_at
        if not fresh and wish is not None and caller.since is not None and caller.since < wish:
            caller.rekey("ASKED")
        return deed(caller)
    except LinkDown as down:
        actions.report_failure(Call.system("quantum"), code=link, reason=down.reason)
        raise


def _caller(row: Link) -> LinkCaller:
    """This process's end of a link; a new one when the row says something else than before."""
    config = (row.address, row.suite, row.weakest, row.kme_url, row.kme_identity, row.kme_peer)
    config += (row.held, str(row.peer.public_key), row.peer.code)
    with _lock:
        known = _callers.get(row.code)
        if known is not None and known[0] == config:
            return known[1]
        if known is not None:
            known[1].drop()
        call = Call.system("quantum")
        made = LinkCaller(
            identity_of(row),
            address_of(row.address),
            None if row.held else kme_of(row),
            _settings(),
            lambda opened: _booked(call, opened),
            away=str(KmeReason.NO_LINE) if not row.held else "HELD",
        )
        _callers[row.code] = (config, made)
        return made


def _booked(call: Call, opened: SessionOpened) -> None:
    actions.report_session(call, opened=opened)


def _forget(link: str) -> None:
    with _lock:
        known = _callers.pop(link, None)
    if known is not None:
        known[1].drop()


def identity_of(row: Link) -> Identity:
    """Our end of a link."""
    return Identity(
        row.code,
        node_name(),
        node_key(),
        row.peer.code,
        row.peer.key,
        (Suite(row.suite),),
        Strength(row.weakest),
    )


def kme_of(row: Link) -> KmeClient | None:
    """The link's key manager; None when no QKD line is installed."""
    if not row.kme_url:
        return None
    folder = tls_folder()
    seconds = float(rulebook.find("quantum.wait_seconds").integer())
    return KmeClient(
        KmeAccess(
            row.kme_url,
            row.kme_peer,
            pki.certificate(folder, row.kme_identity),
            folder / pki.AUTHORITY,
            seconds,
        )
    )


def _settings() -> CallerSettings:
    return CallerSettings(
        RekeyPolicy(
            timedelta(minutes=rulebook.find("quantum.rekey_minutes").integer()),
            rulebook.find("quantum.rekey_records").integer(),
            rulebook.find("quantum.rekey_megabytes").integer() * 1_000_000,
        ),
        float(rulebook.find("quantum.wait_seconds").integer()),
        timedelta(seconds=rulebook.find("quantum.restore_seconds").integer()),
        clock.now,
    )


def line_state(row: Link) -> LineState | None:
    """What the link's key manager says of its line; None without one. Raises KmeFailed."""
    client = kme_of(row)
    if client is None:
        return None
    try:
        return _state(client.status())
    finally:
        client.close()


def _state(status: Status) -> LineState:
    """Rounds stand in the vendor's extension (ours: the simulator's); others have none."""
    extension = status.extension
    try:
        laps = tuple(_lap(one) for one in extension.get("rounds", ()))
        most = float(extension["qber_most"]) if "qber_most" in extension else None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise KmeFailed(KmeReason.MALFORMED, "status_extension") from error
    simulated = extension.get("simulated") is True
    return LineState(status.stored_key_count, status.max_key_count, most, laps, simulated)


def _lap(one: dict[str, Any]) -> Lap:
    at = datetime.fromisoformat(one["at"])
    if at.tzinfo is None:
        raise ValueError(one["at"])
    return Lap(
        int(one["number"]), at, float(one["qber"]), str(Outcome(one["outcome"])), int(one["secret_bits"])
    )
