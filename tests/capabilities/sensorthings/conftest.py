"""A small world for the protocol's stories, an empty observation store, and a client."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from quancheng.capabilities.sensorthings import facts, recording

ROOT = "/sta/v1.1"


@pytest.fixture(autouse=True)
def _empty() -> None:
    """Rows of a test are rolled back; what the process remembers must go too."""
    facts.forget()
    facts._multi.clear()
    recording._granted.clear()


class Sta:
    """Speaks the protocol to the test client."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def get(self, path: str, status: int = 200, **headers: Any) -> Any:
        from urllib.parse import quote

        answer = self.client.get(f"{ROOT}/{quote(path, safe='/?&=$(),;%')}", headers=headers)
        assert answer.status_code == status, (path, answer.status_code, answer.content[:500])
        return (
            answer.json() if answer.content and "json" in answer["Content-Type"] else answer.content.decode()
        )

    def send(
        self, method: str, path: str, body: Any, status: int, kind: str = "application/json", **headers: Any
    ) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = self.client.generic(method, f"{ROOT}/{path}", data, content_type=kind, headers=headers)
        assert answer.status_code == status, (method, path, answer.status_code, answer.content[:500])
        return answer

    def post(self, path: str, body: Any, status: int = 201) -> Any:
        answer = self.send("POST", path, body, status)
        return answer.json() if answer.content else None

    def make(self, path: str, body: Any) -> int:
        answer = self.send("POST", path, body, 201)
        return int(answer["Location"].rsplit("(", 1)[1].rstrip(")"))

    def patch(self, path: str, body: Any, status: int = 200) -> Any:
        return self.send("PATCH", path, body, status)

    def delete(self, path: str, status: int = 200) -> Any:
        return self.send("DELETE", path, b"", status)

    def names(self, path: str) -> list[str]:
        return [one["name"] for one in self.get(path)["value"]]

    def ids(self, path: str) -> list[int]:
        return [one["@iot.id"] for one in self.get(path)["value"]]


@pytest.fixture
def sta(client: Client, db: None) -> Sta:
    return Sta(client)


def place(name: str = "黄台桥", lon: float = 117.05, lat: float = 36.71) -> dict[str, Any]:
    return {
        "name": name, "description": "", "encodingType": "application/geo+json",
        "location": {"type": "Point", "coordinates": [lon, lat]},
    }  # fmt: skip


def stream(name: str = "降雨量", **more: Any) -> dict[str, Any]:
    return {
        "name": name, "description": "5分钟雨量",
        "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
        "unitOfMeasurement": {"name": "毫米", "symbol": "mm", "definition": "ucum:mm"},
        "Sensor": {
            "name": "翻斗", "description": "", "encodingType": "text/html", "metadata": "http://example.org/s",
        },
        "ObservedProperty": {"name": "雨量", "definition": "http://example.org/rain", "description": ""},
        **more,
    }  # fmt: skip


def thing(name: str = "雨量站", **more: Any) -> dict[str, Any]:
    return {"name": name, "description": "站", "properties": {"kind": "rain", "rank": 1}, **more}


@pytest.fixture
def world(sta: Sta) -> dict[str, int]:
    """One thing at one place with one stream of four observations: 1, 2.5, 4 and a word."""
    pk = sta.make("Things", thing(Locations=[place()], Datastreams=[stream()]))
    ds = sta.ids(f"Things({pk})/Datastreams")[0]
    for hour, result in enumerate((1, 2.5, 4, "坏")):
        sta.post(
            "Observations",
            {"phenomenonTime": f"2026-07-18T0{hour}:00:00Z", "result": result, "Datastream": {"@iot.id": ds}},
        )
    return {"thing": pk, "stream": ds}
