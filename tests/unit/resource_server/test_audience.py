"""Whom an access token has to be for."""

from typing import Any

import pytest

from ostiary.resource_server.audience import AudienceRule, find_audience_fault


@pytest.mark.parametrize("claims", [{}, {"aud": None}, {"aud": ""}, {"aud": []}])
@pytest.mark.parametrize("client_id", [None, "shop"])
def test_no_audience_is_none(claims: dict[str, Any], client_id: str | None) -> None:
    """To match, it has to be there (CVE class of apisix #13829)."""
    assert "audience_missing" == find_audience_fault(AudienceRule(client_id=client_id), claims)


@pytest.mark.parametrize("audience", ["shop", ["shop"], ["account", "shop"]])
def test_an_audience_names_the_client_as_a_text_or_among_an_arrays_members(audience: Any) -> None:
    """RFC 7519 §4.1.3."""
    assert find_audience_fault(AudienceRule(client_id="shop"), {"aud": audience}) is None


@pytest.mark.parametrize(
    "audience", ["SHOP", "shopping", "account shop", ["shopping"], 7, {"shop": 1}, [["shop"]], True]
)
def test_another_audience_is_a_mismatch(audience: Any) -> None:
    """No part of a text, no other case, no other type."""
    assert "audience_mismatch" == find_audience_fault(AudienceRule(client_id="shop"), {"aud": audience})


def test_the_claim_is_the_operators_choice() -> None:
    """`aud` does not count then; without a client any value will do."""
    rule = AudienceRule(claim="resource")

    assert "audience_missing" == find_audience_fault(rule, {"aud": "shop"})
    assert find_audience_fault(rule, {"resource": "anything"}) is None
