"""级联协议客户端: signed, hashed, bounded messages between two nodes over HTTP, for outside programs too.

``docs/modules/cascade.md`` describes the protocol. Each request and each answer carries, in headers, a
signature over its canonical envelope: who speaks to whom, when, which request, and the SHA-256 of the body
as sent. The signature is checked before anything is unpacked. Algorithms are those of ``core.exchange.signing``.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from quancheng.core.cascade import (
    Batch,
    CascadeError,
    Cursor,
    Head,
    RowId,
    Segment,
    Stream,
    StreamKind,
    Tally,
    dump,
    parse,
)
from quancheng.core.exchange.canonical import canonical, read_time, write_time
from quancheng.core.exchange.errors import FormatError
from quancheng.core.exchange.signing import Domain, Signature, Signer, key_name, sign, signature_holds

__all__ = [
    "MAX_BYTES", "MAX_PACKED", "PATH", "PROTOCOL", "Answered", "BadMessage", "CascadeClient", "CutOff", "Envelope",
    "Refused", "cursor_in", "cursor_out", "fingerprint", "head_in", "head_out", "packed", "public_text", "seal",
    "segment_in", "segment_out", "stream_in", "stream_out", "unpacked", "unseal",
]  # fmt: skip

PROTOCOL = "quancheng-cascade/1"
PATH = "/cascade/v1/"
MAX_PACKED = 16 * 1024 * 1024
"""Largest body as sent, bytes."""
MAX_BYTES = 64 * 1024 * 1024
"""Largest body unpacked, bytes."""
SKEW = timedelta(minutes=5)
"""How far the clocks of two nodes may be apart."""
HEADER = "X-Cascade"
_SECONDS = 60.0


class BadMessage(ValueError):
    """Not a message of this protocol, too large, too old, or not signed by who it says."""


class CutOff(RuntimeError):
    """The neighbour cannot be reached or the answer broke off: ask again later, nothing is lost."""


class Refused(RuntimeError):
    """The neighbour understood and refused; the text says why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"HTTP {status}: {reason}")
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is signed beside the body (信封). ``about`` is the nonce of the request that an answer answers."""

    sender: str
    receiver: str
    at: datetime
    nonce: str
    target: str
    about: str = ""

    def text(self, body: bytes) -> bytes:
        """The bytes that are signed."""
        return canonical(
            {
                "protocol": PROTOCOL,
                "from": self.sender,
                "to": self.receiver,
                "at": write_time(self.at),
                "nonce": self.nonce,
                "target": self.target,
                "about": self.about,
                "sha256": hashlib.sha256(body).hexdigest(),
            }
        )


def seal(envelope: Envelope, body: bytes, signer: Signer) -> dict[str, str]:
    """The headers of a message."""
    made = sign(signer, Domain.CASCADE, envelope.text(body))
    fields = {
        "protocol": PROTOCOL,
        "from": envelope.sender,
        "to": envelope.receiver,
        "at": write_time(envelope.at),
        "nonce": envelope.nonce,
        "about": envelope.about,
        "algorithm": made.algorithm,
        "key": made.key,
        "signature": base64.b64encode(made.value).decode(),
    }
    text = json.dumps(fields, ensure_ascii=True, separators=(",", ":"))
    return {HEADER: text}


def unseal(
    header: str | None, target: str, body: bytes, keys: Mapping[str, bytes], receiver: str, now: datetime
) -> Envelope:
    """The envelope of a message to us that one of ``keys`` (node → public DER) signed. Raises BadMessage."""
    try:
        fields = json.loads(header or "")
        texts = {name: str(fields[name]) for name in ("from", "to", "nonce", "about", "algorithm", "key")}
        at = read_time(fields["at"], "at")
        value = base64.b64decode(fields["signature"], validate=True)
        protocol = fields["protocol"]
    except (ValueError, TypeError, KeyError, FormatError, RecursionError) as wrong:
        raise BadMessage(f"the header {HEADER} is missing or damaged") from wrong
    if protocol != PROTOCOL:
        raise BadMessage(f"this node speaks {PROTOCOL}")
    if texts["to"] != receiver:
        raise BadMessage(f"meant for {texts['to']!r:.60}")
    if abs(now - at) > SKEW:
        raise BadMessage("the time is more than five minutes off: check both clocks")
    public = keys.get(texts["from"])
    envelope = Envelope(texts["from"], receiver, at, texts["nonce"], target, texts["about"])
    signature = Signature(texts["algorithm"], texts["key"], value)
    if public is None or not signature_holds(signature, Domain.CASCADE, envelope.text(body), public):
        raise BadMessage("unknown node, or the signature does not fit")
    return envelope


def packed(data: bytes) -> bytes:
    """Gzip (RFC 1952), fast: rows of JSON shrink to a tenth."""
    deflate = zlib.compressobj(3, zlib.DEFLATED, 31)
    return deflate.compress(data) + deflate.flush()


def unpacked(data: bytes, limit: int = MAX_BYTES) -> bytes:
    """Undo ``packed``; raises BadMessage when damaged or larger than ``limit``, before it fills the memory."""
    inflate = zlib.decompressobj(31)
    try:
        found = inflate.decompress(data, limit + 1)
    except zlib.error as wrong:
        raise BadMessage("the body is not gzip") from wrong
    if len(found) > limit:
        raise BadMessage(f"more than {limit} bytes unpacked")
    if not inflate.eof or inflate.unused_data:
        raise BadMessage("the body is cut short or has something behind it")
    return found


def public_text(signer: Signer) -> str:
    """A node's public key as text: base64 of the SubjectPublicKeyInfo."""
    return base64.b64encode(signer.public_der).decode()


def fingerprint(public_der: bytes) -> str:
    """The name of a key in groups of four, to be read aloud (公钥指纹): the first 40 of 64 hex digits."""
    name = key_name(public_der)[:40]
    return " ".join(name[place : place + 4] for place in range(0, 40, 4))


# -- JSON forms ---------------------------------------------------------------------------------
def stream_out(stream: Stream) -> list[str]:
    """A stream as JSON."""
    return [stream.kind.value, stream.name]


def stream_in(value: Any) -> Stream:
    """A stream from JSON; raises BadMessage."""
    try:
        kind, name = value
        return Stream(StreamKind(kind), str(name))
    except (ValueError, TypeError) as wrong:
        raise BadMessage("a stream is a kind and a name") from wrong


def cursor_out(cursor: Cursor | None) -> list[Any] | None:
    """A cursor as JSON."""
    return None if cursor is None else [*cursor[:4], list(cursor.after) if cursor.after else None]


def cursor_in(value: Any) -> Cursor | None:
    """A cursor from JSON; raises BadMessage."""
    if value is None:
        return None
    try:
        epoch, seq, route, snapshot, after = value
        numbers = [_number(epoch), _number(seq), _number(route)]
        return Cursor(*numbers, snapshot is True, bound_in(after))
    except (ValueError, TypeError) as wrong:
        raise BadMessage("a cursor is damaged") from wrong


def bound_in(value: Any) -> RowId | None:
    """A bound of a range of ids from JSON; raises BadMessage."""
    if value is None:
        return None
    if isinstance(value, list) and len(value) == 2 and all(isinstance(part, str) for part in value):
        return RowId(value[0], value[1])
    raise BadMessage("a bound is an origin and a local name")


def head_out(stream: Stream, head: Head) -> dict[str, Any]:
    """The end of a log as a heartbeat says it."""
    return {"stream": stream_out(stream), "epoch": head.epoch, "seq": head.seq}


def head_in(value: Any) -> tuple[Stream, Head]:
    """Read ``head_out``; raises BadMessage."""
    try:
        return stream_in(value["stream"]), Head(_number(value["epoch"]), _number(value["seq"]))
    except (TypeError, KeyError) as wrong:
        raise BadMessage("a heartbeat is damaged") from wrong


def segment_out(segment: Segment) -> dict[str, Any]:
    """A segment as JSON."""
    after, upto = segment.after, segment.upto
    return {
        "after": list(after) if after else None,
        "upto": list(upto) if upto else None,
        "count": segment.tally.count,
        "total": segment.tally.hex(),
    }


def segment_in(value: Any) -> Segment:
    """Read ``segment_out``; raises BadMessage."""
    try:
        tally = Tally(_number(value["count"]), int(str(value["total"]), 16))
        return Segment(bound_in(value["after"]), bound_in(value["upto"]), tally)
    except (ValueError, TypeError, KeyError) as wrong:
        raise BadMessage("a segment is damaged") from wrong


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 2**53:
        raise BadMessage("not a number from 0 to 2^53")
    return value


# -- the client ---------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Answered:
    """A genuine answer (答复)."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The body as JSON; raises BadMessage."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as wrong:
            raise BadMessage("the answer is not JSON") from wrong


@dataclass(slots=True)
class CascadeClient:
    """Speaks to one neighbour. Raises CutOff, Refused or BadMessage."""

    address: str
    name: str
    """The neighbour."""
    public: bytes
    """The neighbour's public key, DER."""
    own_name: str
    signer: Signer
    seconds: float = _SECONDS
    transport: httpx.BaseTransport | None = None
    _http: httpx.Client | None = field(default=None, repr=False)

    def __enter__(self) -> CascadeClient:
        return self

    def __exit__(self, *_: object) -> None:
        if self._http is not None:
            self._http.close()
            self._http = None

    def pulse(self, heads: Sequence[dict[str, Any]], cursors: Sequence[dict[str, Any]]) -> Any:
        """Say where our logs end and how far we read theirs; the answer says the same of theirs."""
        return self._json("pulse", {"heads": list(heads), "cursors": list(cursors)})

    def offer(self, stream: Stream, cursor: Cursor | None, limit: int) -> tuple[Batch, int] | None:
        """What we lack after ``cursor`` and how many bytes that was; None: we have it all."""
        asked = {"stream": stream_out(stream), "cursor": cursor_out(cursor), "limit": limit}
        return self._batch("offer", asked)

    def repair(self, stream: Stream, after: RowId | None, upto: RowId | None) -> Batch:
        """All that we should have from the neighbour in a range of ids."""
        asked = {"stream": stream_out(stream), "after": _bound(after), "upto": _bound(upto)}
        found = self._batch("repair", asked)
        if found is None:
            raise BadMessage("no batch")
        return found[0]

    def home(self, stream: Stream, after: RowId | None) -> Batch:
        """Our own rows that the neighbour keeps: after a restore."""
        found = self._batch("home", {"stream": stream_out(stream), "after": _bound(after)})
        if found is None:
            raise BadMessage("no batch")
        return found[0]

    def counts(self, stream: Stream) -> Tally:
        """What the neighbour says it gives us of a stream."""
        found = self._json("counts", {"stream": stream_out(stream)})
        return segment_in(found).tally

    def split(self, stream: Stream, segments: Sequence[Segment]) -> list[Segment]:
        """Cut segments of what the neighbour gives us into parts."""
        asked = {"stream": stream_out(stream), "segments": [segment_out(one) for one in segments]}
        return [segment_in(one) for one in self._json("split", asked)["segments"]]

    def bring(self, batch: Batch) -> tuple[str, Cursor | None, str]:
        """Push a batch: status, the neighbour's cursor after it, and the reason if refused."""
        found = self._ask("batch", packed(dump(batch))).json()
        return str(found["status"]), cursor_in(found.get("cursor")), str(found.get("reason") or "")

    def _batch(self, what: str, asked: dict[str, Any]) -> tuple[Batch, int] | None:
        answer = self._ask(what, _json_bytes(asked))
        if answer.status == 204:
            return None
        try:
            return parse(unpacked(answer.body), MAX_BYTES), len(answer.body)
        except CascadeError as wrong:
            raise BadMessage(str(wrong)) from wrong

    def _json(self, what: str, asked: dict[str, Any]) -> Any:
        return self._ask(what, _json_bytes(asked)).json()

    def _ask(self, what: str, body: bytes) -> Answered:
        target = PATH + what
        envelope = Envelope(self.own_name, self.name, datetime.now(UTC), secrets.token_hex(16), target)
        headers = {**seal(envelope, body, self.signer), "Content-Type": "application/octet-stream"}
        status, header, content = self._post(target, body, headers)
        if len(content) > MAX_PACKED:
            raise BadMessage("the answer is too large")
        if status not in (200, 204):
            raise Refused(status, _reason(content))
        found = unseal(header, target, content, {self.name: self.public}, self.own_name, datetime.now(UTC))
        if found.about != envelope.nonce:
            raise BadMessage("the answer is to another question")
        return Answered(status, content)

    def _post(self, target: str, body: bytes, headers: dict[str, str]) -> tuple[int, str | None, bytes]:
        if self._http is None:
            self._http = httpx.Client(timeout=self.seconds, trust_env=False, transport=self.transport)
        try:
            with self._http.stream(
                "POST", self.address.rstrip("/") + target, content=body, headers=headers
            ) as answer:
                content = bytearray()
                for piece in answer.iter_bytes():
                    content += piece
                    if len(content) > MAX_PACKED:
                        break
                return answer.status_code, answer.headers.get(HEADER), bytes(content)
        except httpx.HTTPError as cut:
            raise CutOff(f"{type(cut).__name__}: {cut}"[:200]) from cut


def _bound(row: RowId | None) -> list[str] | None:
    return list(row) if row is not None else None


def _json_bytes(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _reason(content: bytes) -> str:
    try:
        found = json.loads(content)
        return str(found.get("detail") or found.get("title") or found)[:300]
    except (ValueError, AttributeError, RecursionError):
        return content[:200].decode(errors="replace")
