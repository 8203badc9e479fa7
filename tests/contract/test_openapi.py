"""契约: whatever a program sends to the API, the answer is one the API promises and never our fault.

Schemathesis makes requests out of the OpenAPI document, legal and illegal ones, for every operation;
each is sent to the running product by one of five identities. The identity follows from the request
itself, so a failure repeats.
"""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import response_schema_conformance

from quancheng.api import api
from quancheng.testing.product import Product

pytestmark = [pytest.mark.slow, pytest.mark.fault, pytest.mark.xdist_group("openapi")]

IDENTITIES = ("", "citizen-elder", "clerk-civil", "flood-duty", "forecaster")
EXAMPLES = 15
CHECKS = [not_a_server_error, response_schema_conformance]

EXISTING = """
from django.apps import apps
from django.db.models import Model
def some(label, field, count=5):
    try:
        model = apps.get_model(label)
    except LookupError:
        return []
    return list(model._base_manager.order_by("-pk").values_list(field, flat=True)[:count])
answer = {
    "command/incidents": some("command.Incident", "number"), "command/review": some("command.Incident", "number"),
    "command/tasks": some("command.Task", "number"), "command/plans": some("command.Plan", "code"),
    "command/activations": some("command.PlanActivation", "pk"),
    "services/matters": some("services.Matter", "code", 20), "services/cases": some("services.Case", "receipt", 20),
    "services/desk": some("services.Case", "receipt", 20), "things/stations": some("things.Station", "code"),
    "things/alarms": some("things.Alarm", "pk"), "trust/licences": some("trust.Licence", "number"),
    "weather/warnings": some("weather.Warning", "number"), "water/drills": some("water.DrillRun", "code"),
}
"""
VERBS = ("verify", "respond", "control", "reject", "close", "activate", "level", "decline", "end",
         "accept", "arrive", "return", "withdraw")  # fmt: skip

schema = schemathesis.openapi.from_dict(
    api.get_openapi_schema(), config=SchemathesisConfig.from_dict({"seed": 718})
)


@pytest.fixture(scope="module")
def city(small_city: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    home = tmp_path_factory.mktemp("city") / "home"
    shutil.copytree(small_city, home)
    with Product(home, QUANCHENG_SQLITE_SYNCHRONOUS="OFF") as product:
        product.start()
        yield product


@pytest.fixture(scope="module")
def sessions(city: Product) -> Iterator[list[requests.Session]]:
    """One signed-in session for each identity; the first is nobody's."""
    with ExitStack() as stack:
        made = []
        for identity in IDENTITIES:
            session = stack.enter_context(requests.Session())
            session.trust_env = False
            client = stack.enter_context(city.client(identity))
            session.cookies.update(dict(client.cookies))
            if identity:
                session.headers["X-CSRFToken"] = client.headers["X-CSRFToken"]
            made.append(session)
        yield made


@pytest.fixture(scope="module")
def existing(city: Product) -> dict[str, list[Any]]:
    """Names that lead to something, by the first two parts of the path below /api/v1/."""
    found: dict[str, list[Any]] = city.ask(EXISTING)
    return found


def number_of(case: schemathesis.Case) -> int:
    """A number that is always the same for the same request."""
    seen = repr((case.path_parameters, case.query, case.headers, case.body))
    return zlib.crc32(seen.encode("utf-8", "surrogatepass"))


def lead_somewhere(case: schemathesis.Case, number: int, existing: dict[str, list[Any]]) -> None:
    """Replace the names in the path by existing ones."""
    names = existing.get("/".join(case.path.removeprefix("/api/v1/").split("/")[:2]), [])
    for parameter in case.path_parameters or {}:
        if parameter == "verb":
            case.path_parameters[parameter] = VERBS[number % len(VERBS)]
        elif parameter == "material":
            case.path_parameters[parameter] = "photo"
        elif names:
            case.path_parameters[parameter] = names[number % len(names)]


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
def test_every_operation_answers_as_promised(
    case: schemathesis.Case,
    city: Product,
    sessions: list[requests.Session],
    existing: dict[str, list[Any]],
) -> None:
    number = number_of(case)
    if number % 2:
        lead_somewhere(case, number // 2, existing)
    identity = number // 3 % len(IDENTITIES)
    answer = case.call(base_url=city.url, session=sessions[identity])
    who = IDENTITIES[identity] or "anonymous"
    if answer.status_code >= 500:
        curl = case.as_curl_command()
        pytest.fail(f"{answer.status_code} for {who}: {curl}\n{city.words()[-3000:]}", pytrace=False)
    case.validate_response(answer, checks=CHECKS)
