"""验证: from the two sides' evidence and the trusted keys alone, whether an exchange is proved.

Nothing is believed that is not checked, every check is listed with its result, and the verdict holds
only if all do. ``tools/verify_exchange.py`` is a second, independent implementation.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import cast

from quancheng.core.exchange.canonical import Json, canonical
from quancheng.core.exchange.errors import FormatError
from quancheng.core.exchange.evidence import Evidence, evidence_leaf, read_evidence
from quancheng.core.exchange.message import (
    Outcome,
    Request,
    Response,
    Signed,
    body_digest,
    request_from_header,
    response_from_header,
)
from quancheng.core.exchange.signing import (
    VERIFIERS,
    Domain,
    KeyRole,
    TrustedKeys,
    Verifier,
    signature_holds,
)
from quancheng.core.exchange.stamping import (
    SIGNED_HEAD,
    SignedHeadCheck,
    StampCheck,
    leaf_included,
)
from quancheng.core.text import Text

__all__ = ["STAMP_CHECKS", "Check", "CheckKind", "Tolerance", "Verdict", "verify", "verify_files"]


class CheckKind(StrEnum):
    """What is checked (校验项)."""

    READABLE = "READABLE"
    SIDES = "SIDES"
    SAME_REQUEST = "SAME_REQUEST"
    SAME_RESPONSE = "SAME_RESPONSE"
    REQUEST_SIGNATURE = "REQUEST_SIGNATURE"
    RESPONSE_SIGNATURE = "RESPONSE_SIGNATURE"
    PAIR = "PAIR"
    BODIES = "BODIES"
    INCLUSION = "INCLUSION"
    STAMP = "STAMP"
    TIMES = "TIMES"

    @property
    def text(self) -> Text:
        """What holds when the check does (校验内容)."""
        return _LABELS[self]


_LABELS = {
    CheckKind.READABLE: Text("证据文件格式完整。", "The evidence files are well formed."),
    CheckKind.SIDES: Text(
        "两份证据分别由需求方和提供方保存。", "One file was kept by the consumer, the other by the provider."
    ),
    CheckKind.SAME_REQUEST: Text("双方保存的请求一致。", "Both sides hold the same request."),
    CheckKind.SAME_RESPONSE: Text("双方保存的响应一致。", "Both sides hold the same response."),
    CheckKind.REQUEST_SIGNATURE: Text("请求由需求方签名。", "The request is signed by the consumer."),
    CheckKind.RESPONSE_SIGNATURE: Text("响应由提供方签名。", "The response is signed by the provider."),
    CheckKind.PAIR: Text("响应对应这一请求。", "The response answers this request."),
    CheckKind.BODIES: Text("留存的正文与摘要一致。", "The bodies kept have the signed digests."),
    CheckKind.INCLUSION: Text("证据在盖戳的批次之中。", "The evidence stands in the stamped batch."),
    CheckKind.STAMP: Text("时间戳由可信机构签发。", "A trusted authority gave the stamp."),
    CheckKind.TIMES: Text("各时间先后合理。", "The times are in order."),
}


@dataclass(frozen=True, slots=True)
class Check:
    """One check with its result (校验结果); ``side`` is the keeper, empty for both."""

    kind: CheckKind
    ok: bool
    side: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What is allowed between clocks (时间容差): ``skew``; ``stamped_within`` of keeping, if given."""

    skew: timedelta = timedelta(minutes=5)
    stamped_within: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """All checks of one exchange, and what was exchanged (验证结论)."""

    checks: tuple[Check, ...]
    request: Request | None = None
    response: Response | None = None

    @property
    def valid(self) -> bool:
        """Whether every check holds (是否成立)."""
        return bool(self.checks) and all(check.ok for check in self.checks)

    @property
    def answered(self) -> bool:
        """Whether a response is part of what is proved (是否已有响应)."""
        return self.response is not None

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that do not hold (未通过项)."""
        return tuple(check for check in self.checks if not check.ok)


STAMP_CHECKS: Mapping[str, StampCheck] = {SIGNED_HEAD: SignedHeadCheck()}
"""Kinds of stamps known here; pass more to ``verify`` for RFC 3161 tokens."""


def verify_files(one: bytes, other: bytes, keys: TrustedKeys, tolerance: Tolerance | None = None) -> Verdict:
    """Verify two evidence files (验证两份文件); a file that cannot be read is a failed check."""
    try:
        pair = read_evidence(one), read_evidence(other)
    except FormatError as error:
        return Verdict((Check(CheckKind.READABLE, False, detail=str(error)),))
    return verify(*pair, keys, tolerance)


def verify(
    one: Evidence,
    other: Evidence,
    keys: TrustedKeys,
    tolerance: Tolerance | None = None,
    verifiers: Mapping[str, Verifier] = VERIFIERS,
    stamp_checks: Mapping[str, StampCheck] = STAMP_CHECKS,
) -> Verdict:
    """Verify both sides' evidence of one exchange, in either order (验证证据)."""
    try:
        request = request_from_header(cast(Json, one.request.header))
        response = None if one.response is None else response_from_header(cast(Json, one.response.header))
    except FormatError as error:
        return Verdict((Check(CheckKind.READABLE, False, detail=str(error)),))
    check = _Checker(keys, tolerance or Tolerance(), verifiers, stamp_checks)
    checks = [Check(CheckKind.READABLE, True), *check.pair(one, other, request, response)]
    for side in (one, other):
        checks += check.side(side, request, response)
    return Verdict(tuple(checks), request, response)


@dataclass(frozen=True, slots=True)
class _Checker:
    keys: TrustedKeys
    tolerance: Tolerance
    verifiers: Mapping[str, Verifier]
    stamp_checks: Mapping[str, StampCheck]

    def pair(
        self, one: Evidence, other: Evidence, request: Request, response: Response | None
    ) -> Iterator[Check]:
        consumer, provider = request.consumer.code, request.provider.code
        sides = {one.keeper, other.keeper} == {consumer, provider} and consumer != provider
        yield Check(CheckKind.SIDES, sides)
        yield Check(CheckKind.SAME_REQUEST, _same(one.request, other.request))
        if one.response is None or other.response is None:
            yield Check(CheckKind.SAME_RESPONSE, one.response is other.response)
        else:
            yield Check(CheckKind.SAME_RESPONSE, _same(one.response, other.response))
        if response is not None and one.response is not None:
            yield Check(CheckKind.PAIR, _answers(response, request, one.request.digest))

    def side(self, kept: Evidence, request: Request, response: Response | None) -> Iterator[Check]:
        consumer, provider = request.consumer.code, request.provider.code
        signed = self._signed(kept.request, consumer, request.time, kept)
        yield Check(CheckKind.REQUEST_SIGNATURE, signed, kept.keeper)
        if kept.response is not None and response is not None:
            signed = self._signed(kept.response, provider, response.time, kept)
            yield Check(CheckKind.RESPONSE_SIGNATURE, signed, kept.keeper)
        yield Check(CheckKind.BODIES, _bodies(kept), kept.keeper)
        leaf = evidence_leaf(kept.keeper, kept.kept, kept.request, kept.response)
        yield Check(CheckKind.INCLUSION, leaf_included(leaf, kept.proof, kept.stamp), kept.keeper)
        yield Check(CheckKind.STAMP, self._stamped(kept), kept.keeper)
        yield Check(CheckKind.TIMES, self._times(kept, request, response), kept.keeper)

    def _signed(self, signed: Signed, owner: str, time: datetime, kept: Evidence) -> bool:
        key = self.keys.find(signed.signature.key)
        if key is None or key.owner != owner or key.algorithm != signed.signature.algorithm:
            return False
        if KeyRole.MESSAGE not in key.roles or not key.valid_at(time):
            return False
        if key.revoked is not None and kept.stamp.time >= key.revoked:
            # a stolen key can write any earlier time into a message; only a stamp from before helps
            return False
        return signature_holds(
            signed.signature, Domain.MESSAGE, signed.digest, key.public_der, self.verifiers
        )

    def _stamped(self, kept: Evidence) -> bool:
        check = self.stamp_checks.get(kept.stamp.kind)
        return check is not None and check.holds(kept.stamp, self.keys, self.verifiers)

    def _times(self, kept: Evidence, request: Request, response: Response | None) -> bool:
        skew, within = self.tolerance.skew, self.tolerance.stamped_within
        moments = [request.time, *([response.time] if response else []), kept.kept, kept.stamp.time]
        ordered = all(late >= early - skew for early, late in _pairs(moments))
        return ordered and (within is None or kept.stamp.time - kept.kept <= within)


def _pairs(moments: list[datetime]) -> Iterator[tuple[datetime, datetime]]:
    for index, late in enumerate(moments):
        yield from ((early, late) for early in moments[:index])


def _same(one: Signed, other: Signed) -> bool:
    same = canonical(one.header) == canonical(other.header) and one.signature == other.signature
    return same and hmac.compare_digest(one.body_digest, other.body_digest)


def _answers(response: Response, request: Request, digest: bytes) -> bool:
    parties = (response.consumer, response.provider) == (request.consumer, request.provider)
    names = response.request == request.id and hmac.compare_digest(response.request_digest, digest)
    return parties and names and (response.outcome is Outcome.DELIVERED or response.rows == 0)


def _bodies(kept: Evidence) -> bool:
    held = [signed for signed in (kept.request, kept.response) if signed is not None]
    return all(signed.body is None or body_digest(signed.body) == signed.body_digest for signed in held)
