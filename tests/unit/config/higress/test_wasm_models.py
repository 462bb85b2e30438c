"""What a WasmPlugin may say: patterns of hosts and services, and Higress's keys among a plugin's own."""

from typing import Any

import pytest
from pydantic import ValidationError

from ostiary.config.higress.wasm_models import MatchRule, RawRule, WasmPluginSpec, split_raw


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("a.b", "a.b"),
        ("A.B.", "a.b"),
        ("*.Example.com", "*.example.com"),
        ("*example.com", "*example.com"),
        ("WWW.*", "www.*"),
        ("www*", "www*"),
        ("*", "*"),
        ("[::1]", "[::1]"),
        ("10.0.0.7", "10.0.0.7"),
    ],
)
def test_a_domain_has_one_spelling(written: str, expected: str) -> None:
    """That which requests are compared with: lower case, no dot at its end."""
    assert (expected,) == MatchRule.model_validate({"domain": [written]}).domain
    assert (expected,) == RawRule.model_validate({"_match_domain_": [written]}).domains


@pytest.mark.parametrize("written", ["", "a.b:80", "*a*", "a*b", "www..*", "a b*", "/x", "ä.b", "http://a.b", 7])
def test_a_domain_that_never_fits_is_refused(written: object) -> None:
    """In Higress it would be without effect."""
    with pytest.raises(ValidationError):
        MatchRule.model_validate({"domain": [written]})


@pytest.mark.parametrize(
    ("written", "expected"), [("auth.dns", ("auth.dns", None)), ("auth.dns:443", ("auth.dns", 443))]
)
def test_a_service_has_a_port_or_none(written: str, expected: tuple[str, int | None]) -> None:
    """Without it every port is meant."""
    assert (expected,) == MatchRule.model_validate({"service": [written]}).service


@pytest.mark.parametrize("written", ["", "auth.dns:", "auth.dns:0", "auth.dns:99999", "auth dns", ":443", 7])
def test_a_service_that_never_fits_is_refused(written: object) -> None:
    """`qwen.dns:` is one of those that Higress's own tests have."""
    with pytest.raises(ValidationError):
        MatchRule.model_validate({"service": [written]})


@pytest.mark.parametrize(
    ("model", "written", "key"),
    [
        (MatchRule, {"ingress": "shop"}, "ingress"),
        (MatchRule, {"ingress": [""]}, "ingress"),
        (MatchRule, {"configDisable": "perhaps"}, "configDisable"),
        (MatchRule, {"routeType": "GRPC"}, "routeType"),
        (MatchRule, {"domains": ["a.b"]}, "domains"),
        (RawRule, {"_match_method_": ["GET"]}, "_match_method_"),
        (RawRule, {"_disable_": "perhaps"}, "_disable_"),
        (WasmPluginSpec, {"priority": "high"}, "priority"),
        (WasmPluginSpec, {"vmConfig": {"env": [{"name": "A"}]}}, "vmConfig"),
        (WasmPluginSpec, {"selector": {}}, "selector"),
        (WasmPluginSpec, {"defaultConfigDisabled": True}, "defaultConfigDisabled"),
    ],
)
def test_every_other_key_and_value_is_refused(model: type[Any], written: dict[str, Any], key: str) -> None:
    """By its name."""
    with pytest.raises(ValidationError) as caught:
        model.model_validate(written)

    assert key in {line["loc"][0] for line in caught.value.errors()}


def test_what_concerns_the_image_is_read_over() -> None:
    """None is fetched."""
    spec = {"sha256": "x", "imagePullPolicy": "Always", "imagePullSecret": "x", "verificationKey": "x", "vmConfig": {}}

    assert WasmPluginSpec.model_validate(spec).url is None


def test_higress_keeps_its_keys_between_underscores() -> None:
    """`_meta` is none of them."""
    split = split_raw({"allow": [], "_rules_": [1], "_match_route_": ["x"], "_meta": {}})

    assert {"allow": [], "_meta": {}} == split.own
    assert {"_rules_": [1], "_match_route_": ["x"]} == split.kept
