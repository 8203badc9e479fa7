"""Client of an EVM node (Ethereum JSON-RPC over HTTP) that holds the anchor contract.

The node, or a signer in front of it that speaks ``eth_sendTransaction`` (Clef, Web3Signer), holds the key:
its first account writes. Gas is given, never estimated: an estimate would be made before the steps sent just
now are in a block.
"""

from __future__ import annotations

import itertools
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from quancheng.core.anchor import AbiFault, Checkpoint, Contract, Grant, Outcome, Revoke, Step, Use

MOST = 4 * 1024 * 1024
STEP_GAS, DEPLOY_GAS = 200_000, 3_000_000
_BATCH = 100


class EngineFailed(Exception):
    """A node that cannot be reached in time, or answers an error or what nobody can use."""


@cache
def contract() -> Contract:
    """The committed contract."""
    file = resources.files("quancheng.core.anchor") / "QuanchengAnchor.json"
    return Contract.read(file.read_text(encoding="utf-8"))


@dataclass(slots=True)
class AnchorClient:
    """A contract on a node; a ``LedgerAnchor``. ``seconds``: how long an answer may take."""

    url: str
    address: str = ""
    seconds: float = 5.0
    _numbers: Any = field(default_factory=itertools.count)
    _from: str = ""

    # -- the contract
    def deploy(self, wait: float = 30.0) -> str:
        """Deploy a contract of our own; its address. Raises EngineFailed (no block in time, refused)."""
        code = "0x" + contract().bytecode.hex()
        asked = self._paid(DEPLOY_GAS) | {"data": code}
        name = _text(self._one("eth_sendTransaction", asked))
        until = time.monotonic() + wait
        while time.monotonic() < until:
            receipt = self._one("eth_getTransactionReceipt", name)
            if receipt:
                if not _number(receipt.get("status")):
                    raise EngineFailed("the contract was not deployed")
                self.address = _text(receipt.get("contractAddress"))
                return self.address
            time.sleep(0.1)
        raise EngineFailed(f"no block within {wait:g} s")

    def chain(self) -> str:
        """Number of the chain and begin of its first block's hash: two test chains may share a number.

        Raises EngineFailed.
        """
        number, first = _number(self._one("eth_chainId")), self._one("eth_getBlockByNumber", "0x0", False)
        if not isinstance(first, dict):
            raise EngineFailed("the chain has no first block")
        return f"{number}-{_data(first.get('hash')).hex()[:8]}"

    def deployed(self) -> bool:
        """Whether code stands at the address. Raises EngineFailed."""
        return len(_data(self._one("eth_getCode", self.address, "latest"))) > 0

    def account(self) -> str:
        """The account that writes. Raises EngineFailed (the node holds none)."""
        if not self._from:
            accounts = self._one("eth_accounts")
            if not isinstance(accounts, list) or not accounts:
                raise EngineFailed("the node holds no account that may write")
            self._from = _text(accounts[0])
        return self._from

    # -- LedgerAnchor
    def send(self, steps: Sequence[Step]) -> tuple[str, ...]:
        """Send steps in order. Raises EngineFailed: some may have been taken (see ``stands``)."""
        return self.send_data([contract().encode(one) for one in steps])

    def send_data(self, calls: Sequence[bytes]) -> tuple[str, ...]:
        """Send calldata in order. Raises as ``send``."""
        same = self._paid(STEP_GAS) | {"to": self.address}
        next_one = _number(self._one("eth_getTransactionCount", self.account(), "pending"))
        asked = [
            ("eth_sendTransaction", [same | {"data": "0x" + one.hex(), "nonce": hex(number)}])
            for number, one in enumerate(calls, next_one)
        ]  # numbered: a node may take the calls of a batch in any order
        return tuple(_text(one) for one in self._many(asked))

    def outcomes(self, transactions: Sequence[str]) -> Mapping[str, Outcome]:
        """Receipts of those that are mined. Raises EngineFailed."""
        receipts = self._many([("eth_getTransactionReceipt", [one]) for one in transactions])
        return {
            name: Outcome(
                name, _number(told.get("blockNumber")), _number(told.get("gasUsed")),
                bool(_number(told.get("status"))),
            )
            for name, told in zip(transactions, receipts, strict=True)
            if isinstance(told, dict)
        }  # fmt: skip

    def refusal(self, step: Step) -> str:
        """Name of the contract's error; empty when it would take the step. Raises EngineFailed."""
        call = {"from": self.account(), "to": self.address, "data": "0x" + contract().encode(step).hex()}
        try:
            self._one("eth_call", call, "latest")
        except _Reverted as reverted:
            return contract().fault(reverted.data) or "REVERTED"
        return ""

    def stands(self, step: Step) -> bool:
        """Asked of the contract's tables. Raises EngineFailed."""
        asked = contract()
        match step:
            case Checkpoint(origin, size, root):
                there = asked.read_head(self._ask(asked.ask_head(origin)))
                return there == (size, root)
            case Grant(id):
                return asked.read_state(self._ask(asked.ask_grant(id))) > 0
            case Revoke(id):
                return asked.read_state(self._ask(asked.ask_grant(id))) > 1
            case Use(grant, id):
                return asked.read_id(self._ask(asked.ask_use(id))) == grant

    def head(self, origin: bytes) -> tuple[int, bytes]:
        """Newest head of a log on the chain; size 0 when there is none. Raises EngineFailed."""
        return contract().read_head(self._ask(contract().ask_head(origin)))

    def includes(self, leaf_hash: bytes, index: int, head: Checkpoint, path: Sequence[bytes]) -> bool:
        """The contract's own check of an inclusion proof. Raises EngineFailed."""
        data = contract().ask_inclusion(leaf_hash, index, head.size, path, head.root)
        return contract().read_truth(self._ask(data))

    def gas_of(self, data: bytes) -> int:
        """Gas a call would take, the transaction's own included. Raises EngineFailed."""
        call = {"from": self.account(), "to": self.address, "data": "0x" + data.hex()}
        return _number(self._one("eth_estimateGas", call))

    # -- JSON-RPC 2.0
    def _paid(self, gas: int) -> dict[str, str]:
        """Fields of a transaction of the kind before London: what every engine takes."""
        return {"from": self.account(), "gas": hex(gas), "gasPrice": _text(self._one("eth_gasPrice"))}

    def _ask(self, data: bytes) -> bytes:
        answer = _data(self._one("eth_call", {"to": self.address, "data": "0x" + data.hex()}, "latest"))
        if not answer:
            raise EngineFailed(f"no contract at {self.address}")
        return answer

    def _one(self, method: str, *params: Any) -> Any:
        return self._many([(method, list(params))])[0]

    def _many(self, calls: Sequence[tuple[str, list[Any]]]) -> list[Any]:
        found: list[Any] = []
        for start in range(0, len(calls), _BATCH):
            found += self._batch(calls[start : start + _BATCH])
        return found

    def _batch(self, calls: Sequence[tuple[str, list[Any]]]) -> list[Any]:
        asked = [
            {"jsonrpc": "2.0", "id": next(self._numbers), "method": method, "params": params}
            for method, params in calls
        ]
        told = self._post(asked)
        if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
            raise EngineFailed(f"no answer to a batch: {str(told)[:200]}")
        by_id = {one.get("id"): one for one in told}
        return [_result(by_id.get(one["id"])) for one in asked]

    def _post(self, asked: Any) -> Any:
        if not self.url.startswith(("http://", "https://")):
            raise EngineFailed("the address is none")
        request = urllib.request.Request(  # noqa: S310
            self.url, data=json.dumps(asked).encode(), headers={"Content-Type": "application/json"}
        )
        opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=self.seconds) as answer:
                data = answer.read(MOST + 1)
        except urllib.error.HTTPError as refused:
            raise EngineFailed(f"HTTP {refused.code}") from None
        except (OSError, ValueError) as failed:
            raise EngineFailed(str(failed)) from None
        if len(data) > MOST:
            raise EngineFailed("the answer is too large")
        try:
            return json.loads(data)
        except ValueError:
            raise EngineFailed("the answer is not JSON") from None


class _Reverted(EngineFailed):
    """The contract refused, with the data it gave."""

    def __init__(self, text: str, data: bytes) -> None:
        super().__init__(text)
        self.data = data


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A node answers itself or not at all."""

    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None


def _result(told: Any) -> Any:
    if told is None:
        raise EngineFailed("a call without an answer")
    wrong = told.get("error")
    if not wrong:
        return told.get("result")
    text = str(wrong.get("message", ""))[:200] if isinstance(wrong, dict) else str(wrong)[:200]
    data = wrong.get("data") if isinstance(wrong, dict) else None
    if "revert" in text.lower():
        raise _Reverted(text, _data(data) if isinstance(data, str) else b"")
    raise EngineFailed(text or "an error without a text")


def _text(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 80:
        raise EngineFailed(f"no name: {str(value)[:80]}")
    return value


def _data(value: Any) -> bytes:
    try:
        return bytes.fromhex(value.removeprefix("0x"))
    except (AttributeError, ValueError):
        raise EngineFailed(f"no bytes: {str(value)[:80]}") from None


def _number(value: Any) -> int:
    try:
        return int(value, 16)
    except (TypeError, ValueError):
        raise EngineFailed(f"no number: {str(value)[:80]}") from None


__all__ = ["AbiFault", "AnchorClient", "EngineFailed", "contract"]
