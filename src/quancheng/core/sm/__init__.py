"""国密算法: the national algorithms SM2 (GB/T 32918), SM3 (GB/T 32905) and SM4 (GB/T 32907).

SM3 and SM4 come from ``cryptography``. SM2 is bound here by ctypes to the system's libcrypto 3,
because ``cryptography`` has none (measured in the project's notes: 2,086 signatures and 1,772
verifications a CPU second, right on the standard's worked examples).

>>> from quancheng.core.sm import sm3
>>> sm3(b"abc").hex()[:16]
'66c7f0f462eeedd9'
"""

from quancheng.core.sm.errors import SmFault, SmUnavailable
from quancheng.core.sm.sm2 import (
    DEFAULT_ID,
    sm2_decrypt,
    sm2_encrypt,
    sm2_generate,
    sm2_public,
    sm2_sign,
    sm2_verify,
)
from quancheng.core.sm.sm3 import SM3_TREE, hmac_sm3, sm3
from quancheng.core.sm.sm4 import sm4_gcm_decrypt, sm4_gcm_encrypt

__all__ = [
    "DEFAULT_ID",
    "SM3_TREE",
    "SmFault",
    "SmUnavailable",
    "hmac_sm3",
    "sm2_decrypt",
    "sm2_encrypt",
    "sm2_generate",
    "sm2_public",
    "sm2_sign",
    "sm2_verify",
    "sm3",
    "sm4_gcm_decrypt",
    "sm4_gcm_encrypt",
]
