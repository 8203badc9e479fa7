"""契约: whatever a program sends to the API, the answer is one the API promises and never our fault.

Schemathesis makes requests out of the OpenAPI document, legal and illegal ones, for every operation;
each is sent to the running product by one of five identities. The identity follows from the request
itself, so a failure repeats.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import ExitStack

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

schema = schemathesis.openapi.from_dict(
    api.get_openapi_schema(), config=SchemathesisConfig.from_dict({"seed": 718})
)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with Product(tmp_path_factory.mktemp("city"), QUANCHENG_SQLITE_SYNCHRONOUS="OFF") as product:
        product.command("setup", "--persons", "60", "--firms", "10")
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


def sender(case: schemathesis.Case) -> int:
    """Which identity sends this request: always the same one for the same request."""
    seen = repr((case.path_parameters, case.query, case.headers, case.body))
    return zlib.crc32(seen.encode("utf-8", "surrogatepass")) % len(IDENTITIES)


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
def test_every_operation_answers_as_promised(
    case: schemathesis.Case, city: Product, sessions: list[requests.Session]
) -> None:
    number = sender(case)
    answer = case.call(base_url=city.url, session=sessions[number])
    who = IDENTITIES[number] or "anonymous"
    if answer.status_code >= 500:
        curl = case.as_curl_command()
        pytest.fail(f"{answer.status_code} for {who}: {curl}\n{city.words()[-3000:]}", pytrace=False)
    case.validate_response(answer, checks=CHECKS)
