"""函数表: the functions of ``$filter`` and how many arguments each takes.

OGC 18-088 § 9.3.3.5.2 (built-in query functions), § 9.3.3.5.3 (spatial); the temporal relations
of intervals are those of Allen (ISO 19108), an extension other servers share.
"""

from __future__ import annotations

STRINGS = {
    "substringof": (2, 2),
    "endswith": (2, 2),
    "startswith": (2, 2),
    "contains": (2, 2),
    "length": (1, 1),
    "indexof": (2, 2),
    "substring": (2, 3),
    "tolower": (1, 1),
    "toupper": (1, 1),
    "trim": (1, 1),
    "concat": (2, 16),
}
DATES = {
    "year": (1, 1),
    "month": (1, 1),
    "day": (1, 1),
    "hour": (1, 1),
    "minute": (1, 1),
    "second": (1, 1),
    "fractionalseconds": (1, 1),
    "date": (1, 1),
    "time": (1, 1),
    "totaloffsetminutes": (1, 1),
    "now": (0, 0),
    "mindatetime": (0, 0),
    "maxdatetime": (0, 0),
}
MATHS = {"round": (1, 1), "floor": (1, 1), "ceiling": (1, 1)}
PLACES = {
    "geo.distance": (2, 2),
    "geo.length": (1, 1),
    "geo.intersects": (2, 2),
    "st_equals": (2, 2),
    "st_disjoint": (2, 2),
    "st_touches": (2, 2),
    "st_within": (2, 2),
    "st_overlaps": (2, 2),
    "st_crosses": (2, 2),
    "st_intersects": (2, 2),
    "st_contains": (2, 2),
    "st_relate": (3, 3),
}
PERIODS = dict.fromkeys(("before", "after", "meets", "during", "overlaps", "starts", "finishes"), (2, 2))
CASTS = {"cast": (2, 2)}
FUNCTIONS: dict[str, tuple[int, int]] = STRINGS | DATES | MATHS | PLACES | PERIODS | CASTS
"""Name (lower case) → least and most arguments."""
TRUTHS = frozenset({"substringof", "endswith", "startswith", "contains", *PERIODS}) | {
    name for name in PLACES if name not in ("geo.distance", "geo.length")
}
"""Functions whose value is true or false: they may stand as a condition."""
