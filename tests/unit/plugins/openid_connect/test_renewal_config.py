"""Tokens over time: the limits of each attribute."""

from typing import Any

import pytest
from pydantic import ValidationError

from ostiary.plugins.openid_connect.renewal_config import RenewalConfig


def test_the_defaults_are_the_documented_ones() -> None:
    """Renewed when it is over, never by a clock, and nobody is asked again by force."""
    config = RenewalConfig()

    assert config.renew_access_token_on_expiry is True
    assert (config.access_token_expires_in, config.access_token_expires_leeway) == (None, 0)
    assert (config.refresh_session_interval, config.force_reauthorize) == (None, False)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("renew_access_token_on_expiry", [True, False, "false"], ["no", 0, None]),
        ("access_token_expires_in", [1, 3600, "60", None], [0, -1, 1.5, True, 2**31 + 1]),
        ("access_token_expires_leeway", [0, 60, "60", 86_400], [-1, 86_401, 0.5, None, True]),
        ("refresh_session_interval", [1, 900, "900", None], [0, -1, 1.5, True, 2**31 + 1]),
        ("force_reauthorize", [True, False, "true"], ["yes", 1, None]),
    ],
)
def test_what_each_attribute_may_be(name: str, good: list[Any], bad: list[Any]) -> None:
    """APISIX takes negative ones too, which mean nothing."""
    for value in good:
        RenewalConfig.model_validate({name: value})
    for value in bad:
        with pytest.raises(ValidationError) as refused:
            RenewalConfig.model_validate({name: value})
        assert [error["loc"] for error in refused.value.errors()] == [(name,)], value
