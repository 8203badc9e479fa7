"""The recommended curve of GB/T 32918.5-2017, and a scalar times its base point.

Only for making a public key from a private scalar, once a key; signing runs in libcrypto. The ladder
does the same steps for every scalar of 256 bits, but Python's integers do not run in constant time:
keys that attackers could time are made by an HSM behind ``core.keys.SigningKey``.
"""

from __future__ import annotations

__all__ = ["ORDER", "base_times"]

_P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
"""n, the order of the base point."""
_GX = 0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7
_GY = 0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0

_Point = tuple[int, int, int]
"""Jacobian coordinates; z = 0 is the point at infinity."""


def base_times(scalar: int) -> tuple[int, int]:
    """Affine coordinates of scalar·G, 0 < scalar < n."""
    low: _Point = (0, 1, 0)
    high: _Point = (_GX, _GY, 1)
    for bit in range(255, -1, -1):
        if scalar >> bit & 1:
            low, high = _add(low, high), _double(high)
        else:
            low, high = _double(low), _add(low, high)
    x, y, z = low
    inverse = pow(z, -1, _P)
    square = inverse * inverse % _P
    return x * square % _P, y * square * inverse % _P


def _double(point: _Point) -> _Point:
    """dbl-2001-b of the Explicit-Formulas Database, for a = −3."""
    x, y, z = point
    if not z or not y:
        return 0, 1, 0
    delta, gamma = z * z % _P, y * y % _P
    beta = x * gamma % _P
    alpha = 3 * (x - delta) * (x + delta) % _P
    x3 = (alpha * alpha - 8 * beta) % _P
    z3 = ((y + z) ** 2 - gamma - delta) % _P
    return x3, (alpha * (4 * beta - x3) - 8 * gamma * gamma) % _P, z3


def _add(one: _Point, other: _Point) -> _Point:
    """add-2007-bl of the Explicit-Formulas Database."""
    if not one[2]:
        return other
    if not other[2]:
        return one
    x1, y1, z1 = one
    x2, y2, z2 = other
    z1z1, z2z2 = z1 * z1 % _P, z2 * z2 % _P
    u1, u2 = x1 * z2z2 % _P, x2 * z1z1 % _P
    s1, s2 = y1 * z2 * z2z2 % _P, y2 * z1 * z1z1 % _P
    if u1 == u2:
        return _double(one) if s1 == s2 else (0, 1, 0)
    h = (u2 - u1) % _P
    i = 4 * h * h % _P
    j = h * i % _P
    r = 2 * (s2 - s1) % _P
    v = u1 * i % _P
    x3 = (r * r - j - 2 * v) % _P
    y3 = (r * (v - x3) - 2 * s1 * j) % _P
    z3 = ((z1 + z2) ** 2 - z1z1 - z2z2) * h % _P
    return x3, y3, z3
