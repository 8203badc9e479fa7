"""Check a ledger of Quancheng from outside (核验泉城链): one record's proof, or a whole log.

    python verify_ledger.py bundle FILE --policy policy.json [--opening opening.json]
    python verify_ledger.py log --url http://host:port --policy policy.json [--state state.json]

Needs Python 3.11 and the package `cryptography`, nothing of the platform that made the log: a second
implementation, written from docs/formats/ledger-proof.md, for whoever does not want to believe the first.
It is one file on purpose, long as it is: to be read from top to bottom, copied and kept.

``policy.json`` is the root of trust: take it from ``/chain/policy.json`` once and compare it by another way.
``bundle`` reads QLP1 bytes, their base64, or the JSON of ``/api/v1/chain/proof``; ``opening.json`` is
``{"scene", "reference", "salt", "digest"}``, salt and digest in base64.
``log`` downloads checkpoint and tiles of each shard, computes the root anew, asks for signatures and the
quorum, and compares with what it saw before (``state.json``, written only when all holds: keep it where the
operator cannot reach it). ``--receipt FILE`` compares with a proof somebody kept; ``--leaves N|all`` fetches
proofs of single leaves too; ``--wait SECONDS`` gives witnesses time for a head made this moment.

Exit code: 0 all holds, 1 it does not, 2 it could not be checked (file, network, policy).
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import hmac
import json
import os
import random
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

WIDTH, TILE = 32, 256
LARGEST = 64 * 1024
FAULTS = {
    "MALFORMED": ("格式不对，不是所要求的文件或应答", "it is not of the required form"),
    "UNKNOWN_LOG": ("策略中没有这个日志", "the policy does not know this log"),
    "SIGNATURE": ("签名不成立", "a signature does not hold"),
    "QUORUM": ("见证方不足", "too few witnesses cosigned"),
    "PROOF": ("证明推不出检查点的根", "the proof does not lead to the checkpoint's root"),
    "RECORD": ("记录内容与日志中的承诺不符", "the record does not fit the commitment in the log"),
    "EDITED": ("日志被改动：内容算不出签过名的根", "the log was edited: its content gives another root than was signed"),
    "LEAF": ("日志被改动：存证记录与日志不符", "the log was edited: a record no longer fits the log"),
    "TRUNCATED": ("日志被截断：少了以前有过的记录", "the log was truncated: records it had are missing"),
    "FORKED": ("日志分叉：出示过两种历史", "the log forked: it has shown two histories"),
    "REHASHED": ("日志换了杂凑算法：与策略所定不同", "the log was re-hashed: its hash is not the one of the policy"),
}  # fmt: skip


class Fault(Exception):
    """Something that does not hold."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail

    def __str__(self) -> str:
        zh, en = FAULTS[self.reason]
        tail = f" ({self.detail})" if self.detail else ""
        return f"{self.reason}: {zh}。 {en[0].upper()}{en[1:]}.{tail}"


class CannotCheck(Exception):
    """What stops the check itself."""


def need(holds: object, reason: str, detail: str = "") -> None:
    if not holds:
        raise Fault(reason, detail)


# -- hashes and trees (RFC 9162 section 2.1)
def sm3(data: bytes) -> bytes:
    running = hashes.Hash(hashes.SM3())
    running.update(data)
    return running.finalize()


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


HASHES: dict[str, Callable[[bytes], bytes]] = {"sha256": sha256, "sm3": sm3}


def root_of(name: str, level: Sequence[bytes]) -> bytes:
    """Root over leaf hashes: pairs level by level, an odd last one goes up as it is."""
    digest = HASHES[name]
    if not level:
        return digest(b"")
    while len(level) > 1:
        pairs = [digest(b"\1" + level[at] + level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level = pairs + ([level[-1]] if len(level) % 2 else [])
    return level[0]


def included(name: str, leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root a path leads to (section 2.1.3.2)."""
    digest, node, last, found = HASHES[name], index, size - 1, leaf
    for sibling in path:
        need(last != 0, "PROOF", "too long")
        if node & 1 or node == last:
            found = digest(b"\1" + sibling + found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = digest(b"\1" + found + sibling)
        node, last = node >> 1, last >> 1
    need(last == 0, "PROOF", "too short")
    return found


def consistent(name: str, old: tuple[int, bytes], new: tuple[int, bytes], proof: Sequence[bytes]) -> bool:
    """Whether a proof shows that the new tree begins with the old (section 2.1.4.2)."""
    if old[0] == new[0]:
        return not proof and old[1] == new[1]
    path = list(proof) if old[0] & (old[0] - 1) else [old[1], *proof]
    if not path:
        return False
    digest, node, last = HASHES[name], old[0] - 1, new[0] - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    one = two = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            one, two = digest(b"\1" + sibling + one), digest(b"\1" + sibling + two)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            two = digest(b"\1" + two + sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and one == old[1] and two == new[1]


# -- notes, checkpoints, policy (C2SP signed-note, tlog-checkpoint, tlog-cosignature)
@dataclass(frozen=True)
class Key:
    """A named Ed25519 key: type 1 signs notes, type 4 cosigns with a time."""

    name: str
    id: bytes
    kind: int
    public: bytes

    def holds(self, data: bytes, message: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(data, message)
        except (InvalidSignature, ValueError):
            return False
        return True


def read_key(text: Any) -> Key | None:
    """A verifier key; None when it is of a type this script does not know."""
    try:
        name, number, encoded = text.strip().split("+", 2)
        material = base64.b64decode(encoded, validate=True)
    except (AttributeError, ValueError, binascii.Error):
        raise CannotCheck(f"策略中的公钥无法读取。 A key of the policy cannot be read: {text!r}") from None
    if sha256(name.encode() + b"\n" + material)[:4].hex() != number:
        raise CannotCheck(f"策略中的公钥编号不符。 A key of the policy has a wrong id: {name}")
    if len(material) != 33 or material[0] not in (1, 4):
        return None
    return Key(name, bytes.fromhex(number), material[0], material[1:])


@dataclass(frozen=True)
class Policy:
    """Whom to believe."""

    log: Key
    shards: dict[str, str]
    witnesses: tuple[Key, ...]
    needed: int


def read_policy(path: str) -> Policy:
    """From ``/chain/policy.json``. Raises CannotCheck."""
    told = read_json(path)
    try:
        good = told["format"] == "quancheng-policy/1"
        log, needed, shards = read_key(told["log"]), told["needed"], dict(told["shards"])
        keys = [key for key in map(read_key, told["witnesses"]) if key]
        good = good and all(isinstance(text, str) for pair in shards.items() for text in pair)
    except (KeyError, TypeError, ValueError):
        good, log, needed, shards, keys = False, None, 0, {}, []
    if not good or log is None or log.kind != 1 or type(needed) is not int or needed < 0:
        raise CannotCheck(f"不是信任策略。 Not a policy with an Ed25519 log key: {path}")
    distinct = len({key.name for key in keys}) == len({key.public for key in keys}) == len(keys)
    if not distinct or any(key.kind != 4 for key in keys) or not set(shards.values()) <= set(HASHES):
        raise CannotCheck(
            f"策略中的见证方或杂凑算法有误。 Witnesses or hashes of the policy are wrong: {path}"
        )
    return Policy(log, shards, tuple(keys), needed)


@dataclass(frozen=True)
class Head:
    """A checkpoint whose log signature holds."""

    origin: str
    size: int
    root: bytes
    hash: str
    """As the policy has it."""
    named: str
    """As the checkpoint has it; empty when it names none."""
    note: str
    lines: tuple[tuple[str, bytes, bytes], ...]

    @property
    def body(self) -> str:
        return self.note[: self.note.rfind("\n\n") + 1]


def read_lines(tail: str) -> tuple[tuple[str, bytes, bytes], ...]:
    """Signature lines: name, key id, bytes; each key once."""
    lines = tail.split("\n")[:-1]
    need(0 < len(lines) <= 100, "MALFORMED", "signatures")
    found = []
    for line in lines:
        parts = line.removeprefix("\u2014 ").split(" ")
        need(line.startswith("\u2014 ") and len(parts) == 2 and parts[0], "MALFORMED", "signature line")
        data = strict64(parts[1])
        need(len(data) > 4, "MALFORMED", "signature line")
        found.append((parts[0], data[:4], data[4:]))
    need(len({line[:2] for line in found}) == len(found), "MALFORMED", "a key signs twice")
    return tuple(found)


def strict64(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise Fault("MALFORMED", "base64") from None
    need(base64.b64encode(data).decode() == text, "MALFORMED", "base64")
    return data


def line_of(head: Head, key: Key) -> bytes | None:
    """Bytes of a key's line. A line with only its name, or only its id, is a changed one and refused."""
    for name, number, data in head.lines:
        if (name == key.name) != (number == key.id):
            raise Fault("SIGNATURE", f"a line like that of {key.name}")
        if name == key.name:
            return data
    return None


def read_head(note: str, policy: Policy) -> Head:
    """A checkpoint signed by the log of the policy; its witnesses are not looked at. Raises Fault."""
    cut = note.rfind("\n\n")
    need(cut > 0 and note.endswith("\n") and len(note) <= LARGEST, "MALFORMED", "note")
    body, lines = note[: cut + 1], read_lines(note[cut + 2 :])
    need(all(mark >= " " or mark == "\n" for mark in body), "MALFORMED", "note")
    parts = body.split("\n")[:-1]
    need(len(parts) >= 3 and all(parts), "MALFORMED", "checkpoint")
    origin, size, root, *more = parts
    digits = size.isascii() and size.isdigit() and len(size) <= 18 and str(int(size)) == size
    need(digits and len(strict64(root)) == WIDTH, "MALFORMED", "checkpoint")
    named = [one.removeprefix("hash ") for one in more if one.startswith("hash ")]
    need(len(named) <= 1, "MALFORMED", "two hashes")
    known = policy.shards.get(origin)
    need(known is not None, "UNKNOWN_LOG", origin)
    head = Head(origin, int(size), strict64(root), str(known), "".join(named), note, lines)
    data = line_of(head, policy.log)
    need(data is not None and policy.log.holds(data, body.encode()), "SIGNATURE", policy.log.name)
    return head


def check_hash(head: Head) -> None:
    need(head.named in ("", head.hash), "REHASHED", f"{head.hash} -> {head.named}")


def witnesses_of(head: Head, policy: Policy) -> dict[str, int]:
    """Who cosigned when; a false line of a witness refuses the note. Raises Fault (SIGNATURE, QUORUM)."""
    times = {}
    for key in policy.witnesses:
        data = line_of(head, key)
        if data is None:
            continue
        at = int.from_bytes(data[:8], "big")
        said = f"cosignature/v1\ntime {at}\n{head.body}".encode()
        need(len(data) > 8 and key.holds(data[8:], said), "SIGNATURE", key.name)
        times[key.name] = at
    need(len(times) >= policy.needed, "QUORUM", f"{len(times)} / {policy.needed}")
    return times


# -- bundles (QLP1: deterministic CBOR, only what this format uses)
@dataclass(frozen=True)
class Bundle:
    index: int
    size: int
    path: tuple[bytes, ...]
    leaf: bytes
    note: str


class Cbor:
    """Reads heads of RFC 8949 section 3 in their shortest form, nothing else."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        part = self.data[self.at : self.at + count]
        need(len(part) == count, "MALFORMED", "CBOR ends early")
        self.at += count
        return part

    def head(self, major: int) -> int:
        first = self.take(1)[0]
        need(first >> 5 == major and first & 31 < 28, "MALFORMED", "CBOR type")
        short = first & 31
        if short < 24:
            return short
        value = int.from_bytes(self.take(1 << (short - 24)), "big")
        least = 24 if short == 24 else 1 << (8 << (short - 25))
        need(value >= least, "MALFORMED", "CBOR length not the shortest")
        return value


def read_bundle(data: bytes) -> Bundle:
    """QLP1 bytes. Raises Fault (MALFORMED)."""
    cbor = Cbor(data)
    need(cbor.head(4) == 6 and cbor.head(0) == 1, "MALFORMED", "not QLP1")
    index, size = cbor.head(0), cbor.head(0)
    path, leaf, note = (cbor.take(cbor.head(major)) for major in (2, 2, 3))
    need(cbor.at == len(data), "MALFORMED", "bytes after the end")
    need(len(path) % WIDTH == 0 and len(leaf) == WIDTH and index < size, "MALFORMED", "lengths")
    try:
        text = note.decode()
    except UnicodeDecodeError:
        raise Fault("MALFORMED", "note") from None
    steps = tuple(path[at : at + WIDTH] for at in range(0, len(path), WIDTH))
    return Bundle(index, size, steps, leaf, text)


def unwrap(data: bytes) -> bytes:
    """QLP1 bytes of a file: as they are, in base64, or in the JSON of the interface. Raises Fault."""
    if data[:1] == b"\x86":
        return data
    try:
        text = data.decode("ascii")
        held = json.loads(text)["bundle"] if text.lstrip().startswith("{") else "".join(text.split())
    except (UnicodeDecodeError, ValueError, KeyError):
        raise Fault("MALFORMED", "neither QLP1, base64 nor JSON") from None
    return strict64(str(held))


@dataclass(frozen=True)
class Opening:
    scene: str
    reference: str
    salt: bytes
    payload: bytes


def read_opening(path: str) -> Opening:
    told = read_json(path)
    try:
        raw = [base64.b64decode(told[name], validate=True) for name in ("salt", "digest")]
        made = Opening(str(told["scene"]), str(told["reference"]), raw[0], raw[1])
    except (KeyError, TypeError, ValueError):
        raise CannotCheck(f"不是开示文件。 Not an opening (scene, reference, salt, digest): {path}") from None
    return made


def verify_bundle(
    data: bytes, policy: Policy, opening: Opening | None = None
) -> tuple[Head, Bundle, dict[str, int]]:
    """All of docs/formats/ledger-proof.md, “Checking”. Raises Fault."""
    bundle = read_bundle(data)
    head = read_head(bundle.note, policy)
    check_hash(head)
    times = witnesses_of(head, policy)
    need(head.size == bundle.size, "PROOF", "the checkpoint has another size")
    leaf = HASHES[head.hash](b"\0" + bundle.leaf)
    found = included(head.hash, leaf, bundle.index, bundle.size, bundle.path)
    need(hmac.compare_digest(found, head.root), "PROOF")
    if opening is not None:
        texts = [opening.scene.encode(), opening.reference.encode()]
        need(len(opening.salt) == 16 and all(len(one) < 65536 for one in texts), "RECORD", "salt or texts")
        parts = b"".join(len(one).to_bytes(2, "big") + one for one in texts)
        whole = b"quancheng/record/v1\n" + parts + opening.salt + opening.payload
        need(hmac.compare_digest(HASHES[head.hash](whole), bundle.leaf), "RECORD")
    return head, bundle, times


# -- a log over HTTP (C2SP tlog-tiles)
class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: object, **_named: object) -> None:
        return None


class Site:
    """Reads addresses of a node. Raises CannotCheck when it cannot be reached."""

    def __init__(self, url: str, seconds: float = 20) -> None:
        if not url.startswith(("http://", "https://")):
            raise CannotCheck(f"地址须以 http:// 或 https:// 开头。 Not an address: {url}")
        self.url, self.seconds = url.rstrip("/"), seconds
        self.opener = urllib.request.build_opener(NoRedirect, urllib.request.ProxyHandler({}))

    def get(self, path: str, **query: object) -> bytes | None:
        """The body; None when the node says that there is no such thing."""
        address = f"{self.url}{path}?{urlencode(query)}" if query else self.url + path
        try:
            with self.opener.open(address, timeout=self.seconds) as answer:
                return bytes(answer.read(LARGEST))
        except urllib.error.HTTPError as refused:
            if refused.code in (404, 422):
                return None
            raise CannotCheck(
                f"节点应答 {refused.code}。 The node answered {refused.code}: {address}"
            ) from None
        except (OSError, ValueError) as failed:
            raise CannotCheck(f"连不上节点。 The node cannot be reached: {address} ({failed})") from None

    def tiles(self, head: Head, level: int, count: int) -> list[bytes]:
        """The first hashes of a level. Raises Fault (TRUNCATED) where one is missing."""
        found: list[bytes] = []
        for number in range(-(-count // TILE)):
            width = min(TILE, count - number * TILE)
            path = f"/chain/tile/{level}/{place(number)}" + ("" if width == TILE else f".p/{width}")
            data = self.get(path, origin=head.origin)
            whole = data is not None and len(data) == width * WIDTH
            need(whole, "TRUNCATED", f"{head.origin}: tile {level}/{number} of a signed size {head.size}")
            found += [(data or b"")[at : at + WIDTH] for at in range(0, width * WIDTH, WIDTH)]
        return found


def place(number: int) -> str:
    parts = [f"{number % 1000:03d}"]
    while number := number // 1000:
        parts.append(f"x{number % 1000:03d}")
    return "/".join(reversed(parts))


@dataclass
class Look:
    """One look at a log: what is wrong with it, all of it."""

    site: Site
    policy: Policy
    faults: list[Fault] = field(default_factory=list)
    evidence: dict[tuple[str, str], None] = field(default_factory=dict)

    def hold(self, check: Callable[[], Any]) -> Any:
        """Run a check and keep its fault."""
        try:
            return check()
        except Fault as fault:
            self.faults.append(fault)
            return None

    def newest(self, origin: str, wait: float) -> Head | None:
        """The checkpoint served, once it has its witnesses or waiting is over. None: no such shard or no head."""
        until = time.monotonic() + wait
        while True:
            data = self.site.get("/chain/checkpoint", origin=origin)
            if data is None:
                return None
            head = read_head(data.decode("utf-8", "replace"), self.policy)
            need(head.origin == origin, "UNKNOWN_LOG", f"{origin} -> {head.origin}")
            try:
                witnesses_of(head, self.policy)
            except Fault as fault:
                if fault.reason == "QUORUM" and time.monotonic() < until:
                    time.sleep(0.5)
                    continue
            return head

    def against(self, head: Head, before: Head) -> None:
        """What two checkpoints tell by themselves."""
        need(before.named == head.named, "REHASHED", f"{before.named} -> {head.named}")
        same = before.size == head.size and before.root != head.root
        if same:
            self.evidence[before.note, head.note] = None
        need(not same, "FORKED", f"{head.origin}, {head.size}")
        need(before.size <= head.size, "TRUNCATED", f"{head.origin}: {before.size} -> {head.size}")

    def extends(self, head: Head, before: Head, leaves: Sequence[bytes]) -> None:
        """The content begins with what was seen, and the node's own proof says so."""
        if before.size > head.size or not before.size:
            return
        begins = root_of(head.hash, leaves[: before.size]) == before.root
        if not begins:
            self.evidence[before.note, head.note] = None
        need(begins, "FORKED", f"{head.origin}: {before.size} -> {head.size}")
        data = self.site.get("/chain/consistency", origin=head.origin, old=before.size, new=head.size)
        proof = [
            strict64(line) for line in (b"-" if data is None else data).decode("ascii", "replace").split()
        ]
        ends = (before.size, before.root), (head.size, head.root)
        need(consistent(head.hash, *ends, proof), "PROOF", f"consistency {before.size} -> {head.size}")

    def content(self, head: Head) -> list[bytes] | None:
        """Leaf hashes, when the root over them is the signed one and the upper tiles fit."""
        leaves = self.hold(lambda: self.site.tiles(head, 0, head.size))
        if leaves is None:
            return None
        whole = root_of(head.hash, leaves) == head.root
        self.hold(lambda: need(whole, "EDITED", f"{head.origin}, {head.size}"))
        level, below = 1, leaves
        while len(below) >= TILE:
            full = range(0, len(below) - TILE + 1, TILE)
            below = [root_of(head.hash, below[at : at + TILE]) for at in full]
            self.hold(lambda at=level, want=below: self.upper(head, at, want))  # type: ignore[misc]
            level += 1
        return list(leaves)

    def upper(self, head: Head, level: int, want: Sequence[bytes]) -> None:
        need(
            self.site.tiles(head, level, len(want)) == want,
            "EDITED",
            f"{head.origin}: tiles of level {level}",
        )

    def leaf(self, head: Head, leaves: Sequence[bytes], index: int) -> None:
        """The proof the node gives of a leaf holds, and is of the leaf in the tiles."""
        told = self.site.get(f"/api/v1/chain/proof/{head.origin}/{index}")
        need(told is not None, "TRUNCATED", f"{head.origin}: no proof of {index}")
        try:
            proved, bundle, _times = verify_bundle(unwrap(told or b""), self.policy)
        except Fault as fault:
            reason = "QUORUM" if fault.reason == "QUORUM" else "LEAF"
            raise Fault(reason, f"{head.origin}/{index}: {fault.reason}") from None
        here = proved.origin == head.origin and bundle.index == index
        need(
            here and HASHES[head.hash](b"\0" + bundle.leaf) == leaves[index], "LEAF", f"{head.origin}/{index}"
        )


def look_at(look: Look, origin: str, before: Sequence[Head], wait: float, some: str) -> Head | None:
    """All checks of one shard; what is wrong stands in ``look.faults``."""
    head = look.hold(lambda: look.newest(origin, wait))
    if head is None:
        gone = bool(before) and not look.faults
        look.hold(lambda: need(not gone, "TRUNCATED", f"{origin}: it is gone"))
        return None
    look.hold(lambda: check_hash(head))
    look.hold(lambda: witnesses_of(head, look.policy))
    for one in before:
        look.hold(lambda one=one: look.against(head, one))  # type: ignore[misc]
    leaves = look.content(head)
    if leaves is None:
        return None
    for one in before:
        look.hold(lambda one=one: look.extends(head, one, leaves))  # type: ignore[misc]
    every = range(head.size)
    chosen = every if some == "all" else random.sample(every, min(int(some), head.size))
    for index in chosen:
        look.hold(lambda index=index: look.leaf(head, leaves, index))  # type: ignore[misc]
    return head  # type: ignore[no-any-return]


# -- files and commands
def read_bytes(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as failed:
        raise CannotCheck(f"文件无法读取。 The file cannot be read: {failed}") from None


def read_json(path: str) -> Any:
    try:
        return json.loads(read_bytes(path))
    except ValueError:
        raise CannotCheck(f"不是 JSON 文件。 Not JSON: {path}") from None


def seen_before(path: str | None, policy: Policy) -> dict[str, Head]:
    """Heads of the state file; each must still be signed by the log."""
    if not path or not Path(path).exists():
        return {}
    told = read_json(path)
    try:
        notes = dict(told["heads"]) if told["format"] == "quancheng-seen/1" else None
        heads = {origin: read_head(str(note), policy) for origin, note in (notes or {}).items()}
    except (KeyError, TypeError, ValueError, Fault):
        notes, heads = None, {}
    if notes is None or any(origin != head.origin for origin, head in heads.items()):
        raise CannotCheck(f"状态文件与策略不符或已损坏。 The state file is damaged or of another log: {path}")
    return heads


def remember(path: str, heads: dict[str, Head]) -> None:
    """Write the state in one step."""
    beside = Path(f"{path}.new")
    told = {"format": "quancheng-seen/1", "heads": {origin: head.note for origin, head in heads.items()}}
    beside.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
    os.replace(beside, path)


def moment(seconds: int) -> str:
    """A witness may claim a time that is no date."""
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
    except (OverflowError, OSError, ValueError):
        return f"{seconds} s（不是日期 no date）"


def say_witnesses(times: dict[str, int], policy: Policy) -> Iterator[str]:
    for name, at in sorted(times.items()):
        yield f"  见证 witnessed by {name} {moment(at)}"
    if not policy.needed:
        yield "  注意：策略不要求见证方，只凭日志自己的签名。 Note: the policy asks for no witness."


def command_bundle(asked: argparse.Namespace) -> int:
    policy = read_policy(asked.policy)
    opening = read_opening(asked.opening) if asked.opening else None
    head, bundle, times = verify_bundle(unwrap(read_bytes(asked.file)), policy, opening)
    print(f"成立：第 {bundle.index} 条在 {head.origin} 中，其时共 {head.size} 条。")
    print(f"It holds: entry {bundle.index} stands in {head.origin}, of {head.size} entries then.")
    if opening is not None:
        print(f"  记录相符 the record fits: {opening.scene} {opening.reference}")
    print(*say_witnesses(times, policy), sep="\n")
    return 0


def command_log(asked: argparse.Namespace) -> int:
    policy, site = read_policy(asked.policy), Site(asked.url)
    seen = seen_before(asked.state, policy)
    kept = [verify_bundle(unwrap(read_bytes(path)), policy)[0] for path in asked.receipt]
    look, heads = Look(site, policy), dict(seen)
    for origin in [asked.origin] if asked.origin else sorted({*policy.shards, *seen}):
        before = [head for head in (*seen.values(), *kept) if head.origin == origin]
        try:
            head = look_at(look, origin, before, asked.wait, asked.leaves)
        except CannotCheck as stopped:
            if not look.faults:
                raise
            print(f"没有查完 stopped early: {stopped}", file=sys.stderr)
            break
        if head is not None and not look.faults:
            heads[origin] = head
            first = "" if before else "（首次查看，此前如何不可知 first look: nothing to compare with）"
            print(f"成立 holds: {origin}, {head.size} 条 entries, {head.hash}{first}")
            print(*say_witnesses(witnesses_of(head, policy), policy), sep="\n")
    for fault in look.faults:
        print(f"不成立 does not hold: {fault}")
    for one, other in look.evidence:
        print(
            f"证据 evidence: 日志签过的两份检查点 two checkpoints the log signed\n{one}----\n{other}", end=""
        )
    if look.faults:
        return 1
    if not heads:
        raise CannotCheck("日志还没有检查点。 The log has no checkpoint yet.")
    if asked.state:
        remember(asked.state, heads)
    return 0


def how_many(text: str) -> str:
    if text != "all" and not (text.isascii() and text.isdigit() and len(text) < 12):
        raise argparse.ArgumentTypeError("a number, or: all")
    return text


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Check a ledger of Quancheng from outside 核验泉城链")
    commands = parser.add_subparsers(dest="command", required=True)
    bundle = commands.add_parser("bundle", help="one record's proof 一条记录的证明")
    bundle.add_argument("file")
    bundle.add_argument("--opening")
    log = commands.add_parser("log", help="a whole log 整个日志")
    log.add_argument("--url", required=True)
    log.add_argument("--state")
    log.add_argument("--origin")
    log.add_argument("--receipt", action="append", default=[])
    log.add_argument("--leaves", type=how_many, default="16")
    log.add_argument("--wait", type=float, default=5)
    for one in (bundle, log):
        one.add_argument("--policy", required=True)
    return parser


def main(words: Sequence[str] | None = None) -> int:
    """Run a command; the exit code."""
    asked = arguments().parse_args(words)
    try:
        return command_bundle(asked) if asked.command == "bundle" else command_log(asked)
    except Fault as fault:
        print(f"不成立 does not hold: {fault}")
        return 1
    except CannotCheck as stopped:
        print(f"无法核验 cannot check: {stopped}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
