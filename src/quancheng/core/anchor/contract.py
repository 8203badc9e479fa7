"""Calldata of exactly the contract's calls (Solidity contract ABI specification, 0.8): words of 32 bytes.

Only static words, and one ``bytes32[]``, occur; anything else is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quancheng.core.anchor.steps import Checkpoint, Grant, Revoke, Step, Use

__all__ = ["AbiFault", "Contract"]

_WORD = 32
_ERROR = "08c379a0"
"""Selector of Error(string), what ``require`` with a text reverts with."""
_WRITES = {
    "checkpoint(bytes32,uint64,bytes32)",
    "grant(bytes32)",
    "revoke(bytes32)",
    "use(bytes32,bytes32)",
}
_READS = {
    "heads(bytes32)",
    "grantState(bytes32)",
    "grantOfUse(bytes32)",
    "verifyInclusion(bytes32,uint64,uint64,bytes32[],bytes32)",
}


class AbiFault(Exception):
    """A description or an answer that is not of this contract."""


@dataclass(frozen=True, slots=True)
class Contract:
    """The compiled contract: what to deploy, selectors of its functions, names of its errors by selector."""

    bytecode: bytes
    selectors: Mapping[str, bytes]
    faults: Mapping[str, str]

    @classmethod
    def read(cls, text: str) -> Contract:
        """From the committed JSON. Raises AbiFault."""
        try:
            told = json.loads(text)
            selectors = {str(name): bytes.fromhex(one) for name, one in told["selectors"].items()}
            made = cls(bytes.fromhex(told["bytecode"]), selectors, dict(told["faults"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise AbiFault("not a compiled contract") from None
        lacking = (_WRITES | _READS) - set(selectors)
        if lacking or any(len(one) != 4 for one in selectors.values()):
            raise AbiFault(f"lacks {sorted(lacking)}")
        return made

    # -- calls
    def encode(self, step: Step) -> bytes:
        """Calldata of a transaction."""
        match step:
            case Checkpoint(origin, size, root):
                return self._call("checkpoint(bytes32,uint64,bytes32)", origin, size, root)
            case Grant(id):
                return self._call("grant(bytes32)", id)
            case Revoke(id):
                return self._call("revoke(bytes32)", id)
            case Use(grant, id):
                return self._call("use(bytes32,bytes32)", grant, id)

    def decode(self, data: bytes) -> Step:
        """The step a transaction's calldata says: for reading the chain back. Raises AbiFault."""
        names = {selector: name for name, selector in self.selectors.items() if name in _WRITES}
        name = names.get(data[:4], "")
        words = _words(data[4:], name.count(",") + 1)
        match name.partition("(")[0]:
            case "checkpoint":
                return Checkpoint(words[0], _number(words[1], 8), words[2])
            case "grant":
                return Grant(words[0])
            case "revoke":
                return Revoke(words[0])
            case "use":
                return Use(words[0], words[1])
        raise AbiFault("no call that writes")

    def ask_head(self, origin: bytes) -> bytes:
        """Calldata that asks for a log's newest head."""
        return self._call("heads(bytes32)", origin)

    def ask_grant(self, id: bytes) -> bytes:
        """Calldata that asks for the state of a grant."""
        return self._call("grantState(bytes32)", id)

    def ask_use(self, id: bytes) -> bytes:
        """Calldata that asks for the grant of a use."""
        return self._call("grantOfUse(bytes32)", id)

    def ask_inclusion(self, leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bytes:
        """Calldata that has an RFC 9162 inclusion proof checked; the path's place is its offset, at the end."""
        name = "verifyInclusion(bytes32,uint64,uint64,bytes32[],bytes32)"
        fixed = self._call(name, leaf, index, size, 5 * _WORD, root)
        return fixed + _word(len(path)) + b"".join(map(_word, path))

    # -- answers
    @staticmethod
    def read_head(answer: bytes) -> tuple[int, bytes]:
        """Size and root of ``ask_head``; size 0 when the chain has none. Raises AbiFault."""
        size, root = _words(answer, 2)
        return _number(size, 8), root

    @staticmethod
    def read_state(answer: bytes) -> int:
        """0 never granted, 1 granted, 2 revoked. Raises AbiFault."""
        state = _number(_words(answer, 1)[0], 1)
        if state > 2:
            raise AbiFault(f"state {state}")
        return state

    @staticmethod
    def read_id(answer: bytes) -> bytes:
        """An id; zeros when there is none. Raises AbiFault."""
        return _words(answer, 1)[0]

    @staticmethod
    def read_truth(answer: bytes) -> bool:
        """Yes or no. Raises AbiFault."""
        number = _number(_words(answer, 1)[0], 1)
        if number > 1:
            raise AbiFault("neither yes nor no")
        return bool(number)

    def fault(self, data: bytes) -> str:
        """Name of the error a revert carries; the text of ``require``; empty when it carries none we know."""
        selector = data[:4].hex()
        if selector == _ERROR and len(data) >= 4 + 2 * _WORD:
            length = int.from_bytes(data[36:68], "big")
            return data[68 : 68 + min(length, 200)].decode("utf-8", "replace")
        return self.faults.get(selector, "")

    def _call(self, name: str, *words: bytes | int) -> bytes:
        return self.selectors[name] + b"".join(map(_word, words))


def _word(value: bytes | int) -> bytes:
    if isinstance(value, int):
        return value.to_bytes(_WORD, "big")
    if len(value) != _WORD:
        raise AbiFault(f"a word of {len(value)} bytes")
    return value


def _words(data: bytes, count: int) -> list[bytes]:
    if len(data) != count * _WORD:
        raise AbiFault(f"{len(data)} bytes where {count} words belong")
    return [data[at : at + _WORD] for at in range(0, len(data), _WORD)]


def _number(word: bytes, width: int) -> int:
    if any(word[: _WORD - width]):
        raise AbiFault("a number too large")
    return int.from_bytes(word, "big")
