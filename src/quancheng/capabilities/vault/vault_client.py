"""保险箱客户端: what a recipient's program needs to ask, use, countersign and keep proofs. No framework.

Every message is signed; a use whose answer was lost is asked again with the same key and counted once.
"""

from __future__ import annotations

import base64
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quancheng.capabilities.vault.receipt_client import Keys
from quancheng.core.keys import SigningKey
from quancheng.core.vault import (
    HEADER,
    Envelope,
    Reason,
    Receipt,
    VaultFault,
    countersign,
    open_facts,
    read_receipt,
    sign_message,
    verify_receipt,
    write_receipt,
)

ROOT = "/vault/v1"
_MOST = 2 * 1024 * 1024


class Refused(Exception):
    """The vault said no: status, machine reason, words."""

    def __init__(self, status: int, said: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {said.get('reason') or said.get('type')}: {said.get('detail')}")
        self.status = status
        self.reason = str(said.get("reason", ""))


@dataclass(frozen=True, slots=True)
class Given:
    """What came of a use: the facts (None when they are withheld) and the countersigned receipt."""

    number: str
    facts: Mapping[str, str | None] | None
    salt: bytes
    receipt: Receipt


class VaultClient:
    """A recipient's side of the protocol."""

    def __init__(
        self,
        url: str,
        key: SigningKey,
        keys: Keys,
        *,
        now: Callable[[], float] = time.time,
        seconds: float = 10,
    ) -> None:
        self.url, self.key, self.keys, self.now, self.seconds = url.rstrip("/"), key, keys, now, seconds

    def ask(self, wanted: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Ask a person for data. ``wanted``: subject, purpose, basis, items, mode, until. Raises Refused, OSError."""
        return self._send("POST", f"{ROOT}/requests", wanted, key)

    def state(self, number: str) -> dict[str, Any]:
        """Where a request stands. Raises Refused, OSError."""
        return self._send("GET", f"{ROOT}/requests/{number}", None, f"poll-{number}")

    def use(self, number: str, purpose: str, items: Sequence[str], key: str) -> Given:
        """Use a grant: facts checked against the receipt, the receipt countersigned and sent back.

        Raises VaultFault (what came back does not hold together), Refused, OSError (ask again, same key).
        """
        wanted = {"purpose": purpose, "items": list(items)}
        said = self._send("POST", f"{ROOT}/requests/{number}/use", wanted, key)
        receipt, salt = read_receipt(said["receipt"].encode()), base64.b64decode(said["salt"])
        shown = verify_receipt(receipt, city=self.keys.city)
        if (
            shown.thread != number
            or shown.purpose != purpose
            or {one.code for one in shown.items} != set(items)
        ):
            raise VaultFault(Reason.GRANT, "the receipt is for something else")
        if said["facts"] is not None:
            open_facts(salt, said["facts"], shown.data)
        signed = receipt if receipt.recipient is not None else countersign(receipt, self.key)
        text = write_receipt(signed).decode()
        self._send("POST", f"{ROOT}/uses/{shown.number}/countersign", {"receipt": text}, f"{key}-c")
        return Given(shown.number, said["facts"], salt, signed)

    def proof(self, number: str) -> dict[str, Any]:
        """The proof file of a use, to keep. Raises Refused, OSError."""
        return self._send("GET", f"{ROOT}/uses/{number}/proof", None, f"proof-{number}")

    def _send(self, method: str, path: str, said: Mapping[str, Any] | None, key: str) -> dict[str, Any]:
        body = b"" if said is None else json.dumps(said, ensure_ascii=False).encode()
        signed = sign_message(self.key, Envelope(int(self.now()), key, method, path), body)
        request = urllib.request.Request(  # noqa: S310 the configured address
            self.url + path, data=body or None, method=method,
            headers={"Content-Type": "application/json", "Accept": "application/json", HEADER: signed},
        )  # fmt: skip
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=self.seconds) as answer:
                return json.loads(answer.read(_MOST))  # type: ignore[no-any-return]
        except urllib.error.HTTPError as error:
            raise Refused(error.code, _problem(error.read(_MOST))) from None


def _problem(data: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(data)
    except ValueError:
        return {"detail": "no problem details"}
    return said if isinstance(said, dict) else {}
