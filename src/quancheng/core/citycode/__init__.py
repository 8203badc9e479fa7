"""泉城码: a code two strangers' machines can check without a network (format: docs/formats/qc1.md).

Two layers. The city signs a credential: a pseudonym, a few rights, the key of a phone, at most a week.
The phone signs a moment: a 30-second step and a nonce. A gate needs the city's public keys, a list of
stopped credentials and a short memory; it learns no name.

>>> token = issue(facts, city_key)                    # doctest: +SKIP
>>> text = present(token, phone_key, now=now, nonce=nonce)   # doctest: +SKIP
>>> verify(text, gate, now=now, scene=3).facts.level  # doctest: +SKIP
"""

from quancheng.core.citycode.errors import CodeFault, CodeReason
from quancheng.core.citycode.pseudonym import pseudonym
from quancheng.core.citycode.replay import Drift, ReplaySet
from quancheng.core.citycode.settle import Ride, Use, double_uses, overlapping_rides
from quancheng.core.citycode.token import (
    PREFIX,
    STEP_SECONDS,
    Facts,
    Kind,
    Shown,
    decode,
    digest,
    issue,
    present,
    printed,
    step_of,
)
from quancheng.core.citycode.verify import Gate, Verdict, Verifying, verify

__all__ = [
    "PREFIX",
    "STEP_SECONDS",
    "CodeFault",
    "CodeReason",
    "Drift",
    "Facts",
    "Gate",
    "Kind",
    "ReplaySet",
    "Ride",
    "Shown",
    "Use",
    "Verdict",
    "Verifying",
    "decode",
    "digest",
    "double_uses",
    "issue",
    "overlapping_rides",
    "present",
    "printed",
    "pseudonym",
    "step_of",
    "verify",
]
