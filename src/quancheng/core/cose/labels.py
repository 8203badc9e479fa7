"""Algorithm labels of COSE (IANA "COSE Algorithms"; RFC 9053; ML-DSA of draft-ietf-cose-dilithium).

SM2 has no registered label; −65537−2 stands in the private-use range (below −65536, RFC 9053 section 11).
"""

from __future__ import annotations

from collections.abc import Mapping

from quancheng.core.cose.errors import CoseFault, CoseReason
from quancheng.core.keys import Algorithm

__all__ = ["LABELS", "algorithm_of"]

LABELS: Mapping[Algorithm, int] = {
    Algorithm.ES256: -7,
    Algorithm.EDDSA: -8,
    Algorithm.ML_DSA_44: -48,
    Algorithm.ML_DSA_65: -49,
    Algorithm.ML_DSA_87: -50,
    Algorithm.SM2: -65539,
}
_ALGORITHMS = {label: algorithm for algorithm, label in LABELS.items()}


def algorithm_of(label: object) -> Algorithm:
    """The algorithm of a label. Raises CoseFault."""
    found = _ALGORITHMS.get(label) if type(label) is int else None
    if found is None:
        raise CoseFault(CoseReason.ALGORITHM, f"label {label!r}")
    return found
