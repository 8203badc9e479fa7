"""The specification's own cases and examples, issued, shown and verified; and the ``sd-jwt`` package as judge, both ways."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml
from jwcrypto.jwk import JWK
from sd_jwt.common import SDObj
from sd_jwt.holder import SDJWTHolder
from sd_jwt.issuer import SDJWTIssuer
from sd_jwt.utils.yaml_specification import load_yaml_specification
from sd_jwt.verifier import SDJWTVerifier

from quancheng.core.jose import unb64
from quancheng.core.keys import Algorithm, MemoryKey, to_jwk
from quancheng.core.sdjwt import Binding, Expect, Sd, SdJwt, from_json, issue, parse, present, to_json, verify
from tests.cases import cases

NOW = 1_700_000_000
FOLDERS = [
    "tests/testcases/array_data_types", "tests/testcases/array_full_sd", "tests/testcases/array_in_sd",
    "tests/testcases/array_nested_in_plain", "tests/testcases/array_none_disclosed",
    "tests/testcases/array_of_nulls", "tests/testcases/array_of_objects", "tests/testcases/array_of_scalars",
    "tests/testcases/array_recursive_sd", "tests/testcases/array_recursive_sd_some_disclosed",
    "tests/testcases/header_mod", "tests/testcases/json_serialization_flattened",
    "tests/testcases/json_serialization_general", "tests/testcases/key_binding", "tests/testcases/no_sd",
    "tests/testcases/object_data_types", "tests/testcases/recursions", "examples/address_only_flat",
    "examples/address_only_recursive", "examples/address_only_structured",
    "examples/address_only_structured_one_open", "examples/complex_eidas", "examples/complex_eidas_proposal",
    "examples/complex_ekyc", "examples/json_serialization_flattened", "examples/json_serialization_general",
    "examples/jsonld", "examples/simple", "examples/simple_array", "examples/simple_structured", "examples/w3c-vc",
    "examples/w3c-vc_for_slide_deck",
]  # fmt: skip


def key_of(jwk: Mapping[str, Any]) -> MemoryKey:
    return MemoryKey.from_private(Algorithm.ES256, unb64(jwk["d"]).rjust(32, b"\0"))


class Case:
    """A specification with the settings of its folder."""

    def __init__(self, folder: str) -> None:
        root = cases("sd-jwt")
        path = root / folder
        self.spec = load_yaml_specification(path / "specification.yml")
        settings = yaml.safe_load((path.parent / "settings.yml").read_text(encoding="utf-8"))
        keys = {**settings["key_settings"], **self.spec.get("settings_override", {}).get("key_settings", {})}
        self.issuer_jwks = keys["issuer_keys"]
        self.issuers = [key_of(one) for one in self.issuer_jwks]
        self.holder_jwk = keys["holder_key"]
        self.holder = key_of(self.holder_jwk)
        self.audience, self.nonce = settings["identifiers"]["verifier"], settings["key_binding_nonce"]
        self.bound = bool(self.spec.get("key_binding"))
        self.json = self.spec.get("serialization_format") == "json"
        self.general = self.json and len(self.issuers) > 1

    @property
    def claims(self) -> dict[Any, Any]:
        return {
            "iss": "https://example.com/issuer",
            "iat": NOW - 10,
            "exp": NOW + 10_000,
            **ours(self.spec["user_claims"]),
        }

    def expected(self) -> Any:
        return self.spec.get("expect_verified_user_claims")

    def issue(self, decoys: int = 0) -> SdJwt:
        return issue(
            self.claims, self.issuers[0], holder=to_jwk(self.holder.public) if self.bound else None,
            header=self.spec.get("extra_header_parameters", {}), decoys=decoys, others=self.issuers[1:],
        )  # fmt: skip

    def show(self, token: SdJwt) -> SdJwt:
        binding = Binding(self.holder, self.audience, self.nonce, NOW) if self.bound else None
        return present(token, self.spec["holder_disclosed_claims"], binding=binding)

    def verify(self, token: SdJwt | str) -> dict[str, Any]:
        keys = iter(self.issuers)

        def find(header: Mapping[str, Any], payload: Mapping[str, Any]) -> Any:
            return next(keys).public

        expect = Expect(
            find, NOW, audience=self.audience if self.bound else "", nonce=self.nonce if self.bound else "",
            binding=self.bound,
        )  # fmt: skip
        return {
            k: v for k, v in verify(token, expect).claims.items() if k not in ("iss", "iat", "exp", "cnf")
        }


def ours(value: Any) -> Any:
    """The package's marks as ours."""
    if isinstance(value, dict):
        return {
            Sd(name.value) if isinstance(name, SDObj) else name: ours(inner) for name, inner in value.items()
        }
    if isinstance(value, list):
        return [Sd(ours(one.value)) if isinstance(one, SDObj) else ours(one) for one in value]
    return value


def plain(value: Any) -> Any:
    """What JSON makes of it (dates of YAML and so on are texts there)."""
    return json.loads(json.dumps(value, default=str))


@pytest.fixture(params=FOLDERS)
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


def test_every_folder_of_the_cases_is_named_here() -> None:
    root = cases("sd-jwt")
    there = {str(path.parent.relative_to(root)) for path in root.rglob("specification.yml")}
    assert there == set(FOLDERS)


@pytest.mark.parametrize("decoys", [0, 5])
def test_issued_shown_and_verified_as_the_case_says(case: Case, decoys: int) -> None:
    shown = case.show(case.issue(decoys))
    token = from_json(to_json(shown, general=case.general)) if case.json else parse(shown.text())
    assert token == shown
    found = case.verify(token)
    if case.expected() is not None:
        assert found == plain(case.expected())
    else:
        assert '"_sd"' not in json.dumps(found) and '"..."' not in json.dumps(found)


# The package writes the JSON form of an older draft (disclosures beside the signature): it judges the compact one.
def test_the_package_verifies_what_we_issue_and_show(case: Case) -> None:
    shown = replace(case.show(case.issue()), others=())
    judged = SDJWTVerifier(
        shown.text(), lambda *_: JWK(**{k: v for k, v in case.issuer_jwks[0].items() if k != "d"}),
        case.audience if case.bound else None, case.nonce if case.bound else None,
    )  # fmt: skip
    found = {
        k: v
        for k, v in judged.get_verified_payload().items()
        if k not in ("iss", "iat", "exp", "cnf", "_sd_alg")
    }
    assert found == case.verify(shown)


def test_we_verify_what_the_package_issues_and_shows(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    claims = {
        "iss": "https://example.com/issuer",
        "iat": NOW - 10,
        "exp": NOW + 10_000,
        **case.spec["user_claims"],
    }
    issuer = SDJWTIssuer(
        claims, JWK(**case.issuer_jwks[0]), JWK(**case.holder_jwk) if case.bound else None,
        add_decoy_claims=True, extra_header_parameters=case.spec.get("extra_header_parameters", {}),
    )  # fmt: skip
    holder = SDJWTHolder(issuer.sd_jwt_issuance)
    monkeypatch.setattr("sd_jwt.holder.time", lambda: NOW)
    bound = (case.nonce, case.audience, JWK(**case.holder_jwk)) if case.bound else (None, None, None)
    holder.create_presentation(case.spec["holder_disclosed_claims"], *bound)
    found = case.verify(holder.sd_jwt_presentation)
    if case.expected() is not None:
        assert found == plain(case.expected())
