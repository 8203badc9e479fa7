"""使用回执: the entry of a use, signed by the city and countersigned by the recipient.

Person, department and recipient hold the same bytes. Whoever has them and the public keys checks them
without asking the city:

1. the file is in its one spelling; 2. the city's signature over the entry holds under a trusted key;
3. the recipient's signature over the entry *and* the city's signature holds under the recipient's key.
With the thread's entries ``verify_allowed`` replays the whole life: the use was allowed when it happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from quancheng.core.exchange.canonical import Json, b64decode, b64encode, canonical, read_json
from quancheng.core.exchange.errors import FormatError
from quancheng.core.keys import PublicKey, SignatureError, SigningKey
from quancheng.core.text import Text
from quancheng.core.vault.entry import Entry, Kind, read_entry
from quancheng.core.vault.errors import Reason, VaultFault
from quancheng.core.vault.life import Item, Thread, replay

__all__ = [
    "Mark", "Receipt", "Shown", "conflicting", "countersign", "read_receipt", "seal", "shown", "verify_allowed",
    "verify_receipt", "write_receipt",
]  # fmt: skip

_FORMAT = "quancheng-receipt/1"
_CITY = b"quancheng-receipt/1 city\n"
_RECIPIENT = b"quancheng-receipt/1 recipient\n"
_MOST = 512 * 1024


@dataclass(frozen=True, slots=True)
class Mark:
    """A signature with the short name of its key (签名)."""

    kid: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """An entry with its signatures (回执): of a use, or of a withdrawal, which nobody countersigns."""

    entry: Entry
    city: Mark
    recipient: Mark | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What a receipt says, for people (回执内容)."""

    city: str
    thread: str
    seq: int
    number: str
    recipient: str
    name: Text
    purpose: str
    items: tuple[Item, ...]
    at: datetime
    grant: bytes
    data: bytes


def seal(entry: Entry, key: SigningKey) -> Receipt:
    """The city signs an entry (签发回执)."""
    return Receipt(entry, Mark(key.public.kid, key.sign(_CITY + entry.to_bytes())))


def countersign(receipt: Receipt, key: SigningKey) -> Receipt:
    """The recipient confirms it had the use (会签): over the entry and the city's signature."""
    return replace(receipt, recipient=Mark(key.public.kid, key.sign(_countersigned(receipt))))


def write_receipt(receipt: Receipt) -> bytes:
    """The bytes all three hold: canonical JSON."""
    marks: dict[str, Json] = {"city": _mark(receipt.city)}
    if receipt.recipient is not None:
        marks["recipient"] = _mark(receipt.recipient)
    return canonical({"format": _FORMAT, "entry": receipt.entry.to_json(), "signatures": marks})


def read_receipt(data: bytes) -> Receipt:
    """From bytes in their one spelling. Raises VaultFault (MALFORMED)."""
    try:
        value = read_json(data, _MOST)
        match value:
            case {"format": "quancheng-receipt/1", "entry": entry, "signatures": Mapping() as marks}:
                countersigned = _read_mark(marks["recipient"]) if "recipient" in marks else None
                found = Receipt(read_entry(entry), _read_mark(marks["city"]), countersigned)
                if write_receipt(found) == data:
                    return found
    except (FormatError, KeyError) as wrong:
        raise VaultFault(Reason.MALFORMED, str(wrong)) from None
    raise VaultFault(Reason.MALFORMED, "not a receipt in its one spelling")


def verify_receipt(
    receipt: Receipt, *, city: Iterable[PublicKey], recipient: Iterable[PublicKey] | None = None
) -> Shown:
    """What the receipt says, when its signatures hold. Raises VaultFault.

    ``city`` are the city's trusted keys, ``recipient`` those of the recipient named in it (the caller
    looks them up by ``receipt.entry.body["recipient"]``); None leaves the countersignature unchecked,
    which is right only before the recipient has signed.
    """
    _holds(receipt.city, city, _CITY + receipt.entry.to_bytes(), Reason.SIGNATURE)
    if recipient is not None:
        if receipt.recipient is None:
            raise VaultFault(Reason.COUNTERSIGNATURE, "missing")
        _holds(receipt.recipient, recipient, _countersigned(receipt), Reason.COUNTERSIGNATURE)
    return shown(receipt.entry)


def verify_allowed(receipt: Receipt, entries: Sequence[Entry]) -> Thread:
    """The thread after the use, its whole life replayed: it was allowed (当时获准). Raises VaultFault.

    ``entries`` go from the request to this use; the receipt's signatures are checked by ``verify_receipt``,
    and because the signed entry names the one before by hash, all of them are covered.
    """
    if not entries or entries[-1] != receipt.entry:
        raise VaultFault(Reason.HISTORY, "the entries do not end with the receipt's")
    return replay(entries)


def conflicting(one: Receipt, other: Receipt, *, city: Sequence[PublicKey]) -> bool:
    """Whether the city signed two histories of one thread: proof against it (两套历史)."""
    for receipt in (one, other):
        _holds(receipt.city, city, _CITY + receipt.entry.to_bytes(), Reason.SIGNATURE)
    a, b = one.entry, other.entry
    return (a.city, a.thread, a.seq) == (b.city, b.thread, b.seq) and a != b


def shown(entry: Entry) -> Shown:
    """The words of a use. Raises VaultFault (MALFORMED) for any other entry."""
    if entry.kind is not Kind.USED:
        raise VaultFault(Reason.MALFORMED, "not the entry of a use")
    match entry.body:
        case {
            "number": str(number), "grant": str(granted), "recipient": str(recipient),
            "name": {"zh": str(zh), "en": str(en)}, "purpose": str(purpose), "items": items, "data": str(data),
        } if isinstance(items, Sequence):  # fmt: skip
            try:
                return Shown(
                    entry.city, entry.thread, entry.seq, number, recipient, Text(zh, en), purpose,
                    tuple(_item(one) for one in items), entry.at, b64decode(granted, "grant"),
                    b64decode(data, "data"),
                )  # fmt: skip
            except FormatError as wrong:
                raise VaultFault(Reason.MALFORMED, str(wrong)) from None
    raise VaultFault(Reason.MALFORMED, "the entry of a use has other members")


def _item(value: Json) -> Item:
    match value:
        case {"code": str(code), "zh": str(zh), "en": str(en)}:
            return Item(code, Text(zh, en))
    raise VaultFault(Reason.MALFORMED, "item")


def _countersigned(receipt: Receipt) -> bytes:
    return _RECIPIENT + receipt.city.signature + receipt.entry.to_bytes()


def _holds(mark: Mark, keys: Iterable[PublicKey], message: bytes, reason: Reason) -> None:
    refused: VaultFault = VaultFault(Reason.UNKNOWN_KEY, mark.kid.hex())
    for key in keys:
        if key.kid != mark.kid:
            continue
        try:
            key.verify(message, mark.signature)
            return
        except SignatureError as wrong:  # the short name is only a hint: another key may have it too
            refused = VaultFault(reason, str(wrong))
    raise refused


def _mark(mark: Mark) -> dict[str, Json]:
    return {"kid": b64encode(mark.kid), "signature": b64encode(mark.signature)}


def _read_mark(value: Json) -> Mark:
    match value:
        case {"kid": str(kid), "signature": str(signature)}:
            return Mark(b64decode(kid, "kid"), b64decode(signature, "signature"))
    raise VaultFault(Reason.MALFORMED, "signature")
