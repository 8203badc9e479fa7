"""Codes of twelve countries that nobody here wrote: every expectation of dgc-testdata holds."""

from __future__ import annotations

import base64
import io
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from quancheng.core.cose import CoseFault, base45_decode, decode
from quancheng.core.cose.hcert import check_signature, inflate, moment, read_hcert, unprefix, usable_for
from tests.cases import cases


def _picture(case: dict[str, Any]) -> bool:
    image = Image.open(io.BytesIO(base64.b64decode(case["2DCODE"])))
    return any(one.text == case["PREFIX"] for one in zxingcpp.read_barcodes(image.convert("L")))


def _payload(case: dict[str, Any]) -> bool:
    content = read_hcert(bytes.fromhex(case["COSE"])).content
    expected = decode(bytes.fromhex(case["CBOR"]), canonical=False) if "CBOR" in case else None
    return _plain(content) in (_plain(expected), _plain(case.get("JSON"))) or _plain(content) == _inner(
        expected
    )


def _inner(value: Any) -> Any:
    """Some files give the whole claims set as CBOR."""
    inner = value.get(-260) if isinstance(value, dict) else None
    return _plain(inner.get(1)) if isinstance(inner, dict) else None


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str, sort_keys=True)) if value is not None else None


def _signature(case: dict[str, Any]) -> bool:
    certificate = case["TESTCTX"].get("CERTIFICATE")
    check_signature(read_hcert(bytes.fromhex(case["COSE"])).message, base64.b64decode(certificate))
    return True


def _alive(case: dict[str, Any]) -> bool:
    return not read_hcert(bytes.fromhex(case["COSE"])).expired(moment(case["TESTCTX"]["VALIDATIONCLOCK"]))


def _usage(case: dict[str, Any]) -> bool:
    kind = read_hcert(bytes.fromhex(case["COSE"])).kind
    return usable_for(base64.b64decode(case["TESTCTX"]["CERTIFICATE"]), kind)


CHECKS: dict[str, tuple[tuple[str, ...], Callable[[dict[str, Any]], bool]]] = {
    "EXPECTEDPICTUREDECODE": (("2DCODE", "PREFIX"), _picture),
    "EXPECTEDUNPREFIX": (("PREFIX", "BASE45"), lambda case: unprefix(case["PREFIX"]) == case["BASE45"]),
    "EXPECTEDB45DECODE": (
        ("BASE45", "COMPRESSED"),
        lambda case: base45_decode(case["BASE45"]).hex() == case["COMPRESSED"].lower(),
    ),
    "EXPECTEDCOMPRESSION": (
        ("COMPRESSED", "COSE"),
        lambda case: inflate(bytes.fromhex(case["COMPRESSED"])).hex() == case["COSE"].lower(),
    ),
    "EXPECTEDVERIFY": (("COSE",), _signature),
    "EXPECTEDDECODE": (("COSE",), _payload),
    "EXPECTEDSCHEMAVALIDATION": (("COSE",), lambda case: bool(read_hcert(bytes.fromhex(case["COSE"])).kind)),
    "EXPECTEDEXPIRATIONCHECK": (("COSE",), _alive),
    "EXPECTEDKEYUSAGE": (("COSE",), _usage),
}


def _held(check: Callable[[dict[str, Any]], bool], case: dict[str, Any]) -> bool:
    try:
        return check(case)
    except (CoseFault, ValueError, OSError):
        return False


def _applies(name: str, needs: tuple[str, ...], case: dict[str, Any]) -> bool:
    if name not in case["EXPECTEDRESULTS"] or not all(case.get(one) for one in needs):
        return False
    context = case["TESTCTX"]
    if name in ("EXPECTEDVERIFY", "EXPECTEDKEYUSAGE") and not context.get("CERTIFICATE"):
        return False
    return name != "EXPECTEDEXPIRATIONCHECK" or bool(context.get("VALIDATIONCLOCK"))


def test_the_codes_of_twelve_countries() -> None:
    folder = cases("dgc")
    asked: Counter[str] = Counter()
    missed = []
    for path in sorted(folder.rglob("*.json")):
        case = json.loads(path.read_text(encoding="utf-8-sig"))
        name = str(path.relative_to(folder))
        for expectation, (needs, check) in CHECKS.items():
            if not _applies(expectation, needs, case):
                continue
            asked[expectation] += 1
            if _held(check, case) is not bool(case["EXPECTEDRESULTS"][expectation]):
                missed.append((name, expectation))
    total = sum(asked.values())
    assert total > 800, asked
    assert missed == []


def test_a_zlib_bomb_and_a_cut_stream_are_refused() -> None:
    import zlib

    for data in (zlib.compress(bytes(1_000_000)), zlib.compress(b"x" * 100)[:-2], zlib.compress(b"x") + b"y"):
        with pytest.raises(CoseFault):
            inflate(data)


def test_garbage_is_refused(tmp_path: Path) -> None:
    for data in (b"", b"\x00", bytes.fromhex("8443a10126a04040"), b"\xff" * 40):
        with pytest.raises(CoseFault):
            read_hcert(data)
