"""Access: rules are data, compiled to one SQL predicate. Unknown means no.

``visible(actor, Model)`` starts every query, ``require(actor, verb, obj)`` every action.
"""

from __future__ import annotations

from quancheng.kernel.access.decide import allowed, opened, require, visible
from quancheng.kernel.access.grants import grant, revoke

__all__ = ["allowed", "grant", "opened", "require", "revoke", "visible"]
