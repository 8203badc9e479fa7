"""Client of a member's node: ask it to cosign (C2SP tlog-witness), read its log's checkpoint and proofs."""

from __future__ import annotations

import base64
import urllib.error
import urllib.request
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from quancheng.core.tlog import LogFault, Request, Signature, open_note

MOST = 256 * 1024


class NodeFailed(Exception):
    """A node that cannot be reached, or answers what nobody can use."""


class NodeRefused(NodeFailed):
    """A node that was reached and does not give what it should have."""


@dataclass(frozen=True, slots=True)
class WitnessAnswer:
    """Status and body of an answer."""

    status: int
    body: str

    @property
    def signatures(self) -> tuple[Signature, ...]:
        """The cosignature lines of a 200. Raises NodeFailed."""
        try:
            return open_note("x\n\n" + self.body).signatures
        except LogFault as wrong:
            raise NodeFailed(f"not a cosignature: {wrong}") from None

    @property
    def size(self) -> int:
        """The size a 409 tells. Raises NodeFailed."""
        text = self.body.strip()
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise NodeFailed("409 without a size")
        return int(text)


@dataclass(frozen=True, slots=True)
class NodeClient:
    """One member's node. ``seconds``: how long an answer may take."""

    url: str
    seconds: float = 3.0

    def cosign(self, request: Request) -> WitnessAnswer:
        """Ask for a cosignature. Raises NodeFailed."""
        return self._ask("/chain/witness/add-checkpoint", request.text().encode())

    def checkpoint(self, origin: str = "") -> str:
        """The newest checkpoint note of its log, or of a shard of it. Raises NodeFailed, NodeRefused."""
        answer = self._ask("/chain/checkpoint" + (f"?{urlencode({'origin': origin})}" if origin else ""))
        _given("checkpoint", answer.status)
        return answer.body

    def consistency(self, origin: str, old: int, new: int) -> tuple[bytes, ...]:
        """Proof between two sizes of its log. Raises NodeFailed, NodeRefused."""
        answer = self._ask(f"/chain/consistency?{urlencode({'origin': origin, 'old': old, 'new': new})}")
        _given("consistency", answer.status)
        try:
            return tuple(base64.b64decode(line, validate=True) for line in answer.body.split())
        except ValueError:
            raise NodeRefused("a proof that is none") from None

    def _ask(self, path: str, body: bytes | None = None) -> WitnessAnswer:
        if not self.url.startswith(("http://", "https://")):
            raise NodeFailed("the address is none")
        request = urllib.request.Request(self.url + quote(path, safe="/?&=%"), data=body)  # noqa: S310
        opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=self.seconds) as answer:
                return WitnessAnswer(answer.status, _text(answer.read(MOST + 1)))
        except urllib.error.HTTPError as refused:
            return WitnessAnswer(refused.code, _text(refused.read(MOST)))
        except (OSError, ValueError) as failed:
            raise NodeFailed(str(failed)) from None


def _given(what: str, status: int) -> None:
    if 400 <= status < 500 and status not in (408, 429):
        raise NodeRefused(f"{what}: {status}")
    if status != 200:
        raise NodeFailed(f"{what}: {status}")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A node answers itself or not at all."""

    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None


def _text(data: bytes) -> str:
    if len(data) > MOST:
        raise NodeFailed("the answer is too large")
    return data.decode("utf-8", "replace")
