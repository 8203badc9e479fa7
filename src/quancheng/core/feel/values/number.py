"""Numbers of FEEL."""

from __future__ import annotations

import decimal

# decimal128: 34 digits, half even (DMN 1.5, 10.3.2.3.1).
CONTEXT = decimal.Context(
    prec=34,
    rounding=decimal.ROUND_HALF_EVEN,
    Emin=-6143,
    Emax=6144,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)
