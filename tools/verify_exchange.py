"""Verify the evidence of one data exchange (核验一次数据交换) from the two evidence files alone.

    python verify_exchange.py CONSUMER.json PROVIDER.json [--keys TRUSTED.json] [--skew SECONDS]

Needs Python 3.11 and the package `cryptography`, nothing of the platform that made the files: it is
a second implementation, written from the format's description, for whoever does not want to believe
the first. Says in Chinese and English what was exchanged, when and by whom, and lists every check.

TRUSTED.json is a list of {"owner", "name", "algorithm", "public" (base64 of the key's DER), "roles",
"valid_from", "valid_until", "revoked" or null}; get it from the parties, not from who sent the files.
Without it the files are checked against the keys they carry: that proves that they belong together
and were not changed, not whose keys these are.

Exit code: 0 proved, 1 not proved, 2 consistent, but the keys were not checked against a list.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.hazmat.primitives.serialization import load_der_public_key

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
REQUEST = set(
    "format kind id time consumer provider grant resource purpose basis fields case condition media_type".split()  # noqa: SIM905
)
RESPONSE = set(
    "format kind id time consumer provider request request_digest outcome rows reason media_type".split()  # noqa: SIM905
)
OUTCOMES = {"delivered": "已提供", "refused": "已拒绝", "failed": "失败"}
SIZE = 64 * 2**20


class Bad(Exception):
    """A file that is not evidence, or a check that cannot be made."""


def need(holds: object, what: str) -> None:
    if not holds:
        raise Bad(what)


def canonical(value: Any) -> bytes:
    """RFC 8785 for objects, lists, strings, integers, booleans and null."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return b"{" + b",".join(canonical(name) + b":" + canonical(value[name]) for name in names) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(map(canonical, value)) + b"]"
    return json.dumps(value, ensure_ascii=False).encode("utf-8")


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    need(len(dict(pairs)) == len(pairs), "repeated member")
    return dict(pairs)


def no_fraction(text: str) -> Any:
    raise Bad(f"a number that is not an integer: {text}")


def load(path: Path) -> Any:
    """JSON of a file, strictly."""
    data = path.read_bytes()
    need(len(data) <= SIZE, "file too large")
    try:
        return json.loads(
            data.decode("utf-8"),
            object_pairs_hook=unique,
            parse_float=no_fraction,
            parse_constant=no_fraction,
        )
    except (ValueError, RecursionError) as error:
        raise Bad(f"not JSON: {error}") from error


def raw(text: Any, what: str) -> bytes:
    need(isinstance(text, str), f"{what}: base64 wanted")
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Bad(f"{what}: not base64") from error
    need(base64.b64encode(data).decode() == text, f"{what}: not canonical base64")
    return data


def hexed(text: Any, what: str) -> bytes:
    """32 bytes in lower-case hex."""
    need(
        isinstance(text, str) and len(text) == 64 and set(text) <= set("0123456789abcdef"),
        f"{what}: hash wanted",
    )
    return bytes.fromhex(text)


def moment(text: Any, what: str) -> datetime:
    try:
        time = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except (TypeError, ValueError) as error:
        raise Bad(f"{what}: not a time") from error
    need(time.strftime("%Y-%m-%dT%H:%M:%S.%fZ") == text, f"{what}: not a canonical time")
    return time


def members(value: Any, names: set[str], what: str) -> dict[str, Any]:
    """An object with exactly these members."""
    need(isinstance(value, dict) and set(value) == names, f"{what}: wants exactly {sorted(names)}")
    return value  # type: ignore[no-any-return]


def texts(value: dict[str, Any], names: str, what: str) -> None:
    """These members are texts with content."""
    for name in names.split():
        need(isinstance(value[name], str) and value[name], f"{what}.{name}: text wanted")


def count(value: Any, what: str) -> int:
    """An integer from zero."""
    need(type(value) is int and value >= 0, f"{what}: count wanted")
    return value  # type: ignore[no-any-return]


def check_header(header: Any, kind: str) -> None:
    """Form of one header."""
    members(header, REQUEST if kind == "request" else RESPONSE, kind)
    need(header["format"] == "quancheng-exchange/1" and header["kind"] == kind, f"{kind}: other format")
    moment(header["time"], kind)
    texts(header, "id media_type", kind)
    for party in ("consumer", "provider"):
        members(header[party], {"code", "name", "name_en"}, f"{kind}.{party}")
        texts(header[party], "code name", f"{kind}.{party}")
        need(isinstance(header[party]["name_en"], str), f"{kind}.{party}.name_en: text wanted")
    if kind == "request":
        texts(header, "grant resource purpose basis", kind)
        need(isinstance(header["case"], str), "request.case: text wanted")
        fields = header["fields"]
        need(isinstance(fields, list) and all(isinstance(field, str) for field in fields), "request.fields")
    else:
        texts(header, "request", kind)
        raw(header["request_digest"], "response.request_digest")
        need(header["outcome"] in OUTCOMES, "response.outcome")
        count(header["rows"], "response.rows")
        need(isinstance(header["reason"], str), "response.reason: text wanted")


def read(path: Path) -> dict[str, Any]:
    """One evidence file in the right form."""
    names = {"format", "keeper", "kept", "request", "response", "keys", "proof", "stamp"}
    file = members(load(path), names, path.name)
    need(file["format"] == "quancheng-evidence/1", "not an evidence file")
    texts(file, "keeper", "evidence")
    moment(file["kept"], "kept")
    used = [signature_of(file["stamp"], "stamp")]
    for kind in ("request", "response"):
        part = file[kind]
        if part is None and kind == "response":
            continue
        members(part, {"header", "body_digest", "signature", "body"}, kind)
        check_header(part["header"], kind)
        raw(part["body_digest"], kind)
        need(part["body"] is None or isinstance(part["body"], str), f"{kind}.body")
        used.append(signature_of(part, kind))
    members(file["keys"], set(used), "keys")
    for name, key in file["keys"].items():
        need(hashlib.sha256(raw(key, "keys")).hexdigest() == name, "a key that does not have its name")
    stamp = {"kind", "authority", "batch", "time", "size", "root", "previous", "signature"}
    members(file["stamp"], stamp, "stamp")
    texts(file["stamp"], "kind authority batch", "stamp")
    members(file["proof"], {"index", "path"}, "proof")
    return file


def signature_of(part: Any, what: str) -> str:
    """Name of the key of a part's signature, after checking its form."""
    need(isinstance(part, dict) and "signature" in part, f"{what}: no signature")
    signature = members(part["signature"], {"algorithm", "key", "value"}, f"{what}.signature")
    texts(signature, "algorithm key value", f"{what}.signature")
    return str(signature["key"])


def holds(algorithm: str, public: bytes, data: bytes, value: bytes) -> bool:
    """Whether a signature is right."""
    try:
        key = load_der_public_key(public)
        if algorithm == "ed25519" and isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(value, data)
            return True
        if algorithm == "ecdsa-p256" and isinstance(key, ec.EllipticCurvePublicKey):
            r, s = int.from_bytes(value[:32], "big"), int.from_bytes(value[32:], "big")
            if key.curve.name != "secp256r1" or len(value) != 64 or s > P256_ORDER // 2:
                return False
            key.verify(utils.encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
            return True
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        return False
    return False


def digest(part: dict[str, Any]) -> bytes:
    """SHA512(SHA512(header) || SHA512(body))."""
    header = hashlib.sha512(canonical(part["header"])).digest()
    return hashlib.sha512(header + raw(part["body_digest"], "body_digest")).digest()


def included(file: dict[str, Any]) -> bool:
    """RFC 9162 section 2.1.3.2, word for word."""
    leaf: dict[str, Any] = {
        "format": file["format"],
        "keeper": file["keeper"],
        "kept": file["kept"],
        "request": None,
        "response": None,
    }
    for kind in ("request", "response"):
        if file[kind] is not None:
            shown = base64.b64encode(digest(file[kind])).decode()
            leaf[kind] = {"digest": shown, "signature": file[kind]["signature"]}
    need(isinstance(file["proof"]["path"], list), "proof.path: list wanted")
    path = [hexed(step, "proof.path") for step in file["proof"]["path"]]
    fn, sn = count(file["proof"]["index"], "proof.index"), count(file["stamp"]["size"], "stamp.size") - 1
    if fn > sn:
        return False
    r = hashlib.sha256(b"\x00" + canonical(leaf)).digest()
    for p in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = hashlib.sha256(b"\x01" + p + r).digest()
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = hashlib.sha256(b"\x01" + r + p).digest()
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == hexed(file["stamp"]["root"], "stamp.root")


class Keys:
    """The trusted list, or the keys of the files when there is none."""

    def __init__(self, path: Path | None) -> None:
        self.listed: dict[str, dict[str, Any]] | None = None
        if path is not None:
            entries = load(path)
            need(isinstance(entries, list), "the list of trusted keys is a list")
            self.listed = {hashlib.sha256(raw(e["public"], "public")).hexdigest(): e for e in entries}

    def signed(
        self,
        file: dict[str, Any],
        part: dict[str, Any],
        data: bytes,
        domain: str,
        owner: str,
        time: datetime,
        proved: datetime,
    ) -> bool:
        """Whether ``owner`` signed ``data`` with a key good at ``time`` and not revoked when proved."""
        signature = part["signature"]
        public = raw(file["keys"][signature["key"]], "keys")
        if self.listed is not None:
            entry = self.listed.get(signature["key"])
            if entry is None or entry["owner"] != owner or entry["algorithm"] != signature["algorithm"]:
                return False
            if domain not in entry["roles"]:
                return False
            if not moment(entry["valid_from"], "key") <= time < moment(entry["valid_until"], "key"):
                return False
            revoked = entry.get("revoked")
            if revoked is not None and max(time, proved) >= moment(revoked, "key"):
                return False
        data = f"quancheng-exchange/1 {domain}\n".encode() + data
        return holds(signature["algorithm"], public, data, raw(signature["value"], "signature"))


def side_checks(file: dict[str, Any], keys: Keys, skew: timedelta) -> list[tuple[str, str, bool]]:
    """Checks of one file."""
    request, response, stamp = file["request"], file["response"], file["stamp"]
    stamped = moment(stamp["time"], "stamp.time")
    hexed(stamp["previous"], "stamp.previous")
    results, times = [], []
    for part, owner, zh, en in (
        (request, "consumer", "需求方签名", "consumer's signature"),
        (response, "provider", "提供方签名", "provider's signature"),
    ):
        if part is None:
            continue
        times.append(moment(part["header"]["time"], "time"))
        code = request["header"][owner]["code"]
        ok = keys.signed(file, part, digest(part), "message", code, times[-1], stamped)
        results.append((zh, en, ok))
        if part["body"] is not None:
            same = hashlib.sha512(raw(part["body"], "body")).digest() == raw(part["body_digest"], "body")
            results.append(("正文与摘要一致", "body has the signed digest", same))
    results.append(("证据在盖戳批次中", "evidence stands in the stamped batch", included(file)))
    body = canonical({name: value for name, value in stamp.items() if name != "signature"})
    good = stamp["kind"] == "signed-tree-head"
    good = good and keys.signed(file, stamp, body, "stamp", stamp["authority"], stamped, stamped)
    results.append(("时间戳签名", "signature of the stamp", good))
    times += [moment(file["kept"], "kept"), stamped]
    ordered = all(late >= early - skew for i, late in enumerate(times) for early in times[:i])
    results.append(("时间先后", "order of the times", ordered))
    return results


def pair_checks(one: dict[str, Any], other: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """Checks of the two files against each other."""
    request, response = one["request"], one["response"]
    parties = [request["header"]["consumer"]["code"], request["header"]["provider"]["code"]]
    sides = sorted([one["keeper"], other["keeper"]]) == sorted(parties) and parties[0] != parties[1]
    results = [("双方各存一份", "kept by both sides", sides)]
    for zh, kind in (("请求", "request"), ("响应", "response")):
        shown = [file[kind] and {k: v for k, v in file[kind].items() if k != "body"} for file in (one, other)]
        results.append((f"双方{zh}一致", f"same {kind} on both sides", shown[0] == shown[1]))
    if response is not None:
        asked, answer = request["header"], response["header"]
        ok = answer["request"] == asked["id"]
        ok = ok and raw(answer["request_digest"], "request_digest") == digest(request)
        ok = ok and answer["consumer"] == asked["consumer"] and answer["provider"] == asked["provider"]
        ok = ok and (answer["outcome"] == "delivered" or answer["rows"] == 0)
        results.append(("响应对应请求", "the response answers the request", ok))
    return results


def story(one: dict[str, Any], other: dict[str, Any]) -> str:
    """What was exchanged, when and by whom."""
    asked, answer = one["request"]["header"], one["response"] and one["response"]["header"]
    consumer, provider = asked["consumer"], asked["provider"]
    lines = [
        f"需求方：{consumer['name']}（{consumer['code']}）；提供方：{provider['name']}（{provider['code']}）",
        f"  consumer {consumer['name_en']}, provider {provider['name_en']}",
        f"请求：{asked['time']}，编号 {asked['id']}，数据 {asked['resource']}，字段 {'、'.join(asked['fields'])}",
        f"  request at {asked['time']}, id {asked['id']}, data {asked['resource']}",
        f"授权：{asked['grant']}；目的：{asked['purpose']}；依据：{asked['basis']}；业务：{asked['case'] or '无'}",
        f"  grant {asked['grant']}, purpose, legal basis and case as above",
    ]
    if answer:
        outcome = OUTCOMES[answer["outcome"]]
        lines += [
            f"响应：{answer['time']}，{outcome} {answer['rows']} 条 {answer['reason']}".rstrip(),
            f"  response at {answer['time']}: {answer['outcome']}, {answer['rows']} rows",
        ]
    else:
        lines += ["响应：无", "  no response"]
    for file in (one, other):
        stamp = file["stamp"]
        lines.append(
            f"时间戳：{stamp['time']}，{stamp['authority']}，批次 {stamp['batch']}，存证方 {file['keeper']}"
        )
        lines.append(f"  stamped at {stamp['time']} by {stamp['authority']}, kept by {file['keeper']}")
    return "\n".join(lines)


def verify(paths: list[Path], trusted: Path | None, skew: timedelta) -> tuple[int, str]:
    """Exit code and what to say."""
    try:
        keys = Keys(trusted)
        files = [read(path) for path in paths]
        results = pair_checks(files[0], files[1])
        for file in files:
            results += [
                (f"{zh}（{file['keeper']}）", f"{en} ({file['keeper']})", ok)
                for zh, en, ok in side_checks(file, keys, skew)
            ]
        told = story(files[0], files[1])
    except (Bad, KeyError, TypeError, OSError, UnicodeError) as error:
        return 1, f"✗ 不成立：证据文件无法核验。Not proved: the files cannot be verified. {error}"
    marks = [f"{'✓' if ok else '✗'} {zh} / {en}" for zh, en, ok in results]
    if not all(ok for _, _, ok in results):
        return 1, "\n".join([*marks, "✗ 不成立。Not proved."])
    if keys.listed is None:
        warn = "！两份证据相互一致，但未核对可信公钥清单。Consistent, but the keys were not checked against a list."
        return 2, "\n".join([told, *marks, warn])
    return 0, "\n".join([told, *marks, "✓ 成立。Proved."])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="核验一次数据交换 Verify one data exchange")
    parser.add_argument("files", nargs=2, type=Path, help="两份证据文件 the two evidence files")
    parser.add_argument("--keys", type=Path, help="可信公钥清单 list of trusted keys")
    parser.add_argument("--skew", type=int, default=300, help="时钟容差（秒） clock tolerance in seconds")
    options = parser.parse_args(arguments)
    code, text = verify(options.files, options.keys, timedelta(seconds=options.skew))
    print(text)
    return code


if __name__ == "__main__":
    sys.exit(main())
