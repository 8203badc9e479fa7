"""状态列表: Token Status List (IETF draft-ietf-oauth-status-list, final text): statuses of 1, 2, 4 or 8 bits.

Least significant bits of a byte first; zlib level 9; in JSON ``{"bits": 1, "lst": base64url}``.

>>> made = StatusList.of(1, 16, {0: 1, 3: 1})
>>> made[3], made[4]
(1, 0)
"""

from quancheng.core.statuslist.lists import MOST_BYTES, StatusFault, StatusList

__all__ = ["MOST_BYTES", "StatusFault", "StatusList"]
