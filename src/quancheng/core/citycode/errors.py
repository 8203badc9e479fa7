"""Why a code is refused, for machines and for the person at the gate."""

from __future__ import annotations

from enum import StrEnum

from quancheng.core.text import Text

__all__ = ["CodeFault", "CodeReason"]


class CodeReason(StrEnum):
    """拒绝原因; the values are written into scans and shared with the libraries of gates."""

    MALFORMED = "malformed"
    UNKNOWN_ISSUER = "unknown-issuer"
    BAD_SIGNATURE = "bad-signature"
    NOT_YET = "not-yet"
    EXPIRED = "expired"
    TOO_LONG = "too-long"
    STOPPED = "stopped"
    SCENE_OFF = "scene-off"
    PRINTED_REFUSED = "printed-refused"
    STALE = "stale"
    REPLAYED = "replayed"
    WRONG_CHALLENGE = "wrong-challenge"
    CLOCK = "clock"

    @property
    def text(self) -> Text:
        """What the gate says."""
        return _SAID[self]


_SAID = {
    CodeReason.MALFORMED: Text("这不是泉城码。", "This is not a citizen code."),
    CodeReason.UNKNOWN_ISSUER: Text("签发者未知，请更新名单。", "Unknown issuer; update the list of keys."),
    CodeReason.BAD_SIGNATURE: Text(
        "签名不符，可能是伪造的码。", "The signature does not hold; the code may be forged."
    ),
    CodeReason.NOT_YET: Text("码尚未生效，请核对时钟。", "The code is not valid yet; check the clock."),
    CodeReason.EXPIRED: Text("码已过期，请联网续期。", "The code has expired; renew it with a network."),
    CodeReason.TOO_LONG: Text("码的有效期超过规定。", "The code claims to live longer than allowed."),
    CodeReason.STOPPED: Text("此码已停用。", "This code was stopped."),
    CodeReason.SCENE_OFF: Text("此码不用于本场景。", "This code is not for this place."),
    CodeReason.PRINTED_REFUSED: Text("本场景不收纸质码。", "Printed codes are not taken here."),
    CodeReason.STALE: Text(
        "码已过时，请刷新后再扫，不要用截图。", "The code is too old; show a fresh one, no screenshot."
    ),
    CodeReason.REPLAYED: Text("这个码刚刚用过。", "This code was used just now."),
    CodeReason.WRONG_CHALLENGE: Text(
        "码与本机的口令不符。", "The code does not answer this reader's challenge."
    ),
    CodeReason.CLOCK: Text("本机时钟不准，请校时。", "This reader's clock is wrong; set it."),
}


class CodeFault(Exception):
    """A code that is refused, with its reason."""

    def __init__(self, reason: CodeReason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
