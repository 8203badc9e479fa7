"""印章: find red round and oval seals on a picture and unwrap their ring of text.

Pure numpy and OpenCV: no files, no models. The order of work is ``find_seals`` → ``unwrap`` (the
issuer's name around the edge as a straight strip) and ``inner`` (the words below the star), which
a reader of text then reads. ``without_seal`` makes a picture where red ink no longer hides print.
Form of official seals: 国发〔1999〕25号 (round, ring text from left to right, five-pointed star).
"""

from quancheng.core.seal.finding import Seal, find_seals
from quancheng.core.seal.ink import as_bgr, balanced, red_mask, without_seal
from quancheng.core.seal.unwrapping import feet, inner, unwrap

__all__ = [
    "Seal",
    "as_bgr",
    "balanced",
    "feet",
    "find_seals",
    "inner",
    "red_mask",
    "unwrap",
    "without_seal",
]
