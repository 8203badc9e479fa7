"""A citizen with a licence, an office, and a wallet as a program of its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.capabilities.services.conftest import actor, signed_in, town, user

from quancheng.capabilities.people.queries import department
from quancheng.capabilities.trust.actions import issue_licence
from quancheng.capabilities.trust.models import Licence
from quancheng.kernel.actions import Call

__all__ = ["actor", "signed_in", "town", "user"]


@pytest.fixture
def licence(user) -> Licence:
    person = user("citizen-young").person
    return issue_licence(
        Call.system("trust", simulated=True), type_code="social-security-card",
        department_id=department("jn-hrss").pk, region_code=person.region_code, holder_name=person.name,
        person_id=person.pk, items={"name": person.name, "resident_id": person.id_number},
    )  # fmt: skip


@dataclass
class Wallet:
    """The reference wallet as a process."""

    store: Path

    def run(self, what: str, link: str, *more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "quancheng.capabilities.credentials.wallet_peer", what, link, "--store",
             str(self.store), *more],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    def take(self, offer: tuple[str, str]) -> None:
        done = self.run("take", offer[0], "--tx-code", offer[1])
        assert done.returncode == 0, done.stderr

    @property
    def credential(self) -> str:
        return json.loads(self.store.read_text())["credential"]


@pytest.fixture
def wallet(tmp_path: Path) -> Wallet:
    return Wallet(tmp_path / "wallet.json")


def offered(client: Any, licence: Licence) -> tuple[str, str]:
    """The offer's address and its number, read off the page as a person does."""
    from urllib.parse import parse_qs, urlsplit

    page = client.post(f"/wallet/credentials/take/{licence.number}/").content.decode()
    link = re.search(r'href="(openid-credential-offer:[^"]+)"', page)
    number = re.search(r"<output>(\d{6})</output>", page)
    assert link and number, page
    query = parse_qs(urlsplit(link[1].replace("&amp;", "&")).query)
    return query["credential_offer_uri"][0], number[1]
