"""The town, phones that hold a real key, and gates that check as gates do."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client
from tests.capabilities.services.conftest import actor, signed_in, town, user

from quancheng.capabilities.code import actions
from quancheng.capabilities.code.models import Verifier
from quancheng.capabilities.code.statuses import StatusLists
from quancheng.capabilities.code.vocabulary import scene
from quancheng.capabilities.people.queries import department
from quancheng.core import citycode
from quancheng.core.keys import Algorithm, MemoryKey, from_jwk, to_jwk
from quancheng.kernel import clock
from quancheng.kernel.actions import Call

__all__ = ["actor", "gates", "phone_of", "signed_in", "town", "user"]


@dataclass(slots=True)
class Phone:
    """A browser with a key of its own: what the island does, in Python."""

    client: Client
    key: MemoryKey = field(default_factory=lambda: MemoryKey.generate(Algorithm.ES256))
    number: int = 0
    tokens: dict[str, bytes] = field(default_factory=dict)

    def enrol(self, label: str = "手机") -> Any:
        return self._take(self._post("/code/enrol/", {"public": to_jwk(self.key.public), "label": label}))

    def renew(self) -> Any:
        return self._take(self._post("/code/batch/", {"device": self.number}))

    def show(self, scene_code: str, at: int | None = None) -> str:
        moment = int(clock.now().timestamp()) if at is None else at
        return citycode.present(self.tokens[scene_code], self.key, now=moment, nonce=os.urandom(8))

    def _post(self, path: str, body: Any) -> Any:
        return self.client.post(
            path, json.dumps(body), content_type="application/json", headers={"Accept": "application/json"}
        )

    def _take(self, answer: Any) -> Any:
        if answer.status_code == 200:
            read = answer.json()
            self.number = read["device"]
            self.tokens = {
                row["scene"]: base64.urlsafe_b64decode(row["token"] + "==") for row in read["credentials"]
            }
        return answer


@dataclass(slots=True)
class GateMachine:
    """A gate: takes the bundle when it has a network, checks without one, uploads in batches."""

    row: Verifier
    token: str
    kept: list[dict[str, Any]] = field(default_factory=list)
    gate: citycode.Gate | None = None

    def fetch(self) -> None:
        read = Client().get("/api/v1/code/bundle").json()
        keys = [from_jwk({k: v for k, v in row.items() if k != "kid"}) for row in read["keys"]]
        lists = StatusLists(
            {int(n): base64.urlsafe_b64decode(text + "==") for n, text in read["status"]["lists"].items()}
        )
        knows = citycode.Verifying({key.kid: key for key in keys}, lists.stopped)
        self.gate = citycode.Gate(knows)

    def scan(self, text: str, at: int | None = None) -> str:
        assert self.gate is not None, "this gate never had a bundle"
        moment = int(clock.now().timestamp()) if at is None else at
        where = scene(self.row.scene)
        try:
            citycode.verify(text, self.gate, now=moment, scene=where.bit, printed_allowed=where.printed)
            verdict = "ok"
        except citycode.CodeFault as fault:
            verdict = str(fault.reason)
        self.kept.append({"token": text, "at": moment, "scene": self.row.scene, "verdict": verdict})
        return verdict

    def upload(self, key: str, sent_at: int | None = None, scans: Any = None) -> Any:
        body = {
            "sent_at": sent_at or int(clock.now().timestamp()),
            "scans": self.kept if scans is None else scans,
        }
        return Client().post(
            "/api/v1/code/scans", json.dumps(body), content_type="application/json",
            headers={"Authorization": f"Bearer {self.token}", "Idempotency-Key": key},
        )  # fmt: skip


@pytest.fixture
def phone_of(signed_in):
    """A phone of a demo citizen, bound."""

    def make(key: str = "citizen-young") -> Phone:
        phone = Phone(signed_in(key))
        answer = phone.enrol()
        assert answer.status_code == 200, answer.content.decode()
        return phone

    return make


@pytest.fixture
def gates(town: None):
    """A gate of a scene, registered, with its token and a fresh bundle."""

    def make(scene_code: str, code: str = "") -> GateMachine:
        call = Call.system("code", simulated=True)
        row = actions.register_verifier(
            call, code=code or f"{scene_code}-1", name=f"{scene_code}闸机", kind="gate", scene_code=scene_code,
            department_id=department("jn-transport").pk,
        )  # fmt: skip
        machine = GateMachine(row, actions.renew_token(call, verifier=row))
        machine.fetch()
        return machine

    return make


def read_all() -> None:
    """The job that reads uploads."""
    from quancheng.capabilities.code.tasks import read

    read()
