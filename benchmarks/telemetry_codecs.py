"""Codecs of field protocols: CPU of one frame from bytes to readings, and of one reading in JSON."""

from __future__ import annotations

import base64
import json
import struct
import time
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.harness import benchmark, figure

NOW = 1_767_225_600_000_000
FRAMES = 20_000
ROUNDS = 5
BULK = 100

HJ212 = (
    "QN=20180427125809000;ST=22;CN=2011;PW=123456;MN=LXHB0CS0306310;Flag=5;CP=&&DataTime=20180427125809;"
    "a34004-Rtd=75600.000,a34004-Flag=N;a34002-Rtd=140600.000,a34002-Flag=N;a34001-Rtd=178000.000,"
    "a34001-Flag=N;a01001-Rtd=24.8,a01001-Flag=N;a01002-Rtd=46.8,a01002-Flag=N;a01006-Rtd=101.380,"
    "a01006-Flag=N;a01007-Rtd=0.0,a01007-Flag=N;a01008-Rtd=25,a01008-Flag=N;LA-Rtd=57.9,LA-Flag=N&&"
)
GB26875 = (
    "404001000101203A091A090C790300000000385B0100000030000202010101280A0002000200"
    "20202020202020202020202020202020202020202020202020202020202000023A091A090C462323"
)
JT808 = (
    "7e0200002e094027587492000a000000010000000a03083db7001329f30000001400001304121649520104000000"
    "12360a0002341502cb0c20085c107e"
)
SL651 = (
    "7E7E05001122334403E832002B020034170718110016F1F1001122334448F0F0170718110020190000402619000040392300"
    "0104903812109903A421"
)
WATER = "68106900010717200081161F9002000000002C000000002C595416190817201301EF16"
ENERGY = "6861010000000068910833333433593333338A16"


@benchmark("telemetry-codecs", "CPU of a frame of every codec, bytes to readings", "msgspec")
def run(scale: float) -> None:
    """Each codec reads the same frame again and again; the least of five rounds counts."""
    frames = max(200, int(FRAMES * scale))
    for name, read in (*_field(), *_payloads()):
        found = read()
        if not found:
            raise RuntimeError(f"{name}: no readings")
        micros = _cpu(read, frames)
        figure(f"codec_{name}_a_frame_of_{len(found)}", micros, "us")
        figure(f"codec_{name}_a_reading", micros / len(found), "us")


def _cpu(read: Callable[[], Sequence[Any]], frames: int) -> float:
    least = float("inf")
    count = max(20, frames // ROUNDS)
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(count):
            read()
        least = min(least, time.process_time() - start)
    return 1e6 * least / count


def _field() -> list[tuple[str, Callable[[], Sequence[Any]]]]:
    """Protocols that devices speak over TCP."""
    from quancheng.core.telemetry import gb26875, hj212, jt808, sl651

    text = HJ212.encode()
    dust = b"##%04d%s%04X\r\n" % (len(text), text, hj212.crc16(text))
    fire, place, rain = bytes.fromhex(GB26875), bytes.fromhex(JT808), bytes.fromhex(SL651)

    def hydrology() -> Sequence[Any]:
        report = sl651.decode(rain).report
        return report.readings if report else ()

    return [
        ("hj212", lambda: hj212.readings(hj212.decode(dust))),
        ("gb26875", lambda: gb26875.readings(gb26875.decode(fire))),
        ("jt808", lambda: jt808.readings(jt808.decode(place))),
        ("sl651", hydrology),
    ]


def _payloads() -> list[tuple[str, Callable[[], Sequence[Any]]]]:
    """Formats of messages, through the gateway's table."""
    from quancheng.capabilities.ingest.payloads import decode

    cases = [
        *_json(),
        ("senml", "senml", _senml(), {}),
        ("lpp", "lpp", bytes.fromhex("03670110056700FF018806765FF2960A0003E8"), {}),
        ("sparkplug", "sparkplug", _sparkplug(), {}),
        ("modbus", "modbus", *_modbus()),
        ("cjt188", "cjt188", bytes.fromhex(WATER), {}),
        ("dlt645", "dlt645", bytes.fromhex(ENERGY), {}),
        ("nbiot_ctwing_dlt645", "nbiot:dlt645", _ctwing(bytes.fromhex(ENERGY)), {}),
    ]

    def case(format: str, payload: bytes, context: dict[str, Any]) -> Callable[[], Sequence[Any]]:
        return lambda: decode(format, payload, context=context, received_at=NOW)

    return [(name, case(format, payload, context)) for name, format, payload, context in cases]


def _json() -> list[tuple[str, str, bytes, dict[str, Any]]]:
    rows = [{"t": NOW // 1000 + n, "v": {"pm25": 35.5}} for n in range(BULK)]
    flat = [{"ts": NOW // 1000 + n, "pm25": 35.5} for n in range(BULK)]
    lines = b"\n".join(json.dumps(row).encode() for row in rows)
    return [
        ("json_single", "json", json.dumps(rows[0]).encode(), {}),
        ("json_bulk", "json", json.dumps(rows).encode(), {}),
        ("json_flat_single", "json", json.dumps(flat[0]).encode(), {}),
        ("json_flat_bulk", "json", json.dumps(flat).encode(), {}),
        ("ndjson_bulk", "ndjson", lines, {}),
    ]


def _senml() -> bytes:
    rows: list[dict[str, Any]] = [{"bn": "m:", "bt": 1.7e9, "bu": "Cel"}]
    return json.dumps(rows + [{"n": f"t{n}", "v": 20.5 + n} for n in range(10)]).encode()


def _sparkplug() -> bytes:
    from quancheng.core.telemetry.sparkplug import DataType, Metric, Payload, encode

    at = NOW // 1000
    metrics = tuple(Metric(f"m{n}", n, at, DataType.DOUBLE, 1.5 + n, 13) for n in range(10))
    return encode(Payload(at, metrics, 1))


def _modbus() -> tuple[bytes, dict[str, Any]]:
    from quancheng.core.telemetry import modbus

    elements = tuple(f"holding:{2 * n}:float32" for n in range(10))
    pdu = bytes((3, 40)) + struct.pack(">10f", *(1.5 + n for n in range(10)))
    return modbus.wrap_rtu(modbus.Adu(1, pdu)), {"elements": elements}


def _ctwing(raw: bytes) -> bytes:
    document = {"messageType": "dataReport", "deviceId": "d1", "timestamp": NOW // 1000}
    return json.dumps({**document, "payload": {"APPdata": base64.b64encode(raw).decode()}}).encode()
