"""A refusal of the core as an error of the house: who has to put what right."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from quancheng.core.vault import Reason, VaultFault
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotSignedIn, QuanchengError

_INPUT = {Reason.MALFORMED, Reason.ITEMS, Reason.TERM, Reason.PURPOSE, Reason.REASON_MISSING, Reason.DATA}
_SIGNATURE = {Reason.UNKNOWN_KEY, Reason.SIGNATURE, Reason.ADDRESS}
_FIELDS = {
    Reason.ITEMS: "items",
    Reason.TERM: "until",
    Reason.PURPOSE: "purpose",
    Reason.REASON_MISSING: "reason",
}


def error_of(fault: VaultFault) -> QuanchengError:
    """What to answer; the machine reason stands in ``extra``."""
    extra = {"reason": fault.reason.value}
    if fault.reason in _SIGNATURE:
        return NotSignedIn(fault.text, extra=extra)
    if fault.reason in {Reason.SUSPENDED, Reason.RECIPIENT}:
        return Forbidden(fault.text, extra=extra)
    if fault.reason in _INPUT:
        name = _FIELDS.get(fault.reason)
        return InvalidInput(fault.text, fields={name: fault.text} if name else None, extra=extra)
    return Conflict(fault.text, extra=extra)


@contextmanager
def told() -> Iterator[None]:
    """Turn refusals of the core into errors of the house."""
    try:
        yield
    except VaultFault as fault:
        raise error_of(fault) from fault
