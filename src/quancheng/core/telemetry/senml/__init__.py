"""SenML (RFC 8428, JSON): base fields resolved, every record on its own.

Names are ``bn`` + ``n``, values ``bv`` + ``v``, sums ``bs`` + ``s`` (as element ``name#sum``), times
``bt`` + ``t``: below 2²⁸ relative to now, else seconds since 1970 (§4.5.3). A field that must be
understood (its name ends with ``_``, §4.4) and is not refuses the pack, as does a ``bver`` above 10.
"""

from __future__ import annotations

from .pack import UNITS, readings, records

__all__ = ["UNITS", "readings", "records"]
